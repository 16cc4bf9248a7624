//! A small cluster with a hub, two user servers, DNS and a node, and the policies of a generation of the chart.

use posture::facts::Pod;
use posture::network::{Answer, Network, Point, Protocol, parse_address};
use posture::snapshot::Snapshot;
use posture::testing::Fixture;

/// The pods, with the names of ports that charts since 0.10 use.
const PODS: &str = include_str!("scene/pods.yaml");

/// The policies of a generation, by chart version; the empty string for none.
fn policies(chart: &str) -> &'static str {
    match chart {
        "" => "",
        "0.9.1" => include_str!("../bases/policies-0.9.1.yaml"),
        "0.10.5" => include_str!("../bases/policies-0.10.5.yaml"),
        "1.2.0" => include_str!("../bases/policies-1.2.0.yaml"),
        "2.0.0" => include_str!("../bases/policies-2.0.0.yaml"),
        "4.4.0" => include_str!("../bases/policies-4.4.0.yaml"),
        other => panic!("no policies of {other}"),
    }
}

/// The egress list of the guide of 2018: DNS over UDP, HTTP, and a typo for HTTPS, to anywhere.
pub(crate) const SEED: &str = "
    - { ports: [{ port: 53, protocol: UDP }] }
    - { ports: [{ port: 80, protocol: TCP }] }
    - { ports: [{ port: 433, protocol: TCP }] }
";

/// A network plug-in that is recognised, or none.
pub(crate) fn engine(name: &str) -> String {
    let (daemon_set, container) = match name {
        "" => return String::new(),
        "calico" => ("calico-node", "{ name: calico-node }"),
        "cilium" => ("cilium", "{ name: cilium-agent }"),
        "antrea" => ("antrea-agent", "{ name: antrea-agent }"),
        other => panic!("no plug-in {other}"),
    };
    format!(
        "
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{ name: {daemon_set}, namespace: kube-system }}
spec: {{ template: {{ spec: {{ containers: [{container}] }} }} }}
status: {{ desiredNumberScheduled: 2, numberReady: 2 }}
"
    )
}

/// A pod by name, `namespace/name` outside `jhub`. Names of people are replaced: their servers are known by their addresses.
pub(crate) fn pod<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Pod {
    let (namespace, name) = name.split_once('/').unwrap_or(("jhub", name));
    let has = |ip: &str| snapshot.pods.present().find(|pod| pod.status.pod_ips[0].ip == ip);
    let found = match name {
        "jupyter-ada" => has("10.0.1.4"),
        "jupyter-bob" => has("10.0.1.5"),
        name => snapshot.pods.find(Some(namespace), name),
    };
    found.unwrap_or_else(|| panic!("no pod {name}"))
}

/// A cluster and its policies.
pub(crate) struct Scene {
    pub(crate) fixture: Fixture,
    pub(crate) network: Network,
}

impl Scene {
    /// The pods with these further manifests.
    pub(crate) fn with(manifests: &str) -> Self {
        Self::of(Fixture::from_yaml(&format!("{PODS}\n---\n{manifests}")))
    }

    pub(crate) fn of(fixture: Fixture) -> Self {
        let network = Network::new(&fixture.snapshot, fixture.derived().enforcement());
        Self { fixture, network }
    }

    /// The policies of a chart under a plug-in.
    pub(crate) fn chart(chart: &str, plugin: &str) -> Self {
        Self::with(&format!("{}{}", policies(chart), engine(plugin)))
    }

    /// The same with the guide's egress list, which replaced the default one up to 1.x and is added since.
    pub(crate) fn seeded(chart: &str, plugin: &str) -> Self {
        let text = policies(chart);
        let text = if matches!(chart, "0.9.1" | "1.2.0") {
            let default = "    - { to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.169.254/32] } }] }";
            assert!(text.contains(default), "the default list of {chart}");
            text.replace(default, SEED)
        } else {
            format!("{}{SEED}", text.trim_end())
        };
        Self::with(&format!("{text}{}", engine(plugin)))
    }

    pub(crate) fn fact(&self, name: &str) -> &Pod {
        pod(&self.fixture.snapshot, name)
    }

    /// A pod by name, `namespace/name` outside `jhub`; or an address.
    pub(crate) fn point(&self, text: &str) -> Point {
        match parse_address(text) {
            Some(address) => self.network.point_at(address),
            None => self.network.pod(self.fact(text)),
        }
    }

    pub(crate) fn ask(&self, from: &str, to: &str, protocol: Protocol, port: u16) -> Answer {
        self.network.answer(&self.point(from), &self.point(to), protocol, port)
    }
}
