//! Flags user servers of chart 0.10, which read another key than it documents and so lost the block of the metadata server.

use crate::check::paths::{Fate, PATHS, to_metadata};
use crate::check::servers::{SHOW_BLOCK, barrier_of, evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::BarrierState;
use crate::fix::{Fix, FixValue};
use crate::hub::{ChartVersion, Confidence, Hub, UserClass};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-03",
    name: "metadata-block-lost",
    title: "The chart is not one that silently loses the block of the metadata server",
    fault: "Chart 0.10 silently lost the block of the metadata server",
    severity: Severity::Critical,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "Charts 0.10.0 to 0.10.6 document `blockWithIptables` and read `block`: the block is on by default in the values and never \
          reaches a user server. An operator who reads the configuration believes in a protection that is not there.",
    verdicts: &[Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: PATHS,
    fixes: &[Fix {
        to: Some((0, 11)),
        ..Fix::from(
            0,
            10,
            "Upgrade to chart 0.11 or newer. Until then the old key, which the code still reads, brings the block back. Then restart \
             the user servers.",
        )
        .values(&[("singleuser.cloudMetadata.enabled", FixValue::Bool(false))])
    }],
    kubectl: SHOW_BLOCK,
    references: &[Reference {
        title: "Zero to JupyterHub: The lost block of the metadata server",
        url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/pull/1950",
    }],
    mappings: &[Mapping::Nsa("Upgrading and application security practices")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let chart = hub.chart.as_ref().map_err(Clone::clone)?;
    if !chart.is_between((0, 10), (0, 11)) {
        let reason =
            Reason::new("other-chart", "The chart is {version}; only 0.10.0 to 0.10.6 lose the block")
                .with("version", Arg::text(&chart.found));
        return Ok(Outcome::not_applicable(reason));
    }
    if chart.confidence == Confidence::Low {
        return Err(Reason::new(
            "version-guessed",
            "The chart is {version} by its names, and only 0.10 loses the block; a chart label would tell",
        )
        .with("version", Arg::text(&chart.found))
        .into());
    }
    judge_servers(context, hub, |class| match barrier_of(context, hub, class)?.state {
        BarrierState::Absent => Ok(judge_class(context, hub, chart, class)),
        _ => Ok(kept()),
    })
}

fn kept() -> Outcome {
    Outcome::not_applicable(Reason::new("kept", "User servers carry the init container all the same"))
}

fn judge_class(context: &Context<'_>, hub: &Hub, chart: &ChartVersion, class: &UserClass) -> Outcome {
    let absent = evidence_of(class, "spec.initContainers", Arg::word("no block of the metadata server"))
        .wanted(Arg::word("the init container block-cloud-metadata"));
    let path = match to_metadata(context, hub, class) {
        Ok(path) => path,
        Err(unknown) => return Outcome::from(unknown).because(absent),
    };
    let facts = path.evidence(context, Some(hub));
    // A policy replaces the block only where it is certain to be enforced.
    match &path.fate {
        Fate::Closed => {
            let reason = Reason::new(
                "replaced",
                "The block is lost, and a network policy that is enforced keeps user servers from the metadata server in its place",
            );
            return Outcome::not_applicable(reason).because(absent).because_all(facts);
        }
        Fate::Unclear(unknown) => return Outcome::from(unknown.clone()).because(absent).because_all(facts),
        Fate::LikelyClosed | Fate::Open => {}
    }
    let reason = Reason::new(
        "lost",
        "Chart {version} lost the block of the metadata server, and no policy that is certain to be enforced replaces it",
    )
    .with("version", Arg::text(chart.version.to_string()));
    let version = Evidence::new(hub.deployment.object(), "chart version", Arg::text(&chart.found))
        .wanted(Arg::word("0.11 or newer"));
    Outcome::fail(reason).because(absent).because(version).because_all(facts)
}
