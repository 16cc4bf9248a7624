//! One pass of the collector over an API, and what is judged of it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use posture::check::Recall;
use posture::derived::derive;
use posture::finding::Finding;
use posture::judge::judge;
use posture::record::Record;
use posture::redact::{Names, RedactionKey, Redactor};
use posture::settings::Settings as Judging;
use server::cluster::{Source, Target, Tuning};
use server::collector::{ClusterSeen, Collector, ScanInput, Settings, Sink, SinkError};

use super::ControlPlane;

/// The name of the cluster in findings.
pub(super) const CLUSTER: &str = "test";

/// Remembers the last scan.
struct Last(Option<ScanInput>);

impl Sink for Last {
    async fn connected(&mut self, _: &ClusterSeen) -> Result<(), SinkError> {
        Ok(())
    }
    async fn records(&mut self, _: &[Record]) -> Result<(), SinkError> {
        Ok(())
    }
    async fn scan(&mut self, input: &ScanInput) -> Result<(), SinkError> {
        self.0 = Some(input.clone());
        Ok(())
    }
}

/// Nobody has to be spared.
pub(super) fn unhurried() -> Tuning {
    Tuning { requests_per_second: 0, ..Tuning::default() }
}

pub(super) fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(RedactionKey::new(&[7; 32]), Names::Hashed))
}

/// Reads everything once.
pub(super) async fn collect(source: Source) -> ScanInput {
    let (collector, _handle) = Collector::new(source, Settings::new(CLUSTER), redactor(), Last(None));
    Box::pin(collector.once()).await.expect("the API answers").0.expect("one pass makes one scan")
}

/// What Perijove says of a scan at an instant.
pub(super) fn findings(input: &ScanInput, now: Timestamp) -> Vec<Finding> {
    let settings = Judging::default();
    let derived = derive(&input.snapshot, &settings, now);
    judge(&input.snapshot, &derived, &Recall::default(), &settings, now)
}

/// What is compared of findings: verdict and template of the reason, by key.
pub(super) type Said = BTreeMap<String, String>;

/// What findings say, without what may differ between two sights of the same thing.
pub(super) fn said(findings: &[Finding]) -> Said {
    let key = |finding: &Finding| {
        let key = &finding.key;
        let hub = key.hub.as_ref().map_or("cluster", |hub| hub.release.as_str());
        let subject = key.subject.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {hub} {subject}", key.code).trim_end().to_owned()
    };
    findings
        .iter()
        .map(|finding| {
            let says = format!("{:?} {}: {}", finding.verdict, finding.reason.id, finding.reason.template);
            (key(finding), says)
        })
        .collect()
}

/// Where two tables differ, a line each: what the first says, what the second says.
pub(super) fn differences(one: &Said, other: &Said) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let of = |table: &Said, key: &String| table.get(key).cloned().unwrap_or_else(|| "nothing".to_owned());
    keys.into_iter()
        .filter(|key| one.get(*key) != other.get(*key))
        .map(|key| format!("{key}\n    {}\n    {}", of(one, key), of(other, key)))
        .collect()
}

impl ControlPlane {
    /// The API as the program reaches it, with a token.
    pub(super) async fn source(&self, token: &str, tuning: Tuning) -> Source {
        let target = Target::Kubeconfig { path: Some(self.kubeconfig(token)), context: None };
        Source::connect(&target, tuning).await.expect("our own kubeconfig")
    }
}
