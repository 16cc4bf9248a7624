//! How users reach a hub: which of the chart's ways of HTTPS is in place, and what stands in front.
//!
//! The ports of the Service decide, not the values: `type: letsencrypt` without hosts renders no HTTPS and no error, and charts 0.8
//! and 0.9 publish a port 443 that nothing listens behind.

pub mod front;

use std::sync::Arc;

pub(crate) use front::{
    BALANCER_CERTIFICATES, CERTIFICATE_ANNOTATIONS, ends_tls, is_on_plain_listener, is_served_by,
};
pub use front::{Front, FrontHost, covers};

use crate::check::Evidence;
use crate::facts::network::ServicePort;
use crate::facts::{IntOrString, Service, Workload};
use crate::gap::{Gap, Unknown};
use crate::hub::discovery::is_public_service;
use crate::hub::{Hub, Support, parts};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};
use crate::text::{Arg, Reason};

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
    /// The Service that users reach: the first of [`Hub::public_services`].
    pub service: ObjectRef,
    /// A port 443 that nothing listens behind, as charts 0.8 and 0.9 publish without HTTPS.
    pub dead_port: bool,
    /// The Secret with the certificate, where the mode names one.
    pub secret: Option<String>,
    /// Ingresses and routes that were seen to lead to the hub's public Services.
    pub fronts: Vec<Front>,
    /// What may hide more of them.
    pub hidden_fronts: Option<Gap>,
    /// The facts that decide the mode.
    pub evidence: Vec<Evidence>,
}

impl Tls {
    /// Whether TLS ends in the hub's own pods.
    pub fn ends_in_hub(&self) -> bool {
        matches!(self.mode, TlsMode::LetsEncrypt | TlsMode::Manual | TlsMode::Secret)
    }

    /// Every Ingress and route in front of the hub, or the gap that may hide some.
    pub fn all_fronts(&self) -> Result<&[Front], Gap> {
        self.hidden_fronts.clone().map_or(Ok(&self.fronts), Err)
    }
}

/// Finds out where TLS ends.
pub(super) fn detect(snapshot: &Snapshot, hub: &Hub) -> Result<Tls, Unknown> {
    if hub.support == Support::Other {
        return Err(Reason::new(
            "tls-of-another-chart",
            "how this JupyterHub does HTTPS is not known, for it was not installed by Zero to JupyterHub",
        )
        .into());
    }
    let Some(service) = hub.public_services.first().filter(|service| is_public_service(service, hub)) else {
        // Another Service may lead to the proxy too, but what the chart's own does decides the mode.
        snapshot.services.complete_in(&hub.key.namespace)?;
        return match hub.public_services.first() {
            Some(service) => Detection::new(snapshot, hub, service).run(),
            None => Err(Reason::new(
                "no-public-service",
                "no Service leads to the public port of the proxy; whether users reach it otherwise is not visible",
            )
            .into()),
        };
    };
    Detection::new(snapshot, hub, service).run()
}

struct Detection<'a> {
    snapshot: &'a Snapshot,
    hub: &'a Hub,
    service: &'a Arc<Service>,
}

impl<'a> Detection<'a> {
    fn new(snapshot: &'a Snapshot, hub: &'a Hub, service: &'a Arc<Service>) -> Self {
        Self { snapshot, hub, service }
    }

    fn run(&self) -> Result<Tls, Unknown> {
        if self.is_nginx_generation() {
            return self.in_nginx();
        }
        match (self.https_port(), self.backend()) {
            (Some((index, port)), Some(Backend::AutoHttps)) => self.in_autohttps(index, port),
            (Some((index, port)), Some(Backend::Proxy(proxy))) => self.in_proxy(index, port, proxy),
            (None, Some(Backend::AutoHttps)) => Err(self
                .unclear("autohttps-without-443", "{service} leads to autohttps but publishes no port 443")),
            (None, _) => self.in_front(false, vec![self.ports()]),
            (Some(_), None) => {
                Err(self.unclear("no-backend", "{service} selects no Deployment of this hub that was seen"))
            }
        }
    }

    /// Charts v0.5 and v0.6 run nginx beside the proxy and always publish 443.
    fn is_nginx_generation(&self) -> bool {
        self.hub.chart.as_ref().is_ok_and(|chart| !chart.is_at_least(0, 7))
            || parts::is_ancient(&self.hub.deployment)
    }

    fn https_port(&self) -> Option<(usize, &'a ServicePort)> {
        self.service.spec.ports.iter().enumerate().find(|(_, port)| port.port == 443)
    }

