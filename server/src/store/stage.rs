//! Writing ahead: bodies and pods go to the database while a scan is still running, and stay invisible until its commit refers to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use posture::facts::ManagedField;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::{ContentHash, Record};
use serde::Serialize;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::contents::{self, ContentId};
use super::pods::split::{self, Split};
use super::{Store, StoreError};

/// An object whose body is written ahead: what the commit needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedObject {
    /// Which object.
    pub object: ObjectRef,
    /// Its incarnation.
    pub uid: String,
    /// The hub it belongs to, where that is known.
    pub hub: Option<HubKey>,
    /// Decides a revision.
    pub content: ContentHash,
    /// Decides a change.
    pub drift: ContentHash,
    /// The body.
    pub body: ContentId,
    /// Who wrote to it.
    pub managed_fields: Vec<ManagedField>,
}

/// A pod that is written ahead: what the commit needs to know of it, and little of that, for there may be a hundred thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPod {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Box<str>,
    /// The hub whose user server it is, filled in before the commit.
    pub hub: Option<Arc<HubKey>>,
    /// Its row among those that are written ahead.
    pub(super) row: i64,
}

/// What was written ahead, in the order of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staged {
    /// Everything but pods.
    pub objects: Vec<StagedObject>,
    /// Pods.
    pub pods: Vec<StagedPod>,
}

impl Staged {
    /// Whether nothing was written ahead.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.pods.is_empty()
    }

    /// Adds what was written ahead later.
    pub fn append(&mut self, mut later: Self) {
        self.objects.append(&mut later.objects);
        self.pods.append(&mut later.pods);
    }
}

impl Store {
    /// Writes records ahead, all in one transaction; a piece of a page is a good batch.
    pub async fn stage(&self, records: &[Record], now: Timestamp) -> Result<Staged, StoreError> {
        let mut transaction = self.write().await?;
        let staged = self.stage_in(&mut transaction, records, now).await.map_err(|e| e.at(self.path()))?;
        self.waiting.begin(staged.objects.iter().map(|object| object.body));
        self.finish(transaction).await?;
        Ok(staged)
    }

    /// Removes the pods that an earlier process wrote ahead. Those of this one stay until their commit, however long that is kept from them.
    pub(super) async fn drop_all_staged(&self) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let dropped = sqlx::query!("delete from staged_pods").execute(&mut *transaction).await;
        dropped.map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await
    }

    async fn stage_in(
        &self,
        connection: &mut SqliteConnection,
        records: &[Record],
        now: Timestamp,
    ) -> Result<Staged, StoreError> {
        let mut known = BTreeMap::new();
        let mut staged = Staged::default();
        let mut rows = Vec::new();
        for record in records {
            if record.object.kind == Kind::Pod {
                let row = self.staged_rows.fetch_add(1, Ordering::Relaxed);
                rows.push(pod(connection, record, row, &mut known, now).await?);
                staged.pods.push(handle(record, row, staged.pods.last()));
            } else {
                staged.objects.push(object(connection, record, now).await?);
            }
        }
        if !rows.is_empty() {
            insert_pods(connection, &rows).await?;
        }
        Ok(staged)
    }
}

async fn object(
    connection: &mut SqliteConnection,
    record: &Record,
    now: Timestamp,
) -> Result<StagedObject, StoreError> {
    Ok(StagedObject {
        object: record.object.clone(),
        uid: record.uid.clone(),
        hub: None,
        content: record.content,
        drift: record.drift,
        body: contents::put(connection, &record.body.to_string(), now).await?,
        managed_fields: record.managed_fields.clone(),
    })
}

/// What stays in memory of a pod; neighbours share the text of their namespace.
fn handle(record: &Record, row: i64, before: Option<&StagedPod>) -> StagedPod {
    let namespace = record.object.namespace.as_deref().unwrap_or_default();
    let shared = before.map(|pod| &pod.namespace).filter(|known| &***known == namespace);
    StagedPod {
        namespace: shared.map_or_else(|| namespace.into(), Arc::clone),
        name: record.object.name.as_str().into(),
        hub: None,
        row,
    }
}

/// A row of a pod that is written ahead; what is not kept of it here stands in the shared contents.
#[derive(Serialize)]
struct PodRow<'a> {
    id: i64,
    namespace: &'a str,
    name: &'a str,
    uid: &'a str,
    person: Option<&'a str>,
    account: &'a str,
    node: Option<&'a str>,
    phase: Option<&'a str>,
    /// When the API server created it, in milliseconds since 1970.
    created: Option<i64>,
    /// What only this pod has, as JSON by pointer.
    own: Option<String>,
    /// What it is.
    shape: i64,
    /// How it is.
    status: i64,
    /// Decides a revision, in hexadecimal.
    content: String,
}

async fn pod<'a>(
    connection: &mut SqliteConnection,
    record: &'a Record,
    row: i64,
    known: &mut BTreeMap<String, ContentId>,
    now: Timestamp,
) -> Result<PodRow<'a>, StoreError> {
    let person = record.person();
    let text = |pointer| record.body.pointer(pointer).and_then(Value::as_str);
    let Split { shape, status, own } = split::split(&record.body, person);
    let created = text("/metadata/creationTimestamp").and_then(|t| t.parse::<Timestamp>().ok());
    let own = if own.is_empty() { None } else { Some(serde_json::to_string(&own)) };
    Ok(PodRow {
        id: row,
        namespace: record.object.namespace.as_deref().unwrap_or_default(),
        name: &record.object.name,
        uid: &record.uid,
        person,
        account: text("/spec/serviceAccountName").unwrap_or("default"),
        node: text("/spec/nodeName"),
        phase: text("/status/phase"),
        created: created.map(Timestamp::as_millisecond),
        own: own.transpose().map_err(StoreError::unreadable("a pod"))?,
        shape: put_once(connection, shape.to_string(), known, now).await?.0,
        status: put_once(connection, status.to_string(), known, now).await?.0,
        content: record.content.to_string(),
    })
}

/// Inserts rows of pods with one statement, which costs a fraction of one for each.
async fn insert_pods(connection: &mut SqliteConnection, rows: &[PodRow<'_>]) -> Result<(), StoreError> {
    let rows = serde_json::to_string(rows).map_err(StoreError::unreadable("a pod"))?;
    sqlx::query!(
        "insert into staged_pods (id, namespace, name, uid, person, account, node, phase, created_at,
           own_json, shape_id, status_id, content)
         select value ->> 'id', value ->> 'namespace', value ->> 'name', value ->> 'uid', value ->> 'person',
           value ->> 'account', value ->> 'node', value ->> 'phase', value ->> 'created', value ->> 'own',
           value ->> 'shape', value ->> 'status', unhex(value ->> 'content')
         from json_each(?)",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a body that other pods of the batch are likely to share.
async fn put_once(
    connection: &mut SqliteConnection,
    body: String,
    known: &mut BTreeMap<String, ContentId>,
    now: Timestamp,
) -> Result<ContentId, StoreError> {
    if let Some(id) = known.get(&body) {
        return Ok(*id);
    }
    let id = contents::put(connection, &body, now).await?;
    known.insert(body, id);
    Ok(id)
}
