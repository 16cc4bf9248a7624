//! Flags user servers that get at a Secret which is not of one user alone.

use std::collections::BTreeSet;

use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::token::TOKEN_PATH;
use crate::facts::UsedSecret;
use crate::fix::Fix;
use crate::gap::Gap;
use crate::hub::{Hub, UserClass, parts};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-05",
    name: "shared-secrets",
    title: "User servers get at no Secret that they share",
    fault: "User servers share a Secret that every user can read",
    severity: Severity::High,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "What is mounted into a user server or set in its environment, its user reads, copies and keeps. A shared Secret belongs to every \
          user then; the hub's own is the key to all of their servers.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::Deployment],
    fixes: &[
        Fix::advice(
            "Take the hub's Secret out of `singleuser.storage.extraVolumes`, `singleuser.extraEnv` or the profile that adds it, restart the \
             user servers, and change what the Secret holds: users may have copied it.",
        )
        .case("hubs"),
        Fix::advice(
            "Give each user credentials of their own, or let user servers act as an identity of the cloud. Where the Secret is meant for \
             every user, keep in it only what each of them may copy and keep.",
        ),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<user-namespace>",
        "get",
        "pods",
        "--output",
        "custom-columns=NAME:.metadata.name,VOLUMES:.spec.volumes[*].secret.secretName,ENV:.spec.containers[*].env[*].valueFrom.secretKeyRef.name,FROM:.spec.containers[*].envFrom[*].secretRef.name",
    ],
    references: &[Reference {
        title: "Kubernetes: Good practices for Secrets",
        url: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
    }],
    mappings: &[Mapping::Cis("5.4.1"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::AnyHub(judge),
};

/// Secrets of the chart that no part of the hub mounts: those of certificates, of registries and of BinderHub.
const OF_THE_CHART: [&str; 8] = [
    "binder-build-docker-config",
    "binder-push-secret",
    "binder-secret",
    "hub-image-credentials",
    "image-pull-secret",
    "proxy-public-manual-tls",
    "proxy-public-tls-acme",
    "singleuser-image-credentials",
];

/// Parts of names that announce credentials for a cloud or a cluster.
const GRAVE: [&str; 5] = ["kubeconfig", "gcp", "aws", "azure", "sa-key"];

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| {
        Ok(judge_class(context, hub, class)?.slot("user-namespace", &class.namespace))
    })
}

fn judge_class(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Judgement {
    let mut used = class.spec.used_secrets();
    used.retain(is_shared);
    let Some(first) = used.first() else {
        let fact = evidence_of(class, "spec.containers[]", Arg::word("no shared Secret"));
        return Ok(
            Outcome::pass(Reason::new("none", "User servers get at no Secret that they share")).because(fact)
        );
    };
    let fact = |used: &UsedSecret, wanted: &str| -> Evidence {
        evidence_of(class, used.path.as_str(), Arg::text(&used.name)).wanted(Arg::word(wanted))
    };
    if class.namespace == hub.key.namespace {
        let (own, gap) = hubs_own(context, hub);
        let is_hubs =
            |used: &&UsedSecret| own.contains(&used.name) || OF_THE_CHART.contains(&used.name.as_str());
        let hubs: Vec<_> = used.iter().filter(is_hubs).collect();
        if let Some(first) = hubs.first() {
            let reason = Reason::new(
                "hubs",
                "User servers get at {secret}, a Secret of the hub itself, in container {container}",
            )
            .with("secret", Arg::text(&first.name))
            .with("container", Arg::text(&first.container));
            let facts = hubs.iter().map(|used| fact(used, "no Secret of the hub"));
            return Ok(Outcome::fail(reason).case("hubs").because_all(facts));
        }
        gap.map_or(Ok(()), Err)?;
    }
    let is_grave = |used: &&UsedSecret| GRAVE.iter().any(|part| used.name.to_lowercase().contains(part));
    let grave = used.iter().find(is_grave);
    let (id, template) = match grave {
        Some(_) => (
            "credentials",
            "User servers share {secret} in container {container}, by its name credentials for a cloud or a cluster",
        ),
        None => ("shared", "User servers share {secret} in container {container}"),
    };
    let named = grave.unwrap_or(first);
    let reason = Reason::new(id, template)
        .with("secret", Arg::text(&named.name))
        .with("container", Arg::text(&named.container));
    let severity = if grave.is_some() { Severity::High } else { Severity::Medium };
    let facts = used.iter().map(|used| fact(used, "credentials of the user"));
    Ok(Outcome::warn(reason).severity(severity).because_all(facts))
}

/// Whether many servers may have a Secret: not their tokens, nor certificates that the hub makes for each, nor the chart's own files.
fn is_shared(used: &UsedSecret) -> bool {
    let is_token = used.mount_path.as_deref().is_some_and(|path| path.trim_end_matches('/') == TOKEN_PATH);
    // In the shape of a pod, `person` stands for the name of its user.
    let is_users = used.name.split(|c: char| !c.is_alphanumeric()).any(|word| word == "person");
    let is_charts = match used.volume.as_deref() {
        Some("jupyterhub-internal-certs") => true,
        // `singleuser.extraFiles`.
        Some("files") => used.name.ends_with("singleuser"),
        _ => false,
    };
    !(is_token || is_users || is_charts)
}

/// The Secrets by which the hub and its proxy work, and what may hide more.
fn hubs_own(context: &Context<'_>, hub: &Hub) -> (BTreeSet<String>, Option<Gap>) {
    let mut own: BTreeSet<String> = hub.secret.iter().cloned().collect();
    for part in [Some(&hub.deployment), hub.proxy.as_ref()].into_iter().flatten() {
        for container in part.pod().all_containers() {
            let token =
                container.env_var(parts::PROXY_TOKEN).and_then(|variable| variable.value_from.as_ref());
            own.extend(token.and_then(|source| source.secret_key_ref.as_ref()).map(|key| key.name.clone()));
        }
    }
    // The volumes of the hub's own Secret and of the proxy's certificate; others may be public, as those of authorities are.
    let volumes = |part: &crate::facts::Workload, names: &[&str]| -> Vec<String> {
        let named = part.pod().volumes.iter().filter(|volume| names.contains(&volume.name.as_str()));
        named.filter_map(|volume| volume.secret.as_ref()).map(|secret| secret.secret_name.clone()).collect()
    };
    own.extend(volumes(&hub.deployment, &["secret", "existing-secret"]));
    match &hub.proxy {
        Some(proxy) => {
            own.extend(volumes(proxy, &["tls-secret"]));
            (own, None)
        }
        None => (own, context.snapshot.deployments.complete_in(&hub.key.namespace).err()),
    }
}
