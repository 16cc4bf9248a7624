//! What is taken for an engine that enforces policies, and what is not.

use posture::derived::{Enforcement, EnforcementState};
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::testing::Fixture;

use EnforcementState::{Enforced, Likely, NotEnforced, Unknown};

fn detect(fixture: &Fixture) -> Enforcement {
    fixture.derived().enforcement().clone()
}

fn daemon_set(name: &str, containers: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: DaemonSet
metadata: {{ name: {name}, namespace: kube-system }}
spec: {{ template: {{ spec: {{ containers: [{containers}] }} }} }}
status: {{ desiredNumberScheduled: 3, numberReady: 3 }}
"
    )
}

fn node(kubelet: &str, provider: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Node
metadata: {{ name: node-1 }}
spec: {{ providerID: '{provider}' }}
status: {{ nodeInfo: {{ kubeletVersion: '{kubelet}' }} }}
"
    )
}

fn state(manifests: &[String]) -> EnforcementState {
    detect(&Fixture::from_yaml(&manifests.join("---"))).state
}

#[test]
fn engines_that_always_enforce_are_known_by_name_or_container() {
    for (name, container) in [
        ("calico-node", "calico-node"),
        ("canal", "kube-flannel"),
        ("rke2-canal", "calico-node"),
        ("cilium", "cilium-agent"),
        ("anetd", "cilium-agent"),
        ("antrea-agent", "antrea-agent"),
        ("ovnkube-node", "ovnkube-controller"),
        ("azure-npm", "azure-npm"),
        ("our-calico", "calico-node"),
    ] {
        assert_eq!(state(&[daemon_set(name, &format!("{{ name: {container} }}"))]), Enforced, "{name}");
    }
}

#[test]
fn flannel_alone_enforces_nothing_and_canal_does() {
    let flannel = daemon_set("kube-flannel-ds", "{ name: kube-flannel }");
    assert_eq!(state(std::slice::from_ref(&flannel)), NotEnforced);
    assert_eq!(state(&[flannel, daemon_set("calico-node", "{ name: calico-node }")]), Enforced);
}

#[test]
fn kube_network_policies_enforces_beside_flannel_or_in_its_pods() {
    let flannel = daemon_set("kube-flannel-ds", "{ name: kube-flannel }");
    let own = daemon_set("kube-network-policies", "{ name: kube-network-policies }");
    assert_eq!(state(&[flannel, own]), Enforced);
    let both = daemon_set("kube-flannel-ds", "{ name: kube-flannel }, { name: kube-network-policies }");
    assert_eq!(state(&[both]), Enforced);
}

#[test]
fn the_agent_of_aws_counts_only_with_its_flag() {
    let with = |args: &str| {
        state(&[daemon_set(
            "aws-node",
            &format!("{{ name: aws-node }}, {{ name: aws-eks-nodeagent, args: [{args}] }}"),
        )])
    };
    assert_eq!(with("--enable-network-policy=true"), Enforced);
    assert_eq!(with("--enable-network-policy=false"), NotEnforced);
    assert_eq!(with("--enable-ipv6=false"), NotEnforced);
    assert_eq!(state(&[daemon_set("aws-node", "{ name: aws-node }")]), NotEnforced);
}

#[test]
fn weave_and_kube_router_can_run_without_their_policy_part() {
    assert_eq!(state(&[daemon_set("weave-net", "{ name: weave }, { name: weave-npc }")]), Enforced);
    assert_eq!(state(&[daemon_set("weave-net", "{ name: weave }")]), NotEnforced);
    let router =
        |args: &str| state(&[daemon_set("kube-router", &format!("{{ name: kube-router, args: [{args}] }}"))]);
    assert_eq!(router("--run-router=true, --run-firewall=true"), Enforced);
    assert_eq!(router("--run-firewall=false"), NotEnforced);
}

#[test]
fn kindnet_enforces_since_a_certain_image() {
    let kindnet = |tag: &str| {
        state(&[daemon_set(
            "kindnet",
            &format!("{{ name: kindnet-cni, image: 'docker.io/kindest/kindnetd:{tag}' }}"),
        )])
    };
    assert_eq!(kindnet("v20240813-c6f155d6"), Enforced);
    assert_eq!(kindnet("v20250214-acbabc1a"), Enforced);
    assert_eq!(kindnet("v20230511-dc714da8"), NotEnforced);
    assert_eq!(kindnet("dev"), Unknown);
}

#[test]
fn cilium_told_to_enforce_nothing_does_not() {
    let cilium = daemon_set("cilium", "{ name: cilium-agent }");
    let with = |key: &str, value: &str| {
        format!(
            "\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: cilium-config, namespace: kube-system }}\ndata: {{ {key}: {value} }}\n"
        )
    };
    let config = |value: &str| with("enable-policy", value);
    assert_eq!(state(&[cilium.clone(), config("default")]), Enforced);
    assert_eq!(state(&[cilium.clone(), config("never")]), NotEnforced);
    assert_eq!(state(&[cilium.clone(), with("enable-k8s-networkpolicy", "'true'")]), Enforced);
    assert_eq!(state(&[cilium.clone(), with("enable-k8s-networkpolicy", "'false'")]), NotEnforced);
    let hidden = Fixture::from_yaml(&[cilium, config("never")].join("---")).without(Kind::ConfigMap);
    assert_eq!(detect(&hidden).state, Unknown);
}

