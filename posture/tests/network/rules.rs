//! What the fields of a NetworkPolicy mean, and what an answer says about them.

use posture::derived::{Enforcement, EnforcementState};
use posture::gap::{GapReason, Unknown};
use posture::kind::Kind;
use posture::network::{Answer, Basis, Because, Network, Point, Protocol, Verdict, service_at};
use posture::testing::Fixture;
use posture::text::Reason;

use super::scene::{Scene, engine, pod};

use Protocol::{Sctp, Tcp, Udp};
use Verdict::{Allowed, CniDependent, Denied};

/// A policy for Ada's server and Bob's.
fn policy(spec: &str) -> String {
    let users = "podSelector: { matchLabels: { component: singleuser-server } }";
    format!(
        "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: users, namespace: jhub }}
spec: {{ {users}, {spec} }}
"
    )
}

fn scene(spec: &str) -> Scene {
    Scene::with(&policy(spec))
}

fn ask(spec: &str, from: &str, to: &str, port: u16) -> Verdict {
    scene(spec).ask(from, to, Tcp, port).verdict
}

fn paths(answer: &Answer) -> Vec<String> {
    answer.decided_by().iter().map(|rule| rule.path()).collect()
}

#[test]
fn without_policy_types_egress_is_restricted_by_the_key_alone() {
    let ingress_only = "ingress: []";
    assert_eq!(ask(ingress_only, "jupyter-ada", "plain", 80), Allowed);
    assert_eq!(ask(ingress_only, "plain", "jupyter-ada", 80), Denied);
    let both = "egress: []";
    assert_eq!(ask(both, "jupyter-ada", "plain", 80), Denied);
    assert_eq!(ask(both, "plain", "jupyter-ada", 80), Denied);
}

#[test]
fn policy_types_name_the_directions_whatever_rules_there_are() {
    let egress = "policyTypes: [Egress], ingress: [{}]";
    assert_eq!(ask(egress, "jupyter-ada", "plain", 80), Denied);
    assert_eq!(ask(egress, "plain", "jupyter-ada", 80), Allowed);
}

#[test]
fn an_empty_rule_allows_everything_and_no_rule_nothing() {
    assert_eq!(ask("policyTypes: [Egress], egress: [{}]", "jupyter-ada", "169.254.169.254", 80), Allowed);
    assert_eq!(ask("policyTypes: [Egress], egress: []", "jupyter-ada", "169.254.169.254", 80), Denied);
    let empty = "policyTypes: [Egress], egress: [{ to: [], ports: [] }]";
    assert_eq!(ask(empty, "jupyter-ada", "169.254.169.254", 80), Allowed);
}

#[test]
fn an_empty_selector_of_pods_selects_the_whole_namespace_and_no_other() {
    let all = "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: all, namespace: jhub }
spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ podSelector: {} }] }] }
";
    let scene = Scene::with(all);
    assert_eq!(scene.ask("plain", "hub", Tcp, 1).verdict, Allowed);
    assert_eq!(scene.ask("plain", "other/friend", Tcp, 1).verdict, Denied);
    assert_eq!(scene.ask("other/friend", "hub", Tcp, 1).verdict, Allowed);
}

#[test]
fn an_empty_selector_of_namespaces_selects_every_pod_and_no_address() {
    let everywhere = "policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {} }] }]";
    assert_eq!(ask(everywhere, "jupyter-ada", "other/friend", 80), Allowed);
    assert_eq!(ask(everywhere, "jupyter-ada", "hub", 80), Allowed);
    assert_eq!(ask(everywhere, "jupyter-ada", "1.1.1.1", 80), Denied);
    assert_eq!(ask(everywhere, "jupyter-ada", "10.0.9.2", 80), Denied, "a node is no pod");
}

#[test]
fn two_selectors_in_one_peer_must_both_hold_and_in_two_peers_one_of_them() {
    let selectors = [
        "namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: other } }",
        "podSelector: { matchLabels: { run: plain } }",
    ];
    let one =
        format!("policyTypes: [Egress], egress: [{{ to: [{{ {}, {} }}] }}]", selectors[0], selectors[1]);
    let two = format!(
        "policyTypes: [Egress], egress: [{{ to: [{{ {} }}, {{ {} }}] }}]",
        selectors[0], selectors[1]
    );
    assert_eq!(ask(&one, "jupyter-ada", "other/friend", 80), Denied);
    assert_eq!(ask(&one, "jupyter-ada", "plain", 80), Denied);
    assert_eq!(ask(&two, "jupyter-ada", "other/friend", 80), Allowed);
    assert_eq!(ask(&two, "jupyter-ada", "plain", 80), Allowed);
}

