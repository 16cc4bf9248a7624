//! How many findings of each hub have which verdict, as intervals, so that an overview of many hubs reads one row for each.

use std::collections::BTreeMap;

use posture::check::{Severity, Verdict};
use sqlx::SqliteConnection;

use super::super::commit::ScanCommit;
use super::super::hubs::{HubId, HubIds};
use super::super::{ClusterId, ScanNumber, Scope, StoreError};
use super::word;

/// Numbers of findings by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// Proven unsafe.
    pub fail: u32,
    /// Weakened.
    pub warn: u32,
    /// Not to be decided.
    pub unknown: u32,
    /// Proven safe.
    pub pass: u32,
    /// The subject does not exist.
    pub not_applicable: u32,
}

impl VerdictCounts {
    fn add(&mut self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Fail => &mut self.fail,
            Verdict::Warn => &mut self.warn,
            Verdict::Unknown => &mut self.unknown,
            Verdict::Pass => &mut self.pass,
            Verdict::NotApplicable => &mut self.not_applicable,
        };
        *counter += 1;
    }

    /// All that apply: the denominator of "3 of 41".
    pub fn applicable(&self) -> u32 {
        self.fail + self.warn + self.unknown + self.pass
    }

    /// Open faults.
    pub fn faults(&self) -> u32 {
        self.fail + self.warn
    }
}

struct CountsRow {
    id: i64,
    hub_id: Option<i64>,
    fail: i64,
    warn: i64,
    unknown: i64,
    pass: i64,
    not_applicable: i64,
}

impl CountsRow {
    fn counts(&self) -> VerdictCounts {
        // Stored from `u32`; what does not fit was not written by us and reads as "very many".
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        VerdictCounts {
            fail: number(self.fail),
            warn: number(self.warn),
            unknown: number(self.unknown),
            pass: number(self.pass),
            not_applicable: number(self.not_applicable),
        }
    }
}

/// Ends and begins intervals of counts.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
    hubs: &HubIds,
) -> Result<(), StoreError> {
    let mut counts: BTreeMap<Option<i64>, VerdictCounts> = BTreeMap::new();
    for finding in &commit.findings {
        let hub = finding.key.hub.as_ref().and_then(|key| hubs.get(key)).map(|id| id.0);
        counts.entry(hub).or_default().add(finding.verdict);
    }
    let open = sqlx::query_as!(
        CountsRow,
        "select id, hub_id, fail, warn, unknown, pass, not_applicable from verdict_counts
         where cluster_id = ? and until_scan is null",
        commit.cluster.0
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in open {
        if counts.get(&row.hub_id) == Some(&row.counts()) {
            counts.remove(&row.hub_id);
        } else {
            sqlx::query!("update verdict_counts set until_scan = ? where id = ?", scan.0, row.id)
                .execute(&mut *connection)
                .await?;
        }
    }
    for (hub, counts) in counts {
        sqlx::query!(
            "insert into verdict_counts (cluster_id, hub_id, first_scan, fail, warn, unknown, pass, not_applicable)
             values (?, ?, ?, ?, ?, ?, ?, ?)",
            commit.cluster.0,
            hub,
            scan.0,
            counts.fail,
            counts.warn,
            counts.unknown,
            counts.pass,
            counts.not_applicable
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The counts of every hub at a scan, and with the key `None` those of the cluster's own checks.
pub async fn counts(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
) -> Result<BTreeMap<Option<HubId>, VerdictCounts>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query_as!(
        CountsRow,
        "select id, hub_id, fail, warn, unknown, pass, not_applicable from verdict_counts
         where cluster_id = ?1 and first_scan <= ?2 and (until_scan is null or until_scan > ?2)
         and (?3 is null or hub_id in (select value from json_each(?3)))",
        cluster.0,
        scan.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.hub_id.map(HubId), row.counts())).collect())
}

/// How many findings of a cluster have which verdict and severity now, of all its hubs together.
pub async fn by_severity(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<BTreeMap<(Verdict, Severity), u64>, StoreError> {
    let rows = sqlx::query!(
        r#"select v.verdict, v.severity, count(*) as "number!: i64"
           from findings f join verdicts v on v.finding_id = f.id and v.until_scan is null
           where f.cluster_id = ? group by v.verdict, v.severity"#,
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let verdict = word(row.verdict, "a verdict")?;
            let severity = word(row.severity, "a severity")?;
            Ok(((verdict, severity), u64::try_from(row.number).unwrap_or_default()))
        })
        .collect()
}
