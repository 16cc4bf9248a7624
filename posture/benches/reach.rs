//! How long it takes to say what every class of user server of a large cluster reaches, and who reaches it: `cargo bench -p posture`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use posture::derived::{Enforcement, EnforcementState};
use posture::facts::pod::{Container, ContainerPort, PodIp};
use posture::facts::{Meta, Namespace, NetworkPolicy, Node, Pod, PodSpec, PodStatus};
use posture::kind::{KINDS, Kind};
use posture::listing::{Coverage, Listing, Placed};
use posture::network::{Network, Point, Protocol, Verdict};
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};
use posture::text::Reason;
use serde_json::{Value, json};

const HUBS: usize = 20;
const USERS: usize = 400;
const OTHERS: usize = 100;
const GOAL: Duration = Duration::from_millis(100);

fn main() {
    let snapshot = snapshot();
    let (pods, policies) = (snapshot.pods.present().count(), snapshot.network_policies.present().count());
    let mut times: Vec<_> = (0..11).map(|_| run(&snapshot)).collect();
    times.sort_by_key(|run| run.read + run.asked);
    let Run { read, asked, answers, classes, allowed } = &times[times.len() / 2];
    println!(
        "{pods} pods, {policies} policies, {classes} classes; {answers} answers, {allowed} of them allowed"
    );
    println!("policies and pods read in {read:.1?}, answers and openings in {asked:.1?}");
    let total = *read + *asked;
    let word = if total <= GOAL { "met" } else { "MISSED" };
    println!("median of {}: {total:.1?}, the goal of {GOAL:?} is {word}", times.len());
}

