//! The demo's clusters, put into a real API server, are judged as they are in the demo.

use jiff::Timestamp;
use posture::gap::Gap;
use posture::kind::{KINDS, KindInfo};
use serde_json::{Value, json};
use server::clock::Clock;
use server::cluster::Source;
use server::collector::ScanInput;
use server::demo::{self, DemoCluster, Denied};
use server::demo_api::DemoApi;

use super::collected::{collect, differences, findings, said, unhurried};
use super::{Access, ControlPlane};

pub(super) fn cluster(name: &str, now: Timestamp) -> DemoCluster {
    let clusters = demo::clusters(now).expect("the demo's files are sound");
    clusters.into_iter().find(|cluster| cluster.name == name).expect("the demo has this cluster")
}

/// What the demo's own API shows of a cluster.
async fn in_the_demo(cluster: &DemoCluster, now: Timestamp) -> ScanInput {
    let clock = Clock::at(now);
    let api = DemoApi::new(cluster.present(), cluster.denied.clone(), &cluster.kubernetes, clock.clone());
    collect(Source::over(api, "https://demo", unhurried(), clock)).await
}

/// What a real API server shows of it to somebody with the same rights.
async fn in_a_real_api(control_plane: &ControlPlane, cluster: &DemoCluster) -> ScanInput {
    control_plane.apply_objects(cluster.present()).await;
    let token = control_plane.reader_without(&cluster.denied).await;
    collect(control_plane.source(&token, unhurried()).await).await
}

fn gaps(input: &ScanInput) -> Vec<String> {
    let mut gaps: Vec<String> = input.snapshot.gaps().iter().map(Gap::to_string).collect();
    gaps.sort();
    gaps
}

/// A real API server gives no Service an address from outside its own range.
pub(super) async fn start_for(services: &str) -> Option<ControlPlane> {
    ControlPlane::start_with(&[&format!("--service-cluster-ip-range={services}")]).await
}

async fn is_judged_alike(name: &str, services: &str) {
    let Some(control_plane) = start_for(services).await else { return };
    let now = Timestamp::now();
    let cluster = cluster(name, now);
    let demo = in_the_demo(&cluster, now).await;
    let real = in_a_real_api(&control_plane, &cluster).await;
    assert_eq!(gaps(&demo), gaps(&real));
    let differences = differences(&said(&findings(&demo, now)), &said(&findings(&real, now)));
    assert!(differences.is_empty(), "the demo says, and the real API server:\n{}", differences.join("\n"));
}

#[tokio::test]
async fn the_healthy_cluster_is_judged_alike() {
    is_judged_alike("teaching-eu", "10.96.0.0/16").await;
}

#[tokio::test]
async fn the_old_cluster_is_judged_alike() {
    is_judged_alike("research-aws", "172.20.0.0/16").await;
}

#[tokio::test]
async fn the_cluster_seen_with_partial_rights_is_judged_alike() {
    is_judged_alike("campus-shared", "10.43.0.0/16").await;
}

fn covers(denied: &Denied, info: &KindInfo) -> bool {
    (denied.group == "*" || denied.group == info.group)
        && (denied.resource == "*" || denied.resource == info.plural)
}

fn rules<'k>(kinds: impl Iterator<Item = &'k KindInfo>) -> Value {
    kinds
        .map(|info| {
            json!({"apiGroups": [info.group], "resources": [info.plural], "verbs": ["get", "list", "watch"]})
        })
        .collect()
}

fn role(kind: &str, metadata: &Value, rules: &Value) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules})
}

impl ControlPlane {
    /// As [`Self::reader`], without some of the rights. What is denied in one namespace is granted in every other one by itself.
    pub(super) async fn reader_without(&self, denied: &[Denied]) -> String {
        let token = self.reader().await;
        if denied.is_empty() {
            return token;
        }
        let is_closed = |info: &KindInfo| denied.iter().any(|d| d.namespace.is_none() && covers(d, info));
        let closed_in = |info: &KindInfo| -> Vec<&str> {
            let denied = denied.iter().filter(|denied| info.namespaced && covers(denied, info));
            denied.filter_map(|denied| denied.namespace.as_deref()).collect()
        };
        let open = KINDS.iter().filter(|info| !is_closed(info));
        let (everywhere, one_by_one): (Vec<_>, Vec<_>) = open.partition(|info| closed_in(info).is_empty());
        let everywhere = rules(everywhere.into_iter());
        let mut objects = vec![role("ClusterRole", &json!({"name": "perijove"}), &everywhere)];
        for namespace in self.namespaces().await {
            let here =
                one_by_one.iter().copied().filter(|info| !closed_in(info).contains(&namespace.as_str()));
            let metadata = json!({"name": "perijove", "namespace": namespace});
            objects.push(role("Role", &metadata, &rules(here)));
            objects.push(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "perijove"},
                "subjects": [{"kind": "ServiceAccount", "name": "perijove", "namespace": "perijove"}],
            }));
        }
        self.apply_objects(objects).await;
        let account = ("perijove", "perijove");
        for info in KINDS {
            let is_open = !is_closed(info) && closed_in(info).is_empty();
            let wanted = if is_open { Access::Allowed } else { Access::Denied };
            self.await_access(account, ("list", info.group, info.plural), wanted).await;
        }
        token
    }
}
