//! A day of a busy cluster in which nobody changes anything is no drift; one edit, one restart or weaker servers in its midst are told.

mod clocks;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use app::backend::{At, Backend as _, DriftEvent, DriftView, Earlier, HistorySpan, ReleaseName};
use app::viewer::Viewer;
use jiff::{Timestamp, ToSpan as _};
use posture::kind::Kind;
use serde_json::{Value, json};
use server::clock::Clock;
use server::collector::Settings;
use server::demo::{self, ObjectKey, Op};
use server::demo_api::DemoApi;

use crate::followed::{CLUSTER, Followed};
use crate::helm::{Helm, revision};
use crate::program::{PATIENCE, words};

/// Minutes between two scans.
const TICK: i64 = 5;

/// How many servers of guests run at a time.
const GUESTS: i64 = 12;

/// A cluster at work.
struct Busy {
    api: DemoApi,
    clock: Clock,
    begun: Timestamp,
    round: i64,
    objects: Vec<Value>,
    /// A server of a user, after which those of guests are made.
    server: Value,
    followed: Followed,
}

impl Busy {
    async fn start() -> Self {
        let begun: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
        let cluster = demo::clusters(begun).unwrap().remove(0);
        let is_kept = |object: &Value| {
            let place = object["metadata"]["namespace"].as_str();
            place == Some("jhub") || place.is_none() && object["kind"] != "ClusterRole"
        };
        let mut objects: Vec<Value> = cluster.present().into_iter().filter(is_kept).collect();
        objects.push(scaler(0));
        let is_server = |object: &&Value| {
            object["metadata"]["labels"]["component"] == "singleuser-server" && object["kind"] == "Pod"
        };
        let server = objects.iter().find(is_server).expect("a server of a user").clone();
        let clock = Clock::at(begun);
        let api = DemoApi::new(objects.clone(), Vec::new(), &cluster.kubernetes, clock.clone());
        let releases = BTreeSet::from(["jhub".to_owned()]);
        let files = demo::declared(begun).unwrap();
        let (_, rendered) = files.iter().find(|(name, _)| name == "prod.yaml").expect("the hub's rendering");
        let helm = Helm::default();
        helm.put(revision(("jhub", "prod"), 1, "deployed", rendered));
        let source = helm.over(api.clone(), &releases, clock.clone());
        let settings = Settings { releases, ..Settings::new(CLUSTER) };
        let followed = Followed::start_with(source, settings).await;
        let mut this = Self { api, clock, begun, round: 0, objects, server, followed };
        assert!(this.followed.handle.scan_now().await);
        this.pass(1).await;
        this.begun = this.clock.now();
        this
    }

    /// Lets hours pass in which everything that moves by itself does.
    async fn pass(&mut self, hours: i64) {
        for _ in 0..hours * 60 / TICK {
            self.round += 1;
            let now = self.clock.now().checked_add(TICK.minutes()).unwrap();
            self.clock.set(now);
            let mut ops = self.churn(&now.to_string());
            ops.extend(self.guests());
            self.api.apply(ops);
            self.see_guest().await;
        }
    }

