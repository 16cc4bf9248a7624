//! Clusters that cannot be asked, or do not answer as they should.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::{Ran, folder, perijove, program};

pub(super) fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{server: \"{server}\"}}}}]\n\
         users: [{{name: u, user: {user}}}]\n"
    )
}

fn scan(kubeconfig: &str, more: &[&str]) -> Ran {
    let place = folder(&[("k", kubeconfig)]);
    let arguments: Vec<&str> = ["scan", "--kubeconfig", "k"].iter().chain(more).copied().collect();
    perijove(place.path(), &arguments)
}

/// An address that answers every request with one status.
fn answering(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            // The client may have gone; the next one counts.
            if stream.read(&mut request).is_ok() {
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 7\r\nconnection: close\r\n\r\nhunter2");
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    format!("http://{address}")
}

#[test]
fn a_wrong_kubeconfig_is_told_before_anything_is_asked() {
    let place = folder(&[]);
    perijove(place.path(), &["scan", "--kubeconfig", "nope"])
        .stopped(2, &["nope cannot be read: there is no such file"]);
    perijove(place.path(), &["serve", "--kubeconfig", "nope"]).stopped(2, &["nope cannot be read"]);
    perijove(place.path(), &["scan"]).stopped(2, &["kubeconfig"]);
    scan("apiVersion: v1\nkind: Config\ncontexts: []\n", &[])
        .stopped(2, &["names no current context; it has no context at all"]);
    scan("hunter2: [", &[]).stopped(2, &["the kubeconfig is not valid: line"]);
    let good = kubeconfig("https://127.0.0.1:1", "{token: hunter2}");
    scan(&good, &["--context", "b"]).stopped(2, &["no context `b`; choose one with --context: a"]);
}

#[test]
fn a_name_that_cannot_be_is_refused() {
    let place = folder(&[]);
    for arguments in [
        &["scan", "--name", "a b"][..],
        &["serve", "--name", "../a"],
        &["serve", "--manifests", ".", "--namespace", "A"],
        &["check", "-f", ".", "--namespace", "a/b"],
    ] {
        let ran = perijove(place.path(), arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("lower case letters, digits and `-`"), "{ran:?}");
    }
}

#[test]
fn a_program_is_run_for_a_named_context_only() {
    let plugin = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: /nope/plugin, interactiveMode: Never}}";
    let text = kubeconfig("https://127.0.0.1:1", plugin);
    scan(&text, &[]).stopped(2, &["add --context a"]);
    scan(&text, &["--context", "a"]).stopped(2, &["its credential plugin cannot be started"]);
}

#[test]
fn a_server_that_does_not_answer_is_named_with_what_to_look_at() {
    let text = kubeconfig("https://127.0.0.1:1", "{token: hunter2}");
    for command in ["scan", "doctor"] {
        let place = folder(&[("k", &text)]);
        let ran = perijove(place.path(), &[command, "--kubeconfig", "k"]);
        ran.stopped(3, &["the API server https://127.0.0.1:1 cannot be read: the connection was refused; check the address"]);
    }
}

#[test]
fn a_token_that_has_expired_is_told_and_the_answer_is_not_quoted() {
    let ran = scan(&kubeconfig(&answering("401 Unauthorized"), "{token: hunter2}"), &[]);
    ran.stopped(3, &["(401)", "put a fresh token into the kubeconfig"]);
    assert!(!ran.err.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_scan_that_is_interrupted_prints_nothing_and_ends_with_the_code_of_the_signal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = folder(&[("k", &kubeconfig(&server, "{token: hunter2}"))]);
        let mut command = program(place.path());
        command.args(["scan", "--kubeconfig", "k", "--output", "json", "--store", "p.db"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It is asked, and never answers.
        let _asked = listener.accept().unwrap();
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(perijove(place.path(), &["migrate", "--status", "--store", "p.db"]).code, Some(0));
    }
}
