//! What was seen of releases, over time.

use posture::release::{InNamespace, Manifest, Releases, Sight, Standing, Status};
use server::store::releases;
use server::store::{Retention, ScanNumber};

use super::*;

const DAY: i64 = 24 * 60;

/// A release whose deployed revision installs one Service.
fn sight(revision: u32, text: &str) -> Sight {
    let manifest = Manifest { records: vec![record(Kind::Service, "jhub", "hub", text)], skipped: 1 };
    Sight {
        standing: Standing { deployed: Some(revision), newest: (revision, Status::Deployed) },
        chart: Some("jupyterhub-4.4.0".to_owned()),
        manifest: Ok(manifest.write().unwrap().into()),
    }
}

fn listed(sights: &[(&str, Sight)]) -> InNamespace {
    let releases = sights.iter().map(|(name, sight)| ((*name).to_owned(), sight.clone())).collect();
    InNamespace { releases, unlisted: None }
}

impl Place {
    async fn finds(&self, minute: i64, namespace: Option<InNamespace>) -> Committed {
        let mut commit = self.scan(minute);
        let namespaces = namespace.map(|seen| ("jhub".to_owned(), seen)).into_iter().collect();
        commit.releases = Releases { namespaces, looked_at: Some(at(minute)) };
        self.commit(commit).await
    }

    /// The revision of release `prod` at a scan, with the text that its Service has, or why there is none.
    async fn prod_at(&self, scan: i64) -> Result<(u32, String), String> {
        let mut reading = self.store.read().await.unwrap();
        let known = releases::at(&mut reading, self.cluster, ScanNumber(scan)).await.unwrap();
        let release = known.releases.get(&("jhub".to_owned(), "prod".to_owned())).ok_or(GONE)?;
        let content = release.manifest.clone()?;
        let body = releases::manifest(&mut reading, content).await.unwrap();
        let manifest = releases::objects(&body).unwrap();
        assert_eq!((manifest.records.len(), manifest.skipped), (1, 1));
        let text = manifest.records[0].body["spec"]["text"].as_str().unwrap().to_owned();
        Ok((release.standing.deployed.unwrap(), text))
    }
}

/// What is said of a release that is not there.
const GONE: &str = "it is not there";

fn is(revision: u32, text: &str) -> (u32, String) {
    (revision, text.to_owned())
}

#[tokio::test]
async fn an_upgrade_ends_an_interval_and_the_same_look_again_writes_nothing() {
    let place = Place::new().await;
    assert!(place.finds(0, Some(listed(&[("prod", sight(1, "old"))]))).await.is_change);
    assert!(!place.finds(90, Some(listed(&[("prod", sight(1, "old"))]))).await.is_change);
    assert!(place.finds(91, Some(listed(&[("prod", sight(2, "new"))]))).await.is_change);
    assert_eq!(place.count("releases").await, 3, "the namespace, and two revisions");
    assert_eq!(place.prod_at(1).await, Ok(is(1, "old")));
    assert_eq!(place.prod_at(2).await, Ok(is(1, "old")));
    assert_eq!(place.prod_at(3).await, Ok(is(2, "new")));
    assert_eq!(place.count("moments").await, 0, "it is no change of the cluster");
    let mut reading = place.store.read().await.unwrap();
    let known = releases::at(&mut reading, place.cluster, ScanNumber(2)).await.unwrap();
    assert_eq!((known.looked_at, known.namespaces["jhub"].clone()), (Some(at(90)), None));
}

#[tokio::test]
async fn a_release_is_over_by_a_complete_list_only_or_when_it_is_not_looked_at_any_more() {
    let place = Place::new().await;
    let unlisted = || InNamespace { unlisted: Some("it is forbidden".to_owned()), ..InNamespace::default() };
    place.finds(0, Some(listed(&[("prod", sight(1, "a"))]))).await;
    place.finds(1, Some(unlisted())).await;
    place.finds(2, Some(listed(&[("other", sight(1, "a"))]))).await;
    place.finds(3, Some(listed(&[("prod", sight(1, "a"))]))).await;
    place.finds(4, None).await;
    for (scan, stands) in [(1, true), (2, true), (3, false), (4, true), (5, false)] {
        assert_eq!(place.prod_at(scan).await.ok(), stands.then_some(is(1, "a")), "scan {scan}");
    }
    let mut reading = place.store.read().await.unwrap();
    let known = releases::at(&mut reading, place.cluster, ScanNumber(2)).await.unwrap();
    assert_eq!(known.namespaces["jhub"].as_deref(), Some("it is forbidden"));
    let known = releases::at(&mut reading, place.cluster, ScanNumber(5)).await.unwrap();
    assert!(known.namespaces.is_empty());
}

#[tokio::test]
async fn why_a_manifest_cannot_be_read_is_kept_in_its_place() {
    let place = Place::new().await;
    let broken = Sight { manifest: Err("it is broken".to_owned()), ..sight(2, "") };
    place.finds(0, Some(listed(&[("prod", sight(1, "a"))]))).await;
    place.finds(1, Some(listed(&[("prod", broken)]))).await;
    assert_eq!(place.prod_at(1).await, Ok(is(1, "a")));
    assert_eq!(place.prod_at(2).await, Err("it is broken".to_owned()));
}

#[tokio::test]
async fn what_ended_long_ago_is_pruned_with_its_manifest_unless_it_is_pinned() {
    for is_pinned in [false, true] {
        let place = Place::new().await;
        place.finds(0, Some(listed(&[("prod", sight(1, "old"))]))).await;
        if is_pinned {
            place.store.pin((place.cluster, ScanNumber(1)), "good", "", at(0)).await.unwrap();
        }
        place.finds(1, Some(listed(&[("prod", sight(2, "new"))]))).await;
        place.finds(200 * DAY, Some(listed(&[("prod", sight(2, "new"))]))).await;
        let retention = Retention { history_days: 100, pod_days: 30, max_bytes: u64::MAX };
        place.store.prune(&retention, at(201 * DAY)).await.unwrap();
        assert_eq!(place.prod_at(3).await, Ok(is(2, "new")), "what still holds stays");
        let kept = if is_pinned { Ok(is(1, "old")) } else { Err(GONE.to_owned()) };
        assert_eq!(place.prod_at(1).await, kept, "pinned: {is_pinned}");
        assert_eq!(place.count("contents").await, if is_pinned { 2 } else { 1 });
    }
}
