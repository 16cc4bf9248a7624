//! Hubs, and what is known about each as intervals.

use std::collections::{BTreeMap, BTreeSet};

use posture::hub::{ChartVersion, Hub, HubKey, Support};
use posture::kind::Kind;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::coverage::is_full;
use super::{ClusterId, ScanNumber, StoreError};

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

fn support_key(support: Support) -> &'static str {
    match support {
        Support::ZeroToJupyterHub => "zero-to-jupyter-hub",
        Support::Other => "other",
    }
}

/// Adds new hubs, and ends and begins intervals of facts. A hub that is not among those found is gone only if the Deployments of its
/// namespace were completely read.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<HubIds, StoreError> {
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
        }
    }
    Ok(ids)
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
