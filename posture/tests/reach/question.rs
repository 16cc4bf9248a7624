//! Free questions: what is asked for, what is answered about it, and what is said where there is no answer.

use posture::derived::EnforcementState;
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::network::{Basis, Verdict};
use posture::reach::ask::Asked;
use posture::testing::Fixture;

use super::{CALICO, FLANNEL, ask, fixture};

use Verdict::{Allowed, CniDependent, Denied, Unknown};

const CILIUM: &str = "
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: cilium, namespace: kube-system }
spec: { template: { spec: { containers: [{ name: cilium-agent }] } } }
status: { desiredNumberScheduled: 3, numberReady: 3 }
";

/// A Service that leads to the hub, and is published in every way there is.
const LONE: &str = "
---
apiVersion: v1
kind: Service
metadata: { name: lone, namespace: jhub }
spec:
  clusterIP: 10.96.0.99
  externalIPs: [203.0.113.9]
  selector: { app: jupyterhub, component: hub, release: prod }
  ports:
    - { name: hub, port: 8081, targetPort: http, nodePort: 30081 }
    - { name: other, port: 9999, targetPort: 9999, nodePort: 30099 }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }, { ip: 203.0.113.6, ipMode: VIP }, { ip: 203.0.113.8, ipMode: Proxy }] } }
";

fn service(name: &str, spec: &str) -> String {
    format!(
        "\n---\napiVersion: v1\nkind: Service\nmetadata: {{ name: {name}, namespace: jhub }}\nspec: {{ {spec} }}\n"
    )
}

/// The name that a fixture gives to the server of a person.
fn server(fixture: &Fixture, address: &str) -> String {
    let pods = fixture.snapshot.pods.present();
    let has = |pod: &posture::facts::Pod| pod.status.pod_ips.iter().any(|known| known.ip == address);
    pods.into_iter().find(|pod| has(pod)).unwrap().metadata.name.clone()
}

fn asked(fixture: &Fixture, to: &str) -> Asked {
    ask(fixture, &server(fixture, "10.0.1.4"), to).unwrap_or_else(|error| panic!("{to}: {error}"))
}

fn verdicts(asked: &Asked) -> (Verdict, Verdict) {
    let found = &asked.groups[0].found;
    (found.policies.verdict, found.verdict)
}

fn told(fixture: &Fixture, to: &str) -> String {
    asked(fixture, to).text()
}

#[track_caller]
fn says(text: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(text.contains(words), "`{words}` is missing in:\n{text}");
    }
}

#[test]
fn an_address_that_may_be_rewritten_depends_where_its_readings_differ_and_the_answer_says_why() {
    let with = |plugin: &str| fixture(&format!("{plugin}{LONE}"));
    for (plugin, is_known) in [(CALICO, true), (CILIUM, true), ("", false)] {
        let fixture = with(plugin);
        for (address, policies) in [
            ("203.0.113.7:8081", Allowed),
            ("203.0.113.7:9999", CniDependent),
            ("203.0.113.6:9999", CniDependent),
            ("203.0.113.9:8081", Allowed),
            ("203.0.113.9:9999", CniDependent),
            // The address of a node is private and closed; the hub behind the port is open.
            ("10.0.9.3:30081", CniDependent),
            ("10.0.9.3:30099", Denied),
        ] {
            let asked = asked(&fixture, address);
            let sure = if is_known || policies == Allowed { policies } else { Unknown };
            assert_eq!(verdicts(&asked), (policies, sure), "{address} with `{plugin}`: {asked:#?}");
            let text = asked.text();
            says(&text, &["Service jhub/lone"]);
            let is_explained = text.contains("the destination may be rewritten first")
                || text.contains("One that judges before sees the address itself");
            assert_eq!(is_explained, policies == CniDependent, "{address}: {text}");
        }
    }
    let text = told(&with(CALICO), "10.0.9.3:30081");
    says(
        &text,
        &[
            "depends on the network plug-in",
            "judged as the address of that node: denied",
            "judged at the pods behind: allowed",
            "In one of the two cases sending is allowed by NetworkPolicy/jhub/singleuser spec.egress[0].to[0] ports[0]",
            "In the other case no rule of NetworkPolicy/jhub/singleuser lets the source send there",
        ],
    );
    assert_eq!(verdicts(&asked(&with(FLANNEL), "10.0.9.3:30099")).1, Allowed, "nobody enforces policies");
}

