//! The page of drift beside what Helm keeps of its releases, as the collector looks at them.

use std::collections::BTreeSet;
use std::time::Instant;

use app::backend::{At, Backend as _, DeclaredView, Declarer, DriftView, Earlier, ReleaseName};
use app::error::AppError;
use app::viewer::{Scope, Viewer};
use http::StatusCode;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use server::clock::Clock;
use server::collector::Settings;
use server::demo::{self, Op};
use server::demo_api::DemoApi;

use crate::followed::{CLUSTER, Followed};
use crate::helm::{Helm, revision};
use crate::program::{Needles, PATIENCE, words};

/// A Secret as charts have it, with a secret.
const SECRET: &str = "---
apiVersion: v1
kind: Secret
metadata: {name: hub}
stringData: {hub.config.ConfigurableHTTPProxy.auth_token: planted-token}
";

/// The first cluster of the demo, with its hubs as releases of Helm.
struct Released {
    api: DemoApi,
    helm: Helm,
    clock: Clock,
    objects: Vec<Value>,
    followed: Followed,
}

/// What a hub of the demo was rendered from.
fn rendered(release: &str) -> String {
    let files = demo::declared(begun()).unwrap();
    let (_, text) = files.into_iter().find(|(name, _)| *name == format!("{release}.yaml")).unwrap();
    format!("{SECRET}---\n{text}")
}

fn begun() -> Timestamp {
    "2026-11-26T00:00:00Z".parse().unwrap()
}

impl Released {
    /// With releases looked at in these namespaces.
    async fn start(namespaces: &[&str]) -> Self {
        Self::start_with(namespaces, |_| ()).await
    }

    async fn start_with(namespaces: &[&str], prepare: impl FnOnce(&Helm)) -> Self {
        let namespaces: BTreeSet<String> = namespaces.iter().map(|name| (*name).to_owned()).collect();
        let cluster = demo::clusters(begun()).unwrap().remove(0).still();
        let clock = Clock::at(begun());
        let objects = cluster.present();
        let api = DemoApi::new(objects.clone(), Vec::new(), &cluster.kubernetes, clock.clone());
        let helm = Helm::default();
        helm.put(revision(("jhub", "prod"), 1, "superseded", "planted-nothing"));
        helm.put(revision(("jhub", "prod"), 2, "deployed", &rendered("prod")));
        helm.put(revision(("binder", "binder"), 7, "deployed", &rendered("binder")));
        prepare(&helm);
        let source = helm.over(api.clone(), &namespaces, clock.clone());
        let settings = Settings { releases: namespaces, ..Settings::new(CLUSTER) };
        let followed = Followed::start_with(source, settings).await;
        assert!(followed.handle.scan_now().await);
        Self { api, helm, clock, objects, followed }
    }

    /// Scans some minutes later; the instant before that scan.
    async fn scan(&self) -> Timestamp {
        let before = self.clock.now();
        self.clock.set(before.checked_add(10.minutes()).unwrap());
        assert!(self.followed.handle.scan_now().await);
        before
    }

    async fn ask(&self, viewer: &Viewer, at: At, release: &str) -> Result<DriftView, AppError> {
        let asked = ReleaseName::parse(&format!("release:{release}")).unwrap();
        self.followed.backend.drift(viewer, at, CLUSTER, &Earlier::Release(asked)).await
    }

    async fn answer_at(&self, at: At, release: &str) -> Result<DeclaredView, String> {
        self.ask(&Viewer::local(), at, release).await.unwrap().declared.expect("it is compared")
    }

    async fn answer(&self, release: &str) -> Result<DeclaredView, String> {
        self.answer_at(At::Now, release).await
    }

    /// The revision that is compared with at an instant.
    async fn revision_at(&self, at: At, release: &str) -> u32 {
        match self.answer_at(at, release).await.unwrap().source {
            Declarer::Release(read) => read.installed.revision,
            Declarer::File(name) => panic!("{name}"),
        }
    }

    async fn page(&self, query: &str) -> String {
        words(&self.followed.get(&format!("/clusters/{CLUSTER}/drift{query}")).await)
    }

    async fn rows(&self) -> i64 {
        self.followed.number("select count(*) from releases").await
    }

    /// Changes an object of Helm's, as an upgrade does.
    fn upgrade(&mut self, kind: &str, name: &str, change: impl Fn(&mut Value)) {
        let is_wanted = |object: &&mut Value| {
            object["kind"] == kind
                && object["metadata"]["name"] == name
                && object["metadata"]["namespace"] == "jhub"
        };
        let object = self.objects.iter_mut().find(is_wanted).expect("the object that is changed");
        change(object);
        self.api.apply(vec![Op::Put(object.clone())]);
    }
}

