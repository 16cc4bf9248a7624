//! The demo's clusters are judged to be what their files say, by every check that exists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::check::Recall;
use posture::checks::CHECKS;
use posture::derived::derive;
use posture::gap::GapReason;
use posture::judge::judge;
use posture::kind::{KINDS, Kind, KindInfo, Tier};
use posture::listing::Coverage;
use posture::redact::{Names, RedactionKey, Redactor, decode_json};
use posture::settings::Settings;
use posture::snapshot::{AccessAnswer, AuthorizerReason, Origin, Reviews, Snapshot, SnapshotBuilder};

use super::super::{DemoCluster, Denied};
use super::{all, now, text};

/// Whether a denied permission covers a kind, in a namespace or everywhere.
fn covers(denied: &Denied, info: &KindInfo) -> bool {
    (denied.group == "*" || denied.group == info.group)
        && (denied.resource == "*" || denied.resource == info.plural)
}

fn coverage(cluster: &DemoCluster, info: &KindInfo) -> Coverage {
    let mut coverage = Coverage::full();
    let definition = format!("{}.{}", info.plural, info.group);
    if info.tier == Tier::C
        && cluster.present().iter().all(|object| text(object, "/metadata/name") != definition)
    {
        // What the API does not serve is known not to exist.
        return coverage;
    }
    for denied in cluster.denied.iter().filter(|denied| covers(denied, info)) {
        match &denied.namespace {
            Some(namespace) if info.namespaced => {
                coverage.namespaces.insert(namespace.clone(), Some(GapReason::Forbidden));
            }
            Some(_) => {}
            None => coverage.everywhere = Some(GapReason::Forbidden),
        }
    }
    coverage
}

fn snapshot(cluster: &DemoCluster, at: Timestamp) -> Snapshot {
    let redactor = Redactor::new(RedactionKey::new(&[7; 32]), Names::Hashed);
    let mut builder = SnapshotBuilder::new(Origin::Observed, &cluster.name);
    let objects = cluster.present();
    for info in KINDS {
        let coverage = coverage(cluster, info);
        for object in &objects {
            let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
            let namespace = text(object, "/metadata/namespace");
            let hidden = coverage.everywhere.is_some() || coverage.namespaces.contains_key(namespace);
            if hidden || Kind::of_manifest(version, kind) != Some(info.kind) {
                continue;
            }
            let record = decode_json(object.to_string().as_bytes(), info.kind, &redactor).unwrap();
            builder.apply(&record).unwrap_or_else(|_| panic!("{} is not understood", record.object));
            if info.kind == Kind::ConfigMap {
                builder.config_data(namespace, text(object, "/metadata/name"), Ok(&record));
            }
        }
        builder.cover(info.kind, coverage);
    }
    let answer = |question: &str, allowed, reason| {
        Some(AccessAnswer { question: question.to_owned(), allowed, reason })
    };
    builder.reviews(Ok(Reviews {
        granted: answer("list pods", true, AuthorizerReason::Rbac),
        not_granted: answer("delete nodes", false, AuthorizerReason::None),
        ..Reviews::default()
    }));
    builder.build(at)
}

#[test]
fn every_cluster_is_judged_to_be_what_its_file_says() {
    let mut wrong = Vec::new();
    for cluster in all() {
        let (settings, snapshot) = (Settings::default(), snapshot(cluster, now()));
        let derived = derive(&snapshot, &settings, now());
        let findings = judge(&snapshot, &derived, &Recall::default(), &settings, now());
        let mut said = BTreeMap::new();
        for finding in &findings {
            let verdict = serde_json::to_value(finding.verdict).unwrap();
            let hub = finding.key.hub.as_ref().map(|hub| hub.release.clone());
            said.insert(
                (hub, finding.key.code.clone()),
                (verdict.as_str().unwrap().to_owned(), finding.reason.to_string()),
            );
        }
        for ((hub, code), found) in &said {
            let expected =
                hub.as_ref().map_or(Some(&cluster.expected.cluster), |hub| cluster.expected.hubs.get(hub));
            if !expected.is_some_and(|verdicts| verdicts.contains_key(code)) {
                wrong.push(format!("{} {hub:?} {code}: nothing expected, found {found:?}", cluster.name));
            }
        }
        let of_hubs = cluster.expected.hubs.iter().map(|(hub, verdicts)| (Some(hub.clone()), verdicts));
        for (hub, verdicts) in of_hubs.chain([(None, &cluster.expected.cluster)]) {
            for (code, expected) in
                verdicts.iter().filter(|(code, _)| CHECKS.iter().any(|check| check.code == *code))
            {
                match said.get(&(hub.clone(), code.clone())) {
                    Some((verdict, _)) if verdict == expected => {}
                    found => wrong.push(format!(
                        "{} {hub:?} {code}: expected {expected}, found {found:?}",
                        cluster.name
                    )),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_planted_secret_is_left_in_a_record() {
    let redactor = Redactor::new(RedactionKey::new(&[7; 32]), Names::Hashed);
    for cluster in all() {
        for object in super::ever(cluster) {
            let Some(kind) = Kind::of_manifest(text(&object, "/apiVersion"), text(&object, "/kind")) else {
                continue;
            };
            let record = decode_json(object.to_string().as_bytes(), kind, &redactor).unwrap();
            let kept = format!("{record:?}");
            let leak = kept
                .find("planted-")
                .map(|at| kept[at.saturating_sub(80)..].chars().take(160).collect::<String>());
            assert_eq!(leak, None, "{}: {}", cluster.name, record.object);
        }
    }
}
