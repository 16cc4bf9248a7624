//! The configuration: wrong keys, wrong values, wrong variables, and the references that can be printed.

use super::{folder, perijove, program, ran};

#[test]
fn a_wrong_file_is_told_with_the_key_and_what_to_write() {
    for (text, told) in [
        (
            "[serve]\nlistn = \"x\"\n",
            "`serve.listn`, which is not a key of the configuration (did you mean `serve.listen`?)",
        ),
        ("[serve]\nlisten = 5\n", "c.toml: `serve.listen` must be text in quotes"),
        ("[serve]\nlisten = \n", "c.toml, line 2, column"),
        ("[log]\nformat = \"xml\"\n", "c.toml: `log.format` must be `text` or `json`"),
        ("[collect]\ntick_seconds = 0\n", "must be at least 1"),
    ] {
        let place = folder(&[("c.toml", text)]);
        perijove(place.path(), &["config", "--config", "c.toml"]).stopped(2, &[told]);
    }
    perijove(folder(&[]).path(), &["config", "--config", "nope.toml"])
        .stopped(2, &["nope.toml cannot be read"]);
}

#[test]
fn a_wrong_variable_is_named_and_its_value_is_not_quoted() {
    for (name, told) in [
        ("PERIJOVE_COLLECT__TICK_SECONDS", "this must be a whole number"),
        ("PERIJOVE_LOG__FORMAT", "`log.format` must be `text` or `json`"),
        ("PERIJOVE_COLLECT__TICK", "did you mean `collect.tick_seconds`?"),
        ("PERIJOVE_SERVE_LISTEN", "did you mean PERIJOVE_SERVE__LISTEN"),
    ] {
        let ran = ran(program(folder(&[]).path()).arg("config").env(name, "hunter2"));
        ran.stopped(2, &[name, told]);
        assert!(!ran.err.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn what_config_prints_is_a_configuration() {
    let place = folder(&[]);
    let printed = perijove(place.path(), &["config"]);
    assert_eq!(printed.code, Some(0));
    std::fs::write(place.path().join("c.toml"), &printed.out).unwrap();
    let again = perijove(place.path(), &["config", "--config", "c.toml"]);
    assert_eq!((again.code, again.out), (Some(0), printed.out));
}

#[test]
fn the_references_of_keys_and_of_checks_can_be_printed() {
    let keys = perijove(folder(&[]).path(), &["config", "--reference"]);
    assert!(keys.code == Some(0) && keys.out.contains("## `store.path`"), "{keys:?}");
    let checks = perijove(folder(&[]).path(), &["check", "--reference"]);
    assert_eq!(checks.code, Some(0), "{checks:?}");
    for check in posture::checks::CHECKS {
        assert!(checks.out.contains(check.code), "{} is missing", check.code);
    }
}