#[test]
fn k3s_is_likely_and_its_own_flannel_changes_nothing() {
    let k3s = node("v1.33.4+k3s1", "k3s://node-1");
    assert_eq!(state(std::slice::from_ref(&k3s)), Likely);
    assert_eq!(state(&[k3s, daemon_set("kube-flannel-ds", "{ name: kube-flannel }")]), Likely);
}

#[test]
fn a_cluster_that_shows_no_plug_in_is_unknown() {
    let reason = |provider: &str| detect(&Fixture::from_yaml(&node("v1.33.4", provider))).reason.id;
    assert_eq!(reason("azure:///x"), "no-engine-on-aks");
    assert_eq!(reason("gce://x"), "no-engine-on-gke");
    assert_eq!(reason("aws:///x"), "no-engine-seen");
}

#[test]
fn a_daemon_set_of_a_tenant_is_no_engine() {
    let fake = daemon_set("calico-node", "{ name: calico-node }").replace("kube-system", "jhub-ada");
    assert_eq!(state(&[daemon_set("kube-flannel-ds", "{ name: kube-flannel }"), fake]), NotEnforced);
}

#[test]
fn an_engine_without_a_ready_pod_enforces_nothing() {
    let calico = daemon_set("calico-node", "{ name: calico-node }");
    for (status, origin, expected) in [
        // Broken, and switched off by a node selector that no node has.
        ("desiredNumberScheduled: 3, numberReady: 0", "observed", NotEnforced),
        ("desiredNumberScheduled: 0, numberReady: 0", "observed", NotEnforced),
        ("desiredNumberScheduled: 3, numberReady: 2", "observed", Enforced),
        // Files have no status.
        ("{}", "declared", Enforced),
    ] {
        let manifest =
            calico.replace("desiredNumberScheduled: 3, numberReady: 3", status).replace("{ {} }", "{}");
        assert_eq!(state(&[format!("perijove: {{ origin: {origin} }}\n"), manifest]), expected, "{status}");
    }
}

#[test]
fn nodes_where_the_engine_is_not_ready_are_named() {
    let pod = "
apiVersion: v1
kind: Pod
metadata: { name: calico-node-x, namespace: kube-system, ownerReferences: [{ kind: DaemonSet, name: calico-node, controller: true }] }
spec: { nodeName: node-7 }
status: { phase: Running, conditions: [{ type: Ready, status: 'False' }] }
";
    let fixture =
        Fixture::from_yaml(&format!("{}---{pod}", daemon_set("calico-node", "{ name: calico-node }")));
    assert_eq!(detect(&fixture).broken_nodes, Ok(vec!["node-7".to_owned()]));
    assert!(detect(&fixture.without(Kind::Pod)).broken_nodes.is_err());
}

#[test]
fn nothing_is_concluded_from_absence_behind_a_gap() {
    let flannel = Fixture::from_yaml(&daemon_set("kube-flannel-ds", "{ name: kube-flannel }"));
    assert_eq!(detect(&flannel.clone().without(Kind::Node)).state, Unknown);
    assert_eq!(detect(&flannel.clone().without(Kind::DaemonSet)).state, Unknown);
    let partial = flannel.with_gap(Kind::DaemonSet, Some("calico-system"), &GapReason::Forbidden);
    assert_eq!(detect(&partial).state, Unknown);
    let calico = Fixture::from_yaml(&daemon_set("calico-node", "{ name: calico-node }")).without(Kind::Node);
    assert_eq!(detect(&calico).state, Enforced);
}

#[test]
fn the_operators_word_counts_until_it_ends() {
    let header = |until: &str| {
        format!(
            "perijove: {{ settings: {{ attestations: [{{ fact: policies-enforced, reason: the switches do it, until: {until} }}] }} }}\n---{}",
            node("v1.33.4", "")
        )
    };
    let attested = detect(&Fixture::from_yaml(&header("2027-01-01T00:00:00Z")));
    assert_eq!((attested.state, attested.reason.id.as_str()), (Enforced, "enforcement-attested"));
    assert_eq!(detect(&Fixture::from_yaml(&header("2026-01-01T00:00:00Z"))).state, Unknown);
}

#[test]
fn a_word_about_one_hub_is_about_that_hub_only() {
    let yaml = crate::scenes::Scene::new("4.0.0").yaml().replace(
        "namespace: jhub }",
        "namespace: jhub, settings: { attestations: [{ fact: policies-enforced, hub: jhub/prod, reason: x, until: '2027-01-01T00:00:00Z' }] } }",
    );
    let derived = Fixture::from_yaml(&yaml).derived();
    assert_eq!(derived.enforcement().state, Unknown);
    assert_eq!(derived.enforcement_for(&derived.hubs[0]).state, Enforced);
}
