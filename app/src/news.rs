//! What the server tells open pages: an event of the stream, and an entry of the answer that polling pages get.

use serde::{Deserialize, Serialize};

/// News of one cluster, as JSON: `{"cluster":"teaching-eu","scan":42,"hubs":[7],"seen":1763457240000}`.
///
/// `GET {prefix}api/events` sends one per event named `changed` (or `seen`, where nothing changed but the cluster was heard of).
/// `GET {prefix}api/news` answers with a list that has one entry per cluster: its newest scan that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The cluster's name.
    pub cluster: String,
    /// The scan that changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<i64>,
    /// The ids of the hubs it changed; none means that it may concern any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hubs: Vec<i64>,
    /// When the cluster was last heard of, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

impl News {
    /// Whether a page that shows this cluster (or all), this hub (or any) as of this scan is out of date.
    pub fn concerns(&self, cluster: Option<&str>, hub: Option<i64>, scan: i64) -> bool {
        let is_newer = self.scan.is_some_and(|newer| newer > scan);
        let is_hub = hub.is_none_or(|hub| self.hubs.is_empty() || self.hubs.contains(&hub));
        is_newer && is_hub && self.is_about(cluster)
    }

    /// Whether it is about this cluster; a page that shows all hears of each.
    pub fn is_about(&self, cluster: Option<&str>) -> bool {
        cluster.is_none_or(|cluster| cluster == self.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::News;

    fn news(hubs: &[i64]) -> News {
        News { cluster: "a".to_owned(), scan: Some(5), hubs: hubs.to_vec(), seen: None }
    }

    #[test]
    fn only_a_later_scan_is_news() {
        assert!(news(&[]).concerns(Some("a"), None, 4));
        assert!(!news(&[]).concerns(Some("a"), None, 5));
    }

    #[test]
    fn another_cluster_or_hub_does_not_concern_the_page() {
        assert!(!news(&[]).concerns(Some("b"), None, 4));
        assert!(!news(&[7]).concerns(Some("a"), Some(8), 4));
        assert!(news(&[7]).concerns(Some("a"), Some(7), 4));
        assert!(news(&[7]).concerns(None, None, 4));
    }

    #[test]
    fn a_sign_of_life_changes_nothing() {
        let seen = News { scan: None, seen: Some(1), ..news(&[]) };
        assert!(!seen.concerns(Some("a"), None, 0));
    }
}
