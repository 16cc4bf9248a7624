//! Services, their endpoints, policies, and what stands in front of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::meta::{Meta, placed};

/// A number or a name, as Kubernetes lets ports be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A name.
    String(String),
}

impl IntOrString {
    /// Whether it is this number, also when written as a string.
    pub fn is_number(&self, number: i64) -> bool {
        match self {
            Self::Int(int) => *int == number,
            Self::String(text) => text.parse() == Ok(number),
        }
    }

    /// Whether it is this name.
    pub fn is_name(&self, name: &str) -> bool {
        matches!(self, Self::String(text) if text == name)
    }
}

/// A label selector: labels that must be equal, and expressions that must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be equal.
    pub match_labels: BTreeMap<String, String>,
    /// Expressions that must hold.
    pub match_expressions: Vec<LabelExpression>,
}

/// One expression of a label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelExpression {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values of `In` and `NotIn`.
    pub values: Vec<String>,
}

impl LabelSelector {
    /// Whether these labels are selected; an empty selector selects everything, an unknown operator nothing.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|expression| expression.matches(labels))
    }

    /// Whether it has no condition.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl LabelExpression {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator.as_str() {
            "In" => value.is_some_and(|v| self.values.contains(v)),
            "NotIn" => value.is_none_or(|v| !self.values.contains(v)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

/// A Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: ServiceSpec,
    /// The allow-listed part of the status.
    pub status: ServiceStatus,
}

/// What a Service publishes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// `ClusterIP` unless set.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The pods it leads to; empty means endpoints are made by hand.
    pub selector: BTreeMap<String, String>,
    /// The ports.
    pub ports: Vec<ServicePort>,
    /// The address inside the cluster; `None` (the string) for headless Services.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<String>,
    /// All addresses inside the cluster.
    #[serde(rename = "clusterIPs")]
    pub cluster_ips: Vec<String>,
    /// Addresses from outside that lead here.
    #[serde(rename = "externalIPs")]
    pub external_ips: Vec<String>,
    /// The DNS name that a Service of the type `ExternalName` stands for.
    pub external_name: Option<String>,
    /// Who may use the load balancer.
    pub load_balancer_source_ranges: Vec<String>,
}

impl ServiceSpec {
    /// The type, `ClusterIP` unless set.
    pub fn type_name(&self) -> &str {
        self.kind.as_deref().unwrap_or("ClusterIP")
    }
}

impl Service {
    /// Whether its selector selects these pod labels; a Service without a selector selects nothing.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.spec.selector.is_empty() && self.spec.selector.iter().all(|(k, v)| labels.get(k) == Some(v))
    }

    /// The DNS name that it stands for, if it is nothing else.
    pub fn dns_name(&self) -> Option<&str> {
        self.spec.external_name.as_deref().filter(|_| self.spec.type_name() == "ExternalName")
    }

    /// Whether it has no address of its own, so that its name leads to its pods' own.
    pub fn is_headless(&self) -> bool {
        self.spec.cluster_ip.as_deref() == Some("None")
    }

    /// The port of this number.
    pub fn port(&self, number: u16) -> Option<&ServicePort> {
        self.spec.ports.iter().find(|p| p.port == number)
    }
}

/// One port of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePort {
    /// The name.
    pub name: Option<String>,
    /// `TCP` unless set.
    pub protocol: Option<String>,
    /// The published number.
    pub port: u16,
    /// The container's port; the published number unless set.
    pub target_port: Option<IntOrString>,
    /// The port on every node.
    pub node_port: Option<u16>,
}

/// The allow-listed part of a Service's status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceStatus {
    /// The load balancer.
    pub load_balancer: LoadBalancerStatus,
}

/// Addresses that a load balancer got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancerStatus {
    /// The addresses.
    pub ingress: Vec<LoadBalancerAddress>,
}

