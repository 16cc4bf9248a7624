//! Drift hashes made again where this version compares other fields than the one that wrote them.

use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::Record;
use sqlx::SqliteConnection;

use super::findings::word;
use super::{StoreError, meta};

/// Which fields decide a change; raised whenever that differs, so that nothing is told as a change that only this program changed.
const FIELDS: &str = "3";

/// Renews the drift hash of everything that still holds, if it was made by other rules. All of it, or nothing.
pub(super) async fn renew(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    if meta::find(connection, meta::DRIFT_FIELDS).await?.as_deref() == Some(FIELDS) {
        return Ok(());
    }
    sqlx::query!("begin immediate").execute(&mut *connection).await?;
    match renew_all(connection).await {
        Ok(()) => {
            sqlx::query!("commit").execute(connection).await?;
            Ok(())
        }
        Err(error) => {
            // The error that came first is the one to tell.
            drop(sqlx::query!("rollback").execute(connection).await);
            Err(error)
        }
    }
}

async fn renew_all(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut last = 0;
    loop {
        let ids = sqlx::query_scalar!(
            "select id from revisions where id > ? and until_scan is null order by id limit 1000",
            last
        )
        .fetch_all(&mut *connection)
        .await?;
        let Some(end) = ids.last() else { break };
        last = *end;
        for id in ids {
            renew_one(connection, id).await?;
        }
    }
    meta::set(connection, meta::DRIFT_FIELDS, FIELDS).await
}

async fn renew_one(connection: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    let row = sqlx::query!(
        "select o.kind, o.namespace, o.name, r.drift, c.body from revisions r
             join objects o on o.id = r.object_id join contents c on c.id = r.content_id where r.id = ?",
        id
    )
    .fetch_one(&mut *connection)
    .await?;
    let kind = word::<Kind>(row.kind, "the kind of an object")?;
    let namespace = Some(row.namespace).filter(|namespace| !namespace.is_empty());
    let object = ObjectRef { kind, namespace, name: row.name };
    let body = serde_json::from_str(&row.body).map_err(StoreError::unreadable("an object"))?;
    let drift = Record::new(object, body, Vec::new(), String::new()).drift;
    if drift.0[..] != row.drift {
        let drift = &drift.0[..];
        sqlx::query!("update revisions set drift = ? where id = ?", drift, id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
