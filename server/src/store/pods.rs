//! Pods in short form, as intervals.

pub(super) mod split;

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt as _;
use posture::kind::Kind;
use posture::object::ObjectRef;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::StoreError;
use super::coverage::kind_key;
use super::hubs::HubId;
use super::objects::Work;
use super::stage::StagedPod;

/// How many pods are written with one statement.
const AT_ONCE: usize = 500;

/// Ends and begins intervals of pods.
pub(super) async fn commit(connection: &mut SqliteConnection, work: &mut Work<'_>) -> Result<(), StoreError> {
    let commit = work.commit;
    let removed: BTreeSet<(&str, &str)> =
        commit.removed.iter().filter(|o| o.kind == Kind::Pod).map(place).collect();
    // Of what was staged more than once the last one counts, and nothing counts of what has gone since.
    let staged: BTreeMap<(&str, &str), &StagedPod> =
        commit.pods.iter().map(|pod| ((&*pod.namespace, &*pod.name), pod)).collect();
    let staged: Vec<&StagedPod> =
        staged.into_iter().filter(|(place, _)| !removed.contains(place)).map(|(_, pod)| pod).collect();
    for pods in staged.chunks(AT_ONCE) {
        record(connection, work, pods).await?;
    }
    for (namespace, name) in removed {
        if let Some(row) = find_open(connection, work, namespace, name).await? {
            end(connection, work, &row, true).await?;
        }
    }
    for (_, namespace) in commit.relisted.iter().filter(|(kind, _)| *kind == Kind::Pod) {
        remove_unlisted(connection, work, namespace.as_deref()).await?;
    }
    let rows: Vec<i64> = commit.pods.iter().map(|pod| pod.row).collect();
    for rows in rows.chunks(AT_ONCE) {
        drop_staged(connection, rows).await?;
    }
    Ok(())
}

/// The namespace and the name of a pod.
fn place(object: &ObjectRef) -> (&str, &str) {
    (object.namespace.as_deref().unwrap_or_default(), &object.name)
}

