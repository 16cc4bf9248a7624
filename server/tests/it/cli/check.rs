//! `perijove check`: files of every shape, good and broken.

use serde_json::Value;

use super::{folder, perijove, perijove_reading};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n";

/// The table says in one sentence what files cannot show.
#[test]
fn what_files_do_not_hold_is_told_once() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let ran = perijove(place.path(), &["check", "-f", "a.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out.matches("Files prove what they hold and nothing else").count(), 1, "{}", ran.out);
    assert!(!ran.out.contains("needed: judge a live cluster, or add the nodes"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "colours belong to terminals");
}

#[test]
fn the_schema_of_the_json_is_printed() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let schema: Value = serde_json::from_str(&perijove(place.path(), &["check", "--schema"]).out).unwrap();
    let result: Value =
        serde_json::from_str(&perijove(place.path(), &["check", "-f", "a.yaml", "--output", "json"]).out)
            .unwrap();
    let finding = &schema["$defs"]["finding"]["properties"];
    for key in result["findings"][0].as_object().unwrap().keys() {
        assert!(finding[key].is_object(), "{key}");
    }
}

#[test]
fn documents_lists_json_and_line_ends_of_every_kind_are_read() {
    let list =
        "kind: List\napiVersion: v1\nitems:\n- &a {apiVersion: v1, kind: Service, metadata: {name: a}}\n";
    let windows = format!("{SERVICE}---\n{SERVICE}").replace('\n', "\r\n");
    let json = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}"#;
    for text in [list, &windows, json, &format!("\u{feff}{SERVICE}"), &format!("{json}\n{json}")] {
        let ran = perijove_reading(folder(&[]).path(), &["check", "-f", "-"], text.as_bytes());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{text}");
    }
}

#[test]
fn what_is_broken_is_named_by_file_line_column_and_class_and_never_quoted() {
    let deep = "[".repeat(100_000);
    for (text, told) in [
        ("", "no object that Perijove reads"),
        ("# nothing\n---\n", "no object that Perijove reads"),
        ("apiVersion: v1\nkind: Widget\nmetadata: {name: a}\n", "one object of another kind was passed over"),
        ("apiVersion: v1\nkind: Service\nmetadata:\n\tname: hunter2\n", "x.yaml:4:1: the text is broken"),
        ("apiVersion: v1\nkind: Service\nmetadata: {}\n", "x.yaml:1:1: there is no metadata.name"),
        (
            "apiVersion: v1\nkind: Service\nspec: hunter2\n",
            "x.yaml:3:7: expected an object, found text, in spec",
        ),
        ("- hunter2\n", "x.yaml:1:1: expected an object, found a list"),
        (&deep, "x.yaml:1:1: the text is broken"),
    ] {
        let ran = perijove(folder(&[("x.yaml", text)]).path(), &["check", "-f", "x.yaml"]);
        ran.stopped(2, &[told]);
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn standard_input_is_called_by_its_name() {
    let ran = perijove_reading(folder(&[]).path(), &["check", "-f", "-"], b"kind: [\xff");
    ran.stopped(2, &["standard input:1:8: the file is not text in UTF-8"]);
    let ran = perijove_reading(folder(&[]).path(), &["check", "-f", "-"], b"kind: [");
    ran.stopped(2, &["standard input:", "the text is broken"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = folder(&[]);
    perijove(place.path(), &["check", "-f", "nope.yaml"]).stopped(2, &["nope.yaml cannot be read"]);
    perijove(place.path(), &["check", "-f", "."]).stopped(2, &["no object that Perijove reads"]);
}

#[test]
fn json_is_one_object_of_findings_and_gaps() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let ran = perijove(place.path(), &["check", "-f", "a.yaml", "--output", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["findings", "gaps"]);
    assert!(value["gaps"].as_array().is_some_and(|gaps| gaps.len() > 20), "one gap for each kind");
}

#[test]
fn the_exit_code_follows_fail_on() {
    let pod = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    let place = folder(&[("a.yaml", pod)]);
    let code = |policy: &str| perijove(place.path(), &["check", "-f", "a.yaml", "--fail-on", policy]).code;
    assert_eq!(code("never"), Some(0));
    assert_eq!(code("fail"), Some(0));
    assert_eq!(code("unknown"), Some(1));
    assert_eq!(code("pass"), Some(2));
}
