//! Reminds of the settings of the cloud that protect the metadata server and that the cluster's API does not show.

use crate::check::platform::GKE;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::{Cloud, Clouds};
use crate::fix::Fix;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "MET-09",
    name: "metadata-settings-unseen",
    title: "The cloud itself protects its metadata server",
    fault: "The cloud's own protection of its metadata server is not known",
    severity: Severity::Info,
    topic: Topic::CloudMetadata,
    since: "0.1.0",
    why: "A cloud can refuse requests that come from a pod: with session tokens and a hop limit of 1, or with a metadata server of its own \
          for pods. That holds even where no policy and no init container does, and only the cloud's own API shows it.",
    verdicts: &[Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Node, Kind::DaemonSet],
    fixes: &[
        Fix::advice("Demand session tokens and a hop limit of 1 for each node, in the launch template as well, so that new nodes have it too.")
            .case("aws")
            .commands(&[&[
                "aws",
                "ec2",
                "modify-instance-metadata-options",
                "--instance-id",
                "<instance>",
                "--http-tokens",
                "required",
                "--http-put-response-hop-limit",
                "1",
            ]]),
        Fix::advice(
            "Run user servers on nodes whose metadata server is made for pods: Workload Identity on Google Cloud, the restriction of IMDS on \
             Azure, session tokens and a hop limit of 1 on AWS.",
        ),
    ],
    kubectl: &["kubectl", "get", "nodes", "--label-columns", "iam.gke.io/gke-metadata-server-enabled"],
    references: &[
        Reference {
            title: "AWS: Configure the instance metadata service options",
            url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
        },
        Reference {
            title: "Google Cloud: Workload Identity Federation for GKE",
            url: "https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity",
        },
    ],
    mappings: &[],
    judge: Judge::Cluster(judge),
};

/// DaemonSets that hint at a protection, with what each hints at.
const HINTS: [(&str, &str); 4] = [
    ("gke-metadata-server", "answers pods in place of the metadata server"),
    ("eks-pod-identity-agent", "hands out identities of pods"),
    ("kube2iam", "answers pods in place of the metadata server"),
    ("kiam-agent", "answers pods in place of the metadata server"),
];

fn judge(context: &Context<'_>) -> Judgement {
    let clouds = context.derived.clouds.as_ref().map_err(Clone::clone)?;
    let Some((cloud, _)) = clouds.seen.iter().next() else {
        return Ok(Outcome::not_applicable(Reason::new(
            "no-cloud",
            "No node says that it runs on a cloud with a metadata server",
        )));
    };
    let reason = match cloud {
        Cloud::Aws => Reason::new(
            "hop-limit",
            "Whether the nodes demand session tokens and keep a hop limit of 1 is known to AWS alone; ask it for each instance",
        ),
        _ => Reason::new(
            "settings",
            "What {cloud} itself does to protect its metadata server is known to its own API alone",
        )
        .with("cloud", Arg::word(cloud.name())),
    };
    let outcome = Outcome::unknown(reason).because_all(hints(context));
    let outcome = if *cloud == Cloud::Aws { outcome.case("aws") } else { outcome };
    Ok(if is_made_for_pods(context, clouds) {
        outcome.note(Reason::new(
            "made-for-pods",
            "Every node carries the label of a metadata server that is made for pods",
        ))
    } else {
        outcome
    })
}

fn is_made_for_pods(context: &Context<'_>, clouds: &Clouds) -> bool {
    let mut nodes = context.snapshot.nodes.present().peekable();
    clouds.seen.contains_key(&Cloud::Gce)
        && nodes.peek().is_some()
        && nodes.all(|node| node.metadata.label(GKE) == Some("true"))
}

fn hints(context: &Context<'_>) -> Vec<Evidence> {
    let of = |name: &str| HINTS.iter().find(|(hint, _)| *hint == name).map(|(_, what)| *what);
    let daemon_sets = context.snapshot.daemon_sets.present();
    daemon_sets
        .filter_map(|daemon_set| {
            let what = of(&daemon_set.metadata.name)?;
            let object: ObjectRef = daemon_set.object();
            Some(Evidence::new(object, "metadata.name", Arg::word(what)))
        })
        .collect()
}
