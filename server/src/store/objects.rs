//! Objects, and their revisions as intervals.

use std::collections::{BTreeMap, BTreeSet};

use posture::drift::{HOLDS_OTHERS, SHORT_LIVED};
use posture::kind::Kind;
use posture::object::ObjectRef;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::coverage::{self, kind_key};
use super::hubs::{HubId, HubIds};
use super::stage::StagedObject;
use super::{ScanNumber, StoreError, moments};

/// The commit that is being written, with what it looks up once.
pub(super) struct Work<'a> {
    pub(super) commit: &'a ScanCommit,
    pub(super) scan: ScanNumber,
    pub(super) hubs: &'a HubIds,
    last_full: BTreeMap<(String, String), Option<ScanNumber>>,
    /// The hubs of which an object or a pod is new, different or gone.
    pub(super) touched: BTreeSet<HubId>,
}

impl<'a> Work<'a> {
    pub(super) fn new(commit: &'a ScanCommit, scan: ScanNumber, hubs: &'a HubIds) -> Self {
        Self { commit, scan, hubs, last_full: BTreeMap::new(), touched: BTreeSet::new() }
    }

    /// The last scan before this one in which the place was completely read.
    async fn last_full(
        &mut self,
        connection: &mut SqliteConnection,
        kind: &str,
        namespace: &str,
    ) -> Result<Option<ScanNumber>, StoreError> {
        let place = (kind.to_owned(), namespace.to_owned());
        if let Some(known) = self.last_full.get(&place) {
            return Ok(*known);
        }
        let found = coverage::last_full(connection, self.commit.cluster, kind, namespace, self.scan).await?;
        self.last_full.insert(place, found);
        Ok(found)
    }

    /// The last scan that saw something whose interval began at `first` and ends now.
    pub(super) async fn last_confirmed(
        &mut self,
        connection: &mut SqliteConnection,
        kind: &str,
        namespace: &str,
        first: i64,
    ) -> Result<i64, StoreError> {
        let full = self.last_full(connection, kind, namespace).await?;
        Ok(full.map_or(first, |scan| scan.0.max(first)))
    }

    /// Whether the scan before this one proved that something was not there.
    async fn was_absent(
        &mut self,
        connection: &mut SqliteConnection,
        kind: &str,
        namespace: &str,
    ) -> Result<bool, StoreError> {
        let full = self.last_full(connection, kind, namespace).await?;
        Ok(full.is_some_and(|scan| scan.0 == self.scan.0 - 1))
    }
}

/// Ends and begins revisions.
pub(super) async fn commit(connection: &mut SqliteConnection, work: &mut Work<'_>) -> Result<(), StoreError> {
    let commit = work.commit;
    let removed: BTreeSet<&ObjectRef> = commit.removed.iter().collect();
    // Of what was staged more than once the last one counts, and nothing counts of what has gone since.
    let staged: BTreeMap<&ObjectRef, &StagedObject> = commit.objects.iter().map(|o| (&o.object, o)).collect();
    for object in staged.values().filter(|o| !removed.contains(&o.object)) {
        record(connection, work, object).await?;
    }
    for object in commit.removed.iter().filter(|o| o.kind != Kind::Pod) {
        remove(connection, work, object).await?;
    }
    let listed = commit.relisted.iter().filter(|(kind, _)| *kind != Kind::Pod);
    for (kind, namespace) in listed {
        remove_unlisted(connection, work, *kind, namespace.as_deref()).await?;
    }
    Ok(())
}

struct OpenRow {
    object_id: i64,
    hub_id: Option<i64>,
    revision_id: Option<i64>,
    uid: Option<String>,
    first_scan: Option<i64>,
    content: Option<Vec<u8>>,
    drift: Option<Vec<u8>>,
    body: Option<i64>,
}

