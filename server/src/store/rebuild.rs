//! Records as they were at a scan, and the snapshot of then made again from them.

use posture::kind::{KINDS, Kind, Reading};
use posture::object::ObjectRef;
use posture::record::{ContentHash, Record};
use posture::snapshot::{Snapshot, SnapshotBuilder};
use sqlx::SqliteConnection;

use super::coverage::{self, kind_key};
use super::pods::split::{self, Columns, Split};
use super::{ClusterId, ScanNumber, StoreError, reviews, scans, sightings};

/// What is known of an object without its body, for a collector that starts again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownObject {
    /// The object.
    pub object: ObjectRef,
    /// Its incarnation.
    pub uid: String,
    /// The hash that decides a revision.
    pub content: ContentHash,
}

/// The objects of a kind that exist as far as the latest scan knows, pods included.
pub async fn known_objects(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    kind: Kind,
) -> Result<Vec<KnownObject>, StoreError> {
    let key = kind_key(kind);
    let rows = sqlx::query!(
        r#"select o.namespace as "namespace!", o.name as "name!", r.uid as "uid!", r.content as "content!"
           from objects o join revisions r on r.object_id = o.id and r.until_scan is null
           where o.cluster_id = ?1 and o.kind = ?2
           union all
           select namespace, name, uid, content from pods where cluster_id = ?1 and until_scan is null and ?2 = 'Pod'
           order by 1, 2"#,
        cluster.0,
        key
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let namespace = Some(row.namespace).filter(|n| !n.is_empty());
            let object = ObjectRef { kind, namespace, name: row.name };
            Ok(KnownObject { object, uid: row.uid, content: content_hash(row.content)? })
        })
        .collect()
}

fn content_hash(bytes: Vec<u8>) -> Result<ContentHash, StoreError> {
    let hash = bytes.try_into().map_err(|_| StoreError::Unreadable { what: "a hash", source: None })?;
    Ok(ContentHash(hash))
}

/// The snapshot of a scan, made again from what is stored.
///
/// Judged with the [recall](super::recall::before) of the scan it gives the findings of then. What a gap hid is in it as it was last
/// seen, with the gap, as in the live snapshot of a collector that had seen it before.
pub async fn snapshot(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Snapshot, StoreError> {
    let taken_at = scans::get(connection, cluster, scan).await?.taken_at;
    Ok(builder(connection, cluster, scan, drop).await?.build(taken_at))
}

/// A builder that has taken in everything of a scan; `keep` is given each record once it was taken in.
pub async fn builder(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    mut keep: impl FnMut(Record) + Send,
) -> Result<SnapshotBuilder, StoreError> {
    let name = sqlx::query_scalar!("select name from clusters where id = ?", cluster.0)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| StoreError::NotFound { what: "the cluster".to_owned() })?;
    let origin = scans::origin(connection, cluster, scan).await?;
    let mut builder = SnapshotBuilder::new(origin, name);
    builder.reviews(reviews::at(connection, cluster, scan).await?);
    builder.sightings(sightings::at(connection, cluster, scan).await?);
    for info in KINDS.iter().filter(|info| info.reading != Reading::OnDemand) {
        for record in records(connection, cluster, scan, info.kind).await? {
            // What no fact can be made of becomes a gap by itself, as it did then.
            drop(builder.apply(&record));
            if let Some(namespace) = record.namespace_of_data() {
                builder.config_data(namespace, &record.object.name, Ok(&record));
            }
            keep(record);
        }
    }
    for (kind, coverage) in coverage::at(connection, cluster, scan).await? {
        builder.cover(kind, coverage);
    }
    for ((namespace, name), reason) in coverage::config_gaps(connection, cluster, scan).await? {
        builder.config_data(&namespace, &name, Err(reason));
    }
    Ok(builder)
}

/// How many objects there are at a scan, pods included: what judging it costs.
pub async fn size(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<usize, StoreError> {
    let count = sqlx::query_scalar!(
        r#"select (select count(*) from revisions
                   where cluster_id = ?1 and first_scan <= ?2 and (until_scan is null or until_scan > ?2))
                + (select count(*) from pods
                   where cluster_id = ?1 and first_scan <= ?2 and (until_scan is null or until_scan > ?2)) as "count!: i64""#,
        cluster.0,
        scan.0
    )
    .fetch_one(connection)
    .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The records of one kind at a scan, by namespace and name. What a gap hid is among them, as it was last seen.
///
/// One kind at a time, so that memory follows the largest kind and not the cluster. Pods come without managed fields and with their content hash as drift hash,
/// because neither is kept of them.
pub async fn records(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    kind: Kind,
) -> Result<Vec<Record>, StoreError> {
    match kind {
        Kind::Pod => pods(connection, cluster, scan).await,
        _ => objects(connection, cluster, scan, kind).await,
    }
}

async fn objects(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    kind: Kind,
) -> Result<Vec<Record>, StoreError> {
    let key = kind_key(kind);
    let rows = sqlx::query!(
        "select o.namespace, o.name, r.uid, r.content, r.drift, r.managed_fields_json, c.body
         from objects o
         join revisions r on r.object_id = o.id and r.first_scan <= ?3 and (r.until_scan is null or r.until_scan > ?3)
         join contents c on c.id = r.content_id
         where o.cluster_id = ?1 and o.kind = ?2 order by o.namespace, o.name",
        cluster.0,
        key,
        scan.0
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let namespace = Some(row.namespace).filter(|n| !n.is_empty());
            Ok(Record {
                object: ObjectRef { kind, namespace, name: row.name },
                uid: row.uid,
                body: serde_json::from_str(&row.body).map_err(StoreError::unreadable("an object"))?,
                content: content_hash(row.content)?,
                drift: content_hash(row.drift)?,
                managed_fields: serde_json::from_str(&row.managed_fields_json)
                    .map_err(StoreError::unreadable("managed fields"))?,
                resource_version: String::new(),
            })
        })
        .collect()
}

async fn pods(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query!(
        "select p.uid, p.namespace, p.name, p.person, p.node, p.phase, p.own_json, p.content,
           a.body as shape, b.body as status
         from pods p join contents a on a.id = p.shape_id join contents b on b.id = p.status_id
         where p.cluster_id = ?1 and p.first_scan <= ?2 and (p.until_scan is null or p.until_scan > ?2)
         order by p.namespace, p.name",
        cluster.0,
        scan.0
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let json = |text: &str| serde_json::from_str(text).map_err(StoreError::unreadable("a pod"));
            let own = row.own_json.as_deref().map(serde_json::from_str).transpose();
            let parts = Split {
                shape: json(&row.shape)?,
                status: json(&row.status)?,
                own: own.map_err(StoreError::unreadable("a pod"))?.unwrap_or_default(),
            };
            let columns = Columns {
                name: row.name,
                namespace: row.namespace,
                uid: row.uid,
                node: row.node,
                phase: row.phase,
                person: row.person,
            };
            let body = split::join(parts, &columns);
            Ok(Record {
                object: ObjectRef::namespaced(Kind::Pod, columns.namespace, columns.name),
                uid: columns.uid,
                body,
                content: content_hash(row.content.clone())?,
                drift: content_hash(row.content)?,
                managed_fields: Vec::new(),
                resource_version: String::new(),
            })
        })
        .collect()
}
