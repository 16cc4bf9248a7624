//! How a collector behaves against the demo's API, with faults in between.

mod failing;
mod following;
mod listing;
mod replaying;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use posture::kind::Kind;
use posture::record::Record;
use posture::redact::{Names, RedactionKey, Redactor};
use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tower::Layer as _;

use super::{ClusterSeen, Collector, CollectorError, Handle, ScanInput, Settings, Sink, SinkError};
use crate::clock::Clock;
use crate::cluster::{Source, Tuning};
use crate::demo::{Denied, ObjectKey, Op};
use crate::demo_api::DemoApi;
use crate::demo_api::faults::Faults;

/// A hub with what belongs to it, small enough to be read.
const HUB: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: kube-system, uid: 11111111-1111-4111-8111-111111111111}
---
apiVersion: v1
kind: Namespace
metadata: {name: hub, uid: 22222222-2222-4222-8222-222222222222}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hub, namespace: hub, labels: {app: jupyterhub, component: hub, release: prod}}
data: {singleuser: singleuser, proxy-public: proxy-public}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: hub}
data: {password: planted-password}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: hub
  namespace: hub
  labels: {app: jupyterhub, component: hub, release: prod, chart: jupyterhub-4.4.0}
spec:
  replicas: 1
  selector: {matchLabels: {app: jupyterhub, component: hub, release: prod}}
  template:
    metadata: {labels: {app: jupyterhub, component: hub, release: prod}}
    spec:
      containers:
      - {name: hub, image: 'quay.io/jupyterhub/k8s-hub:4.4.0', args: [jupyterhub, --config, /usr/local/etc/jupyterhub/jupyterhub_config.py]}
      volumes:
      - {name: config, configMap: {name: hub}}
";

fn service(name: &str, port: u16) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: hub}}, spec: {{ports: [{{port: {port}}}]}}}}\n"
    )
}

fn server_of(user: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: jupyter-{user}, namespace: hub, \
         labels: {{app: jupyterhub, component: singleuser-server, hub.jupyter.org/username: {user}}}, \
         annotations: {{hub.jupyter.org/username: {user}}}}}, \
         spec: {{containers: [{{name: notebook, image: 'jupyter/base-notebook:1'}}]}}, status: {{phase: Running}}}}"
    )
}

fn ops(documents: &str) -> Vec<Op> {
    let documents = serde_norway::Deserializer::from_str(documents);
    documents.map(|document| Op::Put(Value::deserialize(document).unwrap())).collect()
}

fn deleted(api_version: &str, kind: &str, name: &str) -> Vec<Op> {
    vec![Op::Delete(ObjectKey {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: "hub".to_owned(),
        name: name.to_owned(),
    })]
}

fn denied(group: &str, resource: &str, namespace: Option<&str>) -> Denied {
    Denied { group: group.to_owned(), resource: resource.to_owned(), namespace: namespace.map(str::to_owned) }
}

/// What a sink was given, and the errors it is to give back.
#[derive(Debug, Clone, Default)]
struct Given {
    records: Vec<Record>,
    errors: Vec<SinkError>,
}

/// A sink that remembers.
#[derive(Debug)]
struct Recorder {
    given: Arc<Mutex<Given>>,
    scans: mpsc::UnboundedSender<ScanInput>,
}

impl Sink for Recorder {
    async fn connected(&mut self, _: &ClusterSeen) -> Result<(), SinkError> {
        Ok(())
    }
    async fn records(&mut self, records: &[Record]) -> Result<(), SinkError> {
        self.given.lock().unwrap().records.extend_from_slice(records);
        Ok(())
    }
    async fn scan(&mut self, input: &ScanInput) -> Result<(), SinkError> {
        if let Some(error) = self.given.lock().unwrap().errors.pop() {
            return Err(error);
        }
        // A test that has seen enough stops listening.
        drop(self.scans.send(input.clone()));
        Ok(())
    }
}

/// A collector at work on an API that fails as it is told.
struct Bench {
    api: DemoApi,
    faults: Faults,
    handle: Handle,
    scans: mpsc::UnboundedReceiver<ScanInput>,
    given: Arc<Mutex<Given>>,
    run: JoinHandle<Result<(), CollectorError>>,
}

fn tuning() -> Tuning {
    Tuning { requests_per_second: 0, ..Tuning::default() }
}

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new(RedactionKey::new(&[7; 32]), Names::Resolvable))
}

/// The parts of a bench before anything runs.
fn parts(documents: &str, denied: Vec<Denied>, tuning: Tuning) -> (DemoApi, Faults, Source) {
    let clock = Clock::at("2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap());
    let api = DemoApi::new(Vec::new(), denied, "v1.34.2", clock.clone());
    api.apply(ops(documents));
    let faults = Faults::default();
    let source = Source::over(faults.layer(api.clone()), "https://demo", tuning, clock);
    (api, faults, source)
}

fn recorder() -> (Recorder, mpsc::UnboundedReceiver<ScanInput>, Arc<Mutex<Given>>) {
    let given = Arc::new(Mutex::new(Given::default()));
    let (sender, scans) = mpsc::unbounded_channel();
    (Recorder { given: given.clone(), scans: sender }, scans, given)
}

impl Bench {
    fn start(documents: &str, denied: Vec<Denied>, tuning: Tuning) -> Self {
        Self::start_with(documents, denied, tuning, Settings::new("demo"), |_| {})
    }

    fn start_with(
        documents: &str,
        denied: Vec<Denied>,
        tuning: Tuning,
        settings: Settings,
        prepare: impl FnOnce(&Faults),
    ) -> Self {
        let (api, faults, source) = parts(documents, denied, tuning);
        prepare(&faults);
        let (sink, scans, given) = recorder();
        let (collector, handle) = Collector::new(source, settings, redactor(), sink);
        let run = tokio::spawn(collector.run());
        Self { api, faults, handle, scans, given, run }
    }

    async fn scan(&mut self) -> ScanInput {
        self.scans.recv().await.expect("the collector goes on")
    }

    /// The next scan that shows something.
    async fn scan_until(&mut self, shows: impl Fn(&ScanInput) -> bool) -> ScanInput {
        loop {
            let scan = self.scan().await;
            if shows(&scan) {
                return scan;
            }
        }
    }

    /// Whether no scan is made for a while.
    async fn is_quiet_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.scans.recv()).await.is_err()
    }

    /// Names of the objects of a kind that were handed on since the last call.
    fn handed_on(&self, kind: Kind) -> Vec<String> {
        let records = std::mem::take(&mut self.given.lock().unwrap().records);
        records.into_iter().filter(|r| r.object.kind == kind).map(|r| r.object.name).collect()
    }
}

fn services(scan: &ScanInput) -> Vec<&str> {
    scan.snapshot.services.present().map(|service| service.metadata.name.as_str()).collect()
}
