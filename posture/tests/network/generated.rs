//! Small clusters made at random, from names so few that policies meet pods often.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use posture::derived::{Enforcement, EnforcementState};
use posture::facts::pod::{Container, ContainerPort, PodIp};
use posture::facts::{AdminPolicy, Meta, Namespace, NetworkPolicy, Node, Pod, PodSpec, PodStatus};
use posture::kind::{KINDS, Kind};
use posture::listing::{Coverage, Listing, Placed};
use posture::network::Protocol;
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};
use posture::text::Reason;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::reference::{End, Labels, Node as PlainNode, Plugin, Pod as PlainPod, Policies};

/// A cluster: manifests that are easy to read when one is a counterexample.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) namespaces: Vec<Labels>,
    pub(crate) nodes: Vec<Labels>,
    pub(crate) pods: Vec<MadePod>,
    pub(crate) policies: Vec<Value>,
    pub(crate) admin: Vec<Value>,
    pub(crate) baseline: Option<Value>,
    pub(crate) engine: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(crate) struct MadePod {
    pub(crate) namespace: usize,
    pub(crate) node: usize,
    pub(crate) labels: Labels,
    pub(crate) ports: Vec<(&'static str, Protocol, u16)>,
    pub(crate) addresses: Vec<&'static str>,
    pub(crate) host_network: bool,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "engine {:?}; namespaces {:?}; nodes {:?}", self.engine, self.namespaces, self.nodes)?;
        for pod in &self.pods {
            writeln!(f, "  {pod:?}")?;
        }
        for policy in self.policies.iter().chain(&self.admin).chain(&self.baseline) {
            writeln!(f, "  {policy}")?;
        }
        Ok(())
    }
}

pub(crate) const PORTS: [u16; 3] = [80, 81, 443];
pub(crate) const OUTSIDE: [&str; 3] = ["1.1.1.1", "169.254.169.254", "fd00:ec2::254"];
pub(crate) const NODES: [&str; 2] = ["10.9.0.1", "10.9.0.2"];

const ADDRESSES: [&[&str]; 6] = [
    &["10.0.0.1"],
    &["10.0.0.2"],
    &["10.0.1.3", "fd00::3"],
    &["10.0.1.4", "fd00::4"],
    &["fd00::5"],
    &["100.64.0.6"],
];

const RANGES: [&str; 12] = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/24",
    "10.0.1.0/24",
    "10.0.0.2/32",
    "10.9.0.0/16",
    "169.254.169.254/32",
    "1.0.0.0/8",
    "::/0",
    "fd00::/64",
    "fd00::4/128",
    "::ffff:10.0.0.0/104",
];

fn labels() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map(
        select(vec!["a".to_owned(), "b".to_owned()]),
        select(vec!["x".to_owned(), "y".to_owned()]),
        0..=2,
    )
}

fn selector() -> impl Strategy<Value = Value> {
    let expression =
        (select(vec!["a", "b"]), 0..4_usize, prop::collection::btree_set(select(vec!["x", "y"]), 1..=2))
            .prop_map(|(key, operator, values)| match operator {
                0 => json!({"key": key, "operator": "In", "values": values}),
                1 => json!({"key": key, "operator": "NotIn", "values": values}),
                2 => json!({"key": key, "operator": "Exists"}),
                _ => json!({"key": key, "operator": "DoesNotExist"}),
            });
    prop_oneof![
        4 => Just(json!({})),
        4 => labels().prop_map(|labels| json!({"matchLabels": labels})),
        3 => prop::collection::vec(expression, 1..=2).prop_map(|found| json!({"matchExpressions": found})),
    ]
}

fn peer() -> impl Strategy<Value = Value> {
    let block = (select(RANGES.to_vec()), prop::collection::vec(select(RANGES.to_vec()), 0..=1))
        .prop_map(|(cidr, except)| json!({"ipBlock": {"cidr": cidr, "except": except}}));
    prop_oneof![
        1 => selector().prop_map(|pods| json!({"podSelector": pods})),
        1 => selector().prop_map(|namespaces| json!({"namespaceSelector": namespaces})),
        1 => (selector(), selector())
            .prop_map(|(pods, namespaces)| json!({"podSelector": pods, "namespaceSelector": namespaces})),
        4 => block,
    ]
}