#[test]
fn a_load_balancer_that_nodes_leave_the_traffic_to_is_asked_as_the_address_it_is() {
    let fixture = fixture(&format!("{CALICO}{LONE}"));
    let asked = asked(&fixture, "203.0.113.8:9999");
    assert_eq!(verdicts(&asked), (Allowed, Allowed));
    says(
        &asked.text(),
        &["ipMode: Proxy", "What it passes on to Service jhub/lone comes from the load balancer"],
    );
}

#[test]
fn what_an_address_leads_to_and_could_not_be_seen_keeps_it_open() {
    let hidden = fixture(&format!("{CALICO}{LONE}"))
        .with_gap(Kind::EndpointSlice, None, &GapReason::Forbidden)
        .without(Kind::Pod)
        .without(Kind::Deployment);
    let derived = hidden.derived();
    let reach = posture::reach::Reach::new(&hidden.snapshot, &derived);
    assert!(reach.ask(&"plain".parse().unwrap(), &"203.0.113.7:9999".parse().unwrap()).is_err());
    let only =
        fixture(&format!("{CALICO}{}", service("far", "externalIPs: [203.0.113.5], ports: [{ port: 443 }]")))
            .with_gap(Kind::EndpointSlice, None, &GapReason::Forbidden);
    let asked = asked(&only, "203.0.113.5:443");
    assert_eq!(verdicts(&asked), (Unknown, Unknown));
    says(&asked.text(), &["Not all that the address leads to could be seen"]);
}

#[test]
fn what_stays_in_the_pod_is_allowed_whatever_policies_say() {
    let fixture = fixture(CALICO);
    let own = server(&fixture, "10.0.1.4");
    for to in ["127.0.0.1:22", "127.8.8.8:22/udp", "[::1]:22", "[::ffff:127.0.0.1]:22"] {
        let asked = asked(&fixture, to);
        assert_eq!(verdicts(&asked), (Allowed, Allowed), "{to}");
        says(&asked.text(), &["A loopback address never leaves the pod"]);
    }
    for to in [format!("pod/{own}:22"), "10.0.1.4:22".to_owned()] {
        let asked = asked(&fixture, &to);
        assert_eq!(verdicts(&asked), (Allowed, Allowed), "{to}");
        says(&asked.text(), &["It is the pod that asks: no policy keeps a pod from itself"]);
    }
    let other = server(&fixture, "10.0.1.5");
    assert_eq!(verdicts(&asked(&fixture, &format!("pod/{other}:22"))), (Denied, Denied));
    let all = ask(&fixture, "hub/jhub/prod", &format!("pod/{own}:22")).unwrap();
    assert_eq!(verdicts(&all), (Denied, Denied), "any server of the hub is not that one");
    let on_node = ask(&fixture, "kube-system/on-node", "127.0.0.1:10250").unwrap();
    says(&on_node.text(), &["this is what the node itself and its other programs listen on"]);
}

#[test]
fn a_dns_name_is_unknown_unless_it_is_one_of_the_cluster() {
    let named = |name: &str| {
        fixture(&format!(
            "{CALICO}{}",
            service("named", &format!("type: ExternalName, externalName: {name}"))
        ))
    };
    let far = asked(&named("db.example.org"), "service/named:5432");
    assert_eq!(verdicts(&far), (Unknown, Unknown));
    says(&far.text(), &["Service named stands for the DNS name db.example.org, and policies know no names"]);
    for name in ["kube-dns.kube-system.svc.cluster.local", "kube-dns.kube-system.svc."] {
        let near = asked(&named(name), "service/named:53/udp");
        assert_eq!(verdicts(&near), (Allowed, Allowed), "{name}");
        says(&near.text(), &["Service named is another name of Service kube-system/kube-dns"]);
    }
    let circle = asked(&named("named.jhub.svc.cluster.local"), "service/named:53/udp");
    assert_eq!(verdicts(&circle), (Unknown, Unknown));
}

