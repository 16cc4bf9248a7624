//! `perijove reach` put to what each generation of the chart renders: no pod of it runs, and every answer is the one that it would have.

use serde_json::Value;

use super::{Ran, folder, perijove};

/// What a chart renders, and its policies.
macro_rules! chart {
    ($version:literal) => {
        (
            $version,
            concat!(
                include_str!(concat!("../../../../posture/tests/bases/chart-", $version, ".yaml")),
                "\n---\n",
                include_str!(concat!("../../../../posture/tests/bases/policies-", $version, ".yaml"))
            ),
        )
    };
}

const WITHOUT_POLICIES: &str = include_str!("../../../../posture/tests/bases/chart-0.6.yaml");
const CHARTS: [(&str, &str); 5] =
    [chart!("0.9.1"), chart!("0.10.5"), chart!("1.2.0"), chart!("2.0.0"), chart!("4.4.0")];

fn ask(rendered: &str, more: &[&str]) -> Ran {
    // The first line of these files is for another reader.
    let rendered: String = rendered
        .lines()
        .filter(|line| !line.starts_with("perijove:"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let place = folder(&[("rendered.yaml", &rendered)]);
    let arguments: Vec<&str> =
        ["reach", "-f", "rendered.yaml", "-n", "jhub"].iter().chain(more).copied().collect();
    perijove(place.path(), &arguments)
}

fn json(rendered: &str, from: &str, to: &str) -> Value {
    let ran = ask(rendered, &["--from", from, "--to", to, "--output", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{to}: {ran:#?}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn every_generation_gives_the_verdicts_that_the_catalogue_expects_of_it() {
    const A: &str = "allowed";
    const D: &str = "denied";
    const C: &str = "cni-dependent";
    // Charts but 0.10 start servers with an init container that drops it, which no file shows.
    const U: &str = "unknown";
    for (to, expected) in [
        ("service/hub:8081", [A, A, A, A, A]),
        ("pod/hub:8081", [A, A, A, A, A]),
        ("service/proxy-api:8001", [D, D, D, D, D]),
        ("service/proxy-public:80", [C, C, C, A, A]),
        ("pod/proxy:8000", [C, C, C, A, A]),
        ("pod/jupyter-bob:8888", [D, D, D, D, D]),
        ("169.254.169.254:80", [D, D, D, D, D]),
        ("169.254.169.254:53/udp", [D, A, U, D, A]),
        ("1.1.1.1:443", [A, A, A, A, A]),
        ("10.0.8.8:80", [A, A, A, D, D]),
        ("[fd00:ec2::254]:80", [D, D, D, D, D]),
    ] {
        let without = if to.starts_with("169.254.169.254") { U } else { A };
        assert_eq!(json(WITHOUT_POLICIES, "jupyter-ada", to)["verdict"], without, "no policies: {to}");
        for ((version, rendered), verdict) in CHARTS.iter().zip(expected) {
            let answer = json(rendered, "jupyter-ada", to);
            assert_eq!(answer["verdict"], verdict, "{version} {to}: {answer:#}");
            let is_certain = verdict == A;
            assert_eq!(answer["reaches"] == A, is_certain, "{version} {to}: {answer:#}");
            assert_eq!(
                answer["gaps"].as_array().unwrap().is_empty(),
                is_certain,
                "{version} {to}: {answer:#}"
            );
            let decides = !answer["decided_by"].as_array().unwrap().is_empty();
            assert!(decides, "{version} {to}: {answer:#}");
        }
    }
}

#[test]
fn the_answer_says_what_a_name_was_taken_for() {
    let (_, rendered) = CHARTS[4];
    for (from, to, told) in [
        (
            "jupyter-ada",
            "service/hub:8081",
            "It leads to the pods of Deployment/jhub/hub, as they are declared",
        ),
        (
            "jupyter-ada",
            "pod/hub:8081",
            "hub stands for the pods of Deployment/jhub/hub, as the files declare them",
        ),
        ("hub", "1.1.1.1:443", "hub stands for the pods of Deployment/jhub/hub, as the files declare them"),
        (
            "proxy-7d9f8c6b5-x2k4q",
            "1.1.1.1:443",
            "proxy-7d9f8c6b5-x2k4q stands for the pods of Deployment/jhub/proxy, as the files declare them",
        ),
        ("hub", "pod/jupyter-bob:8888", "this is the answer for one as the chart starts it"),
        ("hub", "pod/jhub/jupyter-bob:8888", "this is the answer for one as the chart starts it"),
    ] {
        let answer = json(rendered, from, to);
        let notes = answer["notes"].as_array().unwrap();
        let is_told = notes.iter().filter_map(Value::as_str).any(|note| note.contains(told));
        assert!(is_told, "{from} to {to}: {answer:#}");
    }
    assert_eq!(json(rendered, "hub", "pod/jupyter-bob:8888")["verdict"], "allowed");
    assert_eq!(json(rendered, "proxy", "pod/jupyter-bob:8888")["verdict"], "allowed");
    let itself = json(rendered, "jupyter-ada", "pod/jupyter-ada:22");
    assert_eq!(itself["verdict"], "allowed", "{itself:#}");
}

#[test]
fn what_does_not_matter_for_the_answer_is_not_said() {
    for (version, rendered) in CHARTS {
        for to in ["service/hub:8081", "service/proxy-api:8001", "1.1.1.1:443"] {
            let ran = ask(rendered, &["--from", "jupyter-ada", "--to", to]);
            for text in ["not known.\n  ", "Some network plug-ins", "depends on"] {
                assert!(!ran.out.contains(text), "{version} {to}: {text} is in {}", ran.out);
            }
        }
        let ran = ask(rendered, &["--from", "jupyter-ada", "--to", "1.1.1.1:443"]);
        assert!(!ran.out.contains("enforces"), "{version}: {}", ran.out);
    }
}

#[test]
fn what_is_not_there_is_told_with_where_it_was_looked_for_and_what_is_near() {
    let (_, rendered) = CHARTS[4];
    for (from, to, told) in [
        ("nope", "1.1.1.1:1", "there is no pod nope in namespace jhub"),
        ("jhub/prox", "1.1.1.1:1", "there is no pod prox in namespace jhub; did you mean jhub/proxy?"),
        ("other/jupyter-ada", "1.1.1.1:1", "there is no pod jupyter-ada in namespace other"),
        (
            "jupyter-ada",
            "pod/hubb:1/udp",
            "there is no pod hubb in namespace jhub; did you mean pod/hub:1/udp?",
        ),
        (
            "jupyter-ada",
            "service/hup:8081",
            "there is no Service hup in namespace jhub; did you mean service/hub:8081?",
        ),
        ("jupyter-ada", "service/hub:9999", "Service jhub/hub has no port 9999/tcp; it publishes 8081/tcp"),
        (
            "jupyter-ada",
            "service/hub:8081/sctp",
            "Service jhub/hub has no port 8081/sctp; it publishes 8081/tcp",
        ),
        ("hub/jhub/staging", "1.1.1.1:1", "there is no hub jhub/staging; did you mean hub/jhub/prod?"),
    ] {
        ask(rendered, &["--from", from, "--to", to]).stopped(2, &[told]);
    }
}