fn protocol() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![None, Some("TCP"), Some("UDP"), Some("SCTP")])
}

fn port() -> impl Strategy<Value = Value> {
    let number = select(PORTS.to_vec());
    prop_oneof![
        1 => protocol().prop_map(|protocol| json!({"protocol": protocol})),
        4 => (protocol(), number.clone()).prop_map(|(protocol, port)| json!({"protocol": protocol, "port": port})),
        2 => (protocol(), number, 0..400_u16)
            .prop_map(|(protocol, port, more)| json!({"protocol": protocol, "port": port, "endPort": port + more})),
        3 => (protocol(), select(vec!["web", "api"]))
            .prop_map(|(protocol, name)| json!({"protocol": protocol, "port": name})),
    ]
}

fn rules(peers: &'static str) -> impl Strategy<Value = Value> {
    let rule = (prop::collection::vec(peer(), 0..=2), prop::collection::vec(port(), 0..=2))
        .prop_map(move |(found, ports)| json!({peers: found, "ports": ports}));
    prop::collection::vec(rule, 0..=2).prop_map(Value::from)
}

fn policy() -> impl Strategy<Value = Value> {
    let types =
        select(vec![None, Some(vec!["Ingress"]), Some(vec!["Egress"]), Some(vec!["Ingress", "Egress"])]);
    (0..3_usize, selector(), types, prop::option::of(rules("from")), prop::option::of(rules("to"))).prop_map(
        |(namespace, pods, types, ingress, egress)| {
            let mut spec = json!({"podSelector": pods});
            for (field, value) in
                [("policyTypes", types.map(Value::from)), ("ingress", ingress), ("egress", egress)]
            {
                if let Some(value) = value {
                    spec[field] = value;
                }
            }
            json!({"metadata": {"namespace": format!("n{namespace}")}, "spec": spec})
        },
    )
}

fn admin_pods() -> impl Strategy<Value = Value> {
    prop_oneof![
        selector().prop_map(|namespaces| json!({"namespaces": namespaces})),
        (selector(), selector())
            .prop_map(|(n, pods)| json!({"pods": {"namespaceSelector": n, "podSelector": pods}})),
    ]
}

fn admin_rules(peers: &'static str, actions: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let only_egress = prop_oneof![
        prop::collection::vec(select(RANGES.to_vec()), 1..=2)
            .prop_map(|networks| json!({"networks": networks})),
        selector().prop_map(|nodes| json!({"nodes": nodes})),
    ];
    let peer =
        if peers == "to" { prop_oneof![admin_pods(), only_egress].boxed() } else { admin_pods().boxed() };
    let number = select(PORTS.to_vec());
    let port = prop_oneof![
        (protocol(), number.clone())
            .prop_map(|(protocol, port)| json!({"portNumber": {"protocol": protocol, "port": port}})),
        (protocol(), number, 0..400_u16).prop_map(|(protocol, port, more)| {
            json!({"portRange": {"protocol": protocol, "start": port, "end": port + more}})
        }),
        select(vec!["web", "api"]).prop_map(|name| json!({"namedPort": name})),
    ];
    let ports = prop::option::of(prop::collection::vec(port, 1..=2));
    let rule = (select(actions), prop::collection::vec(peer, 1..=2), ports).prop_map(
        move |(action, found, ports)| match ports {
            Some(ports) => json!({"action": action, peers: found, "ports": ports}),
            None => json!({"action": action, peers: found}),
        },
    );
    prop::collection::vec(rule, 0..=2).prop_map(Value::from)
}