/// One address of a load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerAddress {
    /// An IP address.
    pub ip: Option<String>,
    /// A DNS name.
    pub hostname: Option<String>,
    /// How nodes treat the address: `VIP`, which is meant where nothing is set, is rewritten at the node of the sender; `Proxy` is not.
    pub ip_mode: Option<String>,
}

impl LoadBalancerAddress {
    /// Whether nodes leave what is sent to the address to the load balancer.
    pub fn is_proxied(&self) -> bool {
        self.ip_mode.as_deref() == Some("Proxy")
    }
}

/// The endpoints of a Service, old form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoints {
    /// Metadata.
    pub metadata: Meta,
    /// Groups of addresses with the same ports.
    pub subsets: Vec<EndpointSubset>,
}

/// Addresses with the same ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointSubset {
    /// Ready addresses.
    pub addresses: Vec<EndpointAddress>,
    /// Ports.
    pub ports: Vec<EndpointPort>,
}

/// One address of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointAddress {
    /// The address.
    pub ip: String,
}

/// One port of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointPort {
    /// The name.
    pub name: Option<String>,
    /// The number; `None` means all ports.
    pub port: Option<u16>,
    /// `TCP` unless set.
    pub protocol: Option<String>,
}

/// The endpoints of a Service, new form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointSlice {
    /// Metadata; the label `kubernetes.io/service-name` names the Service.
    pub metadata: Meta,
    /// `IPv4`, `IPv6` or `FQDN`.
    pub address_type: String,
    /// The endpoints.
    pub endpoints: Vec<SliceEndpoint>,
    /// The ports.
    pub ports: Vec<EndpointPort>,
}

/// One endpoint of a slice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SliceEndpoint {
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Whether it serves.
    pub conditions: EndpointConditions,
}

/// Whether an endpoint serves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    /// Whether it is ready; absent means that it is not known, which counts as ready.
    pub ready: Option<bool>,
}

/// A Kubernetes NetworkPolicy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPolicy {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: NetworkPolicySpec,
}

/// What a NetworkPolicy allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicySpec {
    /// The pods of its namespace that it selects; empty selects all.
    pub pod_selector: LabelSelector,
    /// The directions; see [`NetworkPolicySpec::covers_egress`] for what absence means.
    pub policy_types: Option<Vec<String>>,
    /// What may come in; `None` and an empty list both allow nothing.
    pub ingress: Option<Vec<PolicyRule>>,
    /// What may go out; `None` and an empty list both allow nothing, but only a set list implies the direction.
    pub egress: Option<Vec<PolicyRule>>,
}

impl NetworkPolicySpec {
    /// Whether selected pods are isolated for ingress: always, unless `policyTypes` is set and leaves it out.
    pub fn covers_ingress(&self) -> bool {
        self.policy_types
            .as_ref()
            .is_none_or(|types| types.is_empty() || types.iter().any(|t| t == "Ingress"))
    }

    /// Whether selected pods are isolated for egress: if `policyTypes` says so, or is absent and there is an `egress` key.
    pub fn covers_egress(&self) -> bool {
        match self.policy_types.as_deref() {
            None | Some([]) => self.egress.is_some(),
            Some(types) => types.iter().any(|t| t == "Egress"),
        }
    }
}

/// One ingress or egress rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRule {
    /// The ports; empty means all.
    pub ports: Vec<PolicyPort>,
    /// The destinations of an egress rule; empty means everywhere.
    pub to: Vec<PolicyPeer>,
    /// The sources of an ingress rule; empty means everywhere.
    pub from: Vec<PolicyPeer>,
}

/// A port or a range of ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPort {
    /// `TCP` unless set.
    pub protocol: Option<String>,
    /// The port; `None` means all ports of the protocol.
    pub port: Option<IntOrString>,
    /// The end of a range that starts at `port`.
    pub end_port: Option<u16>,
}

/// A peer of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPeer {
    /// Pods, of the policy's namespace unless a namespace selector stands beside it.
    pub pod_selector: Option<LabelSelector>,
    /// Namespaces.
    pub namespace_selector: Option<LabelSelector>,
    /// Addresses.
    pub ip_block: Option<IpBlock>,
}

