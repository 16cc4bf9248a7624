//! What is there, compared with what files declare, and what each difference did: for `perijove drift` and for the page of drift.

use std::collections::BTreeMap;

use posture::Timestamp;
use posture::check::Recall;
use posture::drift::{Change, Effect, Pair, Trial, against, against_release, events};
use posture::gap::{Gap, GapReason};
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::output::DriftReport;
use posture::record::Record;
use posture::release::Installed;
use posture::settings::Settings;
use posture::snapshot::SnapshotBuilder;

/// What is there.
#[derive(Debug)]
pub struct Actual {
    /// Every object, as it is recorded.
    pub records: Vec<Record>,
    /// How much of each kind was read; empty of files.
    pub coverage: BTreeMap<Kind, Coverage>,
    /// A builder that has taken all of it in.
    pub builder: SnapshotBuilder,
    /// What checks recalled of earlier scans.
    pub recall: Recall,
}

/// How much is judged again at most to say what each change did on its own.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How many changes.
    pub changes: usize,
    /// How many objects, all changes together.
    pub objects: usize,
}

impl Limit {
    /// Whether so many changes among so many objects are tried one by one.
    pub fn allows(self, changes: usize, objects: usize) -> bool {
        changes <= self.changes && changes.saturating_mul(objects) <= self.objects
    }
}

/// Compares what is declared, by files or by the manifest of a release, with what is there; says what the changes did together and, within the limit, each on its own.
pub fn compare(
    declared: &[Record],
    actual: Actual,
    release: Option<Installed>,
    settings: &Settings,
    now: Timestamp,
    limit: Limit,
) -> DriftReport {
    let gap = |object: &ObjectRef| unread(&actual.coverage, object);
    let compared = match &release {
        Some(release) => against_release((&release.namespace, &release.name), declared, &actual.records, gap),
        None => against(declared, &actual.records, gap),
    };
    let sides = [by_object(declared), by_object(&actual.records)];
    let pair = |change: &Change| -> Pair<'_> {
        let [before, after] = &sides;
        (before.get(&change.object).copied(), after.get(&change.object).copied())
    };
    let pairs: Vec<_> = compared.changes.iter().map(pair).collect();
    let is_little = limit.allows(pairs.len(), actual.records.len());
    let mut effect = Effect::default();
    let mut alone = BTreeMap::new();
    if !pairs.is_empty() {
        let mut trial = Trial::new(actual.builder, actual.recall, settings, now);
        effect = trial.effect(&pairs);
        for (change, pair) in compared.changes.iter().zip(&pairs).filter(|_| is_little) {
            alone.insert(change.object.clone(), trial.effect(&[*pair]));
        }
    }
    let with_effects = |event: posture::drift::Event| {
        let effects = event.changes.iter().map(|change| alone.get(&change.object).cloned()).collect();
        (event, effects)
    };
    DriftReport {
        events: events(compared.changes).into_iter().map(with_effects).collect(),
        effect,
        uncompared: compared.uncompared,
        compared: compared.compared,
        restarts: compared.restarts,
        release,
    }
}

fn by_object(records: &[Record]) -> BTreeMap<&ObjectRef, &Record> {
    records.iter().map(|record| (&record.object, record)).collect()
}

/// Why an object that is not there may only not have been read. Files hold what they hold.
fn unread(coverage: &BTreeMap<Kind, Coverage>, object: &ObjectRef) -> Option<Gap> {
    let coverage = coverage.get(&object.kind)?;
    let namespace = object.namespace.as_deref();
    let in_namespace = namespace.and_then(|namespace| coverage.namespaces.get(namespace).cloned());
    let reason: Option<GapReason> = in_namespace.unwrap_or_else(|| coverage.everywhere.clone());
    reason.map(|reason| Gap { kind: object.kind, namespace: object.namespace.clone(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_too_long_is_not_tried_one_by_one() {
        let limit = Limit { changes: 20, objects: 20_000 };
        assert!(limit.allows(20, 1_000) && limit.allows(2, 10_000) && limit.allows(0, usize::MAX));
        assert!(!limit.allows(21, 1) && !limit.allows(3, 10_000) && !limit.allows(2, usize::MAX));
    }
}
