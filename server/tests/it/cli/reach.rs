//! Clusters that cannot be asked, or do not answer as they should.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::{Ran, folder, perijove};

fn kubeconfig(server: &str, user: &str) -> String {
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