    /// Scans until the guest of this round is seen: watches tell things a little later.
    async fn see_guest(&self) {
        let deadline = Instant::now() + PATIENCE;
        let seen = format!("select count(*) from pods where uid = '{}'", uid(self.round));
        loop {
            assert!(self.followed.handle.scan_now().await);
            if self.followed.number(&seen).await > 0 {
                return;
            }
            assert!(Instant::now() < deadline, "guest {} is not seen", self.round);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What controllers, kubelets, autoscalers and leaders write.
    fn churn(&self, at: &str) -> Vec<Op> {
        let round = self.round;
        let mut ops = vec![
            Op::Put(scaler(round)),
            Op::Put(json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": "leader", "namespace": "jhub"},
                "spec": {"holderIdentity": format!("pod-{}", round % 3), "renewTime": at}
            })),
            Op::Put(json!({
                "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("started.{round}"), "namespace": "jhub"},
                "involvedObject": {"kind": "Pod", "name": "hub", "namespace": "jhub"},
                "reason": "Started", "message": "Started container", "type": "Normal", "count": round, "lastTimestamp": at
            })),
            Op::Put(json!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {"name": "proxy-public-x1", "namespace": "jhub", "labels": {"kubernetes.io/service-name": "proxy-public"}},
                "endpoints": [{"addresses": [format!("10.42.{}.7", round % 200)], "conditions": {"ready": round % 2 == 0}}],
                "ports": [{"name": "http", "port": 8000, "protocol": "TCP"}]
            })),
            Op::Put(json!({
                "apiVersion": "v1", "kind": "Endpoints",
                "metadata": {"name": "proxy-public", "namespace": "jhub",
                    "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": at}},
                "subsets": [{"addresses": [{"ip": format!("10.42.{}.7", round % 200)}], "ports": [{"port": 8000}]}]
            })),
        ];
        let noisy = self.objects.iter().enumerate().filter(|(place, object)| {
            object["kind"] == "Node" || (i64::try_from(*place).unwrap() + round) % 12 == 0
        });
        ops.extend(
            noisy
                .filter(|(_, object)| object["kind"] != "HorizontalPodAutoscaler")
                .map(|(_, object)| Op::Put(noise(object, round, at))),
        );
        ops
    }

    /// Servers of guests that start and stop.
    fn guests(&self) -> Vec<Op> {
        let mut ops = vec![Op::Put(guest(&self.server, self.round))];
        if self.round > GUESTS {
            let gone = guest(&self.server, self.round - GUESTS);
            ops.push(Op::Delete(ObjectKey {
                api_version: "v1".to_owned(),
                kind: "Pod".to_owned(),
                namespace: "jhub".to_owned(),
                name: gone["metadata"]["name"].as_str().unwrap().to_owned(),
            }));
        }
        ops
    }

    /// Changes an object for good, as a person does.
    fn edit(&mut self, kind: &str, name: &str, change: impl Fn(&mut Value)) {
        let at = self.clock.now().to_string();
        let is_wanted = |object: &&mut Value| object["kind"] == kind && object["metadata"]["name"] == name;
        let object = self.objects.iter_mut().find(is_wanted).expect("the object that is edited");
        change(object);
        object["metadata"]["managedFields"] =
            json!([{"manager": "kubectl-edit", "operation": "Update", "time": at}]);
        self.api.apply(vec![Op::Put(object.clone())]);
    }

    /// What the page of drift says of the time since the beginning.
    async fn drift(&self) -> DriftView {
        let since = Earlier::Instant(self.begun);
        let view = self.followed.backend.drift(&Viewer::local(), At::Now, CLUSTER, &since).await.unwrap();
        assert!(view.from.is_some() && !view.is_more, "{view:?}");
        view
    }

    /// The events on it.
    async fn events(&self) -> Vec<DriftEvent> {
        self.drift().await.events
    }

    /// What differs from what Helm keeps of the hub's release, besides the roles that are not in here.
    async fn differing_from_release(&self) -> Vec<DriftEvent> {
        let asked = Earlier::Release(ReleaseName { namespace: "jhub".into(), name: "prod".into() });
        let view = self.followed.backend.drift(&Viewer::local(), At::Now, CLUSTER, &asked).await.unwrap();
        let events = view.declared.expect("it is compared").unwrap().events;
        let is_there = |event: &DriftEvent| event.changes[0].change.object.kind != Kind::ClusterRole;
        events.into_iter().filter(is_there).collect()
    }

    /// When the history says that something changed since the beginning.
    async fn moments(&self) -> Vec<Timestamp> {
        let backend = &self.followed.backend;
        let view = backend.history(&Viewer::local(), At::Now, CLUSTER, HistorySpan::All).await.unwrap();
        view.moments.into_iter().map(|moment| moment.at).filter(|at| *at > self.begun).collect()
    }
}

