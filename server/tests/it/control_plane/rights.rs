//! With exactly the rights of `deploy/role.yaml`: enough, never more than reading, and a gap for each one that is missing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use posture::check::{Recall, Verdict};
use posture::derived::derive;
use posture::finding::{Finding, FindingKey};
use posture::gap::{Gap, GapReason};
use posture::judge::judge;
use posture::kind::{KINDS, KindInfo, Reading, Tier};
use posture::settings::Settings;
use server::collector::ScanInput;
use server::demo::{DemoCluster, Denied};

use super::collected::{collect, unhurried};
use super::demo::{cluster, start_for};
use super::{AuditEntry, ControlPlane};
use crate::program::{Folder, Serving};

const READER: &str = "system:serviceaccount:perijove:perijove";

/// Whether this is one of the things Perijove promises to do, and nothing else.
fn is_promised(entry: &AuditEntry) -> bool {
    let group = entry.group.as_str();
    match (entry.verb.as_str(), entry.resource.as_str()) {
        // Discovery: what is served, and the version.
        ("get", "") => ["/api", "/apis", "/version"].iter().any(|path| entry.uri.starts_with(path)),
        ("get" | "list" | "watch", plural) => {
            entry.subresource.is_empty()
                && KINDS.iter().any(|info| info.group == group && info.plural == plural)
        }
        ("create", "selfsubjectaccessreviews" | "selfsubjectrulesreviews") => group == "authorization.k8s.io",
        _ => false,
    }
}

fn asked<'a>(log: &'a [AuditEntry], verb: &str) -> BTreeSet<(&'a str, &'a str)> {
    let entries = log.iter().filter(|entry| entry.verb == verb);
    entries.map(|entry| (entry.group.as_str(), entry.resource.as_str())).collect()
}

#[tokio::test]
async fn the_role_in_deploy_is_enough_and_everything_asked_with_it_is_read_only() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    control_plane.apply_objects(cluster("teaching-eu", Timestamp::now()).present()).await;
    let kubeconfig = control_plane.kubeconfig(&control_plane.reader().await);
    let kubeconfig = kubeconfig.to_str().unwrap();
    let folder = Folder::new();

    let doctor = folder.run(&["doctor", "--kubeconfig", kubeconfig]);
    assert!(doctor.status.success(), "{doctor:?}");
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("Nothing is missing."), "{doctor:?}");
    let scan = folder.run(&["scan", "--kubeconfig", kubeconfig, "--output", "json", "--fail-on", "never"]);
    assert!(scan.status.success(), "{scan:?}");
    let report: serde_json::Value = serde_json::from_slice(&scan.stdout).unwrap();
    assert_eq!(report["gaps"], serde_json::json!([]));
    assert!(report["findings"].as_array().unwrap().len() > 100);

    let mut serving = Serving::start(&folder, &["--kubeconfig", kubeconfig], &[]);
    let before = serving.wait_for_scan("cluster", 1).await;
    let begun = std::time::Instant::now();
    control_plane
        .apply("{apiVersion: v1, kind: Service, metadata: {name: late, namespace: jhub}, spec: {type: NodePort, selector: {component: proxy}, ports: [{port: 80}]}}")
        .await;
    serving.wait_for_scan("cluster", before + 1).await;
    println!("a change was judged and stored {:?} after it was written", begun.elapsed());
    assert!(serving.browser().read("/clusters/cluster").contains("late"), "the change is on the page");
    serving.stop();

    let mine = |entry: &AuditEntry| entry.user == READER;
    let log: Vec<AuditEntry> = control_plane.audit_log().into_iter().filter(mine).collect();
    let broken: Vec<&AuditEntry> = log.iter().filter(|entry| !is_promised(entry)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    // The proof would be empty if nothing had been asked.
    let served = KINDS.iter().filter(|info| info.reading != Reading::OnDemand && info.tier == Tier::R0);
    for info in served {
        for verb in ["list", "watch"] {
            assert!(asked(&log, verb).contains(&(info.group, info.plural)), "{verb} {}", info.plural);
        }
    }
    assert!(asked(&log, "create").contains(&("authorization.k8s.io", "selfsubjectaccessreviews")));
}

/// What each check says of each hub, whatever the subject: a lost permission may hide the subject.
type Said = BTreeMap<FindingKey, BTreeSet<Verdict>>;