#[test]
fn a_named_port_is_what_the_destination_calls_so() {
    let named = "policyTypes: [Egress], egress: [{ ports: [{ port: http }] }]";
    assert_eq!(ask(named, "jupyter-ada", "hub", 8081), Allowed);
    assert_eq!(ask(named, "jupyter-ada", "proxy", 8000), Allowed);
    assert_eq!(ask(named, "jupyter-ada", "proxy", 8081), Denied);
    assert_eq!(ask(named, "jupyter-ada", "1.1.1.1", 80), Denied);
}

#[test]
fn a_range_of_ports_has_both_ends() {
    let range = "policyTypes: [Egress], egress: [{ ports: [{ port: 400, endPort: 450 }] }]";
    for (port, expected) in [(399, Denied), (400, Allowed), (433, Allowed), (450, Allowed), (451, Denied)] {
        assert_eq!(ask(range, "jupyter-ada", "1.1.1.1", port), expected, "{port}");
    }
}

#[test]
fn a_port_is_tcp_unless_it_says_otherwise() {
    let scene = scene("policyTypes: [Egress], egress: [{ ports: [{ port: 53 }, { protocol: SCTP }] }]");
    assert_eq!(scene.ask("jupyter-ada", "1.1.1.1", Tcp, 53).verdict, Allowed);
    assert_eq!(scene.ask("jupyter-ada", "1.1.1.1", Udp, 53).verdict, Denied);
    assert_eq!(scene.ask("jupyter-ada", "1.1.1.1", Sctp, 9).verdict, Allowed);
}

#[test]
fn an_allowed_connection_names_rule_peer_and_port() {
    let scene = Scene::chart("4.4.0", "calico");
    let answer = scene.ask("jupyter-ada", "kube-system/dns", Udp, 53);
    assert_eq!(answer.egress.because, Because::Rule);
    let rule = &answer.egress.rules[0];
    assert_eq!(rule.policy.to_string(), "NetworkPolicy/jhub/singleuser");
    assert_eq!(
        (rule.path(), rule.port_path()),
        ("spec.egress[3].to[1]".into(), Some("spec.egress[3].ports[0]".into()))
    );
    assert_eq!(answer.ingress.because, Because::NotIsolated);
}

#[test]
fn a_denied_connection_names_the_policies_that_do_not_allow_it() {
    let scene = Scene::chart("4.4.0", "calico");
    let answer = scene.ask("jupyter-ada", "169.254.169.254", Tcp, 80);
    assert_eq!((answer.verdict, answer.egress.because), (Denied, Because::NoRule));
    let isolating: Vec<_> = answer.egress.isolated_by.iter().map(ToString::to_string).collect();
    assert_eq!(isolating, ["NetworkPolicy/jhub/singleuser"]);
    assert!(answer.decided_by().is_empty());
    assert_eq!(answer.ingress.because, Because::OutsidePolicies);
}

#[test]
fn a_rule_that_only_some_plug_ins_apply_is_named_apart() {
    let block =
        "policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.0.1.1/32] } }] }]";
    let answer = scene(block).ask("jupyter-ada", "plain", Tcp, 80);
    assert_eq!((answer.verdict, answer.egress.because), (CniDependent, Because::Open));
    assert!(answer.egress.rules.is_empty());
    assert_eq!(answer.egress.perhaps[0].path(), "spec.egress[0].to[0]");
    let known = Scene::with(&format!("{}{}", policy(block), engine("calico")));
    assert_eq!(paths(&known.ask("jupyter-ada", "plain", Tcp, 80)), ["spec.egress[0].to[0]"]);
    assert_eq!(known.ask("jupyter-ada", "hub", Tcp, 80).verdict, Denied, "an exception counts");
}

#[test]
fn cilium_can_be_told_to_match_nodes_but_not_pods() {
    let block = policy("policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }]");
    let config = |mode: &str| {
        format!(
            "
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: cilium-config, namespace: kube-system }}
data: {{ {mode} }}
"
        )
    };
    let scene = |mode: &str| Scene::with(&format!("{block}{}{}", engine("cilium"), config(mode)));
    assert_eq!(scene("enable-policy: default").ask("jupyter-ada", "10.0.9.2", Tcp, 10250).verdict, Denied);
    let matching = scene("policy-cidr-match-mode: nodes");
    assert_eq!(matching.ask("jupyter-ada", "10.0.9.2", Tcp, 10250).verdict, Allowed);
    assert_eq!(matching.ask("jupyter-ada", "plain", Tcp, 80).verdict, Denied);
    assert_eq!(matching.ask("jupyter-ada", "10.7.7.7", Tcp, 80).verdict, Allowed, "no pod, no node");
}

