//! The four questions about HTTPS, the metadata block, policies and API access.

use posture::control::{Control, ControlName, Mark, controls};
use posture::kind::Kind;
use posture::testing::Fixture;

use crate::scenes::{Scene, V0_6, V4_4, server};
use Mark::{No, NotApplicable, Unknown, Yes};

fn control(fixture: &Fixture, name: ControlName) -> Control {
    let derived = fixture.derived();
    let all = controls(&fixture.context(&derived), &derived.hubs[0]);
    assert_eq!(all.len(), 4);
    all.into_iter().find(|control| control.name == name).unwrap()
}

/// Configured, applied, enforced; nothing is observed while probing is off.
fn marks(fixture: &Fixture, name: ControlName) -> [Mark; 3] {
    let control = control(fixture, name);
    assert_eq!(control.observed.mark, Unknown);
    [control.configured.mark, control.applied.mark, control.enforced.mark]
}

#[test]
fn a_healthy_hub_answers_yes() {
    let fixture = Fixture::from_yaml(V4_4);
    for name in [ControlName::Https, ControlName::Metadata, ControlName::Policies, ControlName::ApiAccess] {
        assert_eq!(marks(&fixture, name), [Yes, Yes, Yes], "{name:?}");
    }
}

#[test]
fn plain_http_is_applied_nowhere() {
    assert_eq!(marks(&Scene::new("4.0.0").fixture(), ControlName::Https), [Unknown, No, No]);
}

#[test]
fn https_of_a_dead_autohttps_is_applied_and_not_enforced() {
    let dead = V4_4.replace("readyReplicas: 1", "readyReplicas: 0");
    assert_eq!(marks(&Fixture::from_yaml(&dead), ControlName::Https), [Yes, Yes, No]);
}

#[test]
fn https_in_an_ingress_is_not_the_charts() {
    let ingress = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: jupyterhub }
spec:
  rules: [{ host: hub.example.edu, http: { paths: [{ backend: { service: { name: proxy-public, port: { number: 80 } } } }] } }]
  tls: [{ hosts: [hub.example.edu], secretName: x }]
";
    let fixture = Scene { kind: "ClusterIP", ..Scene::new("4.0.0") }.with(ingress);
    assert_eq!(marks(&fixture, ControlName::Https), [NotApplicable, Yes, Unknown]);
}

#[test]
fn an_edge_outside_can_be_attested() {
    let edge = Scene { kind: "ClusterIP", ..Scene::new("4.0.0") };
    assert_eq!(marks(&edge.fixture(), ControlName::Https), [Unknown, Unknown, Unknown]);
    let attested = edge.yaml().replace(
        "namespace: jhub }",
        "namespace: jhub, settings: { attestations: [{ fact: https-at-the-edge, hub: jhub/prod, reason: x, until: '2027-01-01T00:00:00Z' }] } }",
    );
    assert_eq!(marks(&Fixture::from_yaml(&attested), ControlName::Https), [Unknown, Yes, Yes]);
}

#[test]
fn policies_that_nobody_enforces_are_shown_as_exactly_that() {
    let flannel = V4_4
        .replace("name: calico-node, namespace", "name: kube-flannel-ds, namespace")
        .replace("{ name: calico-node, image", "{ name: kube-flannel, image");
    assert_eq!(marks(&Fixture::from_yaml(&flannel), ControlName::Policies), [Yes, Yes, No]);
}

#[test]
fn one_unrestricted_direction_is_enough_for_no() {
    let open = V4_4.replace(
        "component: singleuser-server, app: jupyterhub, release: prod } }, policyTypes: [Ingress, Egress]",
        "component: singleuser-server, app: jupyterhub, release: prod } }, policyTypes: [Ingress]",
    );
    assert_eq!(marks(&Fixture::from_yaml(&open), ControlName::Policies), [Yes, No, Yes]);
}

#[test]
fn policies_for_some_parts_only_leave_the_values_open() {
    let without = V4_4.replace("component: singleuser,", "component: other,");
    assert_ne!(without, V4_4);
    assert_eq!(marks(&Fixture::from_yaml(&without), ControlName::Policies)[0], Unknown);
}

#[test]
fn a_proxy_that_is_not_seen_leaves_open_whether_a_policy_selects_it() {
    let hidden = Fixture::from_yaml(V4_4).losing(&posture::object::ObjectRef::namespaced(
        Kind::Deployment,
        "jhub",
        "proxy",
    ));
    assert_eq!(marks(&hidden, ControlName::Policies)[1], Unknown);
}

