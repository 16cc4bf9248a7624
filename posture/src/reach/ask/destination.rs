//! What is asked for, as ends of connections that are told apart by name.

use std::net::IpAddr;

use super::near::offers;
use super::source::{Named, taken_as};
use super::{AskError, To, ToEnd, assumed};
use crate::facts::Service;
use crate::kind::Kind;
use crate::network::{Lead, Point, Protocol, service_at};
use crate::object::ObjectRef;
use crate::reach::Reach;
use crate::reach::found::End;
use crate::reach::metadata::SERVICES;
use crate::reach::rewritten::Rewritten;
use crate::reach::rows::at;
use crate::text::{Arg, Reason};

/// What is asked for.
pub(super) enum Wanted {
    /// Ends, any of which counts.
    Ends(Vec<End>),
    /// An address that leads to a Service without being its own.
    Rewritten(Rewritten),
    /// What never leaves the pod.
    Loopback(String),
    /// Something of which it cannot be seen where it is, and why.
    Unseen(String, Reason),
}

impl Wanted {
    /// The ends that are meant, as far as there are any.
    pub(super) fn ends(&self) -> &[End] {
        match self {
            Self::Ends(ends) => ends,
            Self::Rewritten(rewritten) => &rewritten.ends,
            Self::Loopback(_) | Self::Unseen(..) => &[],
        }
    }
}

impl Reach<'_> {
    /// What is asked for by someone in the namespace `home`.
    pub(super) fn wanted(&self, to: &To, home: &str, notes: &mut Vec<Reason>) -> Result<Wanted, AskError> {
        match &to.end {
            ToEnd::Address(address) => self.wanted_address(*address, to, notes),
            ToEnd::Pod { namespace, name } => {
                self.wanted_pod(namespace.as_deref(), name, home, to, notes).map(Wanted::Ends)
            }
            ToEnd::Service { namespace, name } => {
                let service = self.service_called(namespace.as_deref(), name, home, to)?;
                self.wanted_service(service, to, notes)
            }
        }
    }

    fn wanted_address(&self, address: IpAddr, to: &To, notes: &mut Vec<Reason>) -> Result<Wanted, AskError> {
        if address.is_loopback() {
            return Ok(Wanted::Loopback(at(address, to.port)));
        }
        if let Some(service) = service_at(self.snapshot, address) {
            return self.wanted_service(service, to, notes);
        }
        if let Some(rewritten) = self.rewritten(to) {
            notes.push(rewritten.note.clone());
            return Ok(Wanted::Rewritten(rewritten));
        }
        if is_of_link(address) && !SERVICES.iter().any(|known| super::address(known.address) == Some(address))
        {
            notes.push(Reason::new(
                "link-local",
                "Addresses of this kind are answered by the node or by the cloud; network plug-ins differ in whether policies hold for what the node itself answers",
            ));
        }
        let point = self.network.point_at(address);
        let end = End { point, protocol: to.protocol, port: to.port, place: at(address, to.port) };
        Ok(Wanted::Ends(vec![end]))
    }

    fn wanted_pod(
        &self,
        namespace: Option<&str>,
        name: &str,
        home: &str,
        to: &To,
        notes: &mut Vec<Reason>,
    ) -> Result<Vec<End>, AskError> {
        let write = |namespace: Option<&str>, name: &str| {
            let end = ToEnd::Pod { namespace: namespace.map(str::to_owned), name: name.to_owned() };
            To { end, ..to.clone() }.to_string()
        };
        let place = format!("{name}:{}", to.port);
        let end = |point| End { point, protocol: to.protocol, port: to.port, place: place.clone() };
        let ends: Vec<End> = match self.named(namespace, name, Some(home), &write)? {
            Named::Pod(pod) => vec![end(self.network.pod(pod))],
            Named::Server(hub) => {
                notes.push(assumed(hub));
                self.assumed(hub).points.into_iter().map(end).collect()
            }
            Named::Controller(object, workload) => {
                notes.push(taken_as(name, &object, self.snapshot.origin));
                self.pods_of(workload).into_iter().map(end).collect()
            }
        };
        if ends.iter().any(|end| matches!(end.point, Point::Host(_))) {
            notes.push(on_node(&format!("pod {name}")));
        }
        Ok(ends)
    }

    fn service_called(
        &self,
        namespace: Option<&str>,
        name: &str,
        home: &str,
        to: &To,
    ) -> Result<&Service, AskError> {
        let write = |namespace: Option<&str>, name: &str| {
            let end = ToEnd::Service { namespace: namespace.map(str::to_owned), name: name.to_owned() };
            To { end, ..to.clone() }.to_string()
        };
        let services = || self.snapshot.services.present();
        let place = |service: &Service| service.metadata.namespace.clone().unwrap_or_default();
        let of_name = services().filter(|service| service.metadata.name == name);
        let mut found: Vec<_> =
            of_name.filter(|service| namespace.is_none_or(|wanted| wanted == place(service))).collect();
        if namespace.is_none() && found.len() > 1 && found.iter().any(|service| place(service) == home) {
            found.retain(|service| place(service) == home);
        }
        match found[..] {
            [service] => Ok(service),
            [] => {
                let known = services().map(|service| {
                    (service.metadata.namespace.as_deref().unwrap_or_default(), &*service.metadata.name)
                });
                let near = offers(name, namespace, known, &write);
                Err(AskError::NotFound {
                    what: "Service",
                    name: name.to_owned(),
                    place: self.searched(&self.snapshot.services, namespace),
                    near,
                })
            }
            _ => Err(AskError::Several {
                name: name.to_owned(),
                places: found.iter().map(|service| write(Some(&place(service)), name)).collect(),
            }),
        }
    }

    fn wanted_service(
        &self,
        service: &Service,
        to: &To,
        notes: &mut Vec<Reason>,
    ) -> Result<Wanted, AskError> {
        let Some(dns_name) = service.dns_name() else {
            return self.behind_asked(service, to, notes).map(Wanted::Ends);
        };
        let name = &service.metadata.name;
        if let Some(meant) = self.service_of(dns_name).filter(|meant| meant.dns_name().is_none()) {
            notes.push(
                Reason::new("alias", "Service {name} is another name of Service {meant}")
                    .with("name", Arg::text(name))
                    .with("meant", Arg::text(placed(meant))),
            );
            return self.behind_asked(meant, to, notes).map(Wanted::Ends);
        }
        let reason = Reason::new(
            "dns-name",
            "Service {name} stands for the DNS name {dns}, and policies know no names: ask about the addresses it has",
        );
        let reason = reason.with("name", Arg::text(name)).with("dns", Arg::text(dns_name));
        Ok(Wanted::Unseen(format!("{name}:{}", to.port), reason))
    }

    /// The Service that has a DNS name of the cluster.
    fn service_of(&self, dns_name: &str) -> Option<&Service> {
        let mut labels = dns_name.trim_end_matches('.').split('.');
        let (name, namespace) = (labels.next()?, labels.next()?);
        let found = self.snapshot.services.find(Some(namespace), name)?;
        (labels.next() == Some("svc")).then_some(&**found)
    }

    /// The pods and addresses behind a Service, each called by its name.
    fn behind_asked(
        &self,
        service: &Service,
        to: &To,
        notes: &mut Vec<Reason>,
    ) -> Result<Vec<End>, AskError> {
        let leads = self.network.leads(self.snapshot, service, to.protocol, to.port);
        let name = placed(service);
        let leads = leads.map_err(|gap| AskError::LeadsNowhere {
            what: format!("where Service {name} leads cannot be told: {gap}"),
        })?;
        if leads.is_empty() {
            return Err(AskError::LeadsNowhere { what: leads_nowhere(service, to) });
        }
        let ends: Vec<End> = leads.into_iter().map(|lead| self.end_of(lead, to.protocol, notes)).collect();
        if ends.iter().any(|end| matches!(end.point, Point::Host(_))) {
            notes.push(on_node(&format!("what Service {name} leads to")));
        }
        Ok(ends)
    }

    fn end_of(&self, lead: Lead, protocol: Protocol, notes: &mut Vec<Reason>) -> End {
        let Lead { point, port, of } = lead;
        let address = point.addresses().first().copied();
        let of = of.or_else(|| address.and_then(|address| self.pod_at(address)));
        let place = match (&of, address) {
            (Some(object), _) if object.kind != Kind::Pod => {
                notes.push(
                    Reason::new("leads-to", "It leads to the pods of {object}, as they are declared")
                        .with("object", object.clone()),
                );
                format!("{object}:{port}")
            }
            (Some(ObjectRef { namespace, name, .. }), _) => {
                format!("{}/{name}:{port}", namespace.as_deref().unwrap_or_default())
            }
            (None, Some(address)) => at(address, port),
            (None, None) => format!("port {port}"),
        };
        End { point, protocol, port, place }
    }

    /// The pod that has an address of its own.
    fn pod_at(&self, address: IpAddr) -> Option<ObjectRef> {
        let is_at = |text: &str| super::address(text) == Some(address);
        let mut pods = self.snapshot.pods.present().filter(|pod| pod.is_live() && !pod.spec.host_network);
        let pod = pods.find(|pod| pod.status.pod_ips.iter().any(|known| is_at(&known.ip)))?;
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        Some(ObjectRef::namespaced(Kind::Pod, namespace, &pod.metadata.name))
    }
}