#[test]
fn a_pod_on_the_nodes_network_is_outside_policies() {
    let all = "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: all, namespace: kube-system }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
";
    let scene = Scene::with(all);
    assert_eq!(scene.ask("kube-system/on-node", "1.1.1.1", Tcp, 80).egress.because, Because::OutsidePolicies);
    assert_eq!(scene.ask("plain", "kube-system/on-node", Tcp, 80).verdict, Allowed);
    assert_eq!(scene.ask("plain", "kube-system/dns", Tcp, 53).verdict, Denied);
}

#[test]
fn a_pod_without_an_address_leaves_rules_about_addresses_open() {
    let scene = scene(
        "policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }], ports: [{ port: 1 }] }]",
    );
    let pod = scene.fact("plain");
    let future = scene.network.future_pod("jhub", &pod.metadata.labels, &pod.spec);
    let from = scene.point("jupyter-ada");
    let answer = scene.network.answer(&from, &future, Tcp, 1);
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert!(matches!(&answer.unknown[..], [Unknown::Reason(reason)] if reason.id == "no-address"));
    assert_eq!(scene.network.answer(&from, &future, Tcp, 2).verdict, Denied, "the port decides");
}

#[test]
fn enforcement_turns_policies_into_facts_or_into_nothing() {
    let enforcement = |state| Enforcement {
        state,
        engine: None,
        reason: Reason::new("x", "x"),
        evidence: Vec::new(),
        broken_nodes: Ok(Vec::new()),
        windows_nodes: Ok(Vec::new()),
    };
    let scene = Scene::chart("4.4.0", "calico");
    let denied = scene.ask("jupyter-ada", "169.254.169.254", Tcp, 80);
    let allowed = scene.ask("jupyter-ada", "1.1.1.1", Tcp, 80);
    let of = |answer: &Answer, state| {
        let enforced = answer.as_enforced(&enforcement(state));
        (enforced.verdict, enforced.basis)
    };
    assert_eq!(of(&denied, EnforcementState::Enforced), (Denied, Basis::Certain));
    assert_eq!(of(&denied, EnforcementState::NotEnforced), (Allowed, Basis::NoPolicies));
    assert_eq!(of(&denied, EnforcementState::Likely), (Denied, Basis::Likely));
    assert_eq!(of(&denied, EnforcementState::Unknown), (Verdict::Unknown, Basis::Unknown));
    for state in [EnforcementState::Enforced, EnforcementState::Likely, EnforcementState::Unknown] {
        assert_eq!(of(&allowed, state), (Allowed, Basis::Certain), "{state:?}");
    }
}

#[test]
fn the_policies_of_cilium_and_calico_leave_the_pods_they_may_touch_open() {
    let foreign = "
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: extra, namespace: jhub }
";
    let scene = Scene::with(foreign);
    let answer = scene.ask("jupyter-ada", "1.1.1.1", Tcp, 80);
    assert_eq!(answer.verdict, Verdict::Unknown);
    let Unknown::Reason(reason) = &answer.unknown[0] else { panic!("{answer:?}") };
    assert!(reason.to_string().starts_with("CiliumNetworkPolicy/jhub/extra may decide it"), "{reason}");
    assert_eq!(scene.ask("other/friend", "kube-system/dns", Tcp, 53).verdict, Allowed);
    let global = "
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: extra }
";
    let scene = Scene::with(global);
    assert_eq!(scene.ask("other/friend", "kube-system/dns", Tcp, 53).verdict, Verdict::Unknown);
}

