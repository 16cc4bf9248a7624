//! Writing ahead: bodies go to the database while a scan is still running, and stay invisible until its commit refers to them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::facts::ManagedField;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::{ContentHash, Record};
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

/// A pod whose shared parts are written ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPod {
    /// Which pod.
    pub object: ObjectRef,
    /// Its incarnation.
    pub uid: String,
    /// The hub whose user server it is, filled in before the commit.
    pub hub: Option<HubKey>,
    /// The token of the person whose server it is.
    pub person: Option<String>,
    /// Decides a revision.
    pub content: ContentHash,
    /// The ServiceAccount.
    pub account: String,
    /// The node.
    pub node: Option<String>,
    /// The phase.
    pub phase: Option<String>,
    /// When the API server created it, in milliseconds since 1970.
    pub created_at: Option<i64>,
    /// What only this pod has, as JSON by pointer.
    pub own: Option<String>,
    /// What it is.
    pub shape: ContentId,
    /// How it is.
    pub status: ContentId,
}

/// What was written ahead, in the order of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staged {
    /// Everything but pods.
    pub objects: Vec<StagedObject>,
    /// Pods.
    pub pods: Vec<StagedPod>,
}

impl Store {
    /// Writes records ahead, all in one transaction; a page of a list is a good batch.
    pub async fn stage(&self, records: &[Record], now: Timestamp) -> Result<Staged, StoreError> {
        let mut transaction = self.write().await?;
        let mut known = BTreeMap::new();
        let mut staged = Staged::default();
        for record in records {
            let done = one(&mut transaction, record, &mut known, &mut staged, now).await;
            done.map_err(|e| e.at(self.path()))?;
        }
        self.finish(transaction).await?;
        Ok(staged)
    }
}

async fn one(
    connection: &mut SqliteConnection,
    record: &Record,
    known: &mut BTreeMap<String, ContentId>,
    staged: &mut Staged,
    now: Timestamp,
) -> Result<(), StoreError> {
    if record.object.kind == Kind::Pod {
        staged.pods.push(pod(connection, record, known, now).await?);
    } else {
        staged.objects.push(object(connection, record, now).await?);
    }
    Ok(())
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

async fn pod(
    connection: &mut SqliteConnection,
    record: &Record,
    known: &mut BTreeMap<String, ContentId>,
    now: Timestamp,
) -> Result<StagedPod, StoreError> {
    let person = record.person();
    let text = |pointer| record.body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let Split { shape, status, own } = split::split(&record.body, person);
    let created = text("/metadata/creationTimestamp").and_then(|t| t.parse::<Timestamp>().ok());
    let own = if own.is_empty() { None } else { Some(serde_json::to_string(&own)) };
    Ok(StagedPod {
        object: record.object.clone(),
        uid: record.uid.clone(),
        hub: None,
        person: person.map(str::to_owned),
        content: record.content,
        account: text("/spec/serviceAccountName").unwrap_or_else(|| "default".to_owned()),
        node: text("/spec/nodeName"),
        phase: text("/status/phase"),
        created_at: created.map(Timestamp::as_millisecond),
        own: own.transpose().map_err(StoreError::unreadable("a pod"))?,
        shape: put_once(connection, shape.to_string(), known, now).await?,
        status: put_once(connection, status.to_string(), known, now).await?,
    })
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
