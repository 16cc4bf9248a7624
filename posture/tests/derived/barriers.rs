//! When the iptables barrier of user servers counts.

use posture::derived::{Barrier, BarrierState, BlockScope};
use posture::kind::Kind;
use posture::testing::Fixture;

use crate::scenes::{Scene, V0_6, V4_4};

fn barriers(fixture: &Fixture) -> Vec<Barrier> {
    let derived = fixture.derived();
    derived.barriers(&derived.hubs[0]).map(|(_, barrier)| barrier.clone()).collect()
}

fn only(fixture: &Fixture) -> Barrier {
    let barriers = barriers(fixture);
    assert_eq!(barriers.len(), 1);
    barriers.into_iter().next().unwrap()
}

fn changed(from: &str, to: &str) -> Barrier {
    assert!(V4_4.contains(from), "{from}");
    only(&Fixture::from_yaml(&V4_4.replace(from, to)))
}

#[test]
fn charts_before_3_block_everything_and_later_ones_one_port() {
    let old = only(&Fixture::from_yaml(V0_6));
    assert_eq!((&old.state, old.scope), (&BarrierState::Effective, Some(BlockScope::Everything)));
    let new = only(&Fixture::from_yaml(V4_4));
    assert_eq!((&new.state, new.scope), (&BarrierState::Effective, Some(BlockScope::TcpPort80)));
    assert_eq!(new.address.as_deref(), Some("169.254.169.254"));
    assert!(new.is_effective() && new.runs_after.is_empty());
}

#[test]
fn the_lost_barrier_of_0_10_is_absent() {
    let server = crate::scenes::server("ada", "{ containers: [{ name: notebook }] }");
    let barrier = only(&Scene::new("0.10.5").with(&server));
    assert_eq!((barrier.state, barrier.index), (BarrierState::Absent, None));
}

#[test]
fn init_containers_before_it_are_named() {
    let barrier = changed(
        "    - name: block-cloud-metadata\n",
        "    - { name: git-clone, image: 'a:1' }\n    - name: block-cloud-metadata\n",
    );
    assert!(barrier.is_effective());
    assert_eq!((barrier.runs_after, barrier.index), (vec!["git-clone".to_owned()], Some(1)));
}

#[test]
fn without_privileges_it_changes_nothing() {
    let privileges = "{ privileged: true, runAsUser: 0, capabilities: { add: [NET_ADMIN] } }";
    assert_eq!(changed(privileges, "{ privileged: false, runAsUser: 0 }").state, BarrierState::Stripped);
    assert_eq!(
        changed(privileges, "{ runAsUser: 1000, capabilities: { add: [NET_ADMIN] } }").state,
        BarrierState::Stripped
    );
    assert_eq!(
        changed(privileges, "{ runAsUser: 0, capabilities: { add: [NET_ADMIN] } }").state,
        BarrierState::Effective
    );
}

#[test]
fn one_that_failed_does_not_count() {
    assert_eq!(changed("exitCode: 0", "exitCode: 3").state, BarrierState::Failed(3));
}

#[test]
fn on_the_nodes_network_it_edits_the_node() {
    assert_eq!(changed("  nodeName: node-1", "  hostNetwork: true").state, BarrierState::HostNetwork);
}

#[test]
fn a_command_that_is_not_understood_does_not_count() {
    assert_eq!(
        changed("command: [iptables, --append,", "command: [iptables, --append-not,").state,
        BarrierState::Unrecognised
    );
}

#[test]
fn the_right_address_depends_on_the_cloud() {
    let alibaba = changed("aws:///eu-west-1a/i-0abc", "cn-hangzhou.i-bp1abc");
    assert_eq!(alibaba.state, BarrierState::OtherAddress("169.254.169.254".to_owned()));
    let hidden = only(&Fixture::from_yaml(V4_4).without(Kind::Node));
    assert_eq!(hidden.state, BarrierState::Unconfirmed);
    assert!(hidden.unknown.is_some());
}

#[test]
fn a_server_that_still_starts_confirms_nothing() {
    let pending = V4_4
        .replace("phase: Running", "phase: Pending")
        .replace("state: { terminated: { exitCode: 0 } }", "state: { running: {} }");
    assert_eq!(only(&Fixture::from_yaml(&pending)).state, BarrierState::Unconfirmed);
}

#[test]
fn a_running_server_has_passed_its_init_containers() {
    let silent = V4_4.replace(
        "  initContainerStatuses: [{ name: block-cloud-metadata, state: { terminated: { exitCode: 0 } } }]\n",
        "",
    );
    assert_eq!(only(&Fixture::from_yaml(&silent)).state, BarrierState::Effective);
}

#[test]
fn a_barrier_of_ones_own_counts_under_any_name() {
    assert!(changed("    - name: block-cloud-metadata\n", "    - name: ours\n").is_effective());
}