#[test]
fn a_hidden_policy_can_neither_close_what_is_open_nor_open_what_lies_at_the_other_end() {
    let policies = include_str!("../bases/policies-4.4.0.yaml");
    let pods = include_str!("scene/pods.yaml");
    let fixture = |kind, namespace| {
        let whole = Fixture::from_yaml(&format!("{pods}\n---\n{policies}"));
        let mut hidden = whole.clone().with_gap(kind, namespace, &GapReason::Forbidden);
        // What was seen before the list broke off is still there.
        let seen = whole.snapshot.network_policies.present().cloned().collect();
        let coverage = hidden.snapshot.network_policies.coverage().clone();
        hidden.snapshot.network_policies =
            posture::listing::Listing::new(Kind::NetworkPolicy, seen, coverage);
        Scene::of(hidden)
    };
    let scene = fixture(Kind::NetworkPolicy, Some("jhub"));
    assert_eq!(scene.ask("jupyter-ada", "1.1.1.1", Tcp, 443).verdict, Allowed, "policies add up");
    let metadata = scene.ask("jupyter-ada", "169.254.169.254", Tcp, 80);
    assert_eq!(metadata.verdict, Verdict::Unknown);
    assert!(matches!(&metadata.unknown[..], [Unknown::Gap(gap)] if gap.kind == Kind::NetworkPolicy));
    let scene = fixture(Kind::NetworkPolicy, Some("other"));
    assert_eq!(scene.ask("other/friend", "jupyter-ada", Tcp, 8888).verdict, Denied, "the server refuses it");
}

#[test]
fn labels_of_a_namespace_that_were_not_read_leave_only_their_rules_open() {
    let text =
        format!("{}\n---\n{}", include_str!("scene/pods.yaml"), include_str!("../bases/policies-4.4.0.yaml"));
    let scene = Scene::of(Fixture::from_yaml(&text).without(Kind::Namespace));
    let dns = scene.ask("jupyter-ada", "kube-system/dns", Udp, 53);
    assert_eq!(dns.verdict, Verdict::Unknown);
    assert!(matches!(&dns.unknown[..], [Unknown::Gap(gap)] if gap.kind == Kind::Namespace), "{dns:?}");
    assert_eq!(scene.ask("jupyter-ada", "hub", Tcp, 8081).verdict, Allowed);
    assert_eq!(scene.ask("jupyter-ada", "kube-system/dns", Tcp, 80).verdict, Denied);
}

#[test]
fn an_address_is_no_pods_only_where_all_pods_were_read() {
    let text =
        format!("{}\n---\n{}", include_str!("scene/pods.yaml"), include_str!("../bases/policies-4.4.0.yaml"));
    let whole = Scene::of(Fixture::from_yaml(&text));
    let ada = whole.fact("jupyter-ada").clone();
    let blind = Scene::of(Fixture::from_yaml(&text).without(Kind::Pod));
    let ask =
        |to: &str, port| blind.network.answer(&blind.network.pod(&ada), &blind.point(to), Tcp, port).verdict;
    assert_eq!(ask("10.0.1.1", 8081), Verdict::Unknown, "it may be the hub's");
    assert_eq!(ask("10.0.1.1", 80), Denied, "no rule is about this port of any pod");
    assert_eq!(ask("169.254.169.254", 80), Denied);
    assert_eq!(ask("1.1.1.1", 443), Allowed);
}

#[test]
fn files_are_taken_at_their_word_where_that_is_asked_for() {
    let text = include_str!("scene/pods.yaml")
        .replace("namespace: jhub }\n---", "namespace: jhub, origin: declared }\n---");
    let text = format!("{text}\n---\n{}", include_str!("../bases/policies-4.4.0.yaml"));
    let fixture = Fixture::from_yaml(&text);
    let derived = fixture.derived();
    let ask = |network: &Network, to: &str, port| {
        let ada = network.pod(pod(&fixture.snapshot, "jupyter-ada"));
        network.answer(&ada, &network.point_at(to.parse().unwrap()), Tcp, port).verdict
    };
    let careful = Network::new(&fixture.snapshot, derived.enforcement());
    assert_eq!(ask(&careful, "169.254.169.254", 80), Verdict::Unknown);
    let trusting = Network::of_files(&fixture.snapshot, derived.enforcement());
    assert_eq!(ask(&trusting, "169.254.169.254", 80), Denied);
    assert_eq!(ask(&trusting, "1.1.1.1", 443), Allowed);
}

#[test]
fn files_need_not_define_a_namespace_to_know_its_name() {
    let text = include_str!("scene/pods.yaml")
        .replace("namespace: jhub }\n---", "namespace: jhub, origin: declared }\n---");
    let text = format!("{text}\n---\n{}", include_str!("../bases/policies-4.4.0.yaml"));
    let fixture = Fixture::from_yaml(&text);
    let mut snapshot = fixture.snapshot.clone();
    let coverage = snapshot.namespaces.coverage().clone();
    snapshot.namespaces = posture::listing::Listing::new(Kind::Namespace, Vec::new(), coverage);
    let network = Network::of_files(&snapshot, fixture.derived().enforcement());
    let point = |name| network.pod(pod(&snapshot, name));
    let answer = network.answer(&point("jupyter-ada"), &point("kube-system/dns"), Udp, 53);
    assert_eq!(answer.verdict, Allowed, "{answer:?}");
}

