//! What Perijove relies on in a Kubernetes API, tried against the demo's API and against a real API server.

use jiff::Timestamp;
use posture::facts::PolicyRule;
use posture::kind::{KINDS, Kind, Tier};
use posture::snapshot::AuthorizerReason;
use serde::Deserialize as _;
use serde_json::Value;
use server::clock::Clock;
use server::cluster::{
    ApiError, Fetched, Identity, Lister, ResourcePath, Served, Serving, Source, Target, Tuning, Watch,
    WatchEnd, review,
};
use server::demo::{ObjectKey, Op};
use server::demo_api::DemoApi;

use crate::control_plane::ControlPlane;

/// A server that the suite can change behind the back of the client under test.
trait Server {
    /// A client with exactly the rights that Perijove asks for.
    async fn source(&self, tuning: Tuning) -> Source;
    /// Creates objects, or changes them.
    async fn apply(&mut self, documents: &str);
    /// Deletes a ConfigMap.
    async fn delete(&mut self, namespace: &str, name: &str);
    /// Forgets what happened so far.
    async fn forget(&mut self);
}

struct Demo(DemoApi);

fn demo() -> Demo {
    let clock = Clock::at(Timestamp::UNIX_EPOCH);
    let mut server = Demo(DemoApi::new(Vec::new(), Vec::new(), "v1.34.2", clock));
    server.put("{apiVersion: v1, kind: Namespace, metadata: {name: kube-system, uid: 0e1b0f4c-aaaa}}");
    server
}

impl Demo {
    fn put(&mut self, documents: &str) {
        let documents = serde_norway::Deserializer::from_str(documents);
        let objects = documents.map(|document| Op::Put(Value::deserialize(document).unwrap()));
        self.0.apply(objects.collect());
    }
}

impl Server for Demo {
    async fn source(&self, tuning: Tuning) -> Source {
        Source::over(self.0.clone(), "https://demo", tuning, self.0.clock().clone())
    }
    async fn apply(&mut self, documents: &str) {
        self.put(documents);
    }
    async fn delete(&mut self, namespace: &str, name: &str) {
        let (api_version, kind) = ("v1".to_owned(), "ConfigMap".to_owned());
        let key = ObjectKey { api_version, kind, namespace: namespace.to_owned(), name: name.to_owned() };
        self.0.apply(vec![Op::Delete(key)]);
    }
    async fn forget(&mut self) {
        self.0.compact();
    }
}

struct Real {
    control_plane: ControlPlane,
    token: String,
}

async fn real() -> Option<Real> {
    let control_plane = ControlPlane::start().await?;
    let token = control_plane.reader().await;
    Some(Real { control_plane, token })
}

impl Server for Real {
    async fn source(&self, tuning: Tuning) -> Source {
        let path = Some(self.control_plane.kubeconfig(&self.token));
        Source::connect(&Target::Kubeconfig { path, context: None }, tuning).await.unwrap()
    }
    async fn apply(&mut self, documents: &str) {
        self.control_plane.apply(documents).await;
    }
    async fn delete(&mut self, namespace: &str, name: &str) {
        let url = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        let request = http::Request::delete(url).body(Vec::new()).unwrap();
        self.control_plane.admin().await.request_text(request).await.unwrap();
    }
    async fn forget(&mut self) {
        self.control_plane.forget_history().await;
    }
}

/// Runs each behaviour against both servers; the name of the second module says that its tests need a control plane.
macro_rules! conformance {
    ($($behaviour:ident),+ $(,)?) => {
        mod demo_api { $(
            #[tokio::test(start_paused = true)]
            async fn $behaviour() {
                super::$behaviour(super::demo()).await;
            }
        )+ }
        mod control_plane { $(
            #[tokio::test]
            async fn $behaviour() {
                let Some(server) = super::real().await else { return };
                super::$behaviour(server).await;
            }
        )+ }
    };
}

conformance!(
    pages_are_one_consistent_list,
    a_list_whose_token_is_too_old_starts_over,
    metadata_forms_hold_no_data,
    a_watch_tells_what_happened_in_order,
    a_bookmark_tells_that_nothing_happened,
    a_watch_ends_when_its_time_is_over,
    a_watch_from_a_forgotten_version_is_an_error_event,
    reviews_answer_about_our_own_rights,
    discovery_tells_built_in_kinds_from_absent_ones,
    the_identity_is_a_uid,
    an_object_that_does_not_exist_is_not_found,
);

fn config_map(name: &str, value: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: pages}}, data: {{key: {value}}}}}\n"
    )
}

