//! Who wrote to an object, by the field managers that the API server notes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::ManagedField;

/// Beginnings of the names under which tools in a person's hand write.
const BY_HAND: &[&str] = &["kubectl", "k9s", "Lens", "OpenLens", "dashboard", "Mozilla", "headlamp", "oc"];

/// Parts of the cluster that write what an object is like, and not what it should be.
const CONTROLLERS: &[&str] = &[
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "cloud-controller-manager",
    "k3s",
    "rke2",
    "cluster-autoscaler",
];

/// Who wrote, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// The field manager: text from the cluster.
    pub manager: String,
    /// When it wrote last.
    pub time: Option<Timestamp>,
}

impl Writer {
    /// Whether this is a tool in a person's hand.
    ///
    /// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>
    pub fn is_by_hand(&self) -> bool {
        BY_HAND.iter().any(|tool| {
            let rest = self.manager.strip_prefix(tool);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '/', '_', ' ', '.']))
        })
    }

    /// Whether this is Helm, version 3 and later.
    pub fn is_helm(&self) -> bool {
        self.manager.eq_ignore_ascii_case("helm")
    }
}

/// The writers that wrote since, newest first: those that have a later time than before, or were not there. Without what stood before,
/// all of them. Parts of the cluster that only write status are left out where anybody else wrote.
pub(super) fn since(before: &[ManagedField], after: &[ManagedField]) -> Vec<Writer> {
    let is_new = |field: &&ManagedField| {
        !before.iter().any(|old| old.manager == field.manager && old.time >= field.time)
    };
    let mut writers: Vec<_> = after
        .iter()
        .filter(is_new)
        .map(|field| Writer { manager: field.manager.clone(), time: field.time })
        .collect();
    if writers.iter().any(|writer| !is_controller(writer)) {
        writers.retain(|writer| !is_controller(writer));
    }
    writers.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.manager.cmp(&b.manager)));
    writers
}

fn is_controller(writer: &Writer) -> bool {
    CONTROLLERS.contains(&writer.manager.as_str())
}

/// The Helm release that owns an object, as namespace and name, by the annotations that Helm 3 writes, else by the labels of charts
/// for Helm 2 within the object's own namespace.
pub fn release_of(body: &Value) -> Option<(String, String)> {
    let metadata = body.get("metadata")?;
    let text = |map: &str, key: &str| metadata.get(map)?.get(key)?.as_str().map(str::to_owned);
    let own = || metadata.get("namespace").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(name) = text("annotations", "meta.helm.sh/release-name") {
        return Some((text("annotations", "meta.helm.sh/release-namespace").unwrap_or_else(own), name));
    }
    let is_helm = |label: Option<String>| label.is_some_and(|by| by == "Helm" || by == "Tiller");
    let is_owned =
        is_helm(text("labels", "heritage")) || is_helm(text("labels", "app.kubernetes.io/managed-by"));
    let name = text("labels", "release").or_else(|| text("labels", "app.kubernetes.io/instance"));
    name.filter(|_| is_owned).map(|name| (own(), name))
}

/// The chart and version that an object says it was made from: `jupyterhub-4.4.0`.
pub(super) fn chart_of(body: &Value) -> Option<String> {
    let labels = body.pointer("/metadata/labels")?;
    let chart = labels.get("helm.sh/chart").or_else(|| labels.get("chart"))?;
    chart.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(manager: &str, time: &str) -> ManagedField {
        ManagedField {
            manager: manager.to_owned(),
            operation: "Update".to_owned(),
            time: Some(time.parse().unwrap()),
        }
    }

    #[test]
    fn who_wrote_is_who_has_a_later_time_than_before() {
        let before = [field("helm", "2026-10-01T00:00:00Z"), field("argocd", "2026-10-01T00:00:00Z")];
        let after = [
            field("helm", "2026-10-01T00:00:00Z"),
            field("argocd", "2026-10-02T00:00:00Z"),
            field("kubectl-edit", "2026-10-03T00:00:00Z"),
            field("kube-controller-manager", "2026-10-04T00:00:00Z"),
        ];
        let found = since(&before, &after);
        let managers: Vec<_> = found.iter().map(|writer| writer.manager.as_str()).collect();
        assert_eq!(managers, ["kubectl-edit", "argocd"]);
        assert!(found[0].is_by_hand() && !found[1].is_by_hand());
    }

    #[test]
    fn a_tool_is_known_by_its_whole_word() {
        let is_by_hand = |manager: &str| Writer { manager: manager.to_owned(), time: None }.is_by_hand();
        assert!(is_by_hand("kubectl") && is_by_hand("kubectl-client-side-apply") && is_by_hand("oc"));
        assert!(!is_by_hand("octopus") && !is_by_hand("helm") && !is_by_hand(""));
    }
}