/// An autoscaler of the proxy.
fn scaler(round: i64) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "proxy", "namespace": "jhub"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "proxy"}, "minReplicas": 1, "maxReplicas": 5},
        "status": {"currentReplicas": 1 + round % 5, "desiredReplicas": 1 + (round + 1) % 5}
    })
}

/// What is written to an object all the time.
fn noise(object: &Value, round: i64, at: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["generation"] = round.into();
    let mut writers = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    writers.push(json!({"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "time": at}));
    object["metadata"]["managedFields"] = writers.into();
    if object["kind"] == "Deployment" {
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = round.to_string().into();
        object["status"]["observedGeneration"] = round.into();
        object["status"]["readyReplicas"] = (round % 3).into();
        if object["metadata"]["name"] == "proxy" {
            object["spec"]["replicas"] = (1 + round % 5).into();
        }
    }
    if object["kind"] == "Pod" {
        for status in object
            .pointer_mut("/status/containerStatuses")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            status["restartCount"] = (round / 12).into();
        }
    }
    for condition in
        object.pointer_mut("/status/conditions").and_then(Value::as_array_mut).into_iter().flatten()
    {
        condition["lastHeartbeatTime"] = at.into();
        condition["lastProbeTime"] = at.into();
    }
    object
}

fn uid(number: i64) -> String {
    format!("00000000-0000-4000-b000-{number:012}")
}

/// The server of a guest, made after that of another user.
fn guest(server: &Value, number: i64) -> Value {
    let user = server["metadata"]["name"].as_str().unwrap().strip_prefix("jupyter-").unwrap();
    let mut pod = server.clone();
    rename(&mut pod, user, &format!("guest{number}"));
    let metadata = pod["metadata"].as_object_mut().unwrap();
    metadata.insert("uid".to_owned(), uid(number).into());
    pod
}

/// Puts another name in the place of a name, where a text is or ends in it.
fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) => {
            let rest = text.strip_suffix(from).filter(|rest| rest.is_empty() || rest.ends_with('-'));
            if let Some(renamed) = rest.map(|rest| format!("{rest}{to}")) {
                *text = renamed;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, from, to)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, field)| rename(field, from, to)),
        _ => {}
    }
}

#[tokio::test]
async fn a_busy_day_is_no_drift_and_one_edit_in_its_midst_is_one_event() {
    let mut busy = Busy::start().await;
    busy.pass(24).await;
    let pods = busy.followed.number("select count(distinct uid) from pods").await;
    assert!(pods > 24 * 60 / TICK, "guests come and go, yet there were only {pods} pods");
    assert_eq!((busy.events().await, busy.moments().await), (Vec::new(), Vec::new()));
    let view = busy.drift().await;
    assert_eq!((view.images, view.certificates), (Vec::new(), Vec::new()));
    let rows = busy.followed.number("select count(*) from releases").await;
    assert_eq!((busy.differing_from_release().await, rows), (Vec::new(), 2), "Helm's release is as it was");

    let edited_at = busy.clock.now().checked_add(TICK.minutes()).unwrap();
    busy.edit("NetworkPolicy", "singleuser", |policy| {
        let open = json!({"ports": [{"port": 6667}]});
        match policy["spec"]["ingress"].as_array_mut() {
            Some(rules) => rules.push(open),
            None => policy["spec"]["ingress"] = json!([open]),
        }
    });
    busy.pass(2).await;
    let differing = busy.differing_from_release().await;
    let [event] = differing.as_slice() else { panic!("{differing:#?}") };
    assert!(event.changes.len() == 1 && event.changes[0].change.is_manual_edit(), "{event:#?}");
    let events = busy.events().await;
    let [event] = events.as_slice() else { panic!("{events:#?}") };
    let [change] = event.changes.as_slice() else { panic!("{event:#?}") };
    assert!(change.change.sentence().to_string().contains("port 6667"), "{change:#?}");
    assert_eq!(change.change.writers[0].manager, "kubectl-edit");
    assert!(change.seen_at >= Some(edited_at), "{change:#?}");
    assert_eq!(busy.moments().await, [change.seen_at.unwrap()]);
    let alone = change.alone.as_ref().expect("one change is tried");
    assert!(alone.findings.iter().all(|finding| finding.before != finding.after), "{alone:#?}");
}