fn config_maps(names: &[&str]) -> String {
    let mut documents = "{apiVersion: v1, kind: Namespace, metadata: {name: pages}}\n".to_owned();
    for name in names {
        documents.push_str("---\n");
        documents.push_str(&config_map(name, "planted-value"));
    }
    documents
}

fn path() -> ResourcePath {
    ResourcePath::new(Kind::ConfigMap.info(), "v1", Some("pages"))
}

/// A page as the test sees it: names, version, token.
struct Page {
    names: Vec<String>,
    version: String,
    token: Option<String>,
}

fn read(body: &[u8]) -> Page {
    let list: Value = serde_json::from_slice(body).unwrap();
    let names = list["items"].as_array().unwrap().iter();
    Page {
        names: names.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect(),
        version: list["metadata"]["resourceVersion"].as_str().unwrap().to_owned(),
        token: list["metadata"]["continue"].as_str().map(str::to_owned),
    }
}

async fn version_now(source: &Source) -> String {
    let mut page = Vec::new();
    Lister::new(source, path(), true).fetch(&mut page).await.unwrap();
    read(&page).version
}

async fn event(watch: &mut Watch) -> Value {
    serde_json::from_slice(&watch.line().await.unwrap()).unwrap()
}

async fn pages_are_one_consistent_list(mut server: impl Server) {
    server.apply(&config_maps(&["a", "b", "c", "d", "e"])).await;
    let source = server.source(Tuning { page_size: 2, ..Tuning::default() }).await;
    let mut lister = Lister::new(&source, path(), true);
    let (mut names, mut versions, mut body) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        assert_eq!(lister.fetch(&mut body).await.unwrap(), Fetched::Page);
        let page = read(&body);
        names.extend(page.names);
        versions.push(page.version);
        if versions.len() == 1 {
            server.apply(&config_map("bb", "too-late")).await;
        }
        if !lister.go_on(page.token) {
            break;
        }
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    versions.dedup();
    assert_eq!(versions.len(), 1);
}

async fn a_list_whose_token_is_too_old_starts_over(mut server: impl Server) {
    server.apply(&config_maps(&["a", "b", "c"])).await;
    let source = server.source(Tuning { page_size: 2, ..Tuning::default() }).await;
    let mut lister = Lister::new(&source, path(), true);
    let mut body = Vec::new();
    lister.fetch(&mut body).await.unwrap();
    assert!(lister.go_on(read(&body).token));
    server.apply(&config_map("d", "new")).await;
    server.forget().await;

    assert_eq!(lister.fetch(&mut body).await.unwrap(), Fetched::Restarted);
    lister.fetch(&mut body).await.unwrap();
    assert_eq!(read(&body).names, ["a", "b"]);
    assert!(lister.go_on(read(&body).token));
    lister.fetch(&mut body).await.unwrap();
    assert_eq!(read(&body).names, ["c", "d"]);
}

async fn metadata_forms_hold_no_data(mut server: impl Server) {
    server.apply(&config_maps(&["a"])).await;
    let source = server.source(Tuning::default()).await;
    let mut body = Vec::new();
    Lister::new(&source, path(), true).fetch(&mut body).await.unwrap();
    let list = String::from_utf8(body.clone()).unwrap();
    assert!(list.contains("\"name\":\"a\"") && !list.contains("planted-value"), "{list}");

    let mut watch = Watch::open(&source, &path(), true, &read(&body).version).await.unwrap();
    server.apply(&config_map("a", "planted-value-2")).await;
    let change = event(&mut watch).await;
    assert_eq!(change["type"], "MODIFIED");
    assert_eq!(change["object"]["metadata"]["name"], "a");
    // Who wrote which field is metadata, and names the key; the value is not there.
    assert!(!change.to_string().contains("planted-value"), "{change}");
}

async fn a_watch_tells_what_happened_in_order(mut server: impl Server) {
    server.apply(&config_maps(&["a"])).await;
    let source = server.source(Tuning::default()).await;
    let mut watch = Watch::open(&source, &path(), false, &version_now(&source).await).await.unwrap();
    server.apply(&config_map("b", "one")).await;
    server.apply(&config_map("b", "two")).await;
    server.delete("pages", "a").await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let event = event(&mut watch).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (object, value) = (&event["object"]["metadata"]["name"], &event["object"]["data"]["key"]);
        seen.push([text(&event["type"]), text(object), text(value)].join(" "));
    }
    assert_eq!(seen, ["ADDED b one", "MODIFIED b two", "DELETED a planted-value"]);
}

