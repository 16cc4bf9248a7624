//! Flags user servers in namespaces of their own that no network policy selects there.

use crate::check::policies::{GUIDE, KUBERNETES, SELECTION, no_foreign};
use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::derived::selection::selecting;
use crate::fix::Fix;
use crate::hub::{Hub, UserClass};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-17",
    name: "user-namespaces-without-policy",
    title: "Namespaces of user servers have network policies of their own",
    fault: "A namespace of user servers has no network policy for them",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "A network policy holds in its own namespace only, and the chart writes its policies into the hub's. Servers that run elsewhere are \
          as free as if there were none.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: SELECTION,
    fixes: &[Fix::advice(
        "Write a policy like the chart's for user servers into each namespace in which user servers run, and let whatever makes these \
         namespaces make the policy too. Its rules have to name the hub's namespace, and so do the hub's own rules for user servers.",
    )],
    kubectl: &["kubectl", "--namespace", "<server-namespace>", "get", "networkpolicies", "--output", "yaml"],
    references: &[GUIDE, KUBERNETES],
    mappings: &[Mapping::Cis("5.3.2"), Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    if class.namespace == hub.key.namespace {
        return Ok(Outcome::not_applicable(Reason::new(
            "at-home",
            "User servers run in the hub's own namespace, where the chart's policies are",
        )));
    }
    let selection = selecting(context.snapshot, &class.namespace, &class.labels);
    let (ingress, egress) = (selection.has_ingress()?, selection.has_egress()?);
    if ingress && egress {
        let policies = selection.ingress.iter().cloned().map(Arg::from).collect();
        let fact = evidence_of(class, "ingress and egress", Arg::List(policies));
        return Ok(Outcome::pass(Reason::new(
            "selected",
            "Policies of their own namespaces select user servers in both directions",
        ))
        .because(fact)
        .slot("server-namespace", &class.namespace));
    }
    no_foreign(context.snapshot, &class.namespace)?;
    let direction = match (ingress, egress) {
        (false, false) => "ingress and egress",
        (false, true) => "ingress",
        _ => "egress",
    };
    let reason = Reason::new(
        "unselected",
        "User servers run in namespace {namespace}, where no policy selects them for {direction}",
    )
    .with("namespace", Arg::text(&class.namespace))
    .with("direction", Arg::word(direction));
    Ok(Outcome::fail(reason)
        .because(
            evidence_of(class, direction, Arg::word("no policy"))
                .wanted(Arg::word("a policy that selects it")),
        )
        .slot("server-namespace", &class.namespace))
}