/// Why nothing is behind a port of a Service.
fn leads_nowhere(service: &Service, to: &To) -> String {
    let name = placed(service);
    let protocol = |text: Option<&str>| text.unwrap_or("TCP").to_lowercase();
    let asked = format!("{}/{}", to.port, to.protocol.to_string().to_lowercase());
    let all = &service.spec.ports;
    let is_asked = |port: &&crate::facts::network::ServicePort| {
        port.port == to.port && Protocol::parse(port.protocol.as_deref()) == Some(to.protocol)
    };
    if !service.is_headless() && !all.iter().any(|port| is_asked(&port)) {
        let ports: Vec<String> =
            all.iter().map(|port| format!("{}/{}", port.port, protocol(port.protocol.as_deref()))).collect();
        let ports = if ports.is_empty() { "nothing".to_owned() } else { ports.join(", ") };
        return format!("Service {name} has no port {asked}; it publishes {ports}");
    }
    let target = all.iter().find(is_asked).and_then(|port| port.target_port.as_ref());
    if service.spec.selector.is_empty() {
        return format!(
            "Service {name} leads to nothing at {asked}: it selects no pods, and no endpoints of it were seen"
        );
    }
    match target {
        Some(crate::facts::IntOrString::String(port)) => format!(
            "Service {name} leads to nothing at {asked}: no pod that it selects was seen with a port called {port}"
        ),
        _ => format!("Service {name} leads to nothing at {asked}: no pod that it selects was seen"),
    }
}

/// A Service with its namespace.
fn placed(service: &Service) -> String {
    format!("{}/{}", service.metadata.namespace.as_deref().unwrap_or_default(), service.metadata.name)
}

fn on_node(what: &str) -> Reason {
    Reason::new("on-node", "Policies for pods do not hold for {what}: it shares the network of its node")
        .with("what", Arg::text(what))
}

/// Whether an address is one of a link, which no router passes on.
fn is_of_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}