fn said(input: &ScanInput, recall: &Recall, now: Timestamp) -> Said {
    let settings = Settings::default();
    let derived = derive(&input.snapshot, &settings, now);
    let mut said = Said::new();
    for Finding { key, verdict, .. } in judge(&input.snapshot, &derived, recall, &settings, now) {
        said.entry(FindingKey { subject: None, ..key }).or_default().insert(verdict);
    }
    said
}

/// The scan remembers the hubs of the one before, as the history does.
fn recall(input: &ScanInput, now: Timestamp) -> Recall {
    let derived = derive(&input.snapshot, &Settings::default(), now);
    Recall { hubs: derived.hubs.iter().map(|hub| hub.key.clone()).collect(), user_servers: Vec::new() }
}

/// The kinds whose permission makes a difference in this cluster.
fn served_in(cluster: &DemoCluster) -> impl Iterator<Item = &'static KindInfo> {
    let definitions: BTreeSet<String> = cluster
        .present()
        .iter()
        .filter(|object| object["kind"] == "CustomResourceDefinition")
        .filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    KINDS.iter().filter(move |info| {
        info.reading != Reading::OnDemand
            && (info.tier == Tier::R0 || definitions.contains(&format!("{}.{}", info.plural, info.group)))
    })
}

#[tokio::test]
async fn each_permission_that_is_taken_away_is_a_gap_and_leaves_verdicts_alone_or_unknown() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let now = Timestamp::now();
    let cluster = cluster("teaching-eu", now);
    control_plane.apply_objects(cluster.present()).await;
    let token = control_plane.reader().await;
    let source = control_plane.source(&token, unhurried()).await;
    let whole = collect(source.clone()).await;
    assert_eq!(whole.snapshot.gaps(), []);
    let recall = recall(&whole, now);
    let before = said(&whole, &recall, now);

    let mut changed = 0;
    for info in served_in(&cluster) {
        let lost = Denied { group: info.group.to_owned(), resource: info.plural.to_owned(), namespace: None };
        control_plane.reader_without(std::slice::from_ref(&lost)).await;
        let input = collect(source.clone()).await;
        let gap = Gap { kind: info.kind, namespace: None, reason: GapReason::Forbidden };
        assert_eq!(input.snapshot.gaps(), std::slice::from_ref(&gap), "without {}", info.plural);
        assert!(gap.permission().contains(info.plural), "{}", gap.permission());
        let after = said(&input, &recall, now);
        for (key, verdicts) in &before {
            let now = after.get(key).unwrap_or_else(|| panic!("{key:?} is gone without {}", info.plural));
            let is_kept = now.iter().all(|one| verdicts.contains(one) || *one == Verdict::Unknown);
            assert!(is_kept, "{key:?}: {verdicts:?} became {now:?} without {}", info.plural);
            changed += usize::from(now != verdicts);
        }
        for (key, verdicts) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
            assert_eq!(*verdicts, BTreeSet::from([Verdict::Unknown]), "{key:?} without {}", info.plural);
        }
    }
    assert!(changed > 0, "no permission made any difference");
}

#[tokio::test]
async fn a_permission_taken_away_while_serving_is_named_on_the_page_until_it_is_back() {
    let Some(mut control_plane) = start_for("10.43.0.0/16").await else { return };
    control_plane.apply_objects(cluster("campus-shared", Timestamp::now()).present()).await;
    let token = control_plane.reader().await;
    let kubeconfig = control_plane.kubeconfig(&token);
    let folder = Folder::new();
    let often = [("PERIJOVE_COLLECT__TICK_SECONDS", "2")];
    let mut serving = Serving::start(&folder, &["--kubeconfig", kubeconfig.to_str().unwrap()], &often);
    serving.wait_for_scan("cluster", 1).await;
    let browser = serving.browser();
    let permission = "networkpolicies.networking.k8s.io";
    assert!(!browser.read("/clusters/cluster/gaps").contains("may not be listed"));

    let lost = Denied {
        group: "networking.k8s.io".to_owned(),
        resource: "networkpolicies".to_owned(),
        namespace: None,
    };
    control_plane.reader_without(&[lost]).await;
    // A watch that is open goes on to its end; the next one is refused.
    control_plane.restart().await;
    // What is said above the page at once comes before the scan whose gap names the permission.
    browser
        .wait_for("/clusters/cluster/gaps", |page| {
            page.contains("NetworkPolicies may not be listed") && page.contains(permission)
        })
        .await;
    control_plane.reader().await;
    browser
        .wait_for("/clusters/cluster/gaps", |page| {
            page.contains("Everything Perijove asks for on cluster can be read.")
        })
        .await;
}
