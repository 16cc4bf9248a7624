//! What the engine does around a check.

use super::*;
use crate::check::{Severity, Topic};
use crate::kind::Kind;
use crate::testing::Fixture;

const HUB: &str = include_str!("../../tests/bases/chart-4.4.0.yaml");

const CHECK: Check = Check {
    code: "OPN-01",
    name: "some-fault",
    title: "All is well",
    fault: "Something is wrong",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "It matters.",
    verdicts: &[],
    needs: &[],
    fixes: &[],
    kubectl: &[],
    references: &[],
    mappings: &[],
    judge: Judge::Hub(|_, hub| {
        let fact = Evidence::new(hub.deployment.object(), "spec.replicas", crate::text::Arg::Number(1));
        let fact = fact.wanted(crate::text::Arg::Number(1));
        Ok(Outcome::pass(Reason::new("well", "All is well")).because(fact).slot("release", "of the check"))
    }),
};

fn of_hub(judge: fn(&Context<'_>, &Hub) -> Judgement) -> Check {
    Check { judge: Judge::Hub(judge), ..CHECK }
}

fn ask(check: &Check, fixture: &Fixture) -> Vec<Finding> {
    let derived = fixture.derived();
    judge_with(&[check], &fixture.context(&derived))
}

#[test]
fn a_check_that_panics_is_unknown_and_its_text_stays_inside() {
    let check = of_hub(|_, hub| panic!("secret of {}", hub.key));
    let findings = ask(&check, &Fixture::from_yaml(HUB));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].verdict, Verdict::Unknown);
    assert!(!findings[0].reason.to_string().contains("secret"));
}

#[test]
fn the_engine_fills_slots_and_the_check_may_overrule_them() {
    let slots = &ask(&CHECK, &Fixture::from_yaml(HUB))[0].slots;
    assert_eq!(slots.value("namespace"), Some("jhub"));
    assert_eq!(slots.value("chart-version"), Some("4.4.0"));
    assert_eq!(slots.value("release"), Some("of the check"));
}

#[test]
fn where_nothing_is_wrong_nothing_else_is_wanted() {
    assert_eq!(ask(&CHECK, &Fixture::from_yaml(HUB))[0].evidence[0].wanted, None);
}

#[test]
fn a_hub_that_a_gap_hides_is_unknown_and_not_gone() {
    let mut fixture = Fixture::from_yaml(HUB);
    fixture.recall.hubs = fixture.derived().hubs.iter().map(|hub| hub.key.clone()).collect();
    let seen = ask(&CHECK, &fixture);
    let hidden = ask(&CHECK, &fixture.without(Kind::Deployment));
    assert_eq!(hidden.len(), 1);
    assert_eq!(hidden[0].key, seen[0].key);
    assert_eq!(hidden[0].verdict, Verdict::Unknown);
}

#[test]
fn no_hub_reads_as_safe_only_if_deployments_were_listed() {
    assert_eq!(ask(&CHECK, &Fixture::from_yaml("perijove: {}")), []);
    let blind = ask(&CHECK, &Fixture::from_yaml("perijove: { gaps: [{ kind: Deployment }] }"));
    assert_eq!(blind.len(), 1);
    assert_eq!((blind[0].verdict, &blind[0].key.hub), (Verdict::Unknown, &None));
    let files = ask(&CHECK, &Fixture::from_yaml("perijove: { origin: declared }"));
    assert_eq!(files[0].reason.id, "no-hub-in-files");
}

#[test]
fn findings_are_sorted_by_key() {
    let cluster = Check { code: "AAA-01", judge: Judge::Cluster(|_| Err(broken().into())), ..CHECK };
    let fixture = Fixture::from_yaml(HUB);
    let derived = fixture.derived();
    let findings = judge_with(&[&CHECK, &cluster], &fixture.context(&derived));
    let codes: Vec<&str> = findings.iter().map(|finding| finding.key.code.as_str()).collect();
    assert_eq!(codes, ["AAA-01", "OPN-01"]);
}