fn sentences(view: &DeclaredView) -> Vec<String> {
    let changes = view.events.iter().flat_map(|event| &event.changes);
    changes.flat_map(|change| &change.change.fields).map(|field| field.sentence.to_string()).collect()
}

#[tokio::test]
async fn a_release_is_offered_and_silent_and_an_edit_by_hand_is_one_change_with_its_author() {
    let released = Released::start(&["jhub", "binder"]).await;
    let page = released.page("").await;
    for told in ["Release prod in jhub, revision 2", "Release binder in binder, revision 7"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let view = released.answer("jhub/prod").await.unwrap();
    assert_eq!(sentences(&view), Vec::<String>::new(), "{view:#?}");
    assert!(view.compared > 20, "{view:#?}");
    let page = released.page("?against=release:jhub/prod").await;
    for told in [
        "Nothing differs from what revision 2 of Helm release jhub/prod declares, in what could be compared.",
        "(chart jupyterhub-4.4.0)",
        "Secrets are",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let view = released.answer("binder/binder").await.unwrap();
    assert_eq!(
        sentences(&view),
        [
            "NetworkPolicy/binder/hub now allows ingress from all pods in namespaces with kubernetes.io/metadata.name=tools on port 8081"
        ]
    );
    let [event] = view.events.as_slice() else { panic!("{view:#?}") };
    assert!(event.changes[0].change.is_manual_edit(), "{event:#?}");
    let page = released.page("?against=release%3Abinder%2Fbinder").await;
    for told in [
        "One object differs from what revision 7 of Helm release binder/binder declares; one was edited by hand although Helm owns it.",
        "Written by",
        "edited by hand",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let needles = Needles::of(["planted-"]);
    for path in ["", "?against=release:jhub/prod", "?against=release:binder/binder"] {
        let path = format!("/clusters/{CLUSTER}/drift{path}");
        needles.assert_absent(&path, released.followed.get(&path).await);
    }
    for (path, bytes) in released.followed.folder.files() {
        needles.assert_absent(&path.display().to_string(), bytes);
    }
}

#[tokio::test]
async fn a_secret_is_read_again_only_when_another_one_is_deployed_and_the_past_keeps_its_own() {
    let released = Released::start(&["jhub"]).await;
    assert_eq!(released.helm.take_read(), ["sh.helm.release.v1.prod.v2"]);
    released.scan().await;
    let changed = released.followed.number("select count(*) from moments").await;
    let second = released.scan().await;
    assert_eq!((released.helm.take_read(), released.rows().await), (Vec::new(), 2));
    released.helm.put(revision(("jhub", "prod"), 2, "superseded", &rendered("prod")));
    released.helm.put(revision(("jhub", "prod"), 3, "deployed", &rendered("prod")));
    released.scan().await;
    assert_eq!(released.helm.take_read(), ["sh.helm.release.v1.prod.v3"]);
    assert_eq!(released.revision_at(At::Now, "jhub/prod").await, 3);
    assert_eq!(released.revision_at(At::Past(second), "jhub/prod").await, 2);
    let query = format!("?against=release:jhub/prod&at={second}");
    assert!(released.page(&query).await.contains("what revision 2 of Helm release jhub/prod declares"));
    assert_eq!(released.followed.number("select count(*) from moments").await, changed, "it is no change");
    // Taken out and installed again, a release begins at its first revision once more.
    released.helm.put(revision(("jhub", "prod"), 3, "deployed", &rendered("workshop")));
    released.scan().await;
    assert_eq!(released.helm.take_read(), ["sh.helm.release.v1.prod.v3"]);
    released.helm.uninstall("jhub");
    let last = released.scan().await;
    let why = released.answer("jhub/prod").await.unwrap_err();
    assert!(why.contains("there was no such release"), "{why}");
    assert!(released.page("").await.contains("There was no release of Helm to compare with in jhub"));
    assert_eq!(released.revision_at(At::Past(last), "jhub/prod").await, 3);
}

#[tokio::test]
async fn what_may_not_be_read_is_told_with_what_grants_it_and_what_was_read_before_stands() {
    let refuse = |helm: &Helm| {
        helm.refuse("jhub", "list", StatusCode::FORBIDDEN);
        helm.refuse("binder", "get", StatusCode::FORBIDDEN);
    };
    let released = Released::start_with(&["jhub", "binder"], refuse).await;
    let told = [
        "The releases of jhub could not be read: the account may not list the Secrets of namespace jhub, in which Helm keeps its releases; grant it with `perijove doctor --role-releases`.",
        "Release binder in binder: revision 7 could not be read: the account may not get the Secrets of namespace binder",
    ];
    let page = released.page("").await;
    assert!(told.iter().all(|told| page.contains(told)), "{page}");
    for (release, told) in [("jhub/prod", "may not list"), ("binder/binder", "may not get")] {
        let why = released.answer(release).await.unwrap_err();
        assert!(why.contains(told) && why.contains("doctor --role-releases"), "{why}");
        let page = released.page(&format!("?against=release:{release}")).await;
        assert!(page.contains("This release cannot be compared with.") && page.contains(told), "{page}");
    }
    let why = released.answer("elsewhere/prod").await.unwrap_err();
    assert!(why.contains("were not looked at") && !why.contains("elsewhere"), "{why}");

    released.helm.allow();
    released.scan().await;
    assert!(released.answer("binder/binder").await.is_ok());
    released.helm.uninstall("jhub");
    released.helm.refuse("jhub", "list", StatusCode::INTERNAL_SERVER_ERROR);
    released.scan().await;
    let view = released.answer("jhub/prod").await.unwrap();
    assert_eq!(sentences(&view), Vec::<String>::new());
    let page = released.page("?against=release:jhub/prod").await;
    for told in ["The releases of this namespace could not be read.", "there may be a newer revision"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    released.helm.allow();
    released.scan().await;
    released.answer("jhub/prod").await.unwrap_err();
}

#[tokio::test]
async fn a_revision_that_failed_or_is_broken_is_told() {
    let prepare = |helm: &Helm| {
        helm.put(revision(("jhub", "prod"), 3, "failed", "planted-nothing"));
        helm.put(revision(("binder", "binder"), 7, "deployed", "kind: [planted-value"));
        helm.put(revision(("binder", "new"), 1, "pending-install", "planted-nothing"));
    };
    let released = Released::start_with(&["jhub", "binder"], prepare).await;
    assert_eq!(released.revision_at(At::Now, "jhub/prod").await, 2);
    let page = released.page("?against=release:jhub/prod").await;
    assert!(page.contains("Its newest revision is 3 with the status failed"), "{page}");
    let page = released.page("").await;
    for told in [
        "Release binder in binder: revision 7 could not be read: the manifest of Helm release binder/binder, revision 7:",
        "Release new in binder: no revision of Helm release binder/new is deployed",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("planted"), "{page}");
    released.helm.take_read();
    released.scan().await;
    assert_eq!(released.helm.take_read(), Vec::<String>::new(), "what is broken stays broken");
}

#[tokio::test]
async fn an_upgrade_is_looked_at_as_soon_as_its_objects_change() {
    let mut released = Released::start(&["jhub"]).await;
    let lists = released.helm.lists();
    released.helm.put(revision(("jhub", "prod"), 2, "superseded", &rendered("prod")));
    released.helm.put(revision(("jhub", "prod"), 3, "deployed", &rendered("prod")));
    released.upgrade("NetworkPolicy", "singleuser", |policy| policy["spec"]["egress"] = json!([{}]));
    let deadline = Instant::now() + PATIENCE;
    while released.revision_at(At::Now, "jhub/prod").await != 3 {
        assert!(Instant::now() < deadline, "the upgrade is not seen");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(released.helm.lists() > lists);
    let cause = "select cause from scans order by seq desc limit 1";
    assert_eq!(released.followed.texts(cause).await, ["change"], "no tick and nobody asked");
    assert!(!sentences(&released.answer("jhub/prod").await.unwrap()).is_empty());
}

#[tokio::test]
async fn nothing_is_offered_where_none_is_to_be_looked_at_or_who_sees_some_hubs_only() {
    let released = Released::start(&[]).await;
    let viewer = Viewer::local();
    let view = released.followed.backend.drift(&viewer, At::Now, CLUSTER, &Earlier::Usual).await.unwrap();
    assert_eq!((view.releases, released.helm.lists(), released.rows().await), (None, 0, 0));
    let why = released.answer("jhub/prod").await.unwrap_err();
    assert!(why.contains("`drift.releases`"), "{why}");

    let released = Released::start(&["jhub"]).await;
    let some = Viewer { scope: Scope::Hubs([1].into()), ..Viewer::local() };
    let refused = released.ask(&some, At::Now, "jhub/prod").await.unwrap_err();
    assert!(matches!(refused, AppError::Forbidden { .. }), "{refused}");
    let view = released.followed.backend.drift(&some, At::Now, CLUSTER, &Earlier::Usual).await.unwrap();
    assert_eq!(view.releases, None);
}
