//! Flags a Kubernetes Dashboard whose login is weakened by its flags.

use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::component::Sighting;
use crate::component::dashboard::{self, Login};
use crate::fix::Fix;
use crate::text::Reason;

pub(super) const CHECK: Check = Check {
    code: "DSH-04",
    name: "dashboard-login",
    title: "The Kubernetes Dashboard asks every visitor to sign in",
    fault: "The Kubernetes Dashboard has a weakened login",
    severity: Severity::Critical,
    topic: Topic::Dashboards,
    since: "0.1.0",
    why: "With a button to skip the login, every visitor acts with the Dashboard's own account.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &dashboard::KINDS,
    fixes: &[Fix::advice(
        "Remove the flag from the arguments of the Dashboard's container; versions before 1.10.1 let visitors in without any flag. Better, \
         delete the Dashboard.",
    )
    .commands(&[&[
        "kubectl",
        "--namespace",
        "<dashboard-namespace>",
        "edit",
        "<dashboard-kind>",
        "<dashboard-name>",
    ]])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<dashboard-namespace>",
        "get",
        "pods",
        "--output",
        r#"jsonpath={range .items[*].spec.containers[*]}{.name}{"\t"}{.image}{"\t"}{.args}{"\n"}{end}"#,
    ],
    references: &[Reference {
        title: "Kubernetes Dashboard: Dashboard arguments",
        url: "https://github.com/kubernetes-retired/dashboard/blob/v2.7.0/docs/common/dashboard-arguments.md",
    }],
    mappings: &[Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let dashboards = dashboard::dashboards(context.snapshot);
    if !dashboards.is_present()? {
        return Ok(dashboard::none());
    }
    let parts = dashboards.seen.iter().map(|sighting| part(context, sighting));
    let hidden = dashboards.complete().err().map(|gap| Err(gap.into()));
    let mut outcome =
        worst(parts.chain(hidden)).ok_or_else(|| Reason::new("none", "No container was seen"))?;
    if let Some(root) = dashboards.roots().next() {
        outcome.slots.extend(&root.slots("dashboard"));
    }
    Ok(outcome)
}

fn part(context: &Context<'_>, sighting: &Sighting<'_>) -> Judgement {
    let outcome = match dashboard::login(context.derived, sighting)? {
        Login::Skipped => Outcome::fail(Reason::new(
            "skipped",
            "Visitors may skip the login and then act with an account that may do more than run the Dashboard",
        )),
        Login::SkippedPowerless => Outcome::warn(Reason::new(
            "skipped-powerless",
            "Visitors may skip the login; the account they then act with may do little",
        )),
        Login::Weakened => {
            Outcome::warn(Reason::new("weakened", "A flag weakens the login of the Dashboard"))
        }
        Login::Whole => {
            return Ok(Outcome::pass(Reason::new("whole", "No flag weakens the login of the Dashboard")));
        }
    };
    Ok(outcome.because_all(dashboard::flags(sighting)))
}
