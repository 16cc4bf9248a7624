//! The page of drift beside what files of the configured folder declare, and what each change does on its own.

use std::fs;

use app::backend::{At, Backend as _, DeclaredFile, DeclaredView, DriftView, Earlier};
use app::error::AppError;
use app::viewer::{Scope, Viewer};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use server::clock::Clock;
use server::cluster::{Source, Tuning};
use server::demo::{self, Op};
use server::demo_api::DemoApi;

use crate::followed::{CLUSTER, Followed};
use crate::program::words;

/// The first cluster of the demo, with what its hubs were rendered from in the folder.
struct Compared {
    api: DemoApi,
    clock: Clock,
    objects: Vec<Value>,
    followed: Followed,
}

impl Compared {
    async fn start() -> Self {
        let now: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
        let cluster = demo::clusters(now).unwrap().remove(0).still();
        let clock = Clock::at(now);
        let objects = cluster.present();
        let api = DemoApi::new(objects.clone(), Vec::new(), &cluster.kubernetes, clock.clone());
        let tuning = Tuning { requests_per_second: 0, ..Tuning::default() };
        let source = Source::over(api.clone(), "https://demo", tuning, clock.clone());
        let followed = Followed::start(source).await;
        for (name, text) in demo::declared(now).unwrap() {
            fs::write(followed.folder.declared().join(name), text).unwrap();
        }
        assert!(followed.handle.scan_now().await);
        Self { api, clock, objects, followed }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.followed.folder.declared().join(name), text).unwrap();
    }

    fn declared(&self, name: &str) -> String {
        fs::read_to_string(self.followed.folder.declared().join(name)).unwrap()
    }

    async fn ask(&self, viewer: &Viewer, name: &str, namespace: Option<&str>) -> Result<DriftView, AppError> {
        let file = DeclaredFile { name: name.to_owned(), namespace: namespace.map(str::to_owned) };
        self.followed.backend.drift(viewer, At::Now, CLUSTER, &Earlier::File(file)).await
    }

    async fn answer(&self, name: &str, namespace: Option<&str>) -> Result<DeclaredView, String> {
        self.ask(&Viewer::local(), name, namespace).await.unwrap().declared.expect("it is compared")
    }

    async fn page(&self, query: &str) -> String {
        words(&self.followed.get(&format!("/clusters/{CLUSTER}/drift?{query}")).await)
    }

    /// Changes objects at once, and has them seen by one more scan.
    async fn edit(&mut self, edits: &[(&str, &str, Value)]) {
        self.clock.set(self.clock.now().checked_add(10.minutes()).unwrap());
        let mut ops = Vec::new();
        for (kind, name, patch) in edits {
            let is_wanted =
                |object: &&mut Value| object["kind"] == *kind && object["metadata"]["name"] == *name;
            let object = self.objects.iter_mut().find(is_wanted).expect("the object that is edited");
            for (field, value) in patch.as_object().unwrap() {
                object["spec"][field] = value.clone();
            }
            ops.push(Op::Put(object.clone()));
        }
        self.api.apply(ops);
        let changed = "select count(*) from revisions where starts_change = 1 and first_scan > 1";
        let wanted = i64::try_from(edits.len()).unwrap();
        let before = self.followed.number(changed).await;
        while self.followed.number(changed).await < before + wanted {
            assert!(self.followed.handle.scan_now().await);
        }
    }

    async fn since_first(&self) -> DriftView {
        self.followed.backend.drift(&Viewer::local(), At::Now, CLUSTER, &Earlier::First).await.unwrap()
    }
}

fn sentences(view: &DeclaredView) -> Vec<String> {
    let changes = view.events.iter().flat_map(|event| &event.changes);
    changes.flat_map(|change| &change.change.fields).map(|field| field.sentence.to_string()).collect()
}