#[test]
fn ends_with_different_answers_are_told_apart_by_name() {
    let fixture =
        fixture(&format!("{CALICO}{}", service("all", "clusterIP: None, selector: { app: jupyterhub }")));
    let asked = asked(&fixture, "service/all:8081");
    assert!(asked.is_partial());
    let (own, other) = (server(&fixture, "10.0.1.4"), server(&fixture, "10.0.1.5"));
    says(
        &asked.text(),
        &[
            "to service/all:8081: allowed in some cases\n",
            "  jhub/hub:8081: allowed\n",
            &format!("  jhub/{own}:8081: allowed\n    It is the pod that asks"),
            "  jhub/proxy:8081: denied\n",
            &format!("  jhub/{other}:8081: denied\n"),
        ],
    );
    let json: serde_json::Value = serde_json::from_str(&asked.report().unwrap().to_json().unwrap()).unwrap();
    assert_eq!((&json["verdict"], &json["reaches"]), (&"allowed".into(), &"allowed".into()));
    let of = |place: &str| {
        let ends = json["ends"].as_array().unwrap();
        let has =
            |end: &&serde_json::Value| end["places"].as_array().unwrap().iter().any(|known| known == place);
        ends.iter().find(has).unwrap_or_else(|| panic!("{place} is not in {json:#}"))
    };
    assert_eq!(of("jhub/hub:8081")["verdict"], "allowed");
    assert_eq!(of("jhub/hub:8081")["decided_by"][1]["rule"], "spec.egress[0].to[0]");
    assert_eq!(of("jhub/proxy:8081")["verdict"], "denied");
    assert_eq!(of("jhub/proxy:8081")["decided_by"][0]["policy"]["name"], "singleuser");
    assert_eq!(
        json["decided_by"],
        of("jhub/hub:8081")["decided_by"],
        "what decides the overall verdict: {json:#}"
    );
}

#[test]
fn an_answer_that_does_not_rest_on_enforcement_does_not_speak_of_it() {
    for plugin in ["", FLANNEL] {
        let fixture = fixture(plugin);
        let open = asked(&fixture, "1.1.1.1:443");
        assert_eq!(open.groups[0].found.basis == Basis::Certain, plugin.is_empty(), "{open:#?}");
        assert_eq!(verdicts(&open), (Allowed, Allowed));
    }
    let text = told(&fixture(""), "1.1.1.1:443");
    assert!(!text.contains("enforce"), "{text}");
    let closed = asked(&fixture(FLANNEL), "169.254.169.254:80");
    assert_eq!(closed.enforcement.state, EnforcementState::NotEnforced);
    assert_eq!(verdicts(&closed), (Denied, Allowed));
    says(
        &closed.text(),
        &[
            "169.254.169.254:80: reached, for nothing enforces policies (which say: denied)\n",
            "Not shown: whether anything",
        ],
    );
}

#[test]
fn policies_that_could_not_be_read_are_named() {
    for (namespace, told) in [
        (None, "NetworkPolicies may not be listed"),
        (Some("jhub"), "NetworkPolicies in namespace jhub may not be listed"),
    ] {
        let fixture = fixture(CALICO).with_gap(Kind::NetworkPolicy, namespace, &GapReason::Forbidden);
        let asked = asked(&fixture, "169.254.169.254:80");
        assert_eq!(verdicts(&asked), (Unknown, Unknown));
        says(&asked.text(), &["Whether the source may send there is not known", told, "needed: "]);
        let error = ask(&fixture, "nope", "1.1.1.1:1").unwrap_err().to_string();
        assert!(!error.contains("listed"), "{error}");
    }
    let fixture = fixture(CALICO).with_gap(Kind::Pod, Some("other"), &GapReason::Forbidden);
    let error = ask(&fixture, "other/nope", "1.1.1.1:1").unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no pod nope in namespace other as far as could be read (Pods in namespace other may not be listed)"
    );
}

