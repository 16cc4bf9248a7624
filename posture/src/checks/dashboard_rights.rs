//! Flags a Kubernetes Dashboard whose account may do too much.

use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::component::dashboard;
use crate::component::{self, Power, Sighting};
use crate::fix::Fix;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "DSH-02",
    name: "dashboard-rights",
    title: "The Kubernetes Dashboard has no rights of its own that matter",
    fault: "The Kubernetes Dashboard holds far-reaching rights",
    severity: Severity::Critical,
    topic: Topic::Dashboards,
    since: "0.1.0",
    why: "A visitor who skips or breaks the login acts with the Dashboard's own account. With every right, that is the whole cluster; with \
          every Secret, it is every password in it.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &dashboard::KINDS,
    fixes: &[Fix::advice("Delete the binding; the Dashboard works with the rights of whoever signs in. Better, delete the Dashboard.")
        .commands(&[&["kubectl", "delete", "clusterrolebinding", "<binding>"]])],
    kubectl: &["kubectl", "get", "clusterrolebindings", "--output", "wide"],
    references: &[Reference {
        title: "Kubernetes Dashboard: Access control",
        url: "https://github.com/kubernetes-retired/dashboard/blob/master/docs/user/access-control/README.md",
    }],
    mappings: &[Mapping::Cis("5.1.1"), Mapping::Cis("5.1.2"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let dashboards = dashboard::dashboards(context.snapshot);
    if !dashboards.is_present()? {
        return Ok(dashboard::none());
    }
    let parts =
        dashboards.accounts().into_values().map(|sighting| part(context, sighting)).collect::<Vec<_>>();
    let hidden = dashboards.complete().err().map(|gap| Err(gap.into()));
    let outcome =
        worst(parts.into_iter().chain(hidden)).ok_or_else(|| Reason::new("none", "No account was seen"))?;
    Ok(outcome)
}

fn part(context: &Context<'_>, sighting: &Sighting<'_>) -> Judgement {
    let account = Arg::text(format!("{}/{}", sighting.namespace, sighting.spec.account()));
    let (outcome, grants) = match component::power(context.derived, sighting)? {
        Power::Everything(grants) => (
            Outcome::fail(
                Reason::new("everything", "The Dashboard's account {account} holds {extent}")
                    .with("account", account)
                    .with("extent", component::extent(&grants)),
            ),
            grants,
        ),
        Power::EverySecret(grants) => (
            Outcome::warn(
                Reason::new(
                    "secrets",
                    "The Dashboard's account {account} may read every Secret in the cluster",
                )
                .with("account", account),
            ),
            grants,
        ),
        Power::Less => {
            return Ok(Outcome::pass(
                Reason::new(
                    "less",
                    "The Dashboard's account {account} holds neither every right nor every Secret of the cluster",
                )
                .with("account", account),
            ));
        }
    };
    let binding = grants.first().map_or_else(String::new, |grant| grant.binding.name.clone());
    Ok(outcome.because_all(grants.iter().map(component::binding)).slot("binding", binding))
}