#[tokio::test]
async fn a_restart_is_told_and_is_no_event() {
    let mut busy = Busy::start().await;
    busy.edit("Deployment", "hub", |hub| {
        let metadata = &mut hub["spec"]["template"]["metadata"];
        metadata["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-11-26T01:10:00Z".into();
    });
    busy.pass(1).await;
    assert_eq!((busy.events().await, busy.moments().await), (Vec::new(), Vec::new()));
    let view = busy.drift().await;
    let [restart] = view.restarts.as_slice() else { panic!("{view:#?}") };
    assert_eq!(restart.sentence().to_string(), "Deployment/jhub/hub was restarted");
    assert_eq!(restart.at, "2026-11-26T01:10:00Z".parse().ok());
    assert_eq!(restart.writer.as_ref().unwrap().manager, "kubectl-edit");
    let page = words(&busy.followed.get(&format!("/clusters/{CLUSTER}/drift?with=first")).await);
    assert!(page.contains("What was restarted"), "{page}");
}

#[tokio::test]
async fn servers_that_start_with_weaker_hardening_are_one_change_and_new_guests_are_none() {
    let mut busy = Busy::start().await;
    busy.pass(1).await;
    assert_eq!(busy.drift().await.hardening, []);
    busy.server["spec"]["hostNetwork"] = true.into();
    busy.pass(1).await;
    let view = busy.drift().await;
    let [change] = view.hardening.as_slice() else { panic!("{view:#?}") };
    let told: Vec<_> = change.fields.iter().map(|field| field.sentence.to_string()).collect();
    let [sentence] = told.as_slice() else { panic!("{told:?}") };
    assert!(sentence.ends_with("now share the network of their node"), "{sentence}");
    assert_eq!(view.events, [], "it is no change of an object");
    let page = words(&busy.followed.get(&format!("/clusters/{CLUSTER}/drift?with=first")).await);
    assert!(page.contains("now share the network of their node"), "{page}");
}

#[tokio::test]
async fn an_image_that_is_another_under_the_same_name_is_a_change() {
    let mut busy = Busy::start().await;
    busy.pass(1).await;
    assert_eq!(busy.drift().await.images, []);
    // The tag was moved: what is declared stays, and pods that start run something else.
    let other = |pod: &mut Value| {
        let statuses = pod.pointer_mut("/status/containerStatuses").and_then(Value::as_array_mut).unwrap();
        for status in statuses {
            let id = status["imageID"].as_str().unwrap().split_once("@sha256:").unwrap().0.to_owned();
            status["imageID"] = format!("{id}@sha256:{}", "f".repeat(64)).into();
        }
    };
    other(&mut busy.server);
    let hub = busy
        .objects
        .iter_mut()
        .find(|object| object["kind"] == "Pod" && object["metadata"]["labels"]["component"] == "hub");
    let hub = hub.expect("the pod of the hub");
    other(hub);
    let hub = hub.clone();
    busy.api.apply(vec![Op::Put(hub)]);
    busy.pass(1).await;
    let view = busy.drift().await;
    let told: Vec<_> = view.images.iter().map(|change| change.sentence.to_string()).collect();
    let [of_hub, of_servers] = told.as_slice() else { panic!("{told:#?}") };
    assert!(of_hub.ends_with("of Deployment/jhub/hub now runs another digest"), "{of_hub}");
    assert!(of_servers.contains("of servers of hub jhub/prod now runs another digest"), "{of_servers}");
    assert_eq!(view.events, [], "it is no change of an object");
    let page = words(&busy.followed.get(&format!("/clusters/{CLUSTER}/drift?with=first")).await);
    assert!(page.contains("Which images run") && page.contains("now runs another digest"), "{page}");
}
