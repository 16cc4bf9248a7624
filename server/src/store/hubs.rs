//! Hubs, and what is known about each as intervals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use posture::hub::{ChartVersion, Hub, HubKey, Support};
use posture::kind::Kind;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::coverage::is_full;
use super::scans::instant;
use super::{ClusterId, ScanNumber, Scope, StoreError};

/// A hub in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubId(pub i64);

/// What is known about a hub at a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFacts {
    /// What kind of hub it is.
    pub support: Support,
    /// The chart version then installed, where it could be told.
    pub chart: Option<ChartVersion>,
    /// How TLS is done, as a word of the catalogue.
    pub tls_mode: Option<String>,
    /// The resolved names of its parts.
    pub names: BTreeMap<String, String>,
}

impl HubFacts {
    /// The facts of a hub that was just found.
    pub fn of(hub: &Hub, tls_mode: Option<String>) -> Self {
        Self {
            support: hub.support,
            chart: hub.chart.as_ref().ok().cloned(),
            tls_mode,
            names: hub.names.clone(),
        }
    }
}

/// The ids of hubs by key.
pub(super) type HubIds = BTreeMap<HubKey, HubId>;

/// Every hub of a cluster that was ever seen.
pub(super) async fn ids(connection: &mut SqliteConnection, cluster: ClusterId) -> Result<HubIds, StoreError> {
    let rows = sqlx::query!("select id, namespace, release, app from hubs where cluster_id = ?", cluster.0)
        .fetch_all(connection)
        .await?;
    let key = |namespace, release, app| HubKey { namespace, release, app };
    Ok(rows.into_iter().map(|r| (key(r.namespace, r.release, r.app), HubId(r.id))).collect())
}

struct FactsRow {
    id: i64,
    hub_id: i64,
    support: String,
    chart_json: Option<String>,
    tls_mode: Option<String>,
    names_json: String,
}

/// The stored form of facts.
struct Encoded {
    support: &'static str,
    chart_version: Option<String>,
    chart: Option<String>,
    tls_mode: Option<String>,
    names: String,
}

impl Encoded {
    fn of(facts: &HubFacts) -> Result<Self, StoreError> {
        let chart = facts.chart.as_ref().map(serde_json::to_string).transpose();
        Ok(Self {
            support: support_key(facts.support),
            chart_version: facts.chart.as_ref().map(|c| c.version.to_string()),
            chart: chart.map_err(StoreError::unreadable("a chart version"))?,
            tls_mode: facts.tls_mode.clone(),
            names: serde_json::to_string(&facts.names).map_err(StoreError::unreadable("names of a hub"))?,
        })
    }

    fn equals(&self, row: &FactsRow) -> bool {
        self.support == row.support
            && self.chart == row.chart_json
            && self.tls_mode == row.tls_mode
            && self.names == row.names_json
    }
}

/// The permanent words of what kind of hub it is.
const SUPPORT: [(Support, &str); 2] =
    [(Support::ZeroToJupyterHub, "zero-to-jupyter-hub"), (Support::Other, "other")];

fn support_key(support: Support) -> &'static str {
    SUPPORT.iter().find(|(known, _)| *known == support).map_or("other", |(_, word)| *word)
}

fn support_of(word: &str) -> Result<Support, StoreError> {
    SUPPORT
        .iter()
        .find(|(_, known)| *known == word)
        .map(|(support, _)| *support)
        .ok_or(StoreError::Unreadable { what: "what kind of hub one is", source: None })
}

/// Adds new hubs, and ends and begins intervals of facts. A hub that is not among those found is gone only if the Deployments of its
/// namespace were completely read. Answers the ids of all hubs, and which of them differ from before.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(HubIds, BTreeSet<HubId>), StoreError> {
    let mut touched = BTreeSet::new();
    let mut ids = ids(connection, commit.cluster).await?;
    for hub in &commit.hubs {
        if !ids.contains_key(&hub.key) {
            let id = insert(connection, commit.cluster, &hub.key).await?;
            ids.insert(hub.key.clone(), id);
        }
    }
    let mut open = open_facts(connection, commit.cluster).await?;
    for hub in &commit.hubs {
        let encoded = Encoded::of(&hub.facts)?;
        let id = ids[&hub.key];
        match open.remove(&id) {
            Some(row) if encoded.equals(&row) => {}
            row => {
                if let Some(row) = row {
                    end(connection, row.id, scan).await?;
                }
                begin(connection, id, scan, &encoded).await?;
                touched.insert(id);
            }
        }
    }
    let found: BTreeSet<&HubKey> = commit.hubs.iter().map(|h| &h.key).collect();
    for (key, id) in &ids {
        if let Some(row) = open.get(id)
            && !found.contains(key)
            && is_full(&commit.coverage, Kind::Deployment, Some(&key.namespace))
        {
            end(connection, row.id, scan).await?;
            touched.insert(*id);
        }
    }
    Ok((ids, touched))
}

