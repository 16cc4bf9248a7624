//! Which clouds the nodes run on.

use posture::derived::{Cloud, Clouds};
use posture::kind::Kind;
use posture::testing::Fixture;

fn clouds(ids: &[&str]) -> Clouds {
    let nodes: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(index, id)| {
            format!("apiVersion: v1\nkind: Node\nmetadata: {{ name: node-{index} }}\nspec: {{ providerID: '{id}' }}\n")
        })
        .collect();
    Fixture::from_yaml(&nodes.join("---\n")).derived().clouds.unwrap()
}

#[test]
fn the_provider_of_a_node_names_its_cloud() {
    for (id, cloud) in [
        ("aws:///eu-west-1a/i-0abc", Cloud::Aws),
        ("gce://project/zone/name", Cloud::Gce),
        ("azure:///subscriptions/x", Cloud::Azure),
        ("openstack:///x", Cloud::OpenStack),
        ("ocid1.instance.oc1.x", Cloud::Oracle),
        ("digitalocean://1", Cloud::DigitalOcean),
        ("ibm://x", Cloud::Ibm),
        ("cn-hangzhou.i-bp1abc", Cloud::Alibaba),
        ("hcloud://1", Cloud::Other),
    ] {
        assert_eq!(clouds(&[id]).seen.keys().copied().collect::<Vec<_>>(), [cloud], "{id}");
    }
}

#[test]
fn machines_of_ones_own_are_no_cloud() {
    let found = clouds(&["kind://docker/kind/x", "k3s://x", "vsphere://x", ""]);
    assert!(!found.is_cloud());
    assert_eq!(found.elsewhere, 4);
}

#[test]
fn without_nodes_no_cloud_is_ruled_out() {
    assert!(Fixture::from_yaml("").without(Kind::Node).derived().clouds.is_err());
}
