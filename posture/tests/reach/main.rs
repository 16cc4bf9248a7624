//! What servers of users reach, on a small cluster with the policies of a chart.

mod hubs;
mod question;

use posture::gap::GapReason;
use posture::kind::Kind;
use posture::network::{Protocol, Verdict};
use posture::reach::ask::{AskError, Asked, From, To};
use posture::reach::{Api, ClassReach, Destination, Reach, ReachTable, RowOutcome, Source, Target};
use posture::testing::Fixture;

const PODS: &str = include_str!("../network/scene/pods.yaml");
const WORLD: &str = include_str!("world.yaml");
const POLICIES: &str = include_str!("../bases/policies-4.4.0.yaml");
const CALICO: &str = "
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: calico-node, namespace: kube-system }
spec: { template: { spec: { containers: [{ name: calico-node }] } } }
status: { desiredNumberScheduled: 3, numberReady: 3 }
";
const FLANNEL: &str = "
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-flannel-ds, namespace: kube-system }
spec: { template: { spec: { containers: [{ name: kube-flannel }] } } }
status: { desiredNumberScheduled: 1, numberReady: 1 }
";

fn fixture(more: &str) -> Fixture {
    Fixture::from_yaml(&format!("{PODS}\n---\n{WORLD}\n---\n{POLICIES}\n{more}"))
}

fn table(fixture: &Fixture) -> ReachTable {
    let derived = fixture.derived();
    let mut tables = Reach::new(&fixture.snapshot, &derived).tables();
    assert_eq!(tables.len(), 1, "one hub");
    tables.remove(0).0
}

fn only(table: &ReachTable) -> &ClassReach {
    assert_eq!(table.classes.len(), 1, "{table:#?}");
    &table.classes[0]
}

fn outcome(class: &ClassReach, is_it: impl Fn(&Destination) -> bool) -> &RowOutcome {
    &class.rows.iter().find(|row| is_it(&row.destination)).unwrap().outcome
}

fn verdict(class: &ClassReach, destination: &Destination) -> Option<Verdict> {
    outcome(class, |other| other == destination).verdict()
}

fn metadata(class: &ClassReach, address: &str) -> Option<Verdict> {
    outcome(class, |other| matches!(other, Destination::Metadata { address: known, .. } if known == address))
        .verdict()
}

#[test]
fn the_default_policies_of_the_chart_open_what_the_catalogue_says() {
    use Verdict::{Allowed, Denied};
    let table = table(&fixture(CALICO));
    let class = only(&table);
    for (destination, expected) in [
        (Destination::Hub, Some(Allowed)),
        (Destination::Proxy, Some(Allowed)),
        (Destination::ProxyApi, Some(Denied)),
        (Destination::OtherServers, Some(Denied)),
        (Destination::ApiServer(Api::ClusterIp), Some(Denied)),
        (Destination::ApiServer(Api::Endpoint), Some(Denied)),
        (Destination::ApiServer(Api::Public), Some(Allowed)),
        (Destination::Kubelet, Some(Denied)),
        // Closed at the node and open at the proxy behind it: plug-ins see one or the other.
        (Destination::NodePorts, Some(Verdict::CniDependent)),
        (Destination::Dns, Some(Allowed)),
        (Destination::Tiller, None),
        (Destination::Dashboard, None),
        (Destination::Internet { protocol: Protocol::Tcp, port: 443 }, Some(Allowed)),
        (Destination::InternetElsewhere, Some(Allowed)),
    ] {
        assert_eq!(verdict(class, &destination), expected, "{destination:?}");
    }
    for (address, expected) in [
        ("169.254.169.254", Denied),
        ("169.254.170.23", Allowed),
        ("168.63.129.16", Allowed),
        ("100.100.100.200", Allowed),
        ("fd00:ec2::254", Denied),
    ] {
        assert_eq!(metadata(class, address), Some(expected), "{address}");
    }
    assert_eq!(class.policies[0].len(), 1, "{:?}", class.policies);
}

#[test]
fn policies_that_nobody_enforces_count_for_nothing() {
    let table = table(&fixture(FLANNEL));
    let class = only(&table);
    assert_eq!(metadata(class, "169.254.169.254"), Some(Verdict::Allowed));
    assert_eq!(verdict(class, &Destination::ProxyApi), Some(Verdict::Allowed));
    let row = outcome(class, |other| *other == Destination::ProxyApi);
    assert_eq!(row.worst().unwrap().policies.verdict, Verdict::Denied, "what policies say is kept beside it");
}

#[test]
fn without_a_known_plug_in_a_denial_is_unknown_and_what_is_open_stays_open() {
    let table = table(&fixture(""));
    let class = only(&table);
    assert_eq!(metadata(class, "169.254.169.254"), Some(Verdict::Unknown));
    assert_eq!(metadata(class, "169.254.170.23"), Some(Verdict::Allowed));
}

