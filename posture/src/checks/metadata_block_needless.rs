//! Flags a privileged init container that blocks the metadata server where an enforced policy does so already.

use crate::check::paths::{Fate, PATHS, to_metadata};
use crate::check::policies::GUIDE;
use crate::check::servers::{SHOW_BLOCK, barrier_of, evidence_of, judge_servers};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-08",
    name: "metadata-block-needless",
    title: "No privileged init container does what an enforced policy does already",
    fault: "A privileged init container does what an enforced policy does already",
    severity: Severity::Low,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "The init container that blocks the metadata server is the one privileged container of a user server. Where a policy closes the way \
          and is enforced, it can go, and the namespace can then enforce the baseline of the Pod Security Standards.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[
        Fix::before(0, 11, "Upgrade to chart 0.11 or newer, where the init container can be turned off by itself.").newer_chart(),
        Fix::from(
            0,
            11,
            "Turn the init container off once you are sure that policies are enforced on every node; a request to the metadata server from \
             a notebook tells. Then restart the user servers.",
        )
        .values(&[("singleuser.cloudMetadata.blockWithIptables", FixValue::Bool(false))]),
    ],
    kubectl: SHOW_BLOCK,
    references: &[
        GUIDE,
        Reference {
            title: "Zero to JupyterHub: The block and Pod Security admission",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/issues/1408",
        },
    ],
    mappings: &[Mapping::Pss("baseline: Privileged Containers")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| judge_class(context, hub, class))
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let barrier = barrier_of(context, hub, class)?;
    let Some(index) = barrier.index else {
        return Ok(Outcome::not_applicable(Reason::new(
            "absent",
            "User servers carry no init container that blocks the metadata server",
        )));
    };
    let container = evidence_of(
        class,
        format!("spec.initContainers[{index}]"),
        Arg::word("privileged, blocks the metadata server"),
    );
    let path = to_metadata(context, hub, class)?;
    let facts = path.evidence(context, Some(hub));
    let outcome = match &path.fate {
        Fate::Closed => Outcome::warn(Reason::new(
            "needless",
            "An init container with privileges blocks the metadata server, and a network policy that is enforced closes it already",
        )),
        Fate::LikelyClosed => Outcome::pass(Reason::new(
            "spare",
            "The init container is needed as long as it is not certain that policies are enforced",
        )),
        Fate::Unclear(unknown) => Outcome::from(unknown.clone()),
        Fate::Open => Outcome::pass(Reason::new(
            "needed",
            "The init container is needed: no policy that is enforced keeps user servers from the metadata server",
        )),
    };
    Ok(outcome.because(container).because_all(facts))
}
