//! The JSON object and its schema agree.

use serde_json::Value;

use super::*;
use crate::finding::FindingKey;
use crate::fix::Slots;
use crate::gap::GapReason;
use crate::kind::Kind;
use crate::text::Arg;

/// A finding of one hub about one Service whose name is hostile.
pub(in crate::output) fn finding() -> Finding {
    let hub =
        HubKey { namespace: "jhub".to_owned(), release: "prod".to_owned(), app: "jupyterhub".to_owned() };
    let service = ObjectRef::namespaced(Kind::Service, "jhub", "a\u{1b}[2J\u{202e}b");
    Finding {
        slots: Slots::of_key(&hub),
        key: FindingKey {
            cluster: "teaching".to_owned(),
            code: "OPN-01".to_owned(),
            hub: Some(hub),
            subject: Some(service.clone()),
        },
        verdict: Verdict::Fail,
        severity: Severity::High,
        reason: Reason::new("x", "port {port} of {name} is open")
            .with("port", Arg::Number(80))
            .with("name", service.clone()),
        note: None,
        evidence: vec![
            Evidence::new(service, "spec.ports[0].port", Arg::Number(80)).wanted(Arg::word("none")),
        ],
    }
}

fn report() -> Report {
    let gap = Gap { kind: Kind::Role, namespace: Some("jhub".to_owned()), reason: GapReason::Forbidden };
    Report::new(&[finding()], &[gap], |_| Some(7))
}

#[test]
fn the_object_is_as_documented() {
    insta::assert_snapshot!(report().to_json().unwrap());
}

#[test]
fn a_reader_gets_the_hostile_name_back_and_a_terminal_does_not() {
    let json = report().to_json().unwrap();
    assert!(json.chars().all(|c| c == '\n' || hostile::trouble(c).is_none()));
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["findings"][0]["subject"]["name"], "a\u{1b}[2J\u{202e}b");
}

/// Walks a value along the schema: every property must be declared, every required one be there, every constant be allowed.
fn check(value: &Value, schema: &Value, root: &Value, path: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    if let Some(choices) = schema["anyOf"].as_array() {
        let choice = choices.iter().find(|c| (c["type"] == "null") == value.is_null()).unwrap();
        return check(value, choice, root, path);
    }
    match value {
        Value::Object(map) => {
            assert_eq!(schema["type"], "object", "{path}");
            for (key, inner) in map {
                check(inner, &schema["properties"][key], root, &format!("{path}.{key}"));
            }
            for required in schema["required"].as_array().unwrap() {
                assert!(map.contains_key(required.as_str().unwrap()), "{path}: {required} is missing");
            }
        }
        Value::Array(items) => {
            assert_eq!(schema["type"], "array", "{path}");
            for item in items {
                check(item, &schema["items"], root, &format!("{path}[]"));
            }
        }
        Value::String(_) if schema["enum"].is_array() => {
            assert!(schema["enum"].as_array().unwrap().contains(value), "{path}: {value}");
        }
        Value::String(_) => assert!(allows(schema, "string"), "{path}"),
        Value::Number(_) => assert_eq!(schema["type"], "integer", "{path}"),
        Value::Null => assert!(allows(schema, "null"), "{path}"),
        Value::Bool(_) => panic!("{path}: the object has no booleans"),
    }
}

fn allows(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|types| types.contains(&kind.into()))
}

#[test]
fn the_object_fits_its_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut value: Value = serde_json::from_str(&report().to_json().unwrap()).unwrap();
    check(&value, &schema, &schema, "$");
    value["findings"][0]["hub"] = Value::Null;
    check(&value, &schema, &schema, "$");
}

#[test]
fn every_verdict_and_severity_is_in_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let words = |name: &str| schema["$defs"]["finding"]["properties"][name]["enum"].clone();
    let verdicts = [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Pass, Verdict::NotApplicable];
    assert_eq!(words("verdict"), serde_json::to_value(verdicts).unwrap());
    assert_eq!(words("verdict"), serde_json::to_value(verdicts.map(Verdict::word)).unwrap());
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    assert_eq!(words("severity"), serde_json::to_value(severities).unwrap());
    assert_eq!(words("severity"), serde_json::to_value(severities.map(Severity::word)).unwrap());
}

#[test]
fn a_name_that_begins_a_sentence_keeps_its_letters() {
    let reason =
        |template: &'static str| Reason::new("x", template).with("host", Arg::text("hub.example.edu"));
    assert_eq!(super::sentence(&reason("{host} speaks TLS")), "hub.example.edu speaks TLS.");
    assert_eq!(
        super::sentence(&reason("nothing is known of {host}")),
        "Nothing is known of hub.example.edu."
    );
}