#[test]
fn the_other_way_round_is_judged_too() {
    let table = table(&fixture(CALICO));
    let class = only(&table);
    let verdict = |target, source| {
        let row = class.reverse.iter().find(|row| row.target == target && row.source == source).unwrap();
        row.outcome.verdict()
    };
    for (target, source, expected) in [
        (Target::Notebook, Source::Hub, Verdict::Allowed),
        (Target::Notebook, Source::Proxy, Verdict::Allowed),
        (Target::Notebook, Source::Servers, Verdict::Denied),
        (Target::Notebook, Source::Neighbours, Verdict::Denied),
        (Target::Notebook, Source::OtherNamespaces, Verdict::Denied),
        (Target::Notebook, Source::Outside, Verdict::Denied),
        (Target::HubApi, Source::Servers, Verdict::Allowed),
        (Target::HubApi, Source::Neighbours, Verdict::Denied),
        (Target::ProxyApi, Source::Hub, Verdict::Allowed),
        (Target::ProxyApi, Source::Servers, Verdict::Denied),
    ] {
        assert_eq!(verdict(target, source), Some(expected), "{target:?} from {source:?}");
    }
}

#[test]
fn a_table_is_the_same_after_json_and_does_not_count_servers() {
    let fixture = fixture(CALICO);
    let derived = fixture.derived();
    let (table, counts) = Reach::new(&fixture.snapshot, &derived).tables().remove(0);
    let json = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<ReachTable>(&json).unwrap(), table);
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [2]);
    let more = PODS.split("\n---\n").find(|pod| pod.contains("jupyter-bob")).unwrap();
    let third = more.replace("jupyter-bob", "jupyter-eve").replace("10.0.1.5", "10.0.1.77");
    let with = self::fixture(&format!("{CALICO}---\n{third}"));
    let derived = with.derived();
    let (grown, counts) = Reach::new(&with.snapshot, &derived).tables().remove(0);
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [3]);
    assert_eq!(grown, table, "a server more changes nothing but the count");
    assert!(
        !json.contains("jupyter-ada") && !json.contains("10.0.1.4"),
        "nobody's name and nobody's address is in it"
    );
}

#[test]
fn what_is_hidden_only_ever_makes_an_answer_unknown() {
    let whole = fixture(CALICO);
    let before = table(&whole);
    for kind in [Kind::NetworkPolicy, Kind::Pod, Kind::Node, Kind::Namespace, Kind::Service, Kind::DaemonSet]
    {
        let less = fixture(CALICO).with_gap(kind, None, &GapReason::Forbidden);
        let after = table(&less);
        for (old, new) in only(&before).rows.iter().zip(&only(&after).rows) {
            if !matches!(old.destination, Destination::Metadata { .. }) {
                assert_eq!(old.destination, new.destination);
            }
            let (old_verdict, new_verdict) = (old.outcome.verdict(), new.outcome.verdict());
            assert!(
                new_verdict == old_verdict || new_verdict == Some(Verdict::Unknown),
                "without {kind} {:?} turned from {old_verdict:?} into {new_verdict:?}",
                old.destination
            );
        }
    }
}

#[test]
fn without_a_server_it_is_said_how_the_chart_would_start_one() {
    let pods = PODS.split("\n---\n").filter(|pod| !pod.contains("singleuser-server")).collect::<Vec<_>>();
    let fixture =
        Fixture::from_yaml(&format!("{}\n---\n{WORLD}\n---\n{POLICIES}\n{CALICO}", pods.join("\n---\n")));
    let table = table(&fixture);
    let class = only(&table);
    assert!(class.is_assumed);
    assert_eq!(verdict(class, &Destination::Hub), Some(Verdict::Allowed));
    assert_eq!(metadata(class, "169.254.169.254"), Some(Verdict::Denied));
}

#[test]
fn a_server_as_the_chart_starts_it_may_have_the_charts_init_container() {
    let of = |chart: &str| {
        let world = WORLD.replace("jupyterhub-4.4.0", chart).replace(":4.4.0", "");
        let table = table(&Fixture::from_yaml(&world));
        metadata(only(&table), "169.254.169.254")
    };
    assert_eq!(of("jupyterhub-4.4.0"), Some(Verdict::Unknown));
    assert_eq!(of("jupyterhub-1.2.0"), Some(Verdict::Unknown));
    assert_eq!(of("jupyterhub-0.10.5"), Some(Verdict::Allowed));
}

#[test]
fn the_init_container_closes_what_no_policy_does() {
    let init = "initContainers: [{ name: block-cloud-metadata, image: x, command: [iptables, -A, OUTPUT, -p, tcp, -d, 169.254.169.254, --dport, '80', -j, \
                DROP], securityContext: { privileged: true, runAsUser: 0 } }], containers: [{ name: main";
    let ended = "initContainerStatuses: [{ name: block-cloud-metadata, state: { terminated: { exitCode: 0 } } }], podIPs";
    let pods = PODS
        .split("\n---\n")
        .map(|pod| {
            if pod.contains("singleuser-server") {
                pod.replace("containers: [{ name: main", init).replace("podIPs", ended)
            } else {
                pod.to_owned()
            }
        })
        .collect::<Vec<_>>();
    let fixture = Fixture::from_yaml(&format!("{}\n---\n{WORLD}\n{FLANNEL}", pods.join("\n---\n")));
    let table = table(&fixture);
    let class = only(&table);
    assert_eq!(metadata(class, "169.254.169.254"), Some(Verdict::Denied));
    assert_eq!(metadata(class, "169.254.170.23"), Some(Verdict::Allowed));
    let row = outcome(
        class,
        |other| matches!(other, Destination::Metadata { address, .. } if address == "169.254.169.254"),
    );
    assert!(row.worst().unwrap().barrier.is_some());
}