#[tokio::test]
async fn a_hub_as_it_was_rendered_does_not_differ_and_an_edit_by_hand_does() {
    let compared = Compared::start().await;
    for release in ["prod", "staging", "workshop"] {
        let view = compared.answer(&format!("{release}.yaml"), None).await.unwrap();
        assert_eq!(sentences(&view), Vec::<String>::new(), "{release}");
        assert!(view.compared > 20, "{release}: {view:#?}");
        // Of most ConfigMaps nothing but the name is read.
        let left_out: Vec<_> = view.uncompared.iter().map(|(object, _)| object.to_string()).collect();
        assert_eq!(left_out, [format!("ConfigMap/{}/user-scheduler", view.namespace)], "{release}");
    }
    let view = compared.answer("binder.yaml", None).await.unwrap();
    assert_eq!(
        sentences(&view),
        [
            "NetworkPolicy/binder/hub now allows ingress from all pods in namespaces with kubernetes.io/metadata.name=tools on port 8081"
        ]
    );
    let change = &view.events[0].changes[0];
    assert!(change.change.is_manual_edit() && change.alone.is_some(), "{change:#?}");
    let page = compared.page("against=binder.yaml").await;
    for told in [
        "One object differs from what binder.yaml declares; one was edited by hand although Helm owns it.",
        "Written by",
        "edited by hand",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let page = compared.page("against=prod.yaml").await;
    assert!(
        page.contains("Nothing differs from what prod.yaml declares, in what could be compared."),
        "{page}"
    );
    assert!(page.contains("Only its name is read, and not its data"), "{page}");
}

#[tokio::test]
async fn what_one_side_lacks_and_what_a_difference_does_is_told() {
    let compared = Compared::start().await;
    let without = |wanted: &str| {
        let text = compared.declared("prod.yaml");
        let documents: Vec<_> = text.split("---\n").filter(|text| !text.trim().is_empty()).collect();
        let is_other = |document: &&&str| {
            let object: Value = serde_json::from_str(document).unwrap();
            (&object["kind"], &object["metadata"]["name"]) != (&"NetworkPolicy".into(), &wanted.into())
        };
        documents.iter().filter(is_other).copied().collect::<Vec<_>>().join("---\n")
    };
    compared.write("less.yaml", without("singleuser"));
    let view = compared.answer("less.yaml", None).await.unwrap();
    assert!(
        sentences(&view).iter().any(|told| told.starts_with("NetworkPolicy/jhub/singleuser is new")),
        "{view:#?}"
    );
    let alone = view.events[0].changes[0].alone.as_ref().unwrap();
    assert!(!alone.is_empty() && *alone == view.effect, "{alone:#?}");
    let more = compared.declared("prod.yaml").replacen("\"name\": \"hub\"", "\"name\": \"nub\"", 1);
    compared.write("more.yaml", more);
    let told = sentences(&compared.answer("more.yaml", None).await.unwrap());
    assert!(told.iter().any(|told| told.contains("/nub is gone")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("/hub is new")), "{told:?}");
}

#[tokio::test]
async fn what_names_no_namespace_is_looked_for_where_the_release_is_or_where_the_person_says() {
    let compared = Compared::start().await;
    let stranger = compared.declared("prod.yaml").replace("\"prod\"", "\"elsewhere\"");
    compared.write("stranger.yaml", stranger);
    let why = compared.answer("stranger.yaml", None).await.unwrap_err();
    assert!(why.contains("no hub here is of its release; choose the namespace"), "{why}");
    let view = compared.answer("prod.yaml", Some("workshop")).await.unwrap();
    assert_eq!(view.namespace, "workshop");
    assert!(!view.events.is_empty());
    let why = compared.answer("prod.yaml", Some("../x")).await.unwrap_err();
    assert!(!why.contains("../x"), "{why}");
}

#[tokio::test]
async fn what_cannot_be_compared_with_is_said_without_a_value() {
    let compared = Compared::start().await;
    compared.write("broken.yaml", "kind: Service\nplanted-value: [");
    compared.write(
        "typed.yaml",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: hub\n  labels: planted-value\n",
    );
    compared.write("latin.yaml", b"kind: x\nab\xff");
    compared
        .write("nothing.yaml", "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: planted-value}\n");
    compared.write("empty.yaml", "");
    fs::File::create(compared.followed.folder.declared().join("large.yaml"))
        .unwrap()
        .set_len((20 << 20) + 1)
        .unwrap();
    for (name, told) in [
        ("broken.yaml", "broken.yaml:"),
        ("typed.yaml", "typed.yaml:5:"),
        ("latin.yaml", "latin.yaml:2:3: the file is not text in UTF-8"),
        ("nothing.yaml", "no object that Perijove reads is in there"),
        ("empty.yaml", "no object that Perijove reads is in there"),
        ("large.yaml", "larger than 20 MiB"),
        ("none.yaml", "there is no file of this name"),
        ("../perijove.db", "there is no file of this name"),
        ("../declared/prod.yaml", "there is no file of this name"),
    ] {
        let why = compared.answer(name, None).await.unwrap_err();
        assert!(why.contains(told) && !why.contains("planted-value"), "{name}: {why}");
        let page = compared.page(&format!("against={name}")).await;
        assert!(
            page.contains("This file cannot be compared with.") && !page.contains("planted-value"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_hostile_name_of_a_file_is_text() {
    let compared = Compared::start().await;
    for name in ["\"><script>alert(1)<!--.yaml", "a\u{202e}lmay.yaml", "line\nbreak.yaml"] {
        compared.write(name, compared.declared("binder.yaml"));
        let asked = app::backend::segment(name);
        let page = compared.followed.get(&format!("/clusters/{CLUSTER}/drift?against={asked}")).await;
        assert!(page.contains("One object differs"), "{page}");
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!words(&page).contains('\u{202e}'), "a name does not turn the page around");
    }
}

#[tokio::test]
async fn who_sees_some_hubs_only_may_not_compare_with_files() {
    let compared = Compared::start().await;
    let some = Viewer { scope: Scope::Hubs([1].into()), ..Viewer::local() };
    let refused = compared.ask(&some, "binder.yaml", None).await.unwrap_err();
    assert!(matches!(refused, AppError::Forbidden { .. }), "{refused}");
    let view = compared.followed.backend.drift(&some, At::Now, CLUSTER, &Earlier::Usual).await.unwrap();
    assert_eq!(view.files, None);
    let names = compared.ask(&Viewer::local(), "binder.yaml", None).await.unwrap().files.unwrap().names;
    assert_eq!(names, ["binder.yaml", "prod.yaml", "staging.yaml", "workshop.yaml"]);
}

#[tokio::test]
async fn each_change_says_what_it_does_on_its_own() {
    let mut compared = Compared::start().await;
    let open = json!({"egress": [{}]});
    compared
        .edit(&[("NetworkPolicy", "singleuser", open), ("Service", "proxy-api", json!({"type": "NodePort"}))])
        .await;
    let view = compared.since_first().await;
    let find = |name: &str| {
        let mut changes = view.events.iter().flat_map(|event| &event.changes);
        let change = changes.find(|change| change.change.object.name == name).expect("the change");
        change.alone.clone().expect("it was tried")
    };
    let policy = find("singleuser");
    assert!(!policy.findings.is_empty() && !policy.reach.is_empty(), "{policy:#?}");
    assert!(find("proxy-api").is_empty(), "{:#?}", find("proxy-api"));
    for finding in policy.findings {
        let turned = view.turned.iter().find(|row| {
            row.code == finding.code
                && row.hub.as_ref().map(|hub| &hub.release) == finding.hub.as_ref().map(|hub| &hub.release)
        });
        let turned = turned.unwrap_or_else(|| panic!("{finding:?} is in no scan"));
        assert_eq!((turned.before, turned.after), (finding.before, finding.after), "{}", finding.code);
    }
    let page = compared.page("with=first").await;
    assert!(page.contains("What it does on its own"), "{page}");
    assert!(page.contains("On its own it turns no check, and servers reach the same as before."), "{page}");
}

#[tokio::test]
async fn more_changes_than_can_be_tried_are_told_with_what_turned_beside_them() {
    let compared = Compared::start().await;
    let service = |number: usize| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("new-{number}"), "namespace": "jhub"},
            "spec": {"type": "ClusterIP", "ports": [{"port": 80}]}
        })
    };
    compared.clock.set(compared.clock.now().checked_add(10.minutes()).unwrap());
    compared.api.apply((0..21).map(|number| Op::Put(service(number))).collect());
    let changed = "select count(*) from revisions where starts_change = 1 and first_scan > 1";
    while compared.followed.number(changed).await < 21 {
        assert!(compared.followed.handle.scan_now().await);
    }
    let view = compared.since_first().await;
    assert!(view.untried.is_some_and(|untried| (1..=20).contains(&untried.most)), "{:?}", view.untried);
    assert!(view.events.iter().flat_map(|event| &event.changes).all(|change| change.alone.is_none()));
    let page = compared.page("with=first").await;
    assert!(page.contains("What each change does alone is shown for up to"), "{page}");
}
