//! Every check against the fixtures that lie beside it.
//!
//! The fixtures of `posture/src/checks/<name>.rs` are `posture/src/checks/<name>/<verdict>.<case>.yaml`; `CHECK=<name>` restricts the
//! tests of this file to one check. What the documents may hold is told in `support/fixture.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use posture::check::{Check, Verdict};
use posture::finding::{Finding, FindingKey};
use posture::gap::GapReason;
use posture::judge::judge_with;
use posture::kind::Kind;
use posture::sighting::{Sightings, Unsighted};
use posture::snapshot::Origin;
use posture::testing::{Fixture, fact_kinds};

use crate::support::{Case, cases, render, selected_checks};

fn judge(check: &Check, fixture: &Fixture) -> Vec<Finding> {
    let derived = fixture.derived();
    judge_with(&[check], &fixture.context(&derived))
}

/// The verdict of a fixture is the worst that the check gives to any of its hubs.
fn worst(findings: &[Finding]) -> Option<Verdict> {
    findings.iter().map(|finding| finding.verdict).min()
}

#[test]
fn every_check_has_a_fixture_for_each_verdict_it_can_give() {
    for check in selected_checks() {
        let shown: BTreeSet<Verdict> = cases(check).iter().map(|case| case.verdict).collect();
        let declared: BTreeSet<Verdict> = check.verdicts.iter().copied().collect();
        assert_eq!(shown, declared, "{}: the fixtures (left) and `verdicts` (right) differ", check.name);
    }
}

#[test]
fn every_fixture_gets_the_verdict_in_its_name() {
    let mut others = Vec::new();
    for check in selected_checks() {
        for case in cases(check).iter() {
            let findings = judge(check, &case.fixture());
            if worst(&findings) != Some(case.verdict) {
                let reasons: Vec<String> =
                    findings.iter().map(|finding| finding.reason.to_string()).collect();
                others.push(format!("{}/{}: {:?}: {reasons:?}", check.name, case.name, worst(&findings)));
            }
        }
    }
    assert!(others.is_empty(), "other verdicts than the names say:\n{}", others.join("\n"));
}

#[test]
fn no_fixture_makes_a_check_panic_or_repeat_itself() {
    for check in selected_checks() {
        for case in cases(check).iter() {
            let findings = judge(check, &case.fixture());
            let keys: BTreeSet<&FindingKey> = findings.iter().map(|finding| &finding.key).collect();
            assert_eq!(keys.len(), findings.len(), "{}: {}: two findings share a key", check.name, case.name);
            for finding in &findings {
                assert_ne!(finding.reason.id, "check-failed", "{}: {}", check.name, case.name);
                let is_fault = matches!(finding.verdict, Verdict::Warn | Verdict::Fail);
                let is_proven = !is_fault || !finding.evidence.is_empty();
                assert!(is_proven, "{}: {}: a fault without evidence", check.name, case.name);
                assert!(finding.severity >= check.severity, "{}: severity was raised", check.name);
            }
        }
    }
}

#[test]
fn the_findings_read_well() {
    for check in selected_checks() {
        let mut text = String::new();
        for case in cases(check).iter() {
            writeln!(text, "===== {}", case.name).unwrap();
            for finding in judge(check, &case.fixture()) {
                text += &render(check, &finding);
            }
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(crate::support::folder(check));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("findings", text));
    }
}

/// What each finding said, by the parts of its key that a lost permission must not change.
type Said = BTreeMap<FindingKey, Verdict>;

fn said(findings: &[Finding]) -> Said {
    findings
        .iter()
        .map(|finding| (FindingKey { subject: None, ..finding.key.clone() }, finding.verdict))
        .collect()
}

/// Holds a check to the rule that what it cannot read may only make it unsure.
fn assert_only_unsure(check: &Check, case: &Case, before: &Said, after: &Fixture, lost: &str) {
    let after_origin = after.snapshot.origin;
    let after = said(&judge(check, after));
    for (key, verdict) in before {
        let now = after.get(key).copied();
        // Where a live cluster may hide something worse, files warn of what they hold.
        let is_warned =
            after_origin == Origin::Declared && (*verdict, now) == (Verdict::Unknown, Some(Verdict::Warn));
        let is_kept = now == Some(*verdict) || now == Some(Verdict::Unknown) || is_warned;
        assert!(is_kept, "{}: {}: {verdict:?} became {now:?} without {lost}", check.name, case.name);
    }
    for (key, verdict) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
        let is_unsure = *verdict == Verdict::Unknown;
        assert!(is_unsure, "{}: {}: {key:?} appeared as {verdict:?} without {lost}", check.name, case.name);
    }
}

