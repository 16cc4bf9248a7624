//! What lists say of certificates in short is what the checks judge.

use posture::certificates::{CertificateTable, Flaw};
use posture::check::Verdict;
use posture::checks::CHECKS;
use posture::testing::Fixture;

use crate::support::cases;

/// The flaws of everything that hubs are reached by.
fn flaws(fixture: &Fixture) -> Vec<Flaw> {
    let derived = fixture.derived();
    let table: &CertificateTable = &derived.certificates;
    let of_hubs = table.certificates.iter().filter(|certificate| certificate.hubs().next().is_some());
    of_hubs.flat_map(|certificate| table.flaws(certificate, fixture.snapshot.taken_at)).collect()
}

fn is_of_serving(flaw: &Flaw) -> bool {
    matches!(flaw, Flaw::NotReloaded(_) | Flaw::AnotherServed(_))
}

#[test]
fn a_flaw_is_said_where_a_check_finds_one_and_nowhere_else() {
    let mut judged = 0;
    for (code, is_its) in [("TLS-11", false), ("TLS-12", true)] {
        let check = CHECKS.iter().find(|check| check.code == code).unwrap();
        for case in cases(check).iter() {
            let found: Vec<Flaw> =
                flaws(&case.fixture()).into_iter().filter(|flaw| is_of_serving(flaw) == is_its).collect();
            let (name, is_fault) = (&case.name, found.iter().any(Flaw::is_fault));
            match case.verdict {
                Verdict::Fail => assert!(is_fault, "{code}/{name}: {found:?}"),
                Verdict::Warn => assert!(!found.is_empty() && !is_fault, "{code}/{name}: {found:?}"),
                // An authority of one's own is told, and is right for a hub that only one's own network reaches.
                Verdict::Pass => {
                    let is_own = found.iter().all(|flaw| *flaw == Flaw::NotPublic);
                    assert!(is_own, "{code}/{name}: {found:?}");
                }
                Verdict::Unknown | Verdict::NotApplicable => continue,
            }
            judged += 1;
        }
    }
    assert!(judged > 10, "{judged}");
}
