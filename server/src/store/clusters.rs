//! Clusters and their identity.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::scans::{self, Scan};
use super::{Scope, Store, StoreError};

/// A cluster in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub i64);

/// What a cluster says about itself when Perijove connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterIdentity {
    /// The name in the configuration.
    pub name: String,
    /// The uid of the namespace `kube-system`, where it can be read.
    pub uid: Option<String>,
    /// The server's URL without credentials, and a hash of its CA.
    pub address: String,
}

impl Store {
    /// Finds the cluster, or adds it.
    ///
    /// The uid decides; the address does where the uid could not be read. A known cluster under a new name is renamed. A known name
    /// that leads to another cluster is an error, so that a mix-up never looks like the removal of everything.
    pub async fn register_cluster(
        &self,
        identity: &ClusterIdentity,
        now: Timestamp,
    ) -> Result<ClusterId, StoreError> {
        let mut transaction = self.write().await?;
        let id = register(&mut transaction, identity, now).await.map_err(|e| e.at(self.path()))?;
        self.finish(transaction).await?;
        Ok(id)
    }
}

struct ClusterRow {
    id: i64,
    name: String,
    uid: Option<String>,
    address: String,
}

impl ClusterRow {
    /// The identity that decides, in words.
    fn identity(&self) -> String {
        self.uid.as_ref().map_or_else(|| format!("at {}", self.address), |uid| format!("uid {uid}"))
    }

    /// Whether the cluster found now can be this one.
    fn is(&self, found: &ClusterIdentity) -> bool {
        match (&self.uid, &found.uid) {
            (Some(stored), Some(found)) => stored == found,
            _ => self.address == found.address,
        }
    }
}

async fn register(
    connection: &mut SqliteConnection,
    identity: &ClusterIdentity,
    now: Timestamp,
) -> Result<ClusterId, StoreError> {
    let same = find_same(connection, identity).await?;
    if let Some(named) = find_named(connection, &identity.name).await?
        && same.as_ref().is_none_or(|same| same.id != named.id)
    {
        return Err(StoreError::ClusterChanged {
            name: identity.name.clone(),
            before: named.identity(),
            found: identity
                .uid
                .as_ref()
                .map_or_else(|| format!("at {}", identity.address), |u| format!("uid {u}")),
        });
    }
    let Some(row) = same else { return insert(connection, identity, now).await };
    let uid = identity.uid.as_ref().or(row.uid.as_ref());
    if row.name != identity.name || row.uid.as_ref() != uid || row.address != identity.address {
        sqlx::query!(
            "update clusters set name = ?, uid = ?, address = ? where id = ?",
            identity.name,
            uid,
            identity.address,
            row.id
        )
        .execute(connection)
        .await?;
    }
    Ok(ClusterId(row.id))
}

/// The stored cluster that this one is, whatever its name.
async fn find_same(
    connection: &mut SqliteConnection,
    identity: &ClusterIdentity,
) -> Result<Option<ClusterRow>, StoreError> {
    let rows = sqlx::query_as!(
        ClusterRow,
        "select id, name, uid, address from clusters where uid = ?1 or address = ?2 or name = ?3
         order by uid is not ?1, name <> ?3, id",
        identity.uid,
        identity.address,
        identity.name
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().find(|row| row.is(identity)))
}

async fn find_named(connection: &mut SqliteConnection, name: &str) -> Result<Option<ClusterRow>, StoreError> {
    let row = sqlx::query_as!(ClusterRow, "select id, name, uid, address from clusters where name = ?", name)
        .fetch_optional(connection)
        .await?;
    Ok(row)
}

async fn insert(
    connection: &mut SqliteConnection,
    identity: &ClusterIdentity,
    now: Timestamp,
) -> Result<ClusterId, StoreError> {
    let added_at = now.as_millisecond();
    let id = sqlx::query_scalar!(
        "insert into clusters (name, uid, address, added_at) values (?, ?, ?, ?) returning id as \"id!\"",
        identity.name,
        identity.uid,
        identity.address,
        added_at
    )
    .fetch_one(connection)
    .await?;
    Ok(ClusterId(id))
}

/// A cluster as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// The cluster.
    pub id: ClusterId,
    /// The name in the configuration.
    pub name: String,
    /// Its latest scan; `None` before the first.
    pub latest: Option<Scan>,
}

/// The clusters a viewer may see, by name. One that is no longer configured is among them, with the scans it had.
pub async fn list(connection: &mut SqliteConnection, scope: &Scope) -> Result<Vec<ClusterView>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        "select id, name from clusters c
         where ?1 is null or exists (select 1 from hubs h where h.cluster_id = c.id
           and h.id in (select value from json_each(?1)))
         order by name",
        hubs
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let id = ClusterId(row.id);
        let latest = scans::at(connection, id, None).await?.map(|moment| moment.scan);
        views.push(ClusterView { id, name: row.name, latest });
    }
    Ok(views)
}

/// A cluster by its name in the configuration, if the viewer may see it.
pub async fn find(
    connection: &mut SqliteConnection,
    scope: &Scope,
    name: &str,
) -> Result<Option<ClusterView>, StoreError> {
    Ok(list(connection, scope).await?.into_iter().find(|cluster| cluster.name == name))
}
