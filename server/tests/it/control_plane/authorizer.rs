//! Our evaluation of RBAC agrees with the authoriser of a real API server, on random roles, bindings and questions.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io::{self, Write as _};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use kube::Client;
use posture::access::{Asked, Caller, Named, Question, RightsIndex, account, group, user};
use posture::facts::Subject;
use posture::kind::{KINDS, Kind};
use posture::listing::Coverage;
use posture::redact::{Names, RedactionKey, Redactor, decode_json_list};
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};
use serde_json::{Value, json};

use super::objects::post;
use super::{Access, ControlPlane, get};

const WORLDS: u64 = 3;
const QUESTIONS: usize = 2_500;
/// How many requests are under way at once.
const TOGETHER: usize = 24;

const API: &str = "/apis/rbac.authorization.k8s.io/v1";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const NAMESPACES: [&str; 3] = ["jhub", "users", "other"];
const ACCOUNTS: [&str; 3] = ["hub", "default", "user"];
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "deletecollection", "impersonate", "bind", "*"];
const GROUPS: [&str; 4] = ["", "apps", "rbac.authorization.k8s.io", "*"];
const RESOURCES: [&str; 14] = [
    "pods",
    "pods/log",
    "pods/exec",
    "pods/*",
    "po*",
    "secrets",
    "deployments",
    "deployments/scale",
    "serviceaccounts/token",
    "clusterroles",
    "*/log",
    "*/scale",
    "*/*",
    "*",
];
const OBJECTS: [&str; 4] = ["hub", "user", "cluster-admin", "*"];
const PATHS: [&str; 8] = ["/metrics", "/metrics/*", "/logs*", "/logs/**", "/api", "/healthz/*/x", "*", "/*"];
const ASKED_PATHS: [&str; 10] = [
    "/metrics",
    "/metrics/",
    "/metrics/x",
    "/logs",
    "/logsx",
    "/logs/a/b",
    "/api",
    "/api/v1",
    "/healthz/*/x",
    "/",
];
const LABELS: [&str; 3] = ["to-first", "to-second", "to-third"];

/// A source of numbers that gives the same ones in every run: `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let below = (mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap();
        usize::try_from(below).unwrap()
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// One to three of the choices.
    fn some<'a>(&mut self, choices: &[&'a str]) -> Vec<&'a str> {
        (0..=self.below(3)).map(|_| *self.pick(choices)).collect()
    }
}

fn rule(dice: &mut Dice, is_of_cluster: bool) -> Value {
    if is_of_cluster && dice.one_in(4) {
        return json!({"verbs": dice.some(&VERBS), "nonResourceURLs": dice.some(&PATHS)});
    }
    let names = if dice.one_in(3) { dice.some(&OBJECTS) } else { Vec::new() };
    json!({"verbs": dice.some(&VERBS), "apiGroups": dice.some(&GROUPS), "resources": dice.some(&RESOURCES),
           "resourceNames": names})
}

fn role(dice: &mut Dice, number: usize) -> Value {
    let namespace = *dice.pick(&NAMESPACES);
    let rules: Vec<_> = (0..=dice.below(2)).map(|_| rule(dice, false)).collect();
    json!({"kind": "Role", "metadata": {"name": format!("r{number}"), "namespace": namespace, "labels": {"made": "here"}},
           "rules": rules})
}

