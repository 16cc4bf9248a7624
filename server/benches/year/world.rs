//! The invented cluster: a hub of chart 4.4.0 from the fixtures of `posture`, the namespaces of other teams, and user servers.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use posture::gap::GapReason;
use posture::kind::{KINDS, Kind, Reading};
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::record::Record;
use posture::redact::{Declared, Names, RedactionKey, Redactor, decode_json, decode_manifests};
use posture::snapshot::{Origin, SnapshotBuilder};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::{CLUSTER, HUB};

const BASES: [&str; 5] = [
    include_str!("../../../posture/tests/bases/chart-4.4.0.yaml"),
    include_str!("../../../posture/tests/bases/policies-4.4.0.yaml"),
    include_str!("../../../posture/tests/bases/calico.yaml"),
    include_str!("../../../posture/tests/bases/nodes-bare.yaml"),
    include_str!("../../../posture/tests/bases/rbac-defaults.yaml"),
];
const USER: &str = include_str!("../../../posture/tests/bases/user-4.4.0.yaml");

/// How many objects there are in all.
const OBJECTS: usize = 10_000;

/// Namespaces of other teams, each with the same seven objects.
pub(crate) const TEAMS: usize = 200;

/// Certificates of cert-manager, each valid for 90 days and renewed after 60.
pub(crate) const CERTIFICATES: usize = 20;

/// How many people there are, of whom some have a server.
const PEOPLE: usize = 20_000;

/// The cluster as it is, and what is known of it.
pub(crate) struct World {
    redactor: Redactor,
    pub(crate) builder: SnapshotBuilder,
    /// Every object but pods.
    objects: BTreeMap<ObjectRef, Record>,
    /// Servers, the oldest first.
    servers: VecDeque<Record>,
    user: String,
    started: usize,
    pub(crate) coverage: BTreeMap<Kind, Coverage>,
}

impl World {
    /// The cluster as it is at the beginning.
    pub(crate) fn new(at: Timestamp) -> Self {
        let redactor =
            Redactor::new(RedactionKey::new(b"the key of a benchmark is no secret"), Names::Resolvable);
        redactor.add_hub_namespace(HUB);
        let kinds = KINDS.iter().filter(|info| info.reading != Reading::OnDemand);
        let user = Value::deserialize(serde_norway::Deserializer::from_str(USER)).expect("the base is YAML");
        let mut world = Self {
            redactor,
            builder: SnapshotBuilder::new(Origin::Observed, CLUSTER),
            objects: BTreeMap::new(),
            servers: VecDeque::new(),
            user: user.to_string(),
            started: 0,
            coverage: kinds.map(|info| (info.kind, Coverage::full())).collect(),
        };
        for (kind, coverage) in &world.coverage {
            world.builder.cover(*kind, coverage.clone());
        }
        world.builder.reviews(Err(GapReason::NotRead));
        for name in ["default", "kube-system", "kube-public", HUB] {
            world.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        }
        world.install("4.4.0");
        world.restart_hub(0);
        (0..TEAMS).for_each(|team| world.put_team(team));
        (0..CERTIFICATES).for_each(|number| {
            world.renew(number, at);
        });
        while world.objects.len() + world.servers.len() < OBJECTS {
            world.start(true);
        }
        world
    }

