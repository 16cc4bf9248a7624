//! What destinations are called.

use super::{Api, Destination};

impl Destination {
    /// What it is called, as the first words of a line.
    pub fn name(&self) -> String {
        match self {
            Self::Metadata { address, port: 80, .. } if address == "169.254.169.254" => {
                "Cloud metadata server".to_owned()
            }
            Self::Metadata { provider, .. } => provider.clone(),
            Self::ApiServer(Api::ClusterIp) => "Kubernetes API, by its Service".to_owned(),
            Self::ApiServer(Api::Endpoint) => "Kubernetes API, directly".to_owned(),
            Self::ApiServer(Api::Public) => "Kubernetes API, from outside".to_owned(),
            Self::Hub => "Hub and its API".to_owned(),
            Self::Proxy => "Proxy".to_owned(),
            Self::ProxyApi => "API of the proxy".to_owned(),
            Self::AutoHttps => "TLS front".to_owned(),
            Self::OtherServers => "Servers of other users".to_owned(),
            Self::Neighbours => "Other pods of the namespace".to_owned(),
            Self::HubsOfOthers => "Other hubs and their APIs".to_owned(),
            Self::ProxiesOfOthers => "Proxies of other hubs".to_owned(),
            Self::ProxyApisOfOthers => "Proxy APIs of other hubs".to_owned(),
            Self::ServersOfOthers => "Servers of other hubs".to_owned(),
            Self::OtherNamespaces => "Pods of other namespaces".to_owned(),
            Self::Kubelet => "Kubelets of the nodes".to_owned(),
            Self::NodePorts => "Node ports".to_owned(),
            Self::Dns => "DNS of the cluster".to_owned(),
            Self::Tiller => "Tiller".to_owned(),
            Self::Dashboard => "Kubernetes Dashboard".to_owned(),
            Self::Internet { protocol, port } => format!("Internet, {protocol} {port}"),
            Self::InternetElsewhere => "Internet, other ports".to_owned(),
        }
    }
}