    fn backend(&self) -> Option<Backend<'a>> {
        let selector = &self.service.spec.selector;
        let selects = |workload: &Workload| self.service.selects(&workload.template.metadata.labels);
        match (&self.hub.autohttps, &self.hub.proxy) {
            (Some(autohttps), _) if selects(autohttps) => Some(Backend::AutoHttps),
            (_, Some(proxy)) if selects(proxy) => Some(Backend::Proxy(proxy)),
            // Live pods may carry other labels than the template does; the component tells them apart.
            (Some(_), _) if selector.get("component").is_some_and(|c| c == "autohttps") => {
                Some(Backend::AutoHttps)
            }
            (_, Some(proxy)) if selector.get("component").is_some_and(|c| c == "proxy") => {
                Some(Backend::Proxy(proxy))
            }
            _ => None,
        }
    }

    fn in_autohttps(&self, index: usize, port: &ServicePort) -> Result<Tls, Unknown> {
        let evidence = vec![self.target_port(index, port), self.selector()];
        let acme = self.hub.autohttps.as_ref().and_then(|autohttps| {
            let words: Vec<_> = autohttps.pod().container("load-acme")?.words().collect();
            let load = words.iter().position(|word| *word == "load")?;
            words.get(load + 1).map(|name| (*name).to_owned())
        });
        self.answer(TlsMode::LetsEncrypt, acme, evidence)
    }

    fn in_proxy(&self, index: usize, port: &ServicePort, proxy: &Workload) -> Result<Tls, Unknown> {
        let evidence = vec![self.target_port(index, port), self.selector()];
        match parts::target(port, proxy.pod()) {
            IntOrString::Int(8443) => self.in_proxy_itself(proxy, evidence),
            IntOrString::String(name) if name == "https" => self.in_proxy_itself(proxy, evidence),
            IntOrString::Int(8000) => self.answer(TlsMode::Offload, None, evidence),
            IntOrString::String(name) if name == "http" => self.answer(TlsMode::Offload, None, evidence),
            IntOrString::Int(443) if self.nothing_listens_on_443(proxy) => self.in_front(true, evidence),
            _ => Err(self.unclear(
                "foreign-target",
                "port 443 of {service} leads to a port of the proxy's pod that is not the chart's",
            )),
        }
    }

    fn nothing_listens_on_443(&self, proxy: &Workload) -> bool {
        let is_generation = self.hub.chart.as_ref().is_ok_and(|chart| chart.is_between((0, 8), (0, 10)));
        let mut ports = proxy.pod().containers.iter().flat_map(|container| &container.ports);
        is_generation || ports.all(|port| port.container_port != 443)
    }

    /// The proxy ends TLS itself; the volume tells whose certificate it is.
    fn in_proxy_itself(&self, proxy: &Workload, mut evidence: Vec<Evidence>) -> Result<Tls, Unknown> {
        let volumes = &proxy.pod().volumes;
        let found = volumes.iter().enumerate().find_map(|(index, volume)| {
            (volume.name == "tls-secret").then_some(())?;
            Some((index, volume.secret.as_ref()?.secret_name.clone()))
        });
        let Some((index, secret)) = found else {
            return Err(self.unclear(
                "no-certificate-volume",
                "port 443 of {service} leads to the proxy, which mounts no volume `tls-secret`",
            ));
        };
        evidence.push(Evidence::new(
            proxy.object(),
            format!("spec.template.spec.volumes[{index}].secret.secretName"),
            Arg::text(&secret),
        ));
        let mode = if self.is_manual(&secret) { TlsMode::Manual } else { TlsMode::Secret };
        self.answer(mode, Some(secret), evidence)
    }

    /// Whether a Secret is the one into which the chart writes the certificate of its values.
    fn is_manual(&self, secret: &str) -> bool {
        let published = self.hub.names.get("proxy-public-manual-tls");
        published.is_some_and(|name| name == secret)
            || matches!(secret, "proxy-public-manual-tls" | "proxy-manual-tls")
            || secret.ends_with("-proxy-public-manual-tls")
            || secret == format!("manual-tls-proxy-{}", self.hub.key.release)
    }

    /// Charts v0.5 and v0.6: an Ingress of the chart's tells nginx which certificate to use.
    fn in_nginx(&self) -> Result<Tls, Unknown> {
        let namespace = &self.hub.key.namespace;
        let Some(ingress) = self.snapshot.ingresses.get(Some(namespace), "jupyterhub-internal")? else {
            return self.in_front(true, vec![self.ports()]);
        };
        let object = ObjectRef::namespaced(Kind::Ingress, namespace, "jupyterhub-internal");
        let secrets: Vec<_> = ingress.spec.tls.iter().filter_map(|tls| tls.secret_name.as_deref()).collect();
        let Some(secret) = secrets.first() else {
            return self.in_front(true, vec![Evidence::new(object, "spec.tls", Arg::Count(0))]);
        };
        let release = &self.hub.key.release;
        let mode = match *secret {
            name if name == format!("kubelego-tls-proxy-{release}") => TlsMode::LetsEncrypt,
            name if name == format!("manual-tls-proxy-{release}") => TlsMode::Manual,
            _ => TlsMode::Secret,
        };
        let evidence = vec![Evidence::new(object, "spec.tls[0].secretName", Arg::text(*secret))];
        self.answer(mode, Some((*secret).to_owned()), evidence)
    }

    /// TLS does not end in the hub: what stands in front decides.
    fn in_front(&self, dead_port: bool, mut evidence: Vec<Evidence>) -> Result<Tls, Unknown> {
        let (fronts, hidden) = front::fronts(self.snapshot, self.hub);
        let hosts = || fronts.iter().flat_map(|front| &front.hosts);
        let mode = if hosts().any(|host| host.tls == Ok(true)) {
            TlsMode::Outside
        } else if let Some(gap) = hidden.clone().filter(|_| !self.is_open_in_files(&fronts)) {
            return Err(gap.into());
        } else if let Some(unknown) = hosts().find_map(|host| host.tls.clone().err()) {
            return Err(unknown);
        } else if self.is_reached_directly() || !fronts.is_empty() {
            TlsMode::None
        } else {
            TlsMode::UnseenEdge
        };
        evidence.push(Evidence::new(self.object(), "spec.type", Arg::text(self.service.spec.type_name())));
        evidence.extend(fronts.iter().map(Front::evidence));
        Ok(Tls { dead_port, ..self.tls(mode, None, evidence, fronts, hidden) })
    }

    /// Files that hold a load balancer or a front without TLS hold the fault, whatever else a cluster adds.
    fn is_open_in_files(&self, fronts: &[Front]) -> bool {
        self.snapshot.origin == Origin::Declared && (self.is_reached_directly() || !fronts.is_empty())
    }

    fn is_reached_directly(&self) -> bool {
        self.service.spec.type_name() == "LoadBalancer" || !self.service.spec.external_ips.is_empty()
    }

    #[expect(clippy::unnecessary_wraps, reason = "the arms of the detection answer alike")]
    fn answer(&self, mode: TlsMode, secret: Option<String>, evidence: Vec<Evidence>) -> Result<Tls, Unknown> {
        let (fronts, hidden) = front::fronts(self.snapshot, self.hub);
        Ok(self.tls(mode, secret, evidence, fronts, hidden))
    }

    fn tls(
        &self,
        mode: TlsMode,
        secret: Option<String>,
        evidence: Vec<Evidence>,
        fronts: Vec<Front>,
        hidden_fronts: Option<Gap>,
    ) -> Tls {
        Tls { mode, service: self.object(), dead_port: false, secret, fronts, hidden_fronts, evidence }
    }

    fn object(&self) -> ObjectRef {
        ObjectRef::namespaced(Kind::Service, &self.hub.key.namespace, &self.service.metadata.name)
    }

    fn unclear(&self, id: &'static str, template: &'static str) -> Unknown {
        Reason::new(id, template).with("service", self.object()).into()
    }

    fn target_port(&self, index: usize, port: &ServicePort) -> Evidence {
        let target = match port.target_port.clone().unwrap_or(IntOrString::Int(i64::from(port.port))) {
            IntOrString::Int(number) => Arg::Number(number),
            IntOrString::String(name) => Arg::Text(name),
        };
        Evidence::new(self.object(), format!("spec.ports[{index}].targetPort"), target)
    }

    fn selector(&self) -> Evidence {
        let component = self.service.spec.selector.get("component").cloned().unwrap_or_default();
        Evidence::new(self.object(), "spec.selector.component", Arg::Text(component))
    }

    fn ports(&self) -> Evidence {
        let numbers = self.service.spec.ports.iter().map(|port| Arg::Number(i64::from(port.port))).collect();
        Evidence::new(self.object(), "spec.ports[*].port", Arg::List(numbers))
    }
}

/// What the public Service leads to.
enum Backend<'a> {
    AutoHttps,
    Proxy(&'a Workload),
}