async fn find_open(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    object: &ObjectRef,
) -> Result<Option<OpenRow>, StoreError> {
    let kind = kind_key(object.kind);
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let row = sqlx::query_as!(
        OpenRow,
        r#"select o.id as object_id, o.hub_id, r.id as "revision_id?", r.uid as "uid?", r.first_scan as "first_scan?",
             r.content as "content?", r.drift as "drift?", c.content_id as "body?"
           from objects o
           left join revisions r on r.object_id = o.id and r.until_scan is null
           left join current_objects c on c.object_id = o.id
           where o.cluster_id = ? and o.kind = ? and o.namespace = ? and o.name = ?"#,
        work.commit.cluster.0,
        kind,
        namespace,
        object.name
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// Writes what is new about one object: nothing, its latest body, or a revision.
async fn record(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    staged: &StagedObject,
) -> Result<(), StoreError> {
    let open = find_open(connection, work, &staged.object).await?;
    let hub = staged.hub.as_ref().and_then(|key| work.hubs.get(key)).map(|id| id.0);
    let object_id = match &open {
        Some(row) => row.object_id,
        None => insert_object(connection, work, &staged.object, hub).await?,
    };
    if let Some(before) = open.as_ref().map(|row| row.hub_id).filter(|before| hub.is_some() && *before != hub)
    {
        sqlx::query!("update objects set hub_id = ? where id = ?", hub, object_id)
            .execute(&mut *connection)
            .await?;
        moments::record::move_object(connection, object_id, (before, hub), work.scan).await?;
    }
    let is_same = open.as_ref().is_some_and(|row| {
        row.uid.as_deref() == Some(&staged.uid) && row.content.as_deref() == Some(&staged.content.0)
    });
    if !is_same {
        work.touched.extend(hub.or(open.as_ref().and_then(|row| row.hub_id)).map(HubId));
        let starts_change = replace_open(connection, work, staged, open.as_ref()).await?;
        insert_revision(connection, work, staged, object_id, starts_change).await?;
    }
    if open.and_then(|row| row.body) != Some(staged.body.0) {
        sqlx::query!(
            "insert into current_objects (object_id, content_id) values (?, ?)
             on conflict (object_id) do update set content_id = excluded.content_id",
            object_id,
            staged.body.0
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Ends the revision that was open, and says whether the new one is a change.
async fn replace_open(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    staged: &StagedObject,
    open: Option<&OpenRow>,
) -> Result<bool, StoreError> {
    if let Some(revision) = open.and_then(|row| row.revision_id.zip(row.first_scan)) {
        end(connection, work, &staged.object, revision, Fate::Replaced).await?;
        let uid = open.and_then(|row| row.uid.as_deref()).unwrap_or_default();
        let is_replaced = uid != staged.uid && !uid.is_empty() && !staged.uid.is_empty();
        return Ok(open.and_then(|row| row.drift.as_deref()) != Some(&staged.drift.0)
            || is_replaced && HOLDS_OTHERS.contains(&staged.object.kind));
    }
    let namespace = staged.object.namespace.as_deref().unwrap_or_default();
    Ok(!SHORT_LIVED.contains(&staged.object.kind)
        && work.was_absent(connection, &kind_key(staged.object.kind), namespace).await?)
}

async fn insert_object(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    object: &ObjectRef,
    hub: Option<i64>,
) -> Result<i64, StoreError> {
    let kind = kind_key(object.kind);
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let id = sqlx::query_scalar!(
        "insert into objects (cluster_id, hub_id, kind, namespace, name) values (?, ?, ?, ?, ?) returning id as \"id!\"",
        work.commit.cluster.0,
        hub,
        kind,
        namespace,
        object.name
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

async fn insert_revision(
    connection: &mut SqliteConnection,
    work: &Work<'_>,
    staged: &StagedObject,
    object_id: i64,
    starts_change: bool,
) -> Result<(), StoreError> {
    let (content, drift) = (&staged.content.0[..], &staged.drift.0[..]);
    let managed =
        serde_json::to_string(&staged.managed_fields).map_err(StoreError::unreadable("managed fields"))?;
    sqlx::query!(
        "insert into revisions (cluster_id, object_id, uid, first_scan, starts_change, content, drift, content_id,
           managed_fields_json) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        work.commit.cluster.0,
        object_id,
        staged.uid,
        work.scan.0,
        starts_change,
        content,
        drift,
        staged.body.0,
        managed
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How a revision ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Another revision of the object follows.
    Replaced,
    /// The object is gone.
    Gone,
}

/// Ends a revision of an object, given its id and first scan.
async fn end(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    object: &ObjectRef,
    (id, first): (i64, i64),
    fate: Fate,
) -> Result<(), StoreError> {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let confirmed = work.last_confirmed(connection, &kind_key(object.kind), namespace, first).await?;
    let is_gone = fate == Fate::Gone;
    let ends_change = is_gone && !SHORT_LIVED.contains(&object.kind);
    sqlx::query!(
        "update revisions set until_scan = ?, last_confirmed = ?, gone = ?, ends_change = ? where id = ?",
        work.scan.0,
        confirmed,
        is_gone,
        ends_change,
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that an object is proven gone; one that is not known or already gone is left alone.
async fn remove(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    object: &ObjectRef,
) -> Result<(), StoreError> {
    let Some(row) = find_open(connection, work, object).await? else { return Ok(()) };
    let Some(open) = row.revision_id.zip(row.first_scan) else { return Ok(()) };
    end(connection, work, object, open, Fate::Gone).await?;
    work.touched.extend(row.hub_id.map(HubId));
    sqlx::query!("delete from current_objects where object_id = ?", row.object_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that what a complete list does not hold is gone.
async fn remove_unlisted(
    connection: &mut SqliteConnection,
    work: &mut Work<'_>,
    kind: Kind,
    namespace: Option<&str>,
) -> Result<(), StoreError> {
    let listed: BTreeSet<&ObjectRef> =
        work.commit.objects.iter().map(|o| &o.object).filter(|o| o.kind == kind).collect();
    let key = kind_key(kind);
    let known = sqlx::query!(
        "select o.namespace, o.name from objects o join revisions r on r.object_id = o.id and r.until_scan is null
         where o.cluster_id = ?1 and o.kind = ?2 and (?3 is null or o.namespace = ?3)",
        work.commit.cluster.0,
        key,
        namespace
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in known {
        let namespace = Some(row.namespace).filter(|n| !n.is_empty());
        let object = ObjectRef { kind, namespace, name: row.name };
        if !listed.contains(&object) {
            remove(connection, work, &object).await?;
        }
    }
    Ok(())
}