fn admin(actions: &[&'static str]) -> impl Strategy<Value = Value> + use<> {
    let actions = actions.to_vec();
    (admin_pods(), admin_rules("from", actions.clone()), admin_rules("to", actions)).prop_map(
        |(subject, ingress, egress)| {
            json!({"metadata": {}, "spec": {"subject": subject, "ingress": ingress, "egress": egress}})
        },
    )
}

fn pods() -> impl Strategy<Value = Vec<MadePod>> {
    let ports = (
        select(vec!["web", "api"]),
        select(vec![Protocol::Tcp, Protocol::Tcp, Protocol::Udp]),
        select(PORTS.to_vec()),
    );
    let one =
        (0..3_usize, 0..2_usize, labels(), prop::collection::vec(ports, 0..=2), prop::bool::weighted(0.1));
    prop::collection::vec(one, 2..=5).prop_map(|found| {
        let mut pods = Vec::new();
        for (index, (namespace, node, labels, ports, host_network)) in found.into_iter().enumerate() {
            let addresses = if host_network { vec![NODES[node]] } else { ADDRESSES[index].to_vec() };
            pods.push(MadePod { namespace, node, labels, ports, addresses, host_network });
        }
        pods
    })
}

/// A cluster.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let engine = select(vec![
        None,
        Some("Calico"),
        Some("Cilium"),
        Some("Antrea"),
        Some("OVN-Kubernetes"),
        Some("kube-router"),
    ]);
    (
        prop::collection::vec(labels(), 3),
        prop::collection::vec(labels(), 2),
        pods(),
        prop::collection::vec(policy(), 0..=8),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(admin(&["Allow", "Deny", "Pass"]), 1..=2)],
        prop_oneof![3 => Just(None), 1 => admin(&["Allow", "Deny"]).prop_map(Some)],
        engine,
    )
        .prop_map(|(namespaces, nodes, pods, policies, admin, baseline, engine)| World {
            namespaces,
            nodes,
            pods,
            policies,
            admin,
            baseline,
            engine,
        })
}

fn meta(name: String, namespace: Option<&str>, labels: &Labels) -> Meta {
    Meta {
        name,
        namespace: namespace.map(str::to_owned),
        labels: Arc::new(labels.clone()),
        ..Meta::default()
    }
}

fn listing<T: Placed>(kind: Kind, items: Vec<T>) -> Listing<T> {
    Listing::new(kind, items.into_iter().map(Arc::new).collect(), Coverage::full())
}

impl World {
    pub(crate) fn enforcement(&self) -> Enforcement {
        Enforcement {
            state: EnforcementState::Enforced,
            engine: self.engine,
            reason: Reason::new("x", "x"),
            evidence: Vec::new(),
            broken_nodes: Ok(Vec::new()),
            windows_nodes: Ok(Vec::new()),
        }
    }