async fn a_bookmark_tells_that_nothing_happened(mut server: impl Server) {
    server.apply(&config_maps(&["a"])).await;
    // Real servers send one about every minute, and none to watches that end before.
    let timeout = std::time::Duration::from_secs(90);
    let source = server.source(Tuning { watch_timeout: timeout, ..Tuning::default() }).await;
    let before = version_now(&source).await;
    let mut watch = Watch::open(&source, &path(), false, &before).await.unwrap();
    // A change of another kind: only a bookmark can tell that the version moved on.
    server.apply("{apiVersion: v1, kind: Namespace, metadata: {name: elsewhere}}").await;
    let bookmark = event(&mut watch).await;
    assert_eq!(bookmark["type"], "BOOKMARK");
    let number = |version: &Value| version.as_str().unwrap().parse::<u64>().unwrap();
    let moved = &bookmark["object"]["metadata"]["resourceVersion"];
    assert!(number(moved) > number(&before.into()), "{bookmark}");
}

async fn a_watch_ends_when_its_time_is_over(mut server: impl Server) {
    server.apply(&config_maps(&["a"])).await;
    let timeout = std::time::Duration::from_secs(2);
    let source = server.source(Tuning { watch_timeout: timeout, ..Tuning::default() }).await;
    let mut watch = Watch::open(&source, &path(), false, &version_now(&source).await).await.unwrap();
    let end = loop {
        if let Err(end) = watch.line().await {
            break end;
        }
    };
    assert_eq!(end, WatchEnd::Closed);
}

async fn a_watch_from_a_forgotten_version_is_an_error_event(mut server: impl Server) {
    server.apply(&config_maps(&["a"])).await;
    server.forget().await;
    let source = server.source(Tuning::default()).await;
    let mut watch = Watch::open(&source, &path(), false, "1").await.unwrap();
    let error = event(&mut watch).await;
    assert_eq!((error["type"].as_str(), error["object"]["code"].as_u64()), (Some("ERROR"), Some(410)));
}

async fn reviews_answer_about_our_own_rights(server: impl Server) {
    let source = server.source(Tuning::default()).await;
    let reviews = review::ask(&source, None).await.unwrap();
    let granted = reviews.granted.as_ref().unwrap();
    assert_eq!((granted.allowed, granted.reason), (true, AuthorizerReason::Rbac));
    let refused = reviews.not_granted.as_ref().unwrap();
    assert_eq!((refused.question.as_str(), refused.allowed), ("delete nodes", false));
    let rules = review::readable_in(&source, "default").await.unwrap().expect("RBAC tells all its rules");
    assert!(review::holds(&rules, Kind::Pod.info()));
    assert!(!rules.contains(&(String::new(), "secrets".to_owned())));
    let own = review::own_rules(&source, "default").await.unwrap();
    assert!(!own.is_incomplete);
    let lists_pods = |rule: &PolicyRule| {
        rule.resources.contains(&"pods".to_owned()) && rule.verbs.contains(&"list".to_owned())
    };
    assert!(own.rules.iter().any(lists_pods), "{own:?}");
}

const ADMIN_POLICIES: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: adminnetworkpolicies.policy.networking.k8s.io
  annotations: {api-approved.kubernetes.io: https://example.test/unapproved}
spec:
  group: policy.networking.k8s.io
  names: {kind: AdminNetworkPolicy, plural: adminnetworkpolicies}
  scope: Cluster
  versions:
  - {name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
";

async fn discovery_tells_built_in_kinds_from_absent_ones(mut server: impl Server) {
    server.apply(ADMIN_POLICIES).await;
    let source = server.source(Tuning::default()).await;
    // A new definition is served a moment later.
    let serving = loop {
        let serving = Serving::discover(&source).await.unwrap();
        if *serving.of(Kind::AdminNetworkPolicy) != Served::Absent {
            break serving;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    for info in KINDS {
        let expected = match (info.tier, info.kind) {
            (Tier::R0, _) => Served::Version(info.versions[0]),
            (Tier::C, Kind::AdminNetworkPolicy) => Served::Version("v1alpha1"),
            (Tier::C, _) => Served::Absent,
        };
        assert_eq!(*serving.of(info.kind), expected, "{}", info.name);
    }
}

async fn the_identity_is_a_uid(server: impl Server) {
    let source = server.source(Tuning::default()).await;
    let identity = Identity::ask(&source).await.unwrap();
    assert!(matches!(&identity, Identity::Uid(uid) if uid.len() >= 8), "{identity:?}");
}

async fn an_object_that_does_not_exist_is_not_found(server: impl Server) {
    let source = server.source(Tuning::default()).await;
    let missing =
        source.object(&ResourcePath::new(Kind::ConfigMap.info(), "v1", Some("default")), "nobody").await;
    assert_eq!(missing.unwrap_err(), ApiError::NotFound);
}
