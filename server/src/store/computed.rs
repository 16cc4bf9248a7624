//! What is costly to compute, as intervals: what user servers reach, who may do what, which certificates there are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use posture::hub::HubKey;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::contents::{self, digest};
use super::hubs::HubIds;
use super::{ClusterId, HubId, ScanNumber, Scope, StoreError};

/// What a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Computed {
    /// What each class of a hub's user servers reaches.
    Reach,
    /// Who may do what at the Kubernetes API.
    Access,
    /// Which certificates there are, and who uses them.
    Certificates,
}

impl Computed {
    /// The permanent word in the database.
    fn key(self) -> &'static str {
        match self {
            Self::Reach => "reach",
            Self::Access => "access",
            Self::Certificates => "certificates",
        }
    }
}

/// A table as a scan computed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputedTable {
    /// What it is about.
    pub kind: Computed,
    /// The hub it belongs to, or the cluster.
    pub hub: Option<HubKey>,
    /// Which of the tables of this kind; empty where there is one.
    pub key: String,
    /// JSON without anything that differs from scan to scan: a new body begins a new interval.
    pub body: String,
    /// Numbers that are not compared, as JSON: they follow the cluster while the interval is open.
    pub counts: String,
}

/// A table as it was at a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputedView {
    /// Its body.
    pub body: String,
    /// The numbers that go with it.
    pub counts: String,
    /// The scan since which it has this body.
    pub since: ScanNumber,
}

/// The hub or the cluster (0), the kind and the key.
type Place = (i64, String, String);

struct OpenRow {
    id: i64,
    hash: Vec<u8>,
    counts: String,
}

/// Ends and begins intervals; what the scan did not compute is over. Answers the hubs of which something is new.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
    hubs: &HubIds,
) -> Result<BTreeSet<HubId>, StoreError> {
    let mut touched = BTreeSet::new();
    let mut open = load(connection, commit.cluster).await?;
    for table in &commit.computed {
        let hub = match &table.hub {
            Some(key) => match hubs.get(key) {
                Some(hub) => Some(*hub),
                None => continue,
            },
            None => None,
        };
        let place = (hub.map_or(0, |hub| hub.0), table.kind.key().to_owned(), table.key.clone());
        let known = open.remove(&place);
        if record(connection, (commit.cluster, scan, commit.taken_at), hub, table, known).await? {
            touched.extend(hub);
        }
    }
    for ((hub, ..), row) in open {
        end(connection, row.id, scan).await?;
        touched.extend((hub != 0).then_some(HubId(hub)));
    }
    Ok(touched)
}

async fn load(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<BTreeMap<Place, OpenRow>, StoreError> {
    let rows = sqlx::query!(
        "select id, hub_id, kind, key, hash, counts_json from computed where cluster_id = ? and until_scan is null",
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let row = OpenRow { id: r.id, hash: r.hash, counts: r.counts_json };
            ((r.hub_id.unwrap_or(0), r.kind, r.key), row)
        })
        .collect())
}

/// Writes what is new about a table, and says whether anything is.
async fn record(
    connection: &mut SqliteConnection,
    (cluster, scan, taken_at): (ClusterId, ScanNumber, Timestamp),
    hub: Option<HubId>,
    table: &ComputedTable,
    open: Option<OpenRow>,
) -> Result<bool, StoreError> {
    let hash = digest(table.body.as_bytes());
    let hash = &hash[..];
    if let Some(open) = open {
        if open.hash == hash {
            let is_new = open.counts != table.counts;
            if is_new {
                sqlx::query!("update computed set counts_json = ? where id = ?", table.counts, open.id)
                    .execute(connection)
                    .await?;
            }
            return Ok(is_new);
        }
        end(connection, open.id, scan).await?;
    }
    let content = contents::put(connection, &table.body, taken_at).await?;
    let (hub, kind) = (hub.map(|hub| hub.0), table.kind.key());
    sqlx::query!(
        "insert into computed (cluster_id, hub_id, kind, key, first_scan, hash, content_id, counts_json)
         values (?, ?, ?, ?, ?, ?, ?, ?)",
        cluster.0,
        hub,
        kind,
        table.key,
        scan.0,
        hash,
        content.0,
        table.counts
    )
    .execute(connection)
    .await?;
    Ok(true)
}

async fn end(connection: &mut SqliteConnection, id: i64, scan: ScanNumber) -> Result<(), StoreError> {
    sqlx::query!("update computed set until_scan = ? where id = ?", scan.0, id).execute(connection).await?;
    Ok(())
}

/// A table of a hub, or without a hub of the cluster, as it was at a scan; `None` if it was not computed then or may not be seen.
pub async fn at(
    connection: &mut SqliteConnection,
    (cluster, hub): (ClusterId, Option<HubId>),
    (kind, key): (Computed, &str),
    scan: ScanNumber,
    scope: &Scope,
) -> Result<Option<ComputedView>, StoreError> {
    if !scope.allows(hub) {
        return Ok(None);
    }
    let (hub, kind) = (hub.map(|hub| hub.0), kind.key());
    let row = sqlx::query!(
        "select x.first_scan, x.counts_json, c.body from computed x join contents c on c.id = x.content_id
         where x.cluster_id = ?1 and x.kind = ?2 and x.hub_id is ?3 and x.key = ?4
           and x.first_scan <= ?5 and (x.until_scan is null or x.until_scan > ?5)",
        cluster.0,
        kind,
        hub,
        key,
        scan.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|r| ComputedView { body: r.body, counts: r.counts_json, since: ScanNumber(r.first_scan) }))
}
