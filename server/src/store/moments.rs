//! The moments at which something changed, counted: what a line of time marks.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::scans::instant;
use super::{ClusterId, Scope, StoreError};

pub(super) mod record;

/// A part of a line of time in which something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When the last of its scans was taken.
    pub at: Timestamp,
    /// How many changes they saw: objects that changed, came or went, faults that opened or closed, charts of another version.
    pub changes: u64,
}

/// A line of time, divided into parts of the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Where it begins.
    pub begins: Timestamp,
    /// Where it ends.
    pub ends: Timestamp,
    /// The number of its parts; what stands at its very end begins one more.
    pub parts: u16,
}

impl Axis {
    /// Its length in seconds, at least one.
    pub(super) fn seconds(&self) -> i64 {
        (self.ends.as_second() - self.begins.as_second()).max(1)
    }
}

/// What changed along a line of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marked {
    /// The parts in which something changed, oldest first.
    pub moments: Vec<Moment>,
    /// The last moment before the instant asked for.
    pub earlier: Option<Timestamp>,
    /// The first moment after it.
    pub later: Option<Timestamp>,
}

/// In which parts of a line something changed, and which moments are next to an instant.
///
/// What the first scan of a cluster found was there before, and is no change.
pub async fn along(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scope: &Scope,
    axis: &Axis,
    at: Timestamp,
) -> Result<Marked, StoreError> {
    let hubs = scope.parameter();
    let (begins, length, parts) = (axis.begins.as_second(), axis.seconds(), i64::from(axis.parts));
    let at = at.as_millisecond();
    let rows = sqlx::query!(
        r#"select max(m.taken_at) as "taken_at!: i64", sum(m.opened + m.closed + m.objects + m.charts) as "changes!: i64",
             max(case when m.taken_at < ?6 then m.taken_at end) as "earlier?: i64",
             min(case when m.taken_at > ?6 then m.taken_at end) as "later?: i64"
           from moments m
           where m.cluster_id = ?1 and m.seq >= (select history_from from clusters where id = ?1)
             and (m.opened > 0 or m.closed > 0 or m.objects > 0 or m.charts > 0)
             and (?2 is null or m.hub_id in (select value from json_each(?2)))
           group by min(max(m.taken_at / 1000 - ?3, 0), ?4) * ?5 / ?4
           order by 1"#,
        cluster.0,
        hubs,
        begins,
        length,
        parts,
        at
    )
    .fetch_all(connection)
    .await?;
    let mut marked = Marked {
        moments: Vec::new(),
        earlier: rows.iter().filter_map(|row| row.earlier).max().map(instant).transpose()?,
        later: rows.iter().filter_map(|row| row.later).min().map(instant).transpose()?,
    };
    for row in rows {
        let changes = u64::try_from(row.changes).unwrap_or_default();
        marked.moments.push(Moment { at: instant(row.taken_at)?, changes });
    }
    Ok(marked)
}