struct OpenRow {
    id: i64,
    namespace: String,
    hub_id: Option<i64>,
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
        "select id, namespace, hub_id, first_scan from pods
         where cluster_id = ? and namespace = ? and name = ? and until_scan is null",
        work.commit.cluster.0,
        namespace,
        name
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// An interval that is to begin, as the statement that begins it reads it.
#[derive(Serialize)]
struct Begin {
    row: i64,
    hub: Option<i64>,
    is_new: bool,
}

/// Writes what is new about some pods: nothing, their hub, or an interval.
async fn record(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    pods: &[&StagedPod],
) -> Result<(), StoreError> {
    let hub_of = |pod: &StagedPod| pod.hub.as_deref().and_then(|key| work.hubs.get(key)).map(|id| id.0);
    let mut begins: BTreeMap<i64, Begin> =
        pods.iter().map(|pod| (pod.row, Begin { row: pod.row, hub: hub_of(pod), is_new: true })).collect();
    for (row, met) in open_of(connection, work, begins.keys()).await? {
        let Some(begin) = begins.get_mut(&row) else { continue };
        if !met.is_same {
            begin.is_new = !met.is_same_uid;
            end(connection, work, &met.open, !met.is_same_uid).await?;
            continue;
        }
        if met.open.hub_id != begin.hub {
            work.touched.extend(met.open.hub_id.into_iter().chain(begin.hub).map(HubId));
            sqlx::query!("update pods set hub_id = ? where id = ?", begin.hub, met.open.id)
                .execute(&mut *connection)
                .await?;
        }
        begins.remove(&row);
    }
    work.touched.extend(begins.values().filter_map(|begin| begin.hub).map(HubId));
    insert(connection, work, begins.values()).await
}

/// The open interval that stands where a pod was staged.
struct Met {
    open: OpenRow,
    is_same: bool,
    is_same_uid: bool,
}

/// The open intervals of staged pods, by the row of each.
async fn open_of(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    rows: impl Iterator<Item = &i64>,
) -> Result<Vec<(i64, Met)>, StoreError> {
    let rows = numbers(rows)?;
    let found = sqlx::query!(
        r#"select s.id as "row!", p.id as "id!", p.namespace as "namespace!", p.hub_id as "hub_id?", p.first_scan as "first_scan!",
             p.uid = s.uid as "is_same_uid!: bool", p.content = s.content as "is_same_content!: bool"
           from json_each(?1) j
           cross join staged_pods s on s.id = j.value
           cross join pods p on p.cluster_id = ?2 and p.namespace = s.namespace and p.name = s.name and p.until_scan is null"#,
        rows,
        work.commit.cluster.0
    )
    .fetch_all(connection)
    .await?;
    let met = found.into_iter().map(|row| {
        let open =
            OpenRow { id: row.id, namespace: row.namespace, hub_id: row.hub_id, first_scan: row.first_scan };
        (row.row, Met { open, is_same: row.is_same_uid && row.is_same_content, is_same_uid: row.is_same_uid })
    });
    Ok(met.collect())
}

/// Begins intervals of staged pods.
async fn insert(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    begins: impl Iterator<Item = &Begin>,
) -> Result<(), StoreError> {
    let begins: Vec<&Begin> = begins.collect();
    let count = begins.len() as u64;
    let begins = serde_json::to_string(&begins).map_err(StoreError::unreadable("a pod"))?;
    let done = sqlx::query!(
        "insert into pods (cluster_id, hub_id, uid, namespace, name, person, account, node, phase, created_at,
           own_json, shape_id, status_id, content, is_new, first_scan)
         select ?1, j.value ->> 'hub', s.uid, s.namespace, s.name, s.person, s.account, s.node, s.phase, s.created_at,
           s.own_json, s.shape_id, s.status_id, s.content, j.value ->> 'is_new', ?2
         from json_each(?3) j cross join staged_pods s on s.id = j.value ->> 'row'",
        work.commit.cluster.0,
        work.scan.0,
        begins
    )
    .execute(connection)
    .await?;
    // A pod that is not there any more would be missing from the history without a word.
    if done.rows_affected() == count {
        Ok(())
    } else {
        Err(StoreError::NotFound { what: "a pod that was written ahead".to_owned() })
    }
}

/// Takes out rows that were written ahead.
async fn drop_staged(connection: &mut SqliteConnection, rows: &[i64]) -> Result<(), StoreError> {
    let rows = numbers(rows.iter())?;
    sqlx::query!("delete from staged_pods where id in (select value from json_each(?))", rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// Numbers as a statement takes them.
fn numbers<'a>(rows: impl Iterator<Item = &'a i64>) -> Result<String, StoreError> {
    serde_json::to_string(&rows.collect::<Vec<_>>()).map_err(StoreError::unreadable("a number"))
}

async fn end(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    row: &OpenRow,
    is_gone: bool,
) -> Result<(), StoreError> {
    work.touched.extend(row.hub_id.map(HubId));
    let kind = kind_key(Kind::Pod);
    let confirmed = work.last_confirmed(connection, &kind, &row.namespace, row.first_scan).await?;
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
    let listed: BTreeSet<(&str, &str)> =
        work.commit.pods.iter().map(|pod| (&*pod.namespace, &*pod.name)).collect();
    let mut gone = Vec::new();
    let mut known = sqlx::query!(
        "select id, namespace, name, hub_id, first_scan from pods
         where cluster_id = ?1 and until_scan is null and (?2 is null or namespace = ?2)",
        work.commit.cluster.0,
        namespace
    )
    .fetch(&mut *connection);
    while let Some(row) = known.try_next().await? {
        if !listed.contains(&(row.namespace.as_str(), row.name.as_str())) {
            gone.push(OpenRow {
                id: row.id,
                namespace: row.namespace,
                hub_id: row.hub_id,
                first_scan: row.first_scan,
            });
        }
    }
    drop(known);
    for row in gone {
        end(connection, work, &row, true).await?;
    }
    Ok(())
}
