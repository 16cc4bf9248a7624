//! How to see the same without Perijove.

use leptos::prelude::*;
use posture::certificates::{Certificate, Kept, Place};
use posture::fix::{CommandLine, Slots, command_line};
use posture::object::ObjectRef;

use crate::components::{CodeBlock, Section};
use crate::text::{visible, wrapped_command};

/// How openssl shows what a certificate says.
const SHOW: &str =
    "openssl x509 -noout -subject -issuer -serial -dates -fingerprint -sha256 -ext subjectAltName";

fn slots(values: &[(&str, &str)]) -> Slots {
    let mut slots = Slots::default();
    for (name, value) in values {
        slots.set(name, *value);
    }
    slots
}

fn get(namespace: &str, kind: &str, name: &str) -> CommandLine {
    let arguments = ["kubectl", "--namespace", "<namespace>", "get", "<kind>", "<name>", "--output", "yaml"];
    command_line(&arguments, &slots(&[("namespace", namespace), ("kind", kind), ("name", name)]))
}

fn object(object: &ObjectRef) -> CommandLine {
    get(object.namespace.as_deref().unwrap_or_default(), object.kind.info().plural, &object.name)
}

/// The certificates under a key of a Secret, without what else is there.
fn secret(namespace: &str, name: &str, key: &str) -> CommandLine {
    let is_pem = [".crt", ".pem", ".cer"].iter().any(|end| key.ends_with(end));
    if !is_pem {
        let arguments = ["kubectl", "--namespace", "<namespace>", "describe", "secret", "<name>"];
        return command_line(&arguments, &slots(&[("namespace", namespace), ("name", name)]));
    }
    let path = format!("jsonpath={{.data.{}}}", key.replace('.', "\\."));
    let arguments =
        ["kubectl", "--namespace", "<namespace>", "get", "secret", "<name>", "--output", "<path>"];
    let line = command_line(&arguments, &slots(&[("namespace", namespace), ("name", name), ("path", &path)]));
    CommandLine { text: format!("{} | base64 --decode | {SHOW}", line.text), ..line }
}

fn connection(host: &str, port: u16) -> CommandLine {
    let arguments =
        ["openssl", "s_client", "-connect", "<host>:<port>", "-servername", "<host>", "-showcerts"];
    let line = command_line(&arguments, &slots(&[("host", host), ("port", &port.to_string())]));
    CommandLine { text: format!("{} </dev/null", line.text), ..line }
}

fn api_server() -> CommandLine {
    let text = "openssl s_client -showcerts -connect \"$(kubectl config view --minify --output \
                'jsonpath={.clusters[0].cluster.server}' | sed 's|^https://||')\" </dev/null";
    CommandLine { text: text.to_owned(), refused: None }
}

/// One line for each place that it was seen at, else for where it is kept.
fn lines(certificate: &Certificate) -> Vec<CommandLine> {
    let of_place = |place: &Place| match place {
        Place::CertManager { namespace, name } => get(namespace, "certificates.cert-manager.io", name),
        Place::Secret { namespace, name, key } => secret(namespace, name, key),
        Place::Endpoint { host, port } => connection(host, *port),
        Place::ApiServer => api_server(),
        Place::Bundle { object: bundle, .. } => object(bundle),
    };
    let mut lines: Vec<CommandLine> = certificate.seen.iter().map(of_place).collect();
    if lines.is_empty() {
        lines.push(match &certificate.kept {
            Kept::Secret { namespace, name } => secret(namespace, name, "tls.crt"),
            Kept::With(kept) | Kept::Bundle(kept) => object(kept),
            Kept::Endpoint { host, port } => connection(host, *port),
            Kept::ApiServer => api_server(),
        });
    }
    lines.dedup();
    lines
}

/// How many lines are shown: a bundle may be in hundreds of objects.
const SHOWN: usize = 6;

#[component]
pub(super) fn ByHand(
    /// The certificate.
    certificate: Certificate,
) -> impl IntoView {
    let lines = lines(&certificate);
    let refusals: Vec<String> = lines.iter().take(SHOWN).filter_map(|line| line.refused.clone()).collect();
    let text =
        lines.into_iter().take(SHOWN).map(|line| wrapped_command(&line.text)).collect::<Vec<_>>().join("\n");
    let is_refused = !refusals.is_empty();
    view! {
        <Section title="See it without Perijove" id="by-hand">
            <CodeBlock id="by-hand-lines" label="Shell" text=text refused=is_refused />
            {refusals
                .into_iter()
                .map(|why| view! { <p class="mt-1 text-warn wrap-anywhere">{visible(&why).into_owned()}</p> })
                .collect_view()}
        </Section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::super::super::says::tests::unknown;
    use super::*;

    fn text(certificate: &Certificate) -> String {
        lines(certificate).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_public_part_of_a_secret_is_shown_and_nothing_else_of_it() {
        let line = text(&unknown("tls"));
        assert!(
            line.starts_with(
                "kubectl --namespace jhub get secret tls --output 'jsonpath={.data.tls\\.crt}' | base64"
            ),
            "{line}"
        );
        let store = Place::Secret { namespace: "jhub".into(), name: "acme".into(), key: "acme.json".into() };
        let line = text(&Certificate { seen: vec![store], ..unknown("acme") });
        assert_eq!(line, "kubectl --namespace jhub describe secret acme");
    }

    #[test]
    fn a_hostile_name_stays_one_argument_and_is_not_copied() {
        let place = Place::Endpoint { host: "a.example; rm -rf /".into(), port: 443 };
        let found = lines(&Certificate { seen: vec![place], ..unknown("x") });
        assert!(found[0].text.contains("'a.example; rm -rf /:443'"), "{}", found[0].text);
        let hidden = unknown("a\u{202e}b");
        assert!(lines(&hidden)[0].refused.is_some());
        let option = unknown("--all");
        assert!(lines(&option)[0].refused.is_some());
    }
}