fn cluster_role(dice: &mut Dice, number: usize) -> Value {
    let mut labels = json!({"made": "here"});
    if dice.one_in(2) {
        labels[*dice.pick(&LABELS)] = "true".into();
    }
    let mut role =
        json!({"kind": "ClusterRole", "metadata": {"name": format!("c{number}"), "labels": labels}});
    if dice.one_in(4) {
        let selectors: Vec<_> =
            (0..=dice.below(2)).map(|_| json!({"matchLabels": {*dice.pick(&LABELS): "true"}})).collect();
        role["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
        role["rules"] = json!([]);
    } else {
        role["rules"] = (0..=dice.below(2)).map(|_| rule(dice, true)).collect();
    }
    role
}

fn subject(dice: &mut Dice, is_of_cluster: bool) -> Value {
    match dice.below(5) {
        0 => json!({"kind": "User", "name": *dice.pick(&USERS)}),
        1 => json!({"kind": "Group", "name": *dice.pick(&IN_GROUPS)}),
        _ if !is_of_cluster && dice.one_in(2) => {
            json!({"kind": "ServiceAccount", "name": *dice.pick(&ACCOUNTS)})
        }
        _ => {
            json!({"kind": "ServiceAccount", "name": *dice.pick(&ACCOUNTS), "namespace": *dice.pick(&NAMESPACES)})
        }
    }
}

const USERS: [&str; 4] =
    ["ada", "system:anonymous", "system:serviceaccount:jhub:hub", "system:serviceaccount:users"];
const IN_GROUPS: [&str; 7] = [
    "staff",
    "staff2",
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
    "system:serviceaccounts:jhub",
    "system:serviceaccounts:users",
];

fn binding(dice: &mut Dice, number: usize) -> Value {
    let is_of_cluster = dice.one_in(3);
    let subjects: Vec<_> = (0..dice.below(4)).map(|_| subject(dice, is_of_cluster)).collect();
    // Some of these do not exist.
    let name = match dice.below(8) {
        0 => (*dice.pick(&["view", "edit", "admin", "system:aggregate-to-edit"])).to_owned(),
        _ => format!("c{}", dice.below(16)),
    };
    let mut metadata = json!({"name": format!("b{number}"), "labels": {"made": "here"}});
    if is_of_cluster {
        return json!({"kind": "ClusterRoleBinding", "metadata": metadata, "subjects": subjects,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}});
    }
    metadata["namespace"] = (*dice.pick(&NAMESPACES)).into();
    let (kind, name) =
        if dice.one_in(2) { ("Role", format!("r{}", dice.below(24))) } else { ("ClusterRole", name) };
    json!({"kind": "RoleBinding", "metadata": metadata, "subjects": subjects,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}})
}

fn caller(dice: &mut Dice, bootstrap: &[Subject]) -> Caller {
    let caller = Caller::of(&match dice.below(6) {
        0 => user(dice.pick::<&str>(&USERS)),
        1 => group(dice.pick::<&str>(&IN_GROUPS)),
        2 => dice.pick(bootstrap).clone(),
        _ => account(dice.pick::<&str>(&NAMESPACES), dice.pick::<&str>(&ACCOUNTS)),
    });
    match dice.below(40) {
        0 => caller.with_group("system:masters"),
        1..5 => caller.with_group(dice.pick::<&str>(&IN_GROUPS)),
        _ => caller,
    }
}

/// A question, of two in three one that some rule speaks of, in one part or another.
fn question(dice: &mut Dice, rules: &[Value]) -> Question {
    let rule = dice.pick(rules).clone();
    let from = |dice: &mut Dice, field: &str, others: &[&str]| -> String {
        let written = rule[field].as_array().filter(|values| !values.is_empty());
        match written {
            Some(values) if !dice.one_in(4) => dice.pick(values).as_str().unwrap().to_owned(),
            _ => (*dice.pick(others)).to_owned(),
        }
    };
    let verb = from(dice, "verbs", &VERBS);
    if dice.one_in(8) || rule["nonResourceURLs"].is_array() && !dice.one_in(4) {
        return Question::path(&verb, &from(dice, "nonResourceURLs", &ASKED_PATHS));
    }
    let (api_group, resource) = (from(dice, "apiGroups", &GROUPS), from(dice, "resources", &RESOURCES));
    let resource = match dice.below(6) {
        0 => format!("{}/log", resource.split('/').next().unwrap()),
        1 => resource.split('/').next().unwrap().to_owned(),
        _ => resource,
    };
    let mut question = Question::new(&verb, &api_group, &resource);
    if dice.one_in(2) {
        question = question.named(&from(dice, "resourceNames", &OBJECTS));
    }
    if dice.one_in(4) { question } else { question.within(dice.pick::<&str>(&NAMESPACES)) }
}

/// Different questions of many callers.
fn questions(dice: &mut Dice, bootstrap: &[Subject], rules: &[Value]) -> Vec<(Caller, Question)> {
    let mut seen = BTreeSet::new();
    let mut asked = Vec::new();
    while asked.len() < QUESTIONS {
        let (caller, question) = (caller(dice, bootstrap), question(dice, rules));
        if seen.insert((caller.subjects().to_vec(), question.clone())) {
            asked.push((caller, question));
        }
    }
    asked
}

fn review(caller: &Caller, question: &Question) -> Value {
    let named = |subject: &&Subject| subject.kind == "Group";
    let groups: Vec<_> = caller.subjects().iter().filter(named).map(|subject| &subject.name).collect();
    let identity = caller.identity();
    let user = match (identity.kind.as_str(), &identity.namespace) {
        ("ServiceAccount", Some(namespace)) => format!("system:serviceaccount:{namespace}:{}", identity.name),
        ("User", _) => identity.name.clone(),
        _ => String::new(),
    };
    let mut spec = json!({"user": user, "groups": groups});
    match &question.asked {
        Asked::Path(path) => spec["nonResourceAttributes"] = json!({"path": path, "verb": question.verb}),
        Asked::Resource { group, resource, name } => {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let name = if let Named::As(name) = name { name.as_str() } else { "" };
            spec["resourceAttributes"] = json!({"verb": question.verb, "group": group, "resource": resource,
                "subresource": subresource, "name": name, "namespace": question.namespace.as_deref().unwrap_or("")});
        }
    }
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
}