#[test]
fn one_name_in_several_places_is_answered_with_what_can_be_typed() {
    let twin = "
---
apiVersion: v1
kind: Pod
metadata: { name: plain, namespace: other }
spec: { containers: [{ name: main }] }
status: { phase: Running, podIPs: [{ ip: 10.0.3.77 }] }
---
apiVersion: v1
kind: Service
metadata: { name: proxy-public, namespace: other }
spec: { clusterIP: 10.96.0.200, selector: { a: b }, ports: [{ port: 80 }] }
";
    let fixture = fixture(&format!("{CALICO}{twin}"));
    let error = ask(&fixture, "plain", "1.1.1.1:1").unwrap_err().to_string();
    assert_eq!(error, "there are several called plain: name one of jhub/plain, other/plain");
    let error = ask(&fixture, "kube-system/dns", "pod/plain:53/udp").unwrap_err().to_string();
    assert_eq!(
        error,
        "there are several called plain: name one of pod/jhub/plain:53/udp, pod/other/plain:53/udp"
    );
    let error = ask(&fixture, "kube-system/dns", "service/proxy-public:80").unwrap_err().to_string();
    let offered = "service/jhub/proxy-public:80, service/other/proxy-public:80";
    assert_eq!(error, format!("there are several called proxy-public: name one of {offered}"));
    for (from, to) in
        [("jhub/plain", "pod/other/plain:53/udp"), ("other/plain", "service/jhub/proxy-public:80")]
    {
        ask(&fixture, from, to).unwrap_or_else(|error| panic!("{from} to {to}: {error}"));
    }
    // Whoever asks means its own namespace first.
    ask(&fixture, "hub", "pod/plain:22").unwrap();
    ask(&fixture, "hub", "service/proxy-public:80").unwrap();
}

#[test]
fn a_service_without_anything_behind_says_what_is_missing() {
    let more = [
        service("gone", "clusterIP: 10.96.0.51, selector: { run: nothing }, ports: [{ port: 80 }]"),
        service(
            "misnamed",
            "clusterIP: 10.96.0.52, selector: { run: plain }, ports: [{ port: 80, targetPort: web }]",
        ),
        service("bare", "clusterIP: 10.96.0.53, ports: [{ port: 80 }, { port: 53, protocol: UDP }]"),
    ];
    let fixture = fixture(&format!("{CALICO}{}", more.concat()));
    for (to, told) in [
        ("service/gone:80", "Service jhub/gone leads to nothing at 80/tcp: no pod that it selects was seen"),
        ("10.96.0.51:80", "Service jhub/gone leads to nothing at 80/tcp: no pod that it selects was seen"),
        (
            "service/misnamed:80",
            "Service jhub/misnamed leads to nothing at 80/tcp: no pod that it selects was seen with a port called web",
        ),
        (
            "service/bare:80",
            "Service jhub/bare leads to nothing at 80/tcp: it selects no pods, and no endpoints of it were seen",
        ),
        ("service/bare:53", "Service jhub/bare has no port 53/tcp; it publishes 80/tcp, 53/udp"),
    ] {
        assert_eq!(ask(&fixture, "plain", to).unwrap_err().to_string(), told, "{to}");
    }
}

#[test]
fn of_many_policies_a_sentence_names_some_and_says_how_many_more_there_are() {
    let closed = |number: usize| {
        format!(
            "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: closed-{number:02}, namespace: jhub }}
spec: {{ podSelector: {{}}, policyTypes: [Egress] }}
"
        )
    };
    let all: String = (0..20).map(closed).collect();
    let asked = asked(&fixture(&format!("{CALICO}{all}")), "169.254.169.254:80");
    says(&asked.text(), &["NetworkPolicy/jhub/closed-11, 9 more: no rule lets the source send there"]);
    let json = asked.report().unwrap().to_json().unwrap();
    assert!(json.contains("closed-19"), "a machine gets all of them");
}

#[test]
fn a_plug_in_that_is_not_ready_under_the_server_makes_a_denial_unknown_and_the_answer_names_the_node() {
    let pod = "
---
apiVersion: v1
kind: Pod
metadata: { name: calico-node-x, namespace: kube-system, ownerReferences: [{ kind: DaemonSet, name: calico-node, controller: true }] }
spec: { nodeName: node-1 }
status: { phase: Running, conditions: [{ type: Ready, status: 'False' }] }
";
    let elsewhere = pod.replace("node-1", "node-9");
    let denied = asked(&fixture(&format!("{CALICO}{elsewhere}")), "169.254.169.254:80");
    assert_eq!(verdicts(&denied), (Denied, Denied));
    let unsure = asked(&fixture(&format!("{CALICO}{pod}")), "169.254.169.254:80");
    assert_eq!(verdicts(&unsure), (Denied, Unknown));
    let json: serde_json::Value = serde_json::from_str(&unsure.report().unwrap().to_json().unwrap()).unwrap();
    assert_eq!((json["verdict"].as_str(), json["policies"].as_str()), (Some("unknown"), Some("denied")));
    says(&unsure.text(), &["unknown (policies say: denied)", "Calico has no ready pod on node node-1"]);
}
