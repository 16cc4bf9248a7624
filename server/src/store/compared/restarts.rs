//! Workloads that were restarted between two scans.

use posture::drift::{Restart, restart};
use posture::kind::Kind;
use posture::object::ObjectRef;
use sqlx::SqliteConnection;

use super::super::findings::word;
use super::super::{ClusterId, HubId, ScanNumber, Scope, StoreError};
use super::{MOST, Stored};

/// Workloads that were restarted after one scan and until another, with the hub each belongs to. Sorted by object; of each the last
/// restart. At most as many as objects are compared.
pub async fn restarts(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (before, after): (ScanNumber, ScanNumber),
    scope: &Scope,
) -> Result<Vec<(Option<HubId>, Restart)>, StoreError> {
    let hubs = scope.parameter();
    let limit = i64::try_from(MOST).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        r#"select o.hub_id as "hub_id?: i64", o.kind as "kind!: String", o.namespace as "namespace!: String", o.name as "name!: String",
             a.uid as "before_uid!: String", a.content as "before_content!: Vec<u8>", a.drift as "before_drift!: Vec<u8>",
             a.managed_fields_json as "before_managed!: String", ca.body as "before_body!: String",
             b.uid as "after_uid!: String", b.content as "after_content!: Vec<u8>", b.drift as "after_drift!: Vec<u8>",
             b.managed_fields_json as "after_managed!: String", cb.body as "after_body!: String"
           from objects o
           join revisions a on a.object_id = o.id and a.first_scan <= ?2 and (a.until_scan is null or a.until_scan > ?2)
           join revisions b on b.object_id = o.id and b.first_scan > ?2 and b.first_scan <= ?3 and (b.until_scan is null or b.until_scan > ?3)
           join contents ca on ca.id = a.content_id
           join contents cb on cb.id = b.content_id
           where o.cluster_id = ?1 and o.kind in ('Deployment', 'StatefulSet', 'DaemonSet')
             and json_extract(cb.body, '$.spec.template.metadata.annotations."kubectl.kubernetes.io/restartedAt"')
               is not json_extract(ca.body, '$.spec.template.metadata.annotations."kubectl.kubernetes.io/restartedAt"')
             and (?4 is null or o.hub_id in (select value from json_each(?4)))
           order by o.kind, o.namespace, o.name limit ?5"#,
        cluster.0,
        before.0,
        after.0,
        hubs,
        limit
    )
    .fetch_all(connection)
    .await?;
    let mut found = Vec::new();
    for row in rows {
        let kind = word::<Kind>(row.kind, "the kind of an object")?;
        let namespace = Some(row.namespace).filter(|namespace| !namespace.is_empty());
        let object = ObjectRef { kind, namespace, name: row.name };
        let before = Stored {
            uid: row.before_uid,
            content: row.before_content,
            drift: row.before_drift,
            managed: row.before_managed,
            body: row.before_body,
        };
        let after = Stored {
            uid: row.after_uid,
            content: row.after_content,
            drift: row.after_drift,
            managed: row.after_managed,
            body: row.after_body,
        };
        let (before, after) = (before.record(object.clone())?, after.record(object)?);
        found.extend(restart(&before, &after).map(|restart| (row.hub_id.map(HubId), restart)));
    }
    Ok(found)
}