struct Run {
    read: Duration,
    asked: Duration,
    answers: usize,
    classes: usize,
    allowed: usize,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn run(snapshot: &Snapshot) -> Run {
    let enforcement = enforcement();
    let start = Instant::now();
    let network = Network::new(snapshot, &enforcement);
    let read = start.elapsed();
    let start = Instant::now();
    let is_user = |pod: &Pod| pod.metadata.label("component") == Some("singleuser-server");
    let (mut answers, mut allowed) = (0, 0);
    let addresses =
        ["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "1.1.1.1", "10.250.0.1"];
    let outside: Vec<_> =
        addresses.iter().map(|text| network.point_at(text.parse::<IpAddr>().unwrap())).collect();
    let mut count = |verdict: Verdict| {
        answers += 1;
        allowed += usize::from(verdict == Verdict::Allowed);
    };
    for class in network.classes().iter().filter(|class| is_user(&class.pods[0])) {
        let user = Point::Pod(class.point.clone());
        for other in network.classes() {
            let other = Point::Pod(other.point.clone());
            for port in [53, 8000, 8001, 8081] {
                count(network.answer(&user, &other, Protocol::Tcp, port).verdict);
            }
            count(network.answer(&other, &user, Protocol::Tcp, 8888).verdict);
        }
        for address in &outside {
            for port in [53, 80, 443, 10250] {
                count(network.answer(&user, address, Protocol::Tcp, port).verdict);
            }
        }
        black_box(network.reachable_addresses(&user));
    }
    Run { read, asked: start.elapsed(), answers, classes: network.classes().len(), allowed }
}

fn enforcement() -> Enforcement {
    Enforcement {
        state: EnforcementState::Enforced,
        // Not knowing the plug-in doubles the work.
        engine: None,
        reason: Reason::new("benchmark", "this is a benchmark"),
        evidence: Vec::new(),
        broken_nodes: Ok(Vec::new()),
        windows_nodes: Ok(Vec::new()),
    }
}

fn listing<T: Placed>(kind: Kind, items: Vec<T>) -> Listing<T> {
    Listing::new(kind, items.into_iter().map(Arc::new).collect(), Coverage::full())
}

fn snapshot() -> Snapshot {
    let mut builder = SnapshotBuilder::new(Origin::Observed, "benchmark");
    for info in KINDS {
        builder.cover(info.kind, Coverage::full());
    }
    let mut snapshot = builder.build("2026-11-02T12:00:00Z".parse().unwrap());
    let names: Vec<_> =
        (0..HUBS + OTHERS).map(|n| if n < HUBS { format!("hub{n}") } else { format!("other{n}") }).collect();
    let namespace =
        |name: &String| Namespace { metadata: meta(name, None, &[("kubernetes.io/metadata.name", name)]) };
    snapshot.namespaces = listing(Kind::Namespace, names.iter().map(namespace).collect());
    let node = |n: usize| -> Node {
        let address = json!({"addresses": [{"type": "InternalIP", "address": format!("10.250.0.{n}")}]});
        Node {
            metadata: meta(&format!("node{n}"), None, &[]),
            status: serde_json::from_value(address).unwrap(),
            ..Node::default()
        }
    };
    snapshot.nodes = listing(Kind::Node, (1..=200).map(node).collect());
    let mut pods = Vec::new();
    let mut policies = Vec::new();
    for (n, name) in names.iter().enumerate() {
        if n < HUBS {
            pods.extend(hub_pods(name, pods.len()));
            policies.extend(hub_policies(name));
        } else {
            pods.extend(other_pods(name, n, pods.len()));
            policies.extend(other_policies(name, n));
        }
    }
    snapshot.pods = listing(Kind::Pod, pods);
    snapshot.network_policies = listing(Kind::NetworkPolicy, policies);
    snapshot
}

fn meta(name: &str, namespace: Option<&str>, labels: &[(&str, &str)]) -> Meta {
    let labels: BTreeMap<_, _> =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Meta {
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        labels: Arc::new(labels),
        ..Meta::default()
    }
}

fn pod(metadata: Meta, spec: &Arc<PodSpec>, number: usize) -> Pod {
    let pod_ips = vec![PodIp { ip: format!("10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255) }];
    let host_ip = Some(format!("10.250.0.{}", number % 200 + 1).into());
    Pod {
        metadata,
        spec: Arc::clone(spec),
        status: PodStatus { pod_ips, host_ip, ..PodStatus::default() },
        ..Pod::default()
    }
}

fn spec(ports: &[(&str, u16)]) -> Arc<PodSpec> {
    let ports = ports.iter().map(|(name, number)| ContainerPort {
        name: Some((*name).to_owned()),
        container_port: *number,
        ..ContainerPort::default()
    });
    let container = Container { ports: ports.collect(), ..Container::default() };
    Arc::new(PodSpec { containers: vec![container], ..PodSpec::default() })
}

const ACCESS: [&str; 4] = ["hub", "proxy-api", "proxy-http", "singleuser"];

fn hub_pods(namespace: &str, first: usize) -> Vec<Pod> {
    let access: Vec<_> = ACCESS.iter().map(|word| format!("hub.jupyter.org/network-access-{word}")).collect();
    let with = |name: &str, component: &str, granted: &[usize]| {
        let mut labels = vec![("app", "jupyterhub"), ("release", namespace), ("component", component)];
        labels.extend(granted.iter().map(|index| (access[*index].as_str(), "true")));
        meta(name, Some(namespace), &labels)
    };
    let mut pods = vec![
        pod(with("hub", "hub", &[1, 2, 3]), &spec(&[("http", 8081)]), first),
        pod(with("proxy", "proxy", &[0, 3]), &spec(&[("http", 8000), ("api", 8001)]), first + 1),
        pod(with("autohttps", "autohttps", &[2]), &spec(&[("http", 8080), ("https", 8443)]), first + 2),
    ];
    let (shape, server) = (spec(&[("notebook-port", 8888)]), with("", "singleuser-server", &[0]));
    for user in 0..USERS {
        let metadata = Meta { name: format!("jupyter-{user}"), ..server.clone() };
        pods.push(pod(metadata, &shape, first + 3 + user));
    }
    pods
}

fn other_pods(namespace: &str, n: usize, first: usize) -> Vec<Pod> {
    let (app, hash) = (format!("app{n}"), format!("hash{n}"));
    let labels = |tier: &str| {
        meta("", Some(namespace), &[("app", &app), ("tier", tier), ("pod-template-hash", &hash)])
    };
    let tiers = [(labels("front"), spec(&[("http", 8080)])), (labels("back"), spec(&[("grpc", 9000)]))];
    let of = |index: usize| {
        let (metadata, spec) = &tiers[index % 2];
        pod(Meta { name: format!("pod{index}"), ..metadata.clone() }, spec, first + index)
    };
    (0..20).map(of).collect()
}

fn policy(namespace: &str, name: &str, spec: &Value) -> NetworkPolicy {
    let policy = json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec});
    serde_json::from_value(policy).unwrap()
}

fn hub_policies(namespace: &str) -> Vec<NetworkPolicy> {
    let pods = |component: &str| json!({"matchLabels": {"app": "jupyterhub", "release": namespace, "component": component}});
    let access = |word: &str| json!([{"podSelector": {"matchLabels": {format!("hub.jupyter.org/network-access-{word}"): "true"}}}]);
    let private = json!([{"ipBlock": {"cidr": "10.0.0.0/8"}}, {"ipBlock": {"cidr": "172.16.0.0/12"}}, {"ipBlock": {"cidr": "192.168.0.0/16"}}]);
    let public = json!([{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.169.254/32"]}}]);
    let dns = json!({"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}], "to": private});
    let part = |component: &str, port: &str, word: &str| {
        policy(
            namespace,
            component,
            &json!({
                "podSelector": pods(component), "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"ports": [{"port": port}], "from": access(word)}],
                "egress": [{"ports": [{"port": 8888}], "to": [{"podSelector": pods("singleuser-server")}]}, dns, {"to": public}],
            }),
        )
    };
    vec![
        part("hub", "http", "hub"),
        part("proxy", "api", "proxy-api"),
        part("autohttps", "http", "proxy-http"),
        policy(
            namespace,
            "singleuser",
            &json!({
                "podSelector": pods("singleuser-server"), "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"ports": [{"port": "notebook-port"}], "from": access("singleuser")}],
                "egress": [
                    {"ports": [{"port": 8081}], "to": [{"podSelector": pods("hub")}]},
                    {"ports": [{"port": 8000}], "to": [{"podSelector": pods("proxy")}]},
                    dns, {"to": public},
                ],
            }),
        ),
    ]
}

/// Four policies; ranges that no two namespaces share cut the space of addresses.
fn other_policies(namespace: &str, n: usize) -> Vec<NetworkPolicy> {
    let tier = |tier: &str| json!({"matchLabels": {"tier": tier}});
    let range = format!("10.{}.0.0/20", n % 250);
    vec![
        policy(namespace, "deny", &json!({"podSelector": {}, "policyTypes": ["Ingress"]})),
        policy(
            namespace,
            "inside",
            &json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}),
        ),
        policy(
            namespace,
            "front",
            &json!({
                "podSelector": tier("front"),
                "ingress": [{"ports": [{"port": "http"}], "from": [{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "b"]}]}}, {"ipBlock": {"cidr": range}}]}],
            }),
        ),
        policy(
            namespace,
            "back",
            &json!({
                "podSelector": tier("back"), "policyTypes": ["Egress"],
                "egress": [{"to": [{"podSelector": tier("front")}, {"ipBlock": {"cidr": range, "except": [format!("10.{}.1.0/24", n % 250)]}}]}],
            }),
        ),
    ]
}
