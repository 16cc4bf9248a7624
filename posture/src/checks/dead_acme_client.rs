//! Flags programs that can renew certificates no more, or only with luck.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::component::image_path;
use crate::derived::TlsMode;
use crate::entrance;
use crate::fix::Fix;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TLS-07",
    name: "dead-acme-client",
    title: "The program that renews certificates can still do so",
    fault: "The program that renews certificates cannot do so any more",
    severity: Severity::Critical,
    topic: Topic::Https,
    since: "0.1.0",
    why: "A certificate that cannot be renewed ends within 90 days, and with it every login, or the people's habit of heeding warnings.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[Kind::Service, Kind::Deployment, Kind::Ingress],
    fixes: &[Fix::advice(
        "Upgrade the chart to 1.1 or later, or let cert-manager renew a Secret and name it with `proxy.https.type: secret`.",
    )
    .newer_chart()],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "deployments",
        "--output",
        "custom-columns=NAME:.metadata.name,IMAGES:.spec.template.spec.containers[*].image",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub, issue 2296: autohttps with traefik 2.4.9",
            url: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s/issues/2296",
        },
        Reference {
            title: "The archived repository of kube-lego",
            url: "https://github.com/jetstack/kube-lego",
        },
    ],
    mappings: &[],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    if let Some((object, container)) = entrance::kube_lego(hub) {
        let evidence =
            Evidence::new(object, "spec.template.spec.containers[].image", Arg::text(&container.image));
        let reason = Reason::new(
            "kube-lego",
            "Certificates are renewed by kube-lego, which speaks a protocol that was switched off in 2021",
        );
        return Ok(Outcome::fail(reason).because(evidence.wanted(Arg::word("traefik 2.3 or later"))));
    }
    let tls = context.derived.tls(hub)?;
    if tls.mode != TlsMode::LetsEncrypt {
        return Ok(entrance::no_automatic_https(tls));
    }
    let autohttps = hub
        .autohttps
        .as_ref()
        .ok_or_else(|| Reason::new("no-engine", "The Deployment that renews certificates cannot be seen"))?;
    let is_traefik = |image: &str| image_path(image).rsplit('/').next() == Some("traefik");
    let traefik = autohttps
        .pod()
        .containers
        .iter()
        .find(|container| is_traefik(&container.image) || container.name == "traefik");
    let traefik = traefik.ok_or_else(|| {
        Reason::new("no-traefik", "autohttps runs no traefik, so what renews certificates is not known")
    })?;
    let evidence =
        Evidence::new(autohttps.object(), "spec.template.spec.containers[].image", Arg::text(&traefik.image));
    let outcome = match traefik.image_tag().and_then(version) {
        None => Outcome::unknown(Reason::new(
            "no-version",
            "The image of traefik names no version, so whether it can renew is not known",
        )),
        Some((2, 4, Some(9))) => {
            Outcome::warn(Reason::new("regression", "traefik 2.4.9 may fail to get certificates"))
        }
        Some((major, minor, _)) if (major, minor) <= (2, 2) => Outcome::warn(
            Reason::new("old", "traefik {version} is too old to be relied on for renewals")
                .with("version", Arg::text(format!("{major}.{minor}"))),
        ),
        Some((2, 4, None)) => Outcome::unknown(Reason::new(
            "no-patch",
            "The image of traefik names no patch version, so whether it can renew is not known",
        )),
        Some(_) => Outcome::pass(Reason::new("able", "The traefik in use renews certificates")),
    };
    Ok(outcome.because(evidence))
}

/// The version of a tag such as `v2.4.11`; the patch version may be missing.
fn version(tag: &str) -> Option<(u64, u64, Option<u64>)> {
    let mut numbers = tag.trim_start_matches('v').split(['.', '-']);
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor, numbers.next().and_then(|patch| patch.parse().ok())))
}