const PLURALS: [(Kind, &str); 4] = [
    (Kind::Role, "roles"),
    (Kind::ClusterRole, "clusterroles"),
    (Kind::RoleBinding, "rolebindings"),
    (Kind::ClusterRoleBinding, "clusterrolebindings"),
];

async fn create(client: &Client, objects: &[Value]) {
    let made = stream::iter(objects).map(|object| async move {
        let kind = object["kind"].as_str().unwrap();
        let (_, plural) = PLURALS.iter().find(|(known, _)| known.to_string() == kind).unwrap();
        let path = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("{API}/namespaces/{namespace}/{plural}"),
            None => format!("{API}/{plural}"),
        };
        let mut object = object.clone();
        object["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
        post(client, &path, &object).await;
    });
    made.buffer_unordered(TOGETHER).collect::<()>().await;
}

/// Everything about roles as Perijove would hold it, the roles of the API server itself included.
async fn read(client: &Client) -> Snapshot {
    let redactor = Redactor::new(RedactionKey::new(b"a key for tests"), Names::Hashed);
    let mut builder = SnapshotBuilder::new(Origin::Observed, "test");
    for info in KINDS {
        builder.cover(info.kind, Coverage::full());
    }
    for (kind, plural) in PLURALS {
        let text = client.request_text(get(&format!("{API}/{plural}"))).await.unwrap();
        decode_json_list(text.as_bytes(), kind, &redactor, |record| builder.apply(&record).unwrap()).unwrap();
    }
    builder.build(Timestamp::UNIX_EPOCH)
}

/// Does what the controller of aggregated `ClusterRole`s does, which does not run here: gives each the rules of those it selects, until
/// nothing changes. Returns the rules of every role.
async fn aggregate(client: &Client) -> Vec<Value> {
    loop {
        let list: Value = client.request(get(&format!("{API}/clusterroles"))).await.unwrap();
        let items = list["items"].as_array().unwrap();
        let mut changes = 0;
        for item in items.iter().filter(|item| item["aggregationRule"].is_object()) {
            let mut rules: Vec<Value> = Vec::new();
            for selector in item["aggregationRule"]["clusterRoleSelectors"].as_array().unwrap() {
                let wanted = selector["matchLabels"].as_object().unwrap();
                for other in
                    items.iter().filter(|other| other["metadata"]["name"] != item["metadata"]["name"])
                {
                    if wanted.iter().all(|(key, value)| other["metadata"]["labels"][key] == *value) {
                        let more = other["rules"].as_array().into_iter().flatten();
                        let more: Vec<_> = more.filter(|rule| !rules.contains(rule)).cloned().collect();
                        rules.extend(more);
                    }
                }
            }
            let merged = Value::from(rules);
            let is_new = |rule: &Value| !item["rules"].as_array().is_some_and(|old| old.contains(rule));
            if merged.as_array().unwrap().iter().any(is_new) {
                changes += 1;
                let path = format!("{API}/clusterroles/{}", item["metadata"]["name"].as_str().unwrap());
                let body = json!({"rules": merged}).to_string().into_bytes();
                let request = http::Request::patch(path)
                    .header(http::header::CONTENT_TYPE, "application/merge-patch+json");
                client.request::<Value>(request.body(body).unwrap()).await.unwrap();
            }
        }
        if changes == 0 {
            return items.iter().filter_map(|item| item["rules"].as_array()).flatten().cloned().collect();
        }
    }
}

async fn clear(client: &Client) {
    for (kind, plural) in PLURALS {
        let places = match kind {
            Kind::Role | Kind::RoleBinding => {
                NAMESPACES.map(|place| format!("{API}/namespaces/{place}/{plural}")).to_vec()
            }
            _ => vec![format!("{API}/{plural}")],
        };
        for path in places {
            let request = http::Request::delete(format!("{path}?labelSelector=made%3Dhere"));
            client.request::<Value>(request.body(Vec::new()).unwrap()).await.unwrap();
        }
    }
}

