//! Flags load balancers that have been waiting for an address.

use jiff::SignedDuration;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::entrance;
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-03",
    name: "no-external-address",
    title: "The hub's load balancer has an address",
    fault: "The hub's load balancer waits for an address",
    severity: Severity::Low,
    topic: Topic::Https,
    since: "0.1.0",
    why: "Without an address there is nothing to point a domain at, and so no certificate.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service],
    fixes: &[Fix::advice(
        "Look at the events of the Service: most often the cloud's quota is used up, or no controller for load balancers runs.",
    )
    .commands(&[&["kubectl", "--namespace", "<namespace>", "describe", "service", "<service>"]])],
    kubectl: &["kubectl", "--namespace", "<namespace>", "get", "service", "<service>"],
    references: &[Reference {
        title: "Zero to JupyterHub: Security, HTTPS",
        url: "https://z2jh.jupyter.org/en/stable/administrator/security.html#https",
    }],
    mappings: &[],
    judge: Judge::Hub(judge),
};

/// How long clouds may take to make a load balancer.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let Some(service) = entrance::public_service(context, hub)? else {
        return Ok(Outcome::not_applicable(Reason::new("no-service", "No Service leads to the hub's proxy")));
    };
    let object = entrance::object(service);
    let addresses = entrance::addresses(service);
    let kind = service.spec.type_name();
    let outcome = if kind != "LoadBalancer" {
        let reason =
            Reason::new("other-type", "{service} is of type {type}, which gets no address of its own");
        Outcome::not_applicable(reason.with("service", object.clone()).with("type", Arg::text(kind)))
    } else if !addresses.is_empty() {
        let reason = Reason::new("assigned", "{service} has the address {address}");
        let list = addresses.into_iter().map(Arg::text).collect();
        Outcome::pass(reason.with("service", object.clone()).with("address", Arg::List(list)))
    } else {
        match service.metadata.creation_timestamp {
            Some(created) if context.now.duration_since(created) > PATIENCE => {
                let reason =
                    Reason::new("waiting", "{service} was made at {created} and still has no address");
                Outcome::warn(reason.with("service", object.clone()).with("created", Arg::Instant(created)))
            }
            Some(_) => Outcome::unknown(
                Reason::new(
                    "too-young",
                    "{service} was made less than 15 minutes ago and has no address yet",
                )
                .with("service", object.clone()),
            ),
            None => Outcome::unknown(
                Reason::new("no-status", "Only a live cluster gives {service} an address")
                    .with("service", object.clone()),
            ),
        }
    };
    Ok(outcome
        .because(Evidence::new(object.clone(), "spec.type", Arg::text(kind)))
        .because(entrance::addresses_seen(service))
        .slot("service", object.name))
}
