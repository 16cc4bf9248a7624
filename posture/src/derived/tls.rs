//! How users reach a hub: which of the chart's ways of HTTPS is in place, and what stands in front.

use crate::check::Evidence;
use crate::gap::{Gap, Unknown};
use crate::hub::Hub;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::Reason;

/// Where TLS ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// In the hub's own automatic HTTPS, with a certificate of Let's Encrypt (autohttps; in v0.5 and v0.6 in the proxy's pod).
    LetsEncrypt,
    /// In the proxy, with the certificate that stands in the chart's values.
    Manual,
    /// In the proxy, with a certificate from a Secret of the operator.
    Secret,
    /// In the load balancer: port 443 leads to the proxy's plain port.
    Offload,
    /// In an Ingress or a Gateway that was seen to have TLS for at least one host.
    Outside,
    /// Nowhere that can be seen, and no front was seen: the Service is not a load balancer, an edge outside the cluster may serve it.
    UnseenEdge,
    /// Nowhere: the load balancer or a front without TLS serves plain HTTP.
    None,
}

/// How users reach one hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where TLS ends.
    pub mode: TlsMode,
    /// The Service that users reach.
    pub service: ObjectRef,
    /// A port 443 that nothing listens behind, as charts 0.8 and 0.9 publish without HTTPS.
    pub dead_port: bool,
    /// The Secret with the certificate, where the mode names one.
    pub secret: Option<String>,
    /// Ingresses and routes that lead to the hub's public Services; empty only if there are none.
    pub fronts: Result<Vec<Front>, Gap>,
    /// The facts that decide the mode.
    pub evidence: Vec<Evidence>,
}

/// An Ingress or an HTTPRoute that leads to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// The Ingress or the HTTPRoute.
    pub object: ObjectRef,
    /// Its hosts.
    pub hosts: Vec<FrontHost>,
    /// Whether it also serves plain HTTP without a redirect that the API shows. An Ingress always may: `None`.
    pub plain: Option<bool>,
}

/// One host of a front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontHost {
    /// The host; `None` is every host.
    pub host: Option<String>,
    /// Whether TLS covers it, or the gap that hides the Gateway.
    pub tls: Result<bool, Gap>,
    /// The Secret with the certificate; `None` is the controller's default.
    pub secret: Option<String>,
}

impl Tls {
    /// Whether TLS ends inside the cluster or in a front that was seen, for every host of every front.
    pub fn is_https(&self) -> bool {
        matches!(self.mode, TlsMode::LetsEncrypt | TlsMode::Manual | TlsMode::Secret)
    }
}

/// Finds out where TLS ends.
pub(super) fn detect(snapshot: &Snapshot, hub: &Hub) -> Result<Tls, Unknown> {
    let _ = (snapshot, hub);
    Err(Reason::new("tls-not-detected", "the mode of HTTPS is not detected").into())
}