#[test]
fn policies_that_nobody_enforces_block_no_way_to_the_metadata_server() {
    let idle = V4_4
        .replace("name: block-cloud-metadata", "name: other")
        .replace("command: [iptables,", "command: [echo,")
        .replace("name: calico-node, namespace", "name: kube-flannel-ds, namespace")
        .replace("{ name: calico-node, image", "{ name: kube-flannel, image");
    assert_eq!(marks(&Fixture::from_yaml(&idle), ControlName::Metadata)[2], No);
}

/// The scene with a policy for user servers that lets them reach everything.
fn open_to_everything() -> String {
    let selector = "matchLabels: { component: singleuser-server, app: jupyterhub, release: prod } }, policyTypes: [Ingress, Egress], ingress: [], egress: ";
    let open = V4_4.replace(&format!("{selector}[]"), &format!("{selector}[{{}}]"));
    assert_ne!(open, V4_4);
    open
}

#[test]
fn a_barrier_that_is_not_understood_is_no_proof_either_way() {
    let odd = open_to_everything().replace("command: [iptables,", "command: [ebtables,");
    assert_ne!(odd, V4_4);
    assert_eq!(marks(&Fixture::from_yaml(&odd), ControlName::Metadata)[2], Unknown);
}

#[test]
fn the_oldest_charts_know_no_policies() {
    assert_eq!(marks(&Fixture::from_yaml(V0_6), ControlName::Policies), [No, No, Unknown]);
}

#[test]
fn a_barrier_without_privileges_is_applied_and_not_enforced() {
    let stripped = open_to_everything()
        .replace("{ privileged: true, runAsUser: 0, capabilities: { add: [NET_ADMIN] } }", "{}");
    assert_eq!(marks(&Fixture::from_yaml(&stripped), ControlName::Metadata), [Yes, Yes, No]);
}

#[test]
fn the_lost_barrier_of_0_10_is_configured_and_not_applied() {
    let puller = "
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: continuous-image-puller, labels: { component: continuous-image-puller, app: jupyterhub, release: prod } }
spec: { template: { spec: { initContainers: [{ name: image-pull-metadata-block }] } } }
";
    let scene = format!("{puller}---{}", server("ada", "{ containers: [{ name: notebook }] }"));
    assert_eq!(marks(&Scene::new("0.10.5").with(&scene), ControlName::Metadata), [Yes, No, No]);
}

#[test]
fn a_policy_that_is_enforced_takes_the_place_of_the_barrier() {
    let without = |scene: &str| {
        let scene = scene.replace("name: block-cloud-metadata", "name: other");
        Fixture::from_yaml(&scene.replace("command: [iptables,", "command: [echo,"))
    };
    assert_eq!(marks(&without(V4_4), ControlName::Metadata), [Yes, Yes, Yes]);
    assert_eq!(marks(&without(&open_to_everything()), ControlName::Metadata), [Yes, No, No]);
}

#[test]
fn passing_by_emptiness_is_no_pass() {
    let empty = Scene::new("4.0.0").fixture();
    assert_eq!(marks(&empty, ControlName::Metadata), [Unknown, Unknown, Unknown]);
    assert_eq!(marks(&empty, ControlName::ApiAccess), [Unknown, Unknown, Unknown]);
}

#[test]
fn a_token_with_rights_is_worse_than_one_without() {
    let with_token = V4_4.replace(
        "  automountServiceAccountToken: false\n",
        "  automountServiceAccountToken: true\n  volumes: [{ name: t, projected: { sources: [{ serviceAccountToken: { path: token } }] } }]\n",
    );
    let with_token = with_token.replace(
        "ports: [{ name: notebook-port, containerPort: 8888 }] }",
        "volumeMounts: [{ name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount }] }",
    );
    assert_eq!(marks(&Fixture::from_yaml(&with_token), ControlName::ApiAccess), [No, No, Yes]);
    let bound = format!(
        "{with_token}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{ name: everybody }}
subjects: [{{ kind: ServiceAccount, name: default }}]
roleRef: {{ kind: Role, name: hub }}
"
    );
    assert_eq!(marks(&Fixture::from_yaml(&bound), ControlName::ApiAccess), [No, No, No]);
    let hidden = Fixture::from_yaml(&with_token).without(Kind::ClusterRoleBinding);
    assert_eq!(marks(&hidden, ControlName::ApiAccess), [No, No, Unknown]);
}
