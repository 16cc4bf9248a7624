//! Paths from user servers to a program.

use crate::check::Context;
use crate::check::paths::{End, Path, ask, ends_of_class, worst_path};
use crate::gap::{Gap, Unknown};
use crate::hub::Hub;
use crate::network::Protocol;
use crate::text::Reason;

use super::Sighting;

/// The path from user servers to a program that is worst, and the hub whose servers take it.
#[derive(Debug)]
pub struct FromServers<'a> {
    /// The hub.
    pub hub: &'a Hub,
    /// The path.
    pub path: Path,
}

/// The worst path from any user server of the cluster to some TCP ports of a program; an error if there is no server to ask about.
pub fn from_servers<'a>(
    context: &Context<'a>,
    program: &[&Sighting<'_>],
    ports: impl Fn(&Sighting<'_>) -> Vec<u16>,
) -> Result<FromServers<'a>, Unknown> {
    let mut worst: Option<FromServers<'a>> = None;
    for hub in &context.derived.hubs {
        let classes = hub.user_classes.iter();
        let froms: Vec<End> = classes.flat_map(|class| ends_of_class(context, class)).collect();
        for sighting in program {
            let (tos, ports) = (ends(context, sighting), ports(sighting));
            for (from, to) in froms.iter().flat_map(|from| tos.iter().map(move |to| (from, to))) {
                for port in &ports {
                    let path = ask(context, Some(hub), from, to, Protocol::Tcp, *port);
                    worst = Some(worse(worst, FromServers { hub, path }));
                }
            }
        }
    }
    worst.ok_or_else(|| {
        Reason::new("no-server", "No user server is running, and only a running one shows what it reaches")
            .into()
    })
}

fn worse<'a>(known: Option<FromServers<'a>>, new: FromServers<'a>) -> FromServers<'a> {
    let Some(known) = known else { return new };
    let is_worse =
        worst_path([known.path.clone(), new.path.clone()]).is_some_and(|path| path.fate != known.path.fate);
    if is_worse { new } else { known }
}

/// What may hide user servers or pods of the program.
pub fn hidden(context: &Context<'_>) -> Result<(), Gap> {
    context.snapshot.deployments.complete()?;
    context.snapshot.pods.complete()
}

fn ends(context: &Context<'_>, sighting: &Sighting<'_>) -> Vec<End> {
    let Sighting { namespace, labels, spec, .. } = *sighting;
    let points = context.derived.network.pods_with(context.snapshot, namespace, labels, spec);
    points.into_iter().map(|point| End { point, object: Some(sighting.object.clone()) }).collect()
}