    /// Every object there is.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Record> {
        self.objects.values().chain(&self.servers)
    }

    /// Names of people that are new.
    pub(crate) fn people(&self) -> BTreeMap<String, String> {
        self.redactor.take_seen().iter().map(|seen| (seen.token.clone(), seen.name.clone())).collect()
    }

    /// Puts the chart's objects as a version of it has them, and says which they are.
    pub(crate) fn install(&mut self, version: &str) -> Vec<Record> {
        let mut found = Vec::new();
        for base in BASES {
            for document in serde_norway::Deserializer::from_str(&base.replace("4.4.0", version)) {
                let value = Value::deserialize(document).expect("the base is YAML");
                if value.get("kind").is_some() {
                    found.push(self.put(&value));
                }
            }
        }
        found
    }

    /// Replaces the hub's pod; the old one's name goes with the number before.
    pub(crate) fn restart_hub(&mut self, number: i64) -> (Record, Option<ObjectRef>) {
        let name = |number: i64| format!("hub-5d9c7b6f4-{number:05x}");
        let old = ObjectRef::namespaced(Kind::Pod, HUB, name(number - 1));
        let old = self.objects.remove(&old).map(|record| record.object);
        if let Some(old) = &old {
            self.builder.remove(old);
        }
        let labels = json!({"component": "hub", "app": "jupyterhub", "release": "prod", "hub.jupyter.org/network-access-proxy-api": "true"});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name(number), "namespace": HUB, "uid": format!("hub-{number}"), "labels": labels},
            "spec": {"serviceAccountName": "hub", "nodeName": "node-1",
                "containers": [{"name": "hub", "image": "quay.io/jupyterhub/k8s-hub:4.4.0"}]},
            "status": {"phase": "Running"},
        });
        (self.put(&pod), old)
    }

    fn put_team(&mut self, team: usize) {
        let named = |kind: &str, version: &str, rest: Value| {
            let mut object = json!({"apiVersion": version, "kind": kind,
                "metadata": {"name": "app", "namespace": team_name(team), "uid": format!("{kind}-{team}")}});
            object.as_object_mut().expect("an object").extend(rest.as_object().cloned().unwrap_or_default());
            object
        };
        self.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team_name(team)}}));
        self.put(&named("ServiceAccount", "v1", json!({})));
        let labels = json!({"app": "app"});
        self.put(&named("Service", "v1", json!({"spec": {"selector": labels, "ports": [{"port": 80}]}})));
        let subject = json!({"kind": "ServiceAccount", "name": "app", "namespace": team_name(team)});
        let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "app"});
        let binding = json!({"roleRef": reference, "subjects": [subject]});
        self.put(&named("RoleBinding", "rbac.authorization.k8s.io/v1", binding));
        self.put_deployment(team, 0);
        self.put_policy(team, 0);
        self.put_role(team, 0);
    }

    /// A team's application with the image of a number.
    pub(crate) fn put_deployment(&mut self, team: usize, number: i64) -> Record {
        let labels = json!({"app": "app"});
        let container = json!({"name": "app", "image": format!("registry.example.org/team/app:1.{number}")});
        let spec = json!({"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"serviceAccountName": "app", "containers": [container]}}});
        self.put(&json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec,
            "metadata": {"name": "app", "namespace": team_name(team), "uid": format!("Deployment-{team}"), "labels": labels}}))
    }

    /// A team's policy, which lets in one port that follows a number.
    pub(crate) fn put_policy(&mut self, team: usize, number: i64) -> Record {
        let ingress = json!([{"ports": [{"port": 8000 + number % 1000}]}]);
        self.put(&json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "app", "namespace": team_name(team), "uid": format!("NetworkPolicy-{team}")},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}}))
    }

    /// A team's role, with a right more or less.
    pub(crate) fn put_role(&mut self, team: usize, number: i64) -> Record {
        let verbs = if number % 2 == 0 { json!(["get", "list"]) } else { json!(["get", "list", "watch"]) };
        self.put(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "app", "namespace": team_name(team), "uid": format!("Role-{team}")},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}]}))
    }

    /// Opens the hub's front door by a load balancer, or closes it.
    pub(crate) fn put_front(&mut self, is_open: bool) -> Record {
        let object = ObjectRef::namespaced(Kind::Service, HUB, "proxy-public");
        let mut body = self.objects[&object].body.clone();
        body["apiVersion"] = "v1".into();
        body["kind"] = "Service".into();
        body["spec"]["type"] = if is_open { "LoadBalancer".into() } else { "ClusterIP".into() };
        self.put(&body)
    }

    /// Takes a policy of the hub away.
    pub(crate) fn drop_policy(&mut self) -> (ObjectRef, Record) {
        let object = ObjectRef::namespaced(Kind::NetworkPolicy, HUB, "singleuser");
        let record = self.objects.remove(&object).expect("the chart has the policy");
        self.builder.remove(&object);
        (object, record)
    }

    /// Brings a policy back.
    pub(crate) fn put_back(&mut self, record: Record) -> Record {
        self.keep(record)
    }

    /// A certificate that begins at an instant.
    pub(crate) fn renew(&mut self, number: usize, at: Timestamp) -> Record {
        let after =
            |days: i64| at.checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("an instant");
        self.put(&json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": format!("certificate-{number}"), "namespace": HUB, "uid": format!("certificate-{number}")},
            "spec": {"secretName": format!("tls-{number}"), "dnsNames": [format!("{number}.example.edu")],
                "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"}},
            "status": {"notBefore": at.to_string(), "notAfter": after(90).to_string(), "renewalTime": after(60).to_string(),
                "revision": at.as_second() / 86_400, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}]}}))
    }

    /// A person starts a server; one that is seen early runs on no node yet.
    pub(crate) fn start(&mut self, is_running: bool) -> Record {
        self.started += 1;
        let record = self.server(self.started, is_running);
        self.servers.push_back(record.clone());
        self.builder.apply(&record).expect("a pod is understood");
        record
    }

    /// The server that was started last but so many runs now.
    pub(crate) fn runs(&mut self, ago: usize) -> Record {
        let record = self.server(self.started - ago, true);
        let place = self.servers.len() - 1 - ago;
        self.servers[place] = record.clone();
        self.builder.apply(&record).expect("a pod is understood");
        record
    }

    /// The oldest server ends.
    pub(crate) fn stop(&mut self) -> ObjectRef {
        let object = self.servers.pop_front().expect("there are servers").object;
        self.builder.remove(&object);
        object
    }

    fn server(&self, number: usize, is_running: bool) -> Record {
        let person = format!("student-{:05}", number % PEOPLE);
        let text = ["-ada", "\"ada\"", "/ada"]
            .iter()
            .fold(self.user.clone(), |text, found| text.replace(found, &found.replace("ada", &person)));
        let mut pod: Value = serde_json::from_str(&text).expect("JSON");
        pod["metadata"]["namespace"] = HUB.into();
        pod["metadata"]["uid"] = format!("7d1f0b5e-4c3a-4e2b-9d8f-{number:012x}").into();
        pod["spec"]["nodeName"] = format!("node-{}", number % 40).into();
        pod["status"]["podIPs"][0]["ip"] =
            format!("10.{}.{}.{}", 64 + (number >> 16) % 128, (number >> 8) & 255, number & 255).into();
        if !is_running {
            pod["status"] = json!({"phase": "Pending"});
        }
        decode_json(pod.to_string().as_bytes(), Kind::Pod, &self.redactor).expect("a pod is understood")
    }

    fn put(&mut self, manifest: &Value) -> Record {
        let found = decode_manifests(&manifest.to_string(), "world", &self.redactor, Some(HUB));
        let Some(Declared::Object { record, .. }) = found.expect("a manifest is understood").pop() else {
            panic!("a manifest of a kind that is read")
        };
        self.keep(*record)
    }

    fn keep(&mut self, record: Record) -> Record {
        self.builder.apply(&record).expect("an object is understood");
        if record.object.kind == Kind::ConfigMap {
            let namespace = record.object.namespace.clone().unwrap_or_default();
            self.builder.config_data(&namespace, &record.object.name, Ok(&record));
        }
        self.objects.insert(record.object.clone(), record.clone());
        record
    }
}

fn team_name(team: usize) -> String {
    format!("team-{team:03}")
}
