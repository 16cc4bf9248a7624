//! Which clouds the nodes run on, from their `providerID`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gap::Unknown;
use crate::snapshot::Snapshot;

/// A cloud with a metadata server, or a place that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gce,
    /// Microsoft Azure.
    Azure,
    /// OpenStack.
    OpenStack,
    /// Oracle Cloud.
    Oracle,
    /// DigitalOcean.
    DigitalOcean,
    /// IBM Cloud.
    Ibm,
    /// Alibaba Cloud, whose metadata server has an address of its own.
    Alibaba,
    /// Another cloud known to have a metadata server (Hetzner, Scaleway, …).
    Other,
}

/// The clouds the nodes run on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clouds {
    /// The clouds that were recognised, each with one node of it.
    pub seen: BTreeMap<Cloud, String>,
    /// How many nodes name no cloud, or a place that is known to have no metadata server.
    pub elsewhere: usize,
}

impl Cloud {
    /// The address of the metadata server.
    pub fn metadata_address(self) -> &'static str {
        match self {
            Self::Alibaba => "100.100.100.200",
            _ => "169.254.169.254",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Gce => "Google Cloud",
            Self::Azure => "Azure",
            Self::OpenStack => "OpenStack",
            Self::Oracle => "Oracle Cloud",
            Self::DigitalOcean => "DigitalOcean",
            Self::Ibm => "IBM Cloud",
            Self::Alibaba => "Alibaba Cloud",
            Self::Other => "a cloud",
        }
    }
}

impl Clouds {
    /// Whether at least one node runs on a cloud with a metadata server.
    pub fn is_cloud(&self) -> bool {
        !self.seen.is_empty()
    }
}

/// Beginnings of a `providerID` and the cloud they mean.
const CLOUDS: [(&str, Cloud); 29] = [
    ("aws://", Cloud::Aws),
    ("gce://", Cloud::Gce),
    ("azure://", Cloud::Azure),
    ("openstack://", Cloud::OpenStack),
    ("oci://", Cloud::Oracle),
    ("ocid1.", Cloud::Oracle),
    ("digitalocean://", Cloud::DigitalOcean),
    ("ibm://", Cloud::Ibm),
    ("ibmpowervs://", Cloud::Ibm),
    ("ibmvpc://", Cloud::Ibm),
    ("alicloud://", Cloud::Alibaba),
    ("brightbox://", Cloud::Other),
    ("civo://", Cloud::Other),
    ("cloudscale://", Cloud::Other),
    ("cloudstack://", Cloud::Other),
    ("equinixmetal://", Cloud::Other),
    ("exoscale://", Cloud::Other),
    ("external-cloudstack://", Cloud::Other),
    ("hcloud://", Cloud::Other),
    ("huaweicloud://", Cloud::Other),
    ("ionos://", Cloud::Other),
    ("linode://", Cloud::Other),
    ("packet://", Cloud::Other),
    ("qcloud://", Cloud::Other),
    ("scaleway://", Cloud::Other),
    ("tencentcloud://", Cloud::Other),
    ("upcloud://", Cloud::Other),
    ("vultr://", Cloud::Other),
    ("yandex://", Cloud::Other),
];

/// The clouds of all nodes.
pub(super) fn clouds(snapshot: &Snapshot) -> Result<Clouds, Unknown> {
    let mut clouds = Clouds::default();
    for node in snapshot.nodes.all()? {
        match node.spec.provider_id.as_deref().and_then(of_provider) {
            Some(cloud) => {
                clouds.seen.entry(cloud).or_insert_with(|| node.metadata.name.clone());
            }
            None => clouds.elsewhere += 1,
        }
    }
    Ok(clouds)
}

fn of_provider(id: &str) -> Option<Cloud> {
    // Alibaba's is `<region>.<instance>`, without a scheme: `cn-hangzhou.i-bp1abc`.
    let is_alibaba = !id.contains("://") && id.contains(".i-");
    CLOUDS
        .iter()
        .find(|(prefix, _)| id.starts_with(prefix))
        .map(|(_, cloud)| *cloud)
        .or_else(|| is_alibaba.then_some(Cloud::Alibaba))
}