    /// The cluster as the evaluator gets it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut builder = SnapshotBuilder::new(Origin::Observed, "made");
        for info in KINDS {
            builder.cover(info.kind, Coverage::full());
        }
        let mut snapshot = builder.build(posture::testing::NOW.parse().unwrap());
        let namespaces = self.namespaces.iter().enumerate();
        snapshot.namespaces = listing(
            Kind::Namespace,
            namespaces
                .map(|(n, labels)| Namespace { metadata: meta(format!("n{n}"), None, labels) })
                .collect(),
        );
        let node = |(n, labels): (usize, &Labels)| {
            let status = json!({"addresses": [{"type": "InternalIP", "address": NODES[n]}]});
            Node {
                metadata: meta(format!("node{n}"), None, labels),
                status: serde_json::from_value(status).unwrap(),
                ..Node::default()
            }
        };
        snapshot.nodes = listing(Kind::Node, self.nodes.iter().enumerate().map(node).collect());
        snapshot.pods =
            listing(Kind::Pod, self.pods.iter().enumerate().map(|(n, pod)| pod.fact(n)).collect());
        let Policies { ordinary, admin, baseline } = self.policies();
        snapshot.network_policies = listing(Kind::NetworkPolicy, ordinary);
        snapshot.admin_policies = listing(Kind::AdminNetworkPolicy, admin);
        snapshot.baseline_policies =
            listing(Kind::BaselineAdminNetworkPolicy, baseline.into_iter().collect());
        snapshot
    }

    /// The policies as both evaluators get them.
    pub(crate) fn policies(&self) -> Policies {
        let mut ordinary: Vec<NetworkPolicy> =
            self.policies.iter().map(|policy| serde_json::from_value(policy.clone()).unwrap()).collect();
        let read = |policy: &Value| -> AdminPolicy { serde_json::from_value(policy.clone()).unwrap() };
        let mut admin: Vec<_> = self.admin.iter().map(read).collect();
        for (n, policy) in ordinary.iter_mut().enumerate() {
            policy.metadata.name = format!("policy{n}");
        }
        for (n, policy) in admin.iter_mut().enumerate() {
            policy.metadata.name = format!("admin{n}");
            policy.spec.priority = Some(i64::try_from(n).unwrap());
        }
        Policies { ordinary, admin, baseline: self.baseline.as_ref().map(read) }
    }

    /// What plug-ins like this one may do.
    pub(crate) fn plugins(&self) -> Vec<Plugin> {
        let blocks: &[(bool, bool)] = match self.engine {
            Some("Calico" | "kube-router") => &[(true, true)],
            Some("Cilium") => &[(false, false)],
            _ => &[(true, true), (false, false)],
        };
        let admin: &[bool] = match self.engine {
            _ if self.admin.is_empty() && self.baseline.is_none() => &[false],
            Some("Antrea" | "OVN-Kubernetes") => &[true],
            _ => &[true, false],
        };
        let plugins = admin.iter().flat_map(|follows| {
            blocks.iter().map(|(pods, nodes)| Plugin {
                blocks_match_pods: *pods,
                blocks_match_nodes: *nodes,
                follows_admin: *follows,
            })
        });
        plugins.collect()
    }

    /// The cluster's pods and nodes and some addresses outside, as the second evaluator gets them.
    pub(crate) fn ends(&self) -> Vec<End> {
        let address = |text: &str| -> IpAddr { text.parse().unwrap() };
        let node = |n: usize| PlainNode { address: address(NODES[n]), labels: self.nodes[n].clone() };
        let pod = |pod: &MadePod| {
            if pod.host_network {
                return End::Node(node(pod.node));
            }
            End::Pod(PlainPod {
                namespace: format!("n{}", pod.namespace),
                namespace_labels: self.namespaces[pod.namespace].clone(),
                labels: pod.labels.clone(),
                ports: pod
                    .ports
                    .iter()
                    .map(|(name, protocol, n)| ((*name).to_owned(), *protocol, *n))
                    .collect(),
                addresses: pod.addresses.iter().map(|text| address(text)).collect(),
                node: address(NODES[pod.node]),
            })
        };
        let pods = self.pods.iter().map(pod);
        let nodes = (0..2).map(|n| End::Node(node(n)));
        pods.chain(nodes).chain(OUTSIDE.iter().map(|text| End::Outside(address(text)))).collect()
    }
}

impl MadePod {
    fn fact(&self, n: usize) -> Pod {
        let ports = self.ports.iter().map(|(name, protocol, number)| ContainerPort {
            name: Some((*name).to_owned()),
            container_port: *number,
            protocol: Some(protocol.to_string()),
            host_port: None,
        });
        let container = Container { ports: ports.collect(), ..Container::default() };
        let spec =
            PodSpec { containers: vec![container], host_network: self.host_network, ..PodSpec::default() };
        let pod_ips = self.addresses.iter().map(|ip| PodIp { ip: (*ip).to_owned() }).collect();
        Pod {
            metadata: meta(format!("pod{n}"), Some(&format!("n{}", self.namespace)), &self.labels),
            spec: Arc::new(spec),
            status: PodStatus { pod_ips, host_ip: Some(NODES[self.node].into()), ..PodStatus::default() },
            ..Pod::default()
        }
    }
}