/// A range of addresses with exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpBlock {
    /// The range.
    pub cidr: String,
    /// The exceptions.
    pub except: Vec<String>,
}

/// An Ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ingress {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: IngressSpec,
    /// Its addresses.
    pub status: ServiceStatus,
}

/// What an Ingress routes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressSpec {
    /// The class.
    pub ingress_class_name: Option<String>,
    /// Rules by host.
    pub rules: Vec<IngressRule>,
    /// TLS by host.
    pub tls: Vec<IngressTls>,
    /// Where everything else goes.
    pub default_backend: Option<IngressBackend>,
}

/// Routes of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    /// The host; `None` means every host.
    pub host: Option<String>,
    /// Its paths.
    pub http: Option<IngressHttp>,
}

/// Paths of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressHttp {
    /// The paths.
    pub paths: Vec<IngressPath>,
}

/// One path of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressPath {
    /// The path.
    pub path: Option<String>,
    /// Where it leads.
    pub backend: IngressBackend,
}

/// Where an Ingress path leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressBackend {
    /// The Service.
    pub service: Option<IngressService>,
}

/// A Service as a backend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressService {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: BackendPort,
}

/// A port of a backend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackendPort {
    /// By name.
    pub name: Option<String>,
    /// By number.
    pub number: Option<u16>,
}

/// TLS of an Ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    /// The hosts it covers.
    pub hosts: Vec<String>,
    /// The Secret with the certificate.
    pub secret_name: Option<String>,
}

/// An IngressClass.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressClass {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: IngressClassSpec,
}

/// Which controller serves a class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressClassSpec {
    /// The controller: `k8s.io/ingress-nginx`.
    pub controller: String,
}

/// A Gateway of the Gateway API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gateway {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: GatewaySpec,
}

/// Listeners of a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewaySpec {
    /// The class.
    pub gateway_class_name: String,
    /// The listeners.
    pub listeners: Vec<GatewayListener>,
}

/// One listener of a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatewayListener {
    /// The name.
    pub name: String,
    /// `HTTP`, `HTTPS`, `TLS`, …
    pub protocol: String,
    /// The port.
    pub port: u16,
    /// The host.
    pub hostname: Option<String>,
    /// TLS settings.
    pub tls: Option<GatewayTls>,
}

/// TLS of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayTls {
    /// `Terminate` or `Passthrough`.
    pub mode: Option<String>,
    /// The certificates.
    pub certificate_refs: Vec<GatewayRef>,
}

/// A reference within the Gateway API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayRef {
    /// The name.
    pub name: String,
    /// The namespace; that of the referrer unless set.
    pub namespace: Option<String>,
    /// The kind; depends on the field unless set.
    pub kind: Option<String>,
    /// The listener's name.
    pub section_name: Option<String>,
    /// The port.
    pub port: Option<u16>,
}

/// An HTTPRoute of the Gateway API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpRoute {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: HttpRouteSpec,
}

/// What an HTTPRoute routes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRouteSpec {
    /// The Gateways it is attached to.
    pub parent_refs: Vec<GatewayRef>,
    /// The hosts.
    pub hostnames: Vec<String>,
    /// The rules.
    pub rules: Vec<HttpRouteRule>,
}

/// One rule of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRouteRule {
    /// Where it leads.
    pub backend_refs: Vec<GatewayRef>,
    /// What it does on the way.
    pub filters: Vec<HttpRouteFilter>,
}

/// A filter of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRouteFilter {
    /// `RequestRedirect`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// A redirect.
    pub request_redirect: Option<RequestRedirect>,
}

/// A redirect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestRedirect {
    /// `https` for a redirect to TLS.
    pub scheme: Option<String>,
}

placed!(Service, Endpoints, EndpointSlice, NetworkPolicy, Ingress, IngressClass, Gateway, HttpRoute);