/// The fixture with its hubs in the recall, as a later scan would have them.
fn remembered(case: &Case) -> Fixture {
    let mut fixture = case.fixture();
    let hubs: Vec<_> = fixture.derived().hubs.iter().map(|hub| hub.key.clone()).collect();
    fixture.recall.hubs.extend(hubs);
    fixture
}

/// The namespaces in which a fixture holds objects of a kind.
fn namespaces(case: &Case, kind: Kind) -> BTreeSet<String> {
    case.documents()
        .iter()
        .filter(|document| document["kind"] == kind.info().manifest_kind())
        .filter_map(|document| document.pointer("/metadata/namespace")?.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_lost_permission_makes_a_check_unsure_or_changes_nothing() {
    for check in selected_checks() {
        for case in cases(check).iter() {
            let fixture = remembered(case);
            let before = said(&judge(check, &fixture));
            for kind in fact_kinds() {
                let lost = format!("{kind}");
                assert_only_unsure(check, case, &before, &fixture.clone().without(kind), &lost);
                for namespace in namespaces(case, kind) {
                    let lost = format!("{kind} in {namespace}");
                    let without = fixture.clone().with_gap(kind, Some(&namespace), &GapReason::Forbidden);
                    assert_only_unsure(check, case, &before, &without, &lost);
                }
            }
            let mut without_reviews = fixture.clone();
            without_reviews.snapshot.reviews = Err(GapReason::Forbidden);
            assert_only_unsure(check, case, &before, &without_reviews, "the answers to reviews");
        }
    }
}

#[test]
fn a_look_that_failed_decides_nothing() {
    for check in selected_checks() {
        for case in cases(check).iter() {
            let fixture = remembered(case);
            let before = said(&judge(check, &fixture));
            for spot in fixture.snapshot.sightings.spots.keys() {
                let mut unasked = fixture.clone();
                unasked.snapshot.sightings.spots.remove(spot);
                let unasked = said(&judge(check, &unasked));
                let mut failed = fixture.clone();
                failed.snapshot.sightings.spots.insert(spot.clone(), Err(Unsighted::NotYet));
                for (key, now) in said(&judge(check, &failed)) {
                    let allowed =
                        [before.get(&key).copied(), unasked.get(&key).copied(), Some(Verdict::Unknown)];
                    assert!(
                        allowed.contains(&Some(now)),
                        "{}: {}: {now:?} without {spot}",
                        check.name,
                        case.name
                    );
                }
            }
        }
    }
}

#[test]
fn what_a_name_presented_before_a_start_is_no_fault_of_now() {
    for check in selected_checks().into_iter().filter(|check| check.name == "certificate-not-served") {
        for case in cases(check).iter() {
            let mut fixture = remembered(case);
            let before = said(&judge(check, &fixture));
            fixture.snapshot.sightings.recalled_from = Some(jiff::Timestamp::UNIX_EPOCH);
            for (key, now) in said(&judge(check, &fixture)) {
                let fits = match before[&key] {
                    Verdict::Fail | Verdict::Warn => Verdict::Unknown,
                    verdict => verdict,
                };
                assert_eq!(now, fits, "{}", case.name);
            }
        }
    }
}

#[test]
fn a_list_that_broke_off_makes_a_check_unsure_or_changes_nothing() {
    for check in selected_checks() {
        for case in cases(check).iter() {
            let fixture = remembered(case);
            let before = said(&judge(check, &fixture));
            for object in case.objects() {
                let lost = format!("{object}");
                assert_only_unsure(check, case, &before, &fixture.clone().losing(&object), &lost);
            }
        }
    }
}

#[test]
fn files_prove_what_they_hold_and_nothing_else() {
    for check in selected_checks() {
        for case in cases(check).iter() {
            // Files are judged by what they hold; nothing is looked at beside them.
            let mut observed = remembered(case);
            observed.snapshot.sightings = Sightings::default();
            let before = said(&judge(check, &observed));
            let mut declared = case.fixture_with_origin(Origin::Declared);
            declared.snapshot.sightings = Sightings::default();
            assert_only_unsure(check, case, &before, &declared, "the live cluster");
        }
    }
}

#[test]
fn a_check_that_can_read_nothing_knows_nothing() {
    for check in selected_checks() {
        for case in cases(check).iter() {
            let mut blind = fact_kinds().into_iter().fold(remembered(case), |f, kind: Kind| f.without(kind));
            blind.snapshot.reviews = Err(GapReason::Forbidden);
            let findings = judge(check, &blind);
            let is_unsure = !findings.is_empty() && findings.iter().all(|f| f.verdict == Verdict::Unknown);
            assert!(is_unsure, "{}: {}: {:?}", check.name, case.name, worst(&findings));
        }
    }
}
