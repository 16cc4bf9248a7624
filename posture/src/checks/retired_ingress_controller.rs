//! Flags ingress-nginx, which gets no security fixes since March 2026.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::component::{Sighting, sight};
use crate::fix::Fix;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-16",
    name: "retired-ingress-controller",
    title: "The ingress controller is still maintained",
    fault: "The retired controller ingress-nginx is installed",
    severity: Severity::Medium,
    topic: Topic::Https,
    since: "0.1.0",
    why: "ingress-nginx was retired in March 2026. Flaws found since then stay open, and it stands between the internet and the hubs with \
          the certificates of all of them.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: &[
        Kind::IngressClass,
        Kind::Pod,
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::ReplicaSet,
        Kind::ReplicationController,
    ],
    fixes: &[Fix::advice(
        "Move to the Gateway API, for which the hub's chart has the value httpRoute from 4.3.0 on, or to another ingress controller; delete \
         ingress-nginx and its IngressClass when nothing uses them. The controller of NGINX Inc., nginx.org/ingress-controller, is another \
         product.",
    )],
    kubectl: &[
        "kubectl",
        "get",
        "ingressclasses",
        "--output",
        "custom-columns=NAME:.metadata.name,CONTROLLER:.spec.controller",
    ],
    references: &[Reference {
        title: "Kubernetes blog: Ingress NGINX Retirement",
        url: "https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/",
    }],
    mappings: &[Mapping::Nsa("Upgrading and application security practices")],
    judge: Judge::Cluster(judge),
};

/// The images of the project, those of its time before 2021 included.
const IMAGES: [&str; 3] = [
    "ingress-nginx/controller",
    "ingress-nginx/controller-chroot",
    "kubernetes-ingress-controller/nginx-ingress-controller",
];

fn judge(context: &Context<'_>) -> Judgement {
    let classes = &context.snapshot.ingress_classes;
    let controllers =
        sight(context.snapshot, |candidate| IMAGES.iter().any(|image| candidate.has_image(image)));
    let running = controllers.roots().map(Sighting::image);
    let named =
        classes.present().filter(|class| class.spec.controller == "k8s.io/ingress-nginx").map(|class| {
            let object = ObjectRef::cluster(Kind::IngressClass, &class.metadata.name);
            Evidence::new(object, "spec.controller", Arg::text(&class.spec.controller))
        });
    let wanted = Arg::word("a controller that is maintained");
    let evidence: Vec<Evidence> =
        running.chain(named).map(|evidence| evidence.wanted(wanted.clone())).collect();
    if evidence.is_empty() {
        classes.complete()?;
        controllers.complete()?;
        return Ok(Outcome::pass(Reason::new(
            "none",
            "Neither a controller nor an IngressClass of ingress-nginx was found",
        )));
    }
    let reason = if controllers.seen.is_empty() {
        Reason::new(
            "class",
            "An IngressClass names ingress-nginx, which is retired; no controller of that name was seen",
        )
    } else {
        Reason::new(
            "running",
            "ingress-nginx runs in the cluster, but gets no security fixes since March 2026",
        )
    };
    Ok(Outcome::warn(reason).because_all(evidence))
}