async fn insert(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    key: &HubKey,
) -> Result<HubId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into hubs (cluster_id, namespace, release, app) values (?, ?, ?, ?) returning id as \"id!\"",
        cluster.0,
        key.namespace,
        key.release,
        key.app
    )
    .fetch_one(connection)
    .await?;
    Ok(HubId(id))
}

async fn open_facts(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<BTreeMap<HubId, FactsRow>, StoreError> {
    let rows = sqlx::query_as!(
        FactsRow,
        "select f.id, f.hub_id, f.support, f.chart_json, f.tls_mode, f.names_json
         from hub_facts f join hubs h on h.id = f.hub_id
         where h.cluster_id = ? and f.until_scan is null",
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (HubId(row.hub_id), row)).collect())
}

async fn end(connection: &mut SqliteConnection, id: i64, scan: ScanNumber) -> Result<(), StoreError> {
    sqlx::query!("update hub_facts set until_scan = ? where id = ?", scan.0, id).execute(connection).await?;
    Ok(())
}

async fn begin(
    connection: &mut SqliteConnection,
    hub: HubId,
    scan: ScanNumber,
    facts: &Encoded,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into hub_facts (hub_id, first_scan, support, chart_version, chart_json, tls_mode, names_json)
         values (?, ?, ?, ?, ?, ?, ?)",
        hub.0,
        scan.0,
        facts.support,
        facts.chart_version,
        facts.chart,
        facts.tls_mode,
        facts.names
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A hub at a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubView {
    /// The hub.
    pub id: HubId,
    /// Its identity.
    pub key: HubKey,
    /// What was known about it.
    pub facts: HubFacts,
    /// When Perijove first saw it.
    pub since: Timestamp,
}

struct HubRow {
    id: i64,
    namespace: String,
    release: String,
    app: String,
    support: String,
    chart_json: Option<String>,
    tls_mode: Option<String>,
    names_json: String,
    since: i64,
}

impl HubRow {
    fn into_view(self) -> Result<HubView, StoreError> {
        let chart = self.chart_json.map(|json| serde_json::from_str(&json)).transpose();
        Ok(HubView {
            id: HubId(self.id),
            key: HubKey { namespace: self.namespace, release: self.release, app: self.app },
            facts: HubFacts {
                support: support_of(&self.support)?,
                chart: chart.map_err(StoreError::unreadable("a chart version"))?,
                tls_mode: self.tls_mode,
                names: serde_json::from_str(&self.names_json)
                    .map_err(StoreError::unreadable("names of a hub"))?,
            },
            since: instant(self.since)?,
        })
    }
}

/// The hubs of a cluster at a scan, by namespace and release.
pub async fn list(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
) -> Result<Vec<HubView>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query_as!(
        HubRow,
        r#"select h.id as "id!: i64", h.namespace as "namespace!", h.release as "release!", h.app as "app!",
             x.support as "support!", x.chart_json, x.tls_mode, x.names_json as "names_json!",
             (select s.taken_at from hub_facts y join scans s on s.cluster_id = h.cluster_id and s.seq = y.first_scan
              where y.hub_id = h.id order by y.first_scan limit 1) as "since!: i64"
           from hubs h
           join hub_facts x on x.hub_id = h.id and x.first_scan <= ?2 and (x.until_scan is null or x.until_scan > ?2)
           where h.cluster_id = ?1 and (?3 is null or h.id in (select value from json_each(?3)))
           order by h.namespace, h.release, h.app"#,
        cluster.0,
        scan.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(HubRow::into_view).collect()
}

/// How many user servers of a hub ran at a scan. They are counted one by one, which takes longer the older the scan is.
pub async fn servers(
    connection: &mut SqliteConnection,
    hub: HubId,
    scan: ScanNumber,
) -> Result<u64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"select (select count(*) from pods where hub_id = ?1 and until_scan is null and first_scan <= ?2)
             + (select count(*) from pods where hub_id = ?1 and until_scan > ?2 and first_scan <= ?2) as "count!: i64""#,
        hub.0,
        scan.0
    )
    .fetch_one(connection)
    .await?;
    Ok(count.unsigned_abs())
}
