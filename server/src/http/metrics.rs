//! Counts in the text format of Prometheus, served without a viewer.
//!
//! Whoever reaches the port may read them: another account of the machine, a scraper. So they say how many findings there are, by
//! verdict and severity, and never which; their only label that is not a fixed word is the cluster's name in the configuration. Names
//! of hubs, namespaces, objects and people, and the codes of checks, stay on the pages.

use std::fmt::{Display, Write};
use std::sync::Arc;

use jiff::Timestamp;
use posture::check::{Severity, Verdict};
use posture::hostile::visible;

use crate::store::scans::Scan;
use crate::store::{Reading, Scope, Store, StoreError, clusters, coverage, findings, hubs};
use crate::troubles::Troubles;

/// Counts what is in the store.
#[derive(Debug)]
pub struct Metrics {
    store: Store,
    troubles: Arc<Troubles>,
}

/// A metric: every one of them is a gauge, since all are read from the store at the moment they are asked for.
struct Gauge {
    name: &'static str,
    help: &'static str,
    samples: Vec<String>,
}

impl Gauge {
    fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, samples: Vec::new() }
    }

    fn add(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.samples.push(format!("{}{labels} {value}", self.name));
    }
}

/// A label's value between its quotes: what controls a terminal is made visible, and what ends the value is escaped.
fn escaped(value: &str) -> String {
    visible(value).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

const VERDICTS: [Verdict; 5] =
    [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Pass, Verdict::NotApplicable];
const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// The metrics of all clusters.
struct Gauges {
    version: Gauge,
    up: Gauge,
    fresh: Gauge,
    scan: Gauge,
    hubs: Gauge,
    gaps: Gauge,
    findings: Gauge,
    store: Gauge,
}

impl Metrics {
    /// Counts what is in this store.
    pub fn new(store: Store, troubles: Arc<Troubles>) -> Self {
        Self { store, troubles }
    }

    /// The whole page.
    pub async fn page(&self) -> Result<String, StoreError> {
        let mut gauges = Gauges::new();
        gauges.store.add(&[], self.store.size_bytes().await?);
        let mut reading = self.store.read().await?;
        let all = clusters::list(&mut reading, &Scope::All).await?;
        for cluster in &all {
            gauges.up.add(
                &[("cluster", &cluster.name)],
                u8::from(cluster.latest.is_some() && self.troubles.of(&cluster.name).is_none()),
            );
            if let Some(scan) = cluster.latest {
                gauges.add_cluster(&mut reading, cluster, scan).await?;
            }
        }
        for (name, _) in self.troubles.all() {
            if all.iter().all(|cluster| cluster.name != name) {
                gauges.up.add(&[("cluster", &name)], 0);
            }
        }
        Ok(gauges.text())
    }
}

impl Gauges {
    fn new() -> Self {
        let mut version = Gauge::new("perijove_build_info", "The version of Perijove, as a label; always 1.");
        version.add(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        Self {
            version,
            up: Gauge::new(
                "perijove_cluster_up",
                "Whether the cluster is being followed: 1, or 0 where it cannot be read or stored.",
            ),
            fresh: Gauge::new(
                "perijove_cluster_heard_timestamp_seconds",
                "When the cluster was last heard of, the oldest of all kinds, in seconds since 1970.",
            ),
            scan: Gauge::new(
                "perijove_scan_timestamp_seconds",
                "When the latest scan was taken, in seconds since 1970.",
            ),
            hubs: Gauge::new("perijove_hubs", "Hubs in the latest scan."),
            gaps: Gauge::new("perijove_gaps", "Kinds and namespaces that the latest scan could not read."),
            findings: Gauge::new(
                "perijove_findings",
                "Findings of the latest scan by verdict and severity, of the cluster and all its hubs together.",
            ),
            store: Gauge::new(
                "perijove_store_bytes",
                "The size of the database, without its write-ahead log.",
            ),
        }
    }

    async fn add_cluster(
        &mut self,
        reading: &mut Reading,
        cluster: &clusters::ClusterView,
        scan: Scan,
    ) -> Result<(), StoreError> {
        let name = [("cluster", cluster.name.as_str())];
        self.fresh.add(&name, seconds(scan.fresh_at));
        self.scan.add(&name, seconds(scan.taken_at));
        let found = hubs::list(reading, cluster.id, scan.number, &Scope::All).await?;
        self.hubs.add(&name, found.len());
        self.gaps.add(&name, coverage::gaps(reading, cluster.id, scan.number, &Scope::All).await?.len());
        let counts = findings::by_severity(reading, cluster.id).await?;
        // A series that vanishes cannot be alerted on, so zeros are told.
        for verdict in VERDICTS {
            for severity in SEVERITIES {
                let labels = [name[0], ("verdict", verdict.word()), ("severity", severity.word())];
                self.findings.add(&labels, counts.get(&(verdict, severity)).copied().unwrap_or_default());
            }
        }
        Ok(())
    }

    fn text(self) -> String {
        let mut page = String::new();
        let all =
            [self.version, self.up, self.fresh, self.scan, self.hubs, self.gaps, self.findings, self.store];
        for gauge in all.iter().filter(|gauge| !gauge.samples.is_empty()) {
            let _ = writeln!(page, "# HELP {0} {1}\n# TYPE {0} gauge", gauge.name, gauge.help);
            for sample in &gauge.samples {
                let _ = writeln!(page, "{sample}");
            }
        }
        page
    }
}

/// Seconds since 1970, to the millisecond.
fn seconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.as_second(), at.subsec_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ClusterIdentity;

    #[test]
    fn a_label_cannot_end_its_value_or_its_line() {
        let mut gauge = Gauge::new("perijove_x", "");
        gauge.add(&[("cluster", "a\"} 1\nb\\ \u{1b}[2J")], 1);
        let sample = &gauge.samples[0];
        assert!(!sample.contains('\n') && !sample.contains('\u{1b}'), "{sample}");
        assert!(sample.starts_with("perijove_x{cluster=\"a\\\"} 1") && sample.ends_with("\"} 1"), "{sample}");
    }

    #[tokio::test]
    async fn a_cluster_that_never_answered_is_down_and_has_no_findings() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perijove.db")).await.unwrap();
        let identity =
            ClusterIdentity { name: "seen".into(), uid: None, address: "https://seen.invalid".into() };
        store.register_cluster(&identity, Timestamp::UNIX_EPOCH).await.unwrap();
        let troubles = Arc::new(Troubles::default());
        troubles.set("never-seen", "It has not answered yet.");
        let page = Metrics::new(store, troubles).page().await.unwrap();
        assert!(page.contains("perijove_cluster_up{cluster=\"seen\"} 0\n"), "{page}");
        assert!(page.contains("perijove_cluster_up{cluster=\"never-seen\"} 0\n"), "{page}");
        assert!(!page.contains("perijove_findings"), "{page}");
        assert!(!page.contains("answered"), "reasons are for viewers: {page}");
    }
}