fn ask(fixture: &Fixture, from: &str, to: &str) -> Result<Asked, AskError> {
    let derived = fixture.derived();
    Reach::new(&fixture.snapshot, &derived).ask(&from.parse::<From>()?, &to.parse::<To>()?)
}

#[test]
fn a_question_may_name_a_service_by_its_address() {
    let fixture = fixture(CALICO);
    for to in ["service/kube-system/kube-dns:53/udp", "10.96.0.10:53/udp"] {
        let asked = ask(&fixture, "hub/jhub/prod", to).unwrap();
        assert_eq!(asked.groups[0].found.verdict, Verdict::Allowed, "{to}");
    }
    let asked = ask(&fixture, "plain", "service/proxy-public:80").unwrap();
    assert_eq!(asked.groups[0].found.verdict, Verdict::Allowed);
    let key = only(&table(&fixture)).key.clone();
    let asked = ask(&fixture, &format!("class/{key}"), "pod/jhub/plain:22").unwrap();
    assert_eq!(asked.groups[0].found.verdict, Verdict::Denied);
}

#[test]
fn an_address_that_leads_to_a_service_is_judged_as_itself_and_at_the_pods_behind() {
    let lone = "
---
apiVersion: v1
kind: Service
metadata: { name: lone, namespace: jhub }
spec:
  clusterIP: 10.96.0.99
  externalIPs: [203.0.113.9]
  selector: { app: jupyterhub, component: hub, release: prod }
  ports: [{ name: hub, port: 8081, targetPort: 8081 }, { name: other, port: 9999, targetPort: 9999 }]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.7 }] } }
";
    let fixture = fixture(&format!("{CALICO}{lone}"));
    let verdict = |to: &str| {
        let key = only(&table(&fixture)).key.clone();
        ask(&fixture, &format!("class/{key}"), to).unwrap().groups[0].found.verdict
    };
    assert_eq!(verdict("203.0.113.8:9999"), Verdict::Allowed, "the internet is open");
    assert_eq!(verdict("service/jhub/lone:9999"), Verdict::Denied, "of the hub only its own port is open");
    for address in ["203.0.113.7", "203.0.113.9"] {
        assert_eq!(verdict(&format!("{address}:8081")), Verdict::Allowed, "{address}: both ways are open");
        assert_eq!(verdict(&format!("{address}:9999")), Verdict::CniDependent, "{address}");
    }
    assert_eq!(verdict("203.0.113.7:80"), verdict("203.0.113.8:80"), "no Service publishes this port there");
}

#[test]
fn a_name_that_is_not_there_is_answered_with_those_that_are_near_and_never_with_a_persons() {
    let fixture = fixture(CALICO);
    let error = ask(&fixture, "plan", "1.1.1.1:1").unwrap_err();
    let place = "in namespaces default, jhub, kube-system, other";
    assert_eq!(error.to_string(), format!("there is no pod plan {place}; did you mean plain?"));
    let error = ask(&fixture, "jupyter-p-aaaaaaaaaa", "1.1.1.1:1").unwrap_err();
    assert_eq!(error.to_string(), format!("there is no pod jupyter-p-aaaaaaaaaa {place}"));
    let error = ask(&fixture, "hub", "service/hub:1").unwrap_err();
    assert!(matches!(error, AskError::NotFound { what: "Service", .. }), "{error}");
}

#[test]
fn a_service_leads_to_what_runs_and_only_where_nothing_does_to_what_would() {
    let behind = |fixture: &Fixture| -> Vec<(usize, u16)> {
        let derived = fixture.derived();
        let service = fixture.snapshot.services.get(Some("jhub"), "proxy-public").unwrap().unwrap();
        let ends = derived.network.behind(&fixture.snapshot, service, Protocol::Tcp, 80).unwrap();
        ends.iter().map(|(point, port)| (point.addresses().len(), *port)).collect()
    };
    assert_eq!(behind(&fixture(CALICO)), [(1, 8000)], "the proxy's pod, which has an address");
    let pods = PODS.split("\n---\n").filter(|pod| !pod.contains("component: 'proxy'")).collect::<Vec<_>>();
    let without = format!("{}\n---\n{WORLD}\n---\n{POLICIES}\n{CALICO}", pods.join("\n---\n"));
    assert_eq!(behind(&Fixture::from_yaml(&without)), [(0, 8000)], "the pod that the Deployment would make");
}
