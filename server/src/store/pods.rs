//! Pods in short form, as intervals.

pub(super) mod split;

use std::collections::{BTreeMap, BTreeSet};

use posture::kind::Kind;
use posture::object::ObjectRef;
use sqlx::SqliteConnection;

use super::StoreError;
use super::coverage::kind_key;
use super::hubs::HubId;
use super::objects::Work;
use super::stage::StagedPod;

/// Ends and begins intervals of pods.
pub(super) async fn commit(connection: &mut SqliteConnection, work: &mut Work<'_>) -> Result<(), StoreError> {
    let commit = work.commit;
    let removed: BTreeSet<&ObjectRef> = commit.removed.iter().collect();
    // Of what was staged more than once the last one counts, and nothing counts of what has gone since.
    let staged: BTreeMap<&ObjectRef, &StagedPod> = commit.pods.iter().map(|p| (&p.object, p)).collect();
    for pod in staged.values().filter(|p| !removed.contains(&p.object)) {
        record(connection, work, pod).await?;
    }
    for object in commit.removed.iter().filter(|o| o.kind == Kind::Pod) {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        if let Some(row) = find_open(connection, work, namespace, &object.name).await? {
            end(connection, work, &row, namespace, true).await?;
        }
    }
    for (_, namespace) in commit.relisted.iter().filter(|(kind, _)| *kind == Kind::Pod) {
        remove_unlisted(connection, work, namespace.as_deref()).await?;
    }
    Ok(())
}

struct OpenRow {
    id: i64,
    uid: String,
    hub_id: Option<i64>,
    content: Vec<u8>,
    first_scan: i64,
}

async fn find_open(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    namespace: &str,
    name: &str,
) -> Result<Option<OpenRow>, StoreError> {
    let row = sqlx::query_as!(
        OpenRow,
        "select id, uid, hub_id, content, first_scan from pods
         where cluster_id = ? and namespace = ? and name = ? and until_scan is null",
        work.commit.cluster.0,
        namespace,
        name
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

async fn record(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    pod: &StagedPod,
) -> Result<(), StoreError> {
    let namespace = pod.object.namespace.as_deref().unwrap_or_default();
    let hub = pod.hub.as_ref().and_then(|key| work.hubs.get(key)).map(|id| id.0);
    let mut is_new = true;
    if let Some(row) = find_open(connection, work, namespace, &pod.object.name).await? {
        is_new = row.uid != pod.uid;
        if row.uid == pod.uid && row.content == pod.content.0 {
            if row.hub_id != hub {
                work.touched.extend(row.hub_id.into_iter().chain(hub).map(HubId));
                sqlx::query!("update pods set hub_id = ? where id = ?", hub, row.id)
                    .execute(connection)
                    .await?;
            }
            return Ok(());
        }
        end(connection, work, &row, namespace, is_new).await?;
    }
    work.touched.extend(hub.map(HubId));
    let content = &pod.content.0[..];
    sqlx::query!(
        "insert into pods (cluster_id, hub_id, uid, namespace, name, person, account, node, phase, created_at,
           own_json, shape_id, status_id, content, is_new, first_scan)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        work.commit.cluster.0,
        hub,
        pod.uid,
        namespace,
        pod.object.name,
        pod.person,
        pod.account,
        pod.node,
        pod.phase,
        pod.created_at,
        pod.own,
        pod.shape.0,
        pod.status.0,
        content,
        is_new,
        work.scan.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn end(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    row: &OpenRow,
    namespace: &str,
    is_gone: bool,
) -> Result<(), StoreError> {
    work.touched.extend(row.hub_id.map(HubId));
    let kind = kind_key(Kind::Pod);
    let confirmed = work.last_confirmed(connection, &kind, namespace, row.first_scan).await?;
    sqlx::query!(
        "update pods set until_scan = ?, last_confirmed = ?, gone = ? where id = ?",
        work.scan.0,
        confirmed,
        is_gone,
        row.id
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove_unlisted(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    namespace: Option<&str>,
) -> Result<(), StoreError> {
    let listed: BTreeSet<&ObjectRef> = work.commit.pods.iter().map(|p| &p.object).collect();
    let known = sqlx::query!(
        "select id, uid, namespace, name, hub_id, content, first_scan from pods
         where cluster_id = ?1 and until_scan is null and (?2 is null or namespace = ?2)",
        work.commit.cluster.0,
        namespace
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in known {
        let object = ObjectRef::namespaced(Kind::Pod, row.namespace.clone(), row.name);
        if !listed.contains(&object) {
            let open = OpenRow {
                id: row.id,
                uid: row.uid,
                hub_id: row.hub_id,
                content: row.content,
                first_scan: row.first_scan,
            };
            end(connection, work, &open, &row.namespace, true).await?;
        }
    }
    Ok(())
}
