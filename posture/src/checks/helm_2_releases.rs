//! Flags the ConfigMaps in which Helm 2 kept the values of its releases, secrets included.

use std::collections::BTreeMap;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::ConfigMap;
use crate::fix::Fix;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "TIL-05",
    name: "helm-2-releases",
    title: "No release records of Helm 2 are left in ConfigMaps",
    fault: "ConfigMaps of Helm 2 hold the values of releases",
    severity: Severity::Medium,
    topic: Topic::Helm,
    since: "0.1.0",
    why: "Helm 2 wrote every release into a ConfigMap, with all its values: the proxy's token and OAuth secrets among them. Whoever may \
          read ConfigMaps there reads those secrets. Helm 3 keeps releases in Secrets.",
    verdicts: &[Verdict::Pass, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::ConfigMap],
    fixes: &[Fix::advice(
        "Move the release to Helm 3 with the helm-2to3 plugin if it is still in use, delete its ConfigMaps, then renew every secret \
         that stood in its values.",
    )
    .commands(&[&[
        "kubectl",
        "--namespace",
        "<tiller-namespace>",
        "delete",
        "configmap",
        "--selector",
        "OWNER=TILLER,NAME=<old-release>",
    ]])],
    kubectl: &["kubectl", "get", "configmap", "--all-namespaces", "--selector", "OWNER=TILLER"],
    references: &[Reference {
        title: "Helm: Migrating Helm v2 to v3",
        url: "https://helm.sh/docs/topics/v2_v3_migration/",
    }],
    mappings: &[Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let config_maps = &context.snapshot.config_maps;
    let mut releases: BTreeMap<(&str, &str), Vec<&ConfigMap>> = BTreeMap::new();
    for config_map in config_maps.present() {
        let meta = &config_map.metadata;
        if meta.label("OWNER") == Some("TILLER") {
            let key =
                (meta.namespace.as_deref().unwrap_or_default(), meta.label("NAME").unwrap_or(&meta.name));
            releases.entry(key).or_default().push(config_map);
        }
    }
    let Some((namespace, release)) = releases.keys().next().copied() else {
        config_maps.complete()?;
        return Ok(Outcome::pass(Reason::new("none", "No ConfigMap carries the label OWNER=TILLER")));
    };
    let count = releases.values().map(Vec::len).sum::<usize>() as u64;
    let reason = Reason::new(
        "found",
        "Release records of Helm 2 lie in ConfigMaps, values and secrets included ({count} in all)",
    )
    .with("count", Arg::Count(count));
    let evidence = releases.iter().map(|((namespace, release), records)| {
        let object = ObjectRef::namespaced(Kind::ConfigMap, *namespace, format!("{release}.v*"));
        Evidence::new(object, "metadata.labels.OWNER", Arg::text("TILLER"))
            .wanted(Arg::word("no such ConfigMap"))
            .count(records.len())
    });
    Ok(Outcome::fail(reason)
        .because_all(evidence)
        .slot("tiller-namespace", namespace)
        .slot("old-release", release))
}