/// Waits until the authoriser has seen everything before: it watches each kind in order, so a last object of each kind tells.
async fn settle(control_plane: &ControlPlane, world: u64) {
    let name = format!("last-{world}");
    let metadata =
        |namespace: Option<&str>| json!({"name": name, "namespace": namespace, "labels": {"made": "here"}});
    let rules = json!([{"verbs": ["settle"], "apiGroups": [name], "resources": ["settled"]}]);
    let subjects = |account: &str| json!([{"kind": "ServiceAccount", "name": account, "namespace": "jhub"}]);
    let role = |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    create(&control_plane.admin().await, &[
        json!({"kind": "Role", "metadata": metadata(Some("jhub")), "rules": rules}),
        json!({"kind": "ClusterRole", "metadata": metadata(None), "rules": rules}),
        json!({"kind": "RoleBinding", "metadata": metadata(Some("jhub")), "subjects": subjects("last"), "roleRef": role("Role")}),
        json!({"kind": "ClusterRoleBinding", "metadata": metadata(None), "subjects": subjects("last-of-cluster"), "roleRef": role("ClusterRole")}),
    ])
    .await;
    control_plane
        .await_access(("jhub", "last-of-cluster"), ("settle", &name, "settled"), Access::Allowed)
        .await;
    let within = Question::new("settle", &name, "settled").within("jhub");
    let review = review(&Caller::account("jhub", "last"), &within);
    let client = control_plane.admin().await;
    let mut often = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..400 {
        often.tick().await;
        if post(&client, REVIEWS, &review).await["status"]["allowed"] == true {
            return;
        }
    }
    panic!("the authoriser never saw the last roles");
}

fn must_be_empty(what: &str, found: &[impl Debug]) {
    assert!(found.is_empty(), "{what}: {} of them, such as {:#?}", found.len(), &found[..found.len().min(5)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_about_rights_is_that_of_the_api_server() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let client = control_plane.admin().await;
    for name in NAMESPACES {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        post(&client, "/api/v1/namespaces", &namespace).await;
    }
    let mut dice = Dice(2026);
    let (mut allowed, mut denied) = (0, 0);
    for world in 0..WORLDS {
        clear(&client).await;
        let mut objects: Vec<_> = (0..20).map(|number| role(&mut dice, number)).collect();
        objects.extend((0..14).map(|number| cluster_role(&mut dice, number)));
        objects.extend((0..70).map(|number| binding(&mut dice, number)));
        create(&client, &objects).await;
        let raw = read(&client).await;
        let mut rules = aggregate(&client).await;
        rules.extend(objects.iter().filter_map(|object| object["rules"].as_array()).flatten().cloned());
        settle(&control_plane, world).await;
        let (raw, merged) = (RightsIndex::new(&raw), RightsIndex::new(&read(&client).await));

        let subjects: Vec<_> = merged.subjects().cloned().collect();
        let asked = questions(&mut dice, &subjects, &rules);
        let answers: Vec<_> = stream::iter(asked)
            .map(|(caller, question)| {
                let client = client.clone();
                async move {
                    let answer = post(&client, REVIEWS, &review(&caller, &question)).await;
                    (caller, question, answer["status"]["allowed"] == true)
                }
            })
            .buffer_unordered(TOGETHER)
            .collect()
            .await;
        assert_eq!(answers.len(), QUESTIONS);
        let mut wrong = Vec::new();
        let mut unlisted = Vec::new();
        for (caller, question, is_allowed) in &answers {
            for index in [&merged, &raw] {
                let answer = index.may(caller, question);
                if answer.is_allowed() != Ok(*is_allowed) {
                    wrong.push((caller, question, is_allowed, answer));
                }
            }
            // The other direction: somebody among the caller's identities is listed exactly if it is allowed.
            let holders = merged.who_may(question);
            if caller.subjects().iter().any(|subject| holders.ways.contains_key(subject)) != *is_allowed {
                unlisted.push((caller, question, is_allowed));
            }
        }
        must_be_empty("disagreements with the API server", &wrong);
        must_be_empty("disagreements of the two directions", &unlisted);
        let yes = answers.iter().filter(|(_, _, is_allowed)| *is_allowed).count();
        (allowed, denied) = (allowed + yes, denied + answers.len() - yes);
    }
    // Written past the test harness, which keeps the output of a test that passes to itself.
    let asked = allowed + denied;
    let _ = writeln!(
        io::stderr(),
        "{asked} questions about rights put to the API server, {allowed} of them allowed: no disagreement"
    );
    assert!(
        allowed >= 1_000 && denied >= 1_000,
        "the questions must not be of one kind: {allowed}, {denied}"
    );
}
