//! The store, through its public functions and a file of its own for each test.

mod commit;
mod compared;
mod crash;
mod faults;
mod feeds;
mod long;
mod migrations;
mod open;
mod plans;
mod prune;
mod read;
mod rebuild;
mod releases;
mod sightings;
mod stage;
mod told;
mod trends;

use std::collections::{BTreeMap, BTreeSet};

use posture::Timestamp;
use posture::check::{Evidence, Severity, Verdict};
use posture::facts::ManagedField;
use posture::finding::{Finding, FindingKey};
use posture::fix::Slots;
use posture::gap::GapReason;
use posture::hub::{HubKey, Support};
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::record::{ContentHash, Record};
use posture::text::{Arg, Reason};
use serde_json::{Value, json};
use server::store::{
    ClusterId, ClusterIdentity, Committed, HubFacts, HubSeen, ScanCommit, Scope, StagedObject, Store, Trigger,
};

/// A store in a folder that goes away with it.
struct Place {
    folder: tempfile::TempDir,
    store: Store,
    cluster: ClusterId,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data/perijove.db")).await.unwrap();
        let cluster = store.register_cluster(&identity("teaching", Some("uid-1")), at(0)).await.unwrap();
        Self { folder, store, cluster }
    }

    /// A scan of one minute each, with the Deployments, Services and policies of every namespace readable.
    fn scan(&self, minute: i64) -> ScanCommit {
        let mut commit = ScanCommit::new(self.cluster, Trigger::Tick, at(minute));
        for kind in [Kind::Deployment, Kind::Service, Kind::NetworkPolicy, Kind::Pod, Kind::Job] {
            commit.coverage.insert(kind, Coverage::full());
        }
        commit
    }

    async fn commit(&self, commit: ScanCommit) -> Committed {
        self.store.commit_scan(&commit).await.unwrap()
    }

    async fn stage(&self, record: &Record) -> StagedObject {
        self.store.stage(std::slice::from_ref(record), at(0)).await.unwrap().objects.remove(0)
    }

    /// The rows of a table.
    async fn count(&self, table: &str) -> i64 {
        let mut reading = self.store.read().await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut *reading).await.unwrap()
    }

    /// A number that a query of the test answers.
    async fn number(&self, sql: &'static str) -> Option<i64> {
        let mut reading = self.store.read().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut *reading).await.unwrap()
    }
}

fn identity(name: &str, uid: Option<&str>) -> ClusterIdentity {
    ClusterIdentity {
        name: name.to_owned(),
        uid: uid.map(str::to_owned),
        address: format!("https://{name}.example.org ca:1"),
    }
}

/// An instant some minutes after the beginning of the tests' time.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + minute * 60).unwrap()
}

fn hash(text: &str) -> ContentHash {
    let mut bytes = [0; 16];
    for (index, byte) in text.bytes().enumerate() {
        bytes[index % 16] ^= byte.rotate_left(u32::try_from(index / 16).unwrap());
    }
    ContentHash(bytes)
}

/// An object whose body, content and drift follow one text.
fn record(kind: Kind, namespace: &str, name: &str, text: &str) -> Record {
    Record {
        object: ObjectRef::namespaced(kind, namespace, name),
        uid: format!("uid-{name}"),
        body: json!({"metadata": {"namespace": namespace, "name": name}, "spec": {"text": text}}),
        content: hash(text),
        drift: hash(text),
        managed_fields: vec![ManagedField {
            manager: "helm".to_owned(),
            operation: "Update".to_owned(),
            time: Some(at(0)),
        }],
        resource_version: "1".to_owned(),
    }
}

fn prod() -> HubKey {
    HubKey { namespace: "jhub".to_owned(), release: "prod".to_owned(), app: "jupyterhub".to_owned() }
}

fn hub(key: HubKey) -> HubSeen {
    let facts = HubFacts {
        support: Support::ZeroToJupyterHub,
        chart: None,
        tls_mode: Some("letsencrypt".to_owned()),
        names: BTreeMap::new(),
    };
    HubSeen { key, facts }
}

/// A finding about the hub `prod` itself, with a count in its reason that intervals ignore.
fn finding(code: &str, verdict: Verdict, servers: u64) -> Finding {
    Finding {
        key: FindingKey {
            cluster: "teaching".to_owned(),
            code: code.to_owned(),
            hub: Some(prod()),
            subject: None,
        },
        verdict,
        severity: Severity::High,
        reason: Reason::new("servers", "{n} servers run").with("n", Arg::Count(servers)),
        note: None,
        evidence: vec![Evidence::new(
            ObjectRef::namespaced(Kind::Service, "jhub", "proxy-public"),
            "spec.ports[0].port",
            Arg::Number(80),
        )],
        slots: Slots::default(),
    }
}
