//! Tells whether user servers learn the addresses of Services from their environment.

use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict};
use crate::fix::{Fix, FixValue};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-06",
    name: "service-links",
    title: "What user servers learn of Services from their environment is known",
    fault: "What user servers learn of Services from their environment is not known",
    severity: Severity::Low,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "With service links on, which is Kubernetes' default, the environment of every server lists the addresses of all Services in its \
          namespace. That is a map for whoever looks around, and no access by itself.",
    verdicts: &[Verdict::Pass, Verdict::Unknown],
    needs: &[Kind::Pod],
    fixes: &[Fix::advice("Turn the links off; nothing of the chart needs them in user servers.")
        .values(&[("singleuser.extraPodConfig.enableServiceLinks", FixValue::Bool(false))])],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<user-namespace>",
        "get",
        "pods",
        "--output",
        "custom-columns=NAME:.metadata.name,LINKS:.spec.enableServiceLinks",
    ],
    references: &[Reference {
        title: "Kubernetes: Accessing the Service",
        url: "https://kubernetes.io/docs/tutorials/services/connect-applications-service/",
    }],
    mappings: &[Mapping::Nsa("Kubernetes Pod security")],
    judge: Judge::AnyHub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    // Both states pass, so that no worst class decides which of them is told.
    let is_on = |class: &UserClass| class.spec.enable_service_links != Some(false);
    let on = hub.user_classes.iter().find(|class| is_on(class));
    judge_servers(context, hub, |class| {
        let path = "spec.enableServiceLinks";
        let outcome = match on {
            None => Outcome::pass(Reason::new("off", "The environment of user servers lists no Services"))
                .because(evidence_of(class, path, Arg::word("false"))),
            Some(on) => Outcome::pass(Reason::new(
                "on",
                "The environment of user servers lists the addresses of all Services in their namespace, and gives no access to them",
            ))
            .note(Reason::new(
                "turn-off",
                "`singleuser.extraPodConfig.enableServiceLinks: false` turns it off where users are not trusted",
            ))
            .because(evidence_of(on, path, Arg::word(links(on)))),
        };
        Ok(outcome.slot("user-namespace", &class.namespace))
    })
}

fn links(class: &UserClass) -> &'static str {
    if class.spec.enable_service_links.is_some() { "true" } else { "not set" }
}
