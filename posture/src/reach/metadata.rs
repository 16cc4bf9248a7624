//! The addresses at which clouds hand out credentials and settings to whoever asks from a node.

use crate::derived::Cloud;

/// An address that gives something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Whose it is, in words.
    pub provider: &'static str,
    /// The address.
    pub address: &'static str,
    /// The TCP port.
    pub port: u16,
    /// The clouds that have it; empty for one that is not recognised by its nodes.
    pub clouds: &'static [Cloud],
}

const MOST: &[Cloud] = &[
    Cloud::Aws,
    Cloud::Gce,
    Cloud::Azure,
    Cloud::OpenStack,
    Cloud::Oracle,
    Cloud::DigitalOcean,
    Cloud::Ibm,
    Cloud::Other,
];

const fn service(
    provider: &'static str,
    address: &'static str,
    port: u16,
    clouds: &'static [Cloud],
) -> Service {
    Service { provider, address, port, clouds }
}

/// Every address that is known, the common one first. From the documentation of the providers.
pub const SERVICES: [Service; 16] = [
    service("AWS, Google Cloud, Azure, OpenStack and most others", "169.254.169.254", 80, MOST),
    service("AWS over IPv6", "fd00:ec2::254", 80, &[Cloud::Aws]),
    service("EKS Pod Identity", "169.254.170.23", 80, &[Cloud::Aws]),
    service("EKS Pod Identity over IPv6", "fd00:ec2::23", 80, &[Cloud::Aws]),
    service("ECS and Fargate credentials", "169.254.170.2", 80, &[Cloud::Aws]),
    service("Azure wire server", "168.63.129.16", 80, &[Cloud::Azure]),
    service("Azure wire server, host agent", "168.63.129.16", 32526, &[Cloud::Azure]),
    service("GKE metadata server on the node", "169.254.169.252", 988, &[Cloud::Gce]),
    service("Google Cloud over IPv6", "fd20:ce::254", 80, &[Cloud::Gce]),
    service("Oracle Cloud over IPv6", "fd00:c1::a9fe:a9fe", 80, &[Cloud::Oracle]),
    service("OpenStack over IPv6", "fe80::a9fe:a9fe", 80, &[Cloud::OpenStack]),
    service("IBM Cloud on another port", "169.254.169.254", 8080, &[Cloud::Ibm]),
    service("Alibaba Cloud", "100.100.100.200", 80, &[Cloud::Alibaba]),
    service("Tencent Cloud", "169.254.0.23", 80, &[]),
    service("Scaleway", "169.254.42.42", 80, &[]),
    service("Scaleway over IPv6", "fd00:42::42", 80, &[]),
];
