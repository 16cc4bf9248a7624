//! The demo's clusters are judged to be what their files say, by every check that exists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::certificates::{Flaw, Purpose, Standing};
use posture::check::Recall;
use posture::checks::CHECKS;
use posture::derived::derive;
use posture::gap::GapReason;
use posture::judge::judge;
use posture::kind::{KINDS, Kind, KindInfo, Tier};
use posture::listing::Coverage;
use posture::redact::{Names, RedactionKey, Redactor, decode_json};
use posture::settings::Settings;
use posture::sighting::{Seen, Sightings, Spot};
use posture::snapshot::{AccessAnswer, AuthorizerReason, Origin, Reviews, Snapshot, SnapshotBuilder};

use super::super::{DemoCluster, Denied};
use super::{all, now, text};
use crate::cluster::secret::decode;
use crate::collector::with_trust;
use crate::probe::Ways;

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
    builder.sightings(sightings(cluster, at));
    builder.build(at)
}

/// What the Secrets that are read hold, and what the script says of connections.
fn sightings(cluster: &DemoCluster, at: Timestamp) -> Sightings {
    let ways = Ways { script: cluster.script.clone(), ..Ways::default() };
    let objects = cluster.present();
    let secrets = cluster.sights.secrets.iter().map(|(namespace, name)| {
        let is_it = |object: &&serde_json::Value| {
            let own = ["/kind", "/metadata/namespace", "/metadata/name"].map(|path| text(object, path));
            own == ["Secret", namespace.as_str(), name.as_str()]
        };
        let object = objects.iter().find(is_it).unwrap_or_else(|| panic!("there is no Secret {name}"));
        let seen = Seen::Secret(decode(object.to_string().as_bytes()).unwrap());
        let spot = Spot::Secret { namespace: namespace.clone(), name: name.clone() };
        (spot, Ok(with_trust(seen, &ways, at)))
    });
    let hosts = cluster.sights.hosts.iter().cloned().collect();
    let shown = cluster.script.iter().flat_map(|script| script.look(Vec::clone(&hosts), at));
    Sightings {
        spots: secrets.chain(shown).collect(),
        reads_secrets: !cluster.sights.secrets.is_empty(),
        connects: !cluster.sights.hosts.is_empty(),
        looked_at: Some(at),
        recalled_from: None,
    }
}

#[test]
fn the_portals_show_every_state_that_a_certificate_can_be_in() {
    let cluster = all().iter().find(|cluster| cluster.name == "teaching-eu").unwrap();
    let snapshot = snapshot(cluster, now());
    let table = derive(&snapshot, &Settings::default(), now()).certificates;
    let mut told = BTreeMap::new();
    for certificate in &table.certificates {
        let name = certificate.kept.place().1.to_owned();
        let flaws = table.flaws(certificate, now());
        let served: Vec<_> = certificate.served.iter().map(|served| served.is_same).collect();
        told.insert((name, certificate.purpose), (certificate.standing(now()), flaws, served));
    }
    let of = |name: &str| told[&(name.to_owned(), Purpose::Server)].clone();
    assert_eq!(of("notes-tls"), (Standing::Good, vec![], vec![Some(true)]));
    assert_eq!(of("exams-tls"), (Standing::Late, vec![], vec![Some(true)]));
    let (standing, flaws, _) = of("files-tls");
    assert!(standing == Standing::Good && matches!(flaws[..], [Flaw::NotReloaded(_)]), "{flaws:?}");
    let (_, flaws, _) = of("wiki-tls");
    assert!(matches!(flaws[..], [Flaw::AnotherServed(_), Flaw::OtherKey]), "{flaws:?}");
    assert_eq!(of("slides-tls"), (Standing::Good, vec![Flaw::NoIssuer], vec![Some(true)]));
    assert_eq!(of("archive-tls").0, Standing::Expired);
    let names = vec!["media.example.edu".to_owned()];
    assert_eq!(of("media-tls").1, [Flaw::OtherNames(names)]);
    assert_eq!(of("intern-tls").1, [Flaw::NotPublic]);
    assert_eq!(of("forum-tls"), (Standing::Good, vec![Flaw::Loop], vec![Some(true)]));
    assert_eq!(of("proxy-public-tls-acme"), (Standing::Good, vec![], vec![Some(true)]));
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
