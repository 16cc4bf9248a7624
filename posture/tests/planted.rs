//! Secrets planted in every place where they are known to lie never get past the decoder.

use std::collections::BTreeMap;

use posture::facts::Leaf;
use posture::kind::{KINDS, Kind};
use posture::redact::invariants::planted::{MANIFESTS, Plant, objects, unnamed_field};
use posture::redact::invariants::{self, targets};
use posture::redact::table::kept_paths;
use posture::redact::{
    Declared, Names, RedactionKey, Redactor, WatchEvent, decode_json, decode_json_list, decode_manifests,
    decode_watch_line,
};
use posture::snapshot::{Origin, SnapshotBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Text that is planted; every place has a number of its own behind it.
const PLANTED: &str = "xyzzyPlanted";

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Resolvable)
}

#[test]
fn no_planted_secret_survives_in_a_record_or_a_fact() {
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Declared, "test");
    for (kind, object) in objects() {
        let text = object.to_string();
        assert!(text.contains(PLANTED), "{kind} has nothing planted");
        let record = decode_json(text.as_bytes(), *kind, &redactor).unwrap();
        let shown = format!("{record:?} {record:#?} {}", serde_json::to_string(&record).unwrap());
        assert!(!shown.contains(PLANTED), "{kind}: {shown}");
        builder.apply(&record).unwrap();
    }
    let snapshot = format!("{:?}", builder.build(posture::Timestamp::UNIX_EPOCH));
    assert!(!snapshot.contains(PLANTED));
    assert!(!format!("{redactor:?}").contains(PLANTED));
}

#[test]
fn no_planted_secret_survives_in_a_list_a_watch_or_a_file() {
    for (kind, object) in objects() {
        let redactor = redactor();
        let list = json!({"metadata": {"resourceVersion": "1"}, "items": [object]}).to_string();
        decode_json_list(list.as_bytes(), *kind, &redactor, |record| {
            assert!(!format!("{record:?}").contains(PLANTED));
        })
        .unwrap();
        let line = json!({"type": "MODIFIED", "object": object}).to_string();
        let WatchEvent::Modified(record) = decode_watch_line(line.as_bytes(), *kind, &redactor).unwrap()
        else {
            panic!("another event");
        };
        assert!(!format!("{record:?}").contains(PLANTED));
        let file = serde_norway::to_string(&object).unwrap();
        for declared in decode_manifests(&file, "x.yaml", &redactor, None).unwrap() {
            assert!(!format!("{declared:?}").contains(PLANTED));
            assert!(matches!(declared, Declared::Object { .. }));
        }
    }
}

#[test]
fn errors_hold_no_text_of_what_they_are_about() {
    for (kind, object) in objects() {
        let text = object.to_string();
        for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(13) {
            let error = decode_json(&text.as_bytes()[..end], *kind, &redactor()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(PLANTED));
            let broken = format!("{}\u{1}{}", &text[..end], &text[end..]);
            if let Err(error) = decode_json(broken.as_bytes(), *kind, &redactor()) {
                assert!(!format!("{error} {error:?}").contains(PLANTED));
            }
        }
        let file = serde_norway::to_string(&object).unwrap();
        for end in (1..file.len()).filter(|end| file.is_char_boundary(*end)).step_by(29) {
            let broken = format!("{}\n ]: [{}", &file[..end], &file[end..]);
            if let Err(error) = decode_manifests(&broken, "x.yaml", &redactor(), None) {
                assert!(!format!("{error} {error:?}").contains(PLANTED));
            }
        }
    }
}

#[test]
fn a_dropped_value_leaves_its_class() {
    let redactor = redactor();
    let classes: BTreeMap<String, String> = objects()
        .iter()
        .filter(|(kind, _)| *kind == Kind::Pod)
        .flat_map(|(kind, object)| {
            let record = decode_json(object.to_string().as_bytes(), *kind, &redactor).unwrap();
            let env = record.body["spec"]["containers"][0]["env"].as_array().unwrap().clone();
            env.into_iter().filter_map(|variable| {
                let leaf: Leaf = serde_json::from_value(variable["value"].clone()).ok()?;
                let Leaf::Dropped { class, .. } = leaf else { return None };
                Some((variable["name"].as_str()?.to_owned(), class))
            })
        })
        .collect();
    assert_eq!(classes["AWS_SECRET_ACCESS_KEY"], "key");
    assert_eq!(classes["DATABASE"], "url-with-credentials");
    assert_eq!(classes["JUPYTERHUB_API_TOKEN"], "token");
}

