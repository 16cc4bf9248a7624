//! What was seen of the releases of Helm, as intervals of each, with the redacted manifests as contents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use posture::release::{Manifest, Sight, Standing};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::contents::{self, ContentId, digest};
use super::scans::instant;
use super::{ClusterId, ScanNumber, StoreError};

/// What was known of releases at a scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownReleases {
    /// When they were last looked at.
    pub looked_at: Option<Timestamp>,
    /// Every namespace that was looked at, and why its releases could not be listed then.
    pub namespaces: BTreeMap<String, Option<String>>,
    /// The releases, by namespace and name; where they could not be listed, as they were last seen.
    pub releases: BTreeMap<(String, String), KnownRelease>,
}

/// What was known of a release at a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRelease {
    /// Where it stood.
    pub standing: Standing,
    /// The chart of the deployed revision, where it was read.
    pub chart: Option<String>,
    /// Where its manifest is kept, or why there is none.
    pub manifest: Result<ContentId, String>,
}

#[derive(Serialize, Deserialize)]
struct Stood {
    standing: Standing,
    chart: Option<String>,
}

/// What a row holds, as far as it decides a new interval; the manifest by its hash.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    standing: Option<String>,
    manifest: Option<Vec<u8>>,
    reason: Option<String>,
}

/// Ends and begins intervals where something else is seen. A release is over where its namespace was listed without it, or is not looked
/// at any more.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    let mut open = load(connection, commit.cluster).await?;
    let mut stays = BTreeSet::new();
    for (namespace, seen) in &commit.releases.namespaces {
        let held = Held { reason: seen.unlisted.clone(), ..Held::default() };
        record(connection, (commit, scan), (namespace, ""), held, None, &mut open).await?;
        if seen.unlisted.is_some() {
            stays.insert(namespace.clone());
            continue;
        }
        for (name, sight) in &seen.releases {
            let (held, body) = held_of(sight)?;
            record(connection, (commit, scan), (namespace, name), held, body, &mut open).await?;
        }
    }
    for ((namespace, _), (id, _)) in open {
        if !stays.contains(&namespace) {
            end(connection, id, scan).await?;
        }
    }
    Ok(())
}

fn held_of(sight: &Sight) -> Result<(Held, Option<&str>), StoreError> {
    let stood = Stood { standing: sight.standing, chart: sight.chart.clone() };
    let standing = serde_json::to_string(&stood).map_err(StoreError::unreadable("a release"))?;
    let body = sight.manifest.as_deref().ok();
    let held = Held {
        standing: Some(standing),
        manifest: body.map(|body| digest(body.as_bytes()).to_vec()),
        reason: sight.manifest.as_ref().err().cloned(),
    };
    Ok((held, body))
}

type Open = BTreeMap<(String, String), (i64, Held)>;

async fn load(connection: &mut SqliteConnection, cluster: ClusterId) -> Result<Open, StoreError> {
    let rows = sqlx::query!(
        r#"select r.id, r.namespace, r.name, r.standing_json, r.reason, c.hash as "hash?" from releases r
           left join contents c on c.id = r.content_id where r.cluster_id = ? and r.until_scan is null"#,
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let held = Held { standing: row.standing_json, manifest: row.hash, reason: row.reason };
            ((row.namespace, row.name), (row.id, held))
        })
        .collect())
}

/// Writes what is new, and takes what was open out of `open`.
async fn record(
    connection: &mut SqliteConnection,
    (commit, scan): (&ScanCommit, ScanNumber),
    (namespace, name): (&str, &str),
    held: Held,
    body: Option<&str>,
    open: &mut Open,
) -> Result<(), StoreError> {
    if let Some((id, before)) = open.remove(&(namespace.to_owned(), name.to_owned())) {
        if before == held {
            return Ok(());
        }
        end(connection, id, scan).await?;
    }
    let content = match body {
        Some(body) => Some(contents::put(connection, body, commit.taken_at).await?.0),
        None => None,
    };
    sqlx::query!(
        "insert into releases (cluster_id, namespace, name, first_scan, standing_json, content_id, reason)
         values (?, ?, ?, ?, ?, ?, ?)",
        commit.cluster.0,
        namespace,
        name,
        scan.0,
        held.standing,
        content,
        held.reason
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn end(connection: &mut SqliteConnection, id: i64, scan: ScanNumber) -> Result<(), StoreError> {
    sqlx::query!("update releases set until_scan = ? where id = ?", scan.0, id).execute(connection).await?;
    Ok(())
}

/// What was known of releases at a scan.
pub async fn at(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<KnownReleases, StoreError> {
    let looked_at = sqlx::query_scalar!(
        "select releases_at from scans where cluster_id = ? and seq = ?",
        cluster.0,
        scan.0
    )
    .fetch_optional(&mut *connection)
    .await?
    .flatten();
    let rows = sqlx::query!(
        "select namespace, name, standing_json, content_id, reason from releases
         where cluster_id = ?1 and first_scan <= ?2 and (until_scan is null or until_scan > ?2)",
        cluster.0,
        scan.0
    )
    .fetch_all(connection)
    .await?;
    let mut known =
        KnownReleases { looked_at: looked_at.map(instant).transpose()?, ..KnownReleases::default() };
    for row in rows {
        let Some(stood) = row.standing_json else {
            known.namespaces.insert(row.namespace, row.reason);
            continue;
        };
        let Stood { standing, chart } =
            serde_json::from_str(&stood).map_err(StoreError::unreadable("a release"))?;
        let manifest = row.content_id.map(ContentId).ok_or_else(|| row.reason.unwrap_or_default());
        known.releases.insert((row.namespace, row.name), KnownRelease { standing, chart, manifest });
    }
    Ok(known)
}

/// A manifest that is kept.
pub async fn manifest(connection: &mut SqliteConnection, id: ContentId) -> Result<String, StoreError> {
    let body = sqlx::query_scalar!("select body from contents where id = ?", id.0)
        .fetch_optional(connection)
        .await?;
    body.ok_or_else(|| StoreError::NotFound { what: "the manifest of a release".to_owned() })
}

/// The objects of a manifest that is kept.
pub fn objects(body: &str) -> Result<Manifest, StoreError> {
    Manifest::read(body).map_err(StoreError::unreadable("the manifest of a release"))
}
