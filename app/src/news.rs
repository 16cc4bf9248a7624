//! What the server tells open pages: an event of the stream, and an entry of the answer that polling pages get.

use serde::{Deserialize, Serialize};

/// News of one cluster, as JSON: `{"cluster":"teaching-eu","scan":42,"hubs":[7],"seen":1763457240000}`.
///
/// `GET {prefix}api/events` sends one per event named `changed` (or `seen`, where nothing changed but the cluster was heard of), and begins with what was said last.
/// `GET {prefix}api/news` answers with a list of the newest scan that changed something of each cluster, and of each of its hubs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The cluster's name.
    pub cluster: String,
    /// The scan that changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<i64>,
    /// The ids of the hubs it changed; none where it changed something of the cluster only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hubs: Vec<i64>,
    /// When the cluster was last heard of, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

/// What a page knows of a cluster it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The cluster's name.
    pub cluster: String,
    /// The scan shown; zero before the first.
    pub scan: i64,
    /// When the cluster was last heard of, in milliseconds since 1970.
    pub seen: Option<i64>,
}

impl News {
    /// Whether a page that shows these clusters (one of them, or all there are) and this hub (or any) is out of date.
    pub fn concerns(&self, cluster: Option<&str>, hub: Option<i64>, known: &[Known]) -> bool {
        // Scans are numbered in each cluster by itself. A cluster that the page does not know yet is news to it.
        let shown = known.iter().find(|known| known.cluster == self.cluster).map_or(0, |known| known.scan);
        let is_newer = self.scan.is_some_and(|newer| newer > shown);
        let is_hub = hub.is_none_or(|hub| self.hubs.contains(&hub));
        is_newer && is_hub && self.is_about(cluster)
    }

    /// Notes that the page was told of it, so that what is told twice is news once.
    pub fn note(&self, known: &mut Vec<Known>) {
        let Some(scan) = self.scan else { return };
        match known.iter_mut().find(|known| known.cluster == self.cluster) {
            Some(shown) => shown.scan = shown.scan.max(scan),
            None => known.push(Known { cluster: self.cluster.clone(), scan, seen: None }),
        }
    }

    /// Notes when the cluster was heard of, and answers how fresh the page is by that: as the cluster heard of longest ago.
    pub fn freshens(&self, known: &mut [Known]) -> Option<i64> {
        let shown = known.iter_mut().find(|known| known.cluster == self.cluster)?;
        shown.seen = shown.seen.max(self.seen);
        known.iter().filter_map(|known| known.seen).min()
    }

    /// Whether it is about this cluster; a page that shows all hears of each.
    pub fn is_about(&self, cluster: Option<&str>) -> bool {
        cluster.is_none_or(|cluster| cluster == self.cluster)
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, News};

    fn known(scan: i64) -> Vec<Known> {
        vec![Known { cluster: "a".to_owned(), scan, seen: Some(5) }]
    }

    fn news(hubs: &[i64]) -> News {
        News { cluster: "a".to_owned(), scan: Some(5), hubs: hubs.to_vec(), seen: None }
    }

    #[test]
    fn only_a_later_scan_is_news() {
        assert!(news(&[]).concerns(Some("a"), None, &known(4)));
        assert!(!news(&[]).concerns(Some("a"), None, &known(5)));
    }

    #[test]
    fn what_is_told_twice_is_news_once() {
        let mut shown = known(4);
        news(&[]).note(&mut shown);
        assert!(!news(&[]).concerns(Some("a"), None, &shown));
        assert!(News { scan: Some(6), ..news(&[]) }.concerns(Some("a"), None, &shown));

        let mut nothing = Vec::new();
        news(&[]).note(&mut nothing);
        assert!(!news(&[]).concerns(None, None, &nothing));
    }

    #[test]
    fn each_cluster_counts_its_own_scans() {
        let both = [known(4), vec![Known { cluster: "b".to_owned(), scan: 900, seen: Some(7) }]].concat();
        assert!(news(&[]).concerns(None, None, &both));
        assert!(news(&[]).concerns(None, None, &[]));
    }

    #[test]
    fn a_page_is_as_fresh_as_the_cluster_heard_of_longest_ago() {
        let mut both = [known(4), vec![Known { cluster: "b".to_owned(), scan: 900, seen: Some(7) }]].concat();
        assert_eq!(News { seen: Some(9), ..news(&[]) }.freshens(&mut both), Some(7));
        assert_eq!(News { cluster: "c".to_owned(), ..news(&[]) }.freshens(&mut both), None);
    }

    #[test]
    fn another_cluster_or_hub_does_not_concern_the_page() {
        assert!(!news(&[]).concerns(Some("b"), None, &known(4)));
        assert!(!news(&[7]).concerns(Some("a"), Some(8), &known(4)));
        assert!(!news(&[]).concerns(Some("a"), Some(8), &known(4)));
        assert!(news(&[7]).concerns(Some("a"), Some(7), &known(4)));
        assert!(news(&[7]).concerns(None, None, &known(4)));
    }

    #[test]
    fn a_sign_of_life_changes_nothing() {
        let seen = News { scan: None, seen: Some(1), ..news(&[]) };
        assert!(!seen.concerns(Some("a"), None, &known(0)));
    }
}