#[test]
fn a_service_is_judged_at_its_ready_endpoints() {
    let service = "
---
apiVersion: v1
kind: Service
metadata: { name: hub, namespace: jhub }
spec: { clusterIP: 10.96.0.7, ports: [{ name: hub, port: 80, targetPort: http }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: hub-x, namespace: jhub, labels: { kubernetes.io/service-name: hub } }
addressType: IPv4
endpoints:
  - { addresses: [10.0.1.1], conditions: { ready: true } }
  - { addresses: [10.0.1.2], conditions: { ready: false } }
ports: [{ name: hub, port: 8081, protocol: TCP }, { name: other, port: 9, protocol: TCP }]
";
    let scene = Scene::with(&format!("{service}---\n{}", include_str!("../bases/policies-4.4.0.yaml")));
    let snapshot = &scene.fixture.snapshot;
    let service = service_at(snapshot, "10.96.0.7".parse().unwrap()).unwrap();
    let backends = scene.network.backends(snapshot, service, Tcp, 80).unwrap();
    assert_eq!(
        backends.iter().map(|b| (b.address.to_string(), b.port)).collect::<Vec<_>>(),
        [("10.0.1.1".into(), 8081)]
    );
    let answer = scene.network.answer(&scene.point("jupyter-ada"), &backends[0].point, Tcp, backends[0].port);
    assert_eq!(answer.verdict, Allowed);
    assert!(scene.network.backends(snapshot, service, Tcp, 81).unwrap().is_empty());
}

#[test]
fn nobody_rewrites_the_port_behind_a_headless_service() {
    let service = "
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: jhub }
spec: { clusterIP: None, ports: [{ name: db, port: 80, targetPort: 9090 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: db-x, namespace: jhub, labels: { kubernetes.io/service-name: db } }
addressType: IPv4
endpoints: [{ addresses: [10.0.1.1], conditions: { ready: true } }]
ports: [{ name: db, port: 9090, protocol: TCP }]
";
    let scene = Scene::with(&format!("{service}---\n{}", include_str!("../bases/policies-4.4.0.yaml")));
    let snapshot = &scene.fixture.snapshot;
    let service = snapshot.services.find(Some("jhub"), "db").unwrap();
    for port in [80, 9090] {
        let backends = scene.network.backends(snapshot, service, Tcp, port).unwrap();
        assert_eq!(backends.iter().map(|backend| backend.port).collect::<Vec<_>>(), [port]);
        let ends = scene.network.behind(snapshot, service, Tcp, port).unwrap();
        assert_eq!(ends.iter().map(|(_, port)| *port).collect::<Vec<_>>(), [port]);
    }
}

#[test]
fn the_openings_of_a_user_server_say_which_ports_lead_where() {
    let scene = Scene::chart("4.4.0", "");
    let openings = scene.network.reachable_addresses(&scene.point("jupyter-ada"));
    let at = |text: &str| openings.iter().find(|opening| opening.addresses.contains(text.parse().unwrap()));
    assert!(
        at("1.1.1.1")
            .unwrap()
            .ports
            .iter()
            .all(|ports| ports.first == 1 || ports.first == 53 || ports.first == 54)
    );
    assert_eq!(at("10.0.8.8").unwrap().ports.len(), 2, "DNS over both protocols: {openings:?}");
    assert_eq!(at("fd00:ec2::254"), None);
    assert!(at("10.0.8.8").unwrap().ports.iter().all(|ports| (ports.first, ports.last) == (53, 53)));
    let scene = Scene::chart("", "");
    let open = scene.network.reachable_addresses(&scene.point("jupyter-ada"));
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].addresses.to_string(), "0.0.0.0/0, ::/0");
    assert!(open[0].ports.iter().all(|ports| ports.are_all() && ports.rules.is_empty()));
}

#[test]
fn pods_that_no_policy_tells_apart_are_one_class() {
    let scene = Scene::chart("4.4.0", "");
    let users = scene.network.classes().iter().find(|class| class.pods.len() == 2).unwrap();
    let names: Vec<_> = users.pods.iter().map(|pod| pod.metadata.label("component")).collect();
    assert_eq!(names, [Some("singleuser-server"); 2]);
    assert_eq!(scene.network.classes().len(), 8, "no other two are alike");
    assert!(matches!(scene.point("10.0.1.4"), Point::Pod(_)));
}