#[test]
fn equal_secrets_can_be_told_by_their_hash_and_only_with_the_same_key() {
    let pod = |value: &str| {
        json!({"metadata": {"name": "x", "namespace": "y"}, "spec": {"containers": [
            {"name": "c", "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": value}]}
        ]}})
        .to_string()
    };
    let hash = |key: &str, value: &str| {
        let redactor = Redactor::new(RedactionKey::new(key.as_bytes()), Names::Hashed);
        let record = decode_json(pod(value).as_bytes(), Kind::Pod, &redactor).unwrap();
        record.body["spec"]["containers"][0]["env"][0]["value"]["hmac"].as_str().unwrap().to_owned()
    };
    assert_eq!(hash("one", "hunter2"), hash("one", "hunter2"));
    assert_ne!(hash("one", "hunter2"), hash("one", "hunter3"));
    assert_ne!(hash("one", "hunter2"), hash("two", "hunter2"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_no_row_names_never_survives(
        object in any::<usize>(),
        place in any::<usize>(),
        name in prop_oneof![
            "[a-zA-Z]{1,12}",
            prop::sample::select(vec![
                "message", "value", "data", "stringData", "token", "httpHeaders", "volumeAttributes", "name",
                "command", "exec", "password", "args", "host", "path", "key", "secret", "email", "reason",
            ]).prop_map(str::to_owned),
        ],
        number in any::<u32>(),
        form in 0..4_u8,
    ) {
        let text = format!("s{number:010}z");
        let plant = Plant { object, place, name: &name, text: &text, form };
        prop_assume!(unnamed_field(&plant));
    }

    #[test]
    fn invariants_hold_of_objects_made_of_known_fields(number in any::<u8>(), object in known_fields()) {
        invariants::object(invariants::kind(number), object.to_string().as_bytes());
        let page = json!({"metadata": {}, "items": [object, object]}).to_string();
        invariants::list(invariants::kind(number), page.as_bytes());
        let line = json!({"type": "ADDED", "object": object}).to_string();
        invariants::watch_line(invariants::kind(number), line.as_bytes());
    }

    #[test]
    fn what_fuzzers_run_holds_of_any_text(number in any::<[u8; 4]>(), text in "\\PC{0,200}") {
        let bytes = [&number[..], text.as_bytes()].concat();
        targets::json(&bytes[3..]);
        targets::manifest(text.as_bytes());
        targets::redact(&bytes);
    }

    #[test]
    fn what_fuzzers_run_holds_of_objects_with_a_wound(
        object in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        wound in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let (kind, object) = &objects()[object.index(objects().len())];
        let number = KINDS.iter().position(|info| info.kind == *kind).unwrap();
        let mut bytes = object.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes.splice(at..at, wound);
        bytes.insert(0, u8::try_from(number).unwrap());
        targets::json(&bytes);
    }

    #[test]
    fn invariants_hold_of_files_with_a_wound(at in any::<prop::sample::Index>(), wound in "[-:{}\\[\\]\"'#&*!|>%@` \n\t]{1,4}") {
        let at = at.index(MANIFESTS.len());
        prop_assume!(MANIFESTS.is_char_boundary(at));
        targets::manifest(format!("{}{wound}{}", &MANIFESTS[..at], &MANIFESTS[at..]).as_bytes());
    }
}

/// Objects whose fields have names that the table knows, in places where it may or may not know them.
fn known_fields() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(
        Kind::of_manifest("v1", "Pod")
            .into_iter()
            .chain([Kind::Deployment, Kind::Service, Kind::NetworkPolicy, Kind::ConfigMap, Kind::Ingress])
            .flat_map(|kind| kept_paths(kind).into_keys().collect::<Vec<_>>())
            .flat_map(|path| {
                path.split('.')
                    .map(|step| step.trim_end_matches(['[', ']', '{', '}']).to_owned())
                    .collect::<Vec<_>>()
            })
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9./:@=-]{0,12}".prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    (tree.clone(), tree.clone(), tree).prop_map(|(spec, status, labels)| {
        json!({
            "metadata": {"name": "x", "namespace": "y", "labels": labels, "annotations": status},
            "spec": spec, "status": status, "data": labels, "rules": spec, "subsets": spec
        })
    })
}
