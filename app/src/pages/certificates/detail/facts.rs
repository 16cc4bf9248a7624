//! What stands in a certificate, and what is said of it.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::Certificate;
use posture::x509::X509;

use super::says;
use crate::components::{Code, CodeBlock, Facts, Panel, Section, Style, When};
use crate::text::visible;

/// How many names are listed.
const LISTED: usize = 100;

#[component]
pub(super) fn What(
    /// The certificate.
    certificate: Certificate,
    /// The instant that is shown.
    as_of: Timestamp,
) -> impl IntoView {
    let mut facts: Vec<(String, AnyView)> = Vec::new();
    let mut add = |name: &str, value: AnyView| facts.push((name.to_owned(), value));
    let code = |text: &str| view! { <Code text=text.to_owned() /> }.into_any();
    if !certificate.names.is_empty() {
        let label = if certificate.proven_names().is_some() { "Names" } else { "Names asked for" };
        add(label, names(&certificate.names));
    }
    add("Kept in", visible(&says::kept(&certificate)).into_owned().into_any());
    if let Some(entry) = &certificate.entry {
        add("Under", code(entry));
    }
    if let Some(resource) = &certificate.resource {
        add("Certificate", view! { <Code text=resource.clone() />" of cert-manager" }.into_any());
    }
    if let Some(issuer) = &certificate.issuer {
        let kind = format!("{} ", visible(&issuer.kind));
        add("Asked of", view! { {kind} <Code text=issuer.name.clone() /> }.into_any());
    }
    if let Some(revision) = certificate.revision {
        add("Issued", format!("{revision} {}", if revision == 1 { "time" } else { "times" }).into_any());
    }
    if certificate.is_ready == Some(false) {
        add("cert-manager says", "that what is kept is not what was asked for".into_any());
    }
    let read = certificate.read.as_ref();
    if let Some(read) = read {
        for (name, value) in stands_in(&read.certificate, as_of) {
            add(name, value);
        }
        let key = match read.key_matches {
            Some(true) => "the private key beside it is its own",
            Some(false) => "the private key beside it is not its own",
            None if read.is_in_keystore => {
                "not compared: keys in a keystore are encrypted, and none is opened"
            }
            None => "no private key was compared with it",
        };
        add("Private key", key.into_any());
    } else {
        add("Contents", "not read: issuer, key and chain are not known".into_any());
    }
    let print = read.map(|read| read.certificate.fingerprint.to_string());
    view! {
        <Section title="What it is" id="what">
            <Panel padded=true>
                <Facts facts />
                {print.map(|print| view! { <CodeBlock id="fingerprint" label="SHA-256 fingerprint" text=print /> })}
            </Panel>
        </Section>
    }
    .into_any()
}

fn names(names: &[String]) -> AnyView {
    let more = names.len().saturating_sub(LISTED);
    view! {
        <ul role="list">
            {names.iter().take(LISTED).map(|name| view! { <li><Code text=name.clone() /></li> }).collect_view()}
            {(more > 0).then(|| view! { <li>{format!("and {more} more")}</li> })}
        </ul>
    }
    .into_any()
}

fn stands_in(read: &X509, as_of: Timestamp) -> Vec<(&'static str, AnyView)> {
    let code = |text: &str| view! { <Code text=text.to_owned() /> }.into_any();
    let or_empty = |text: &str| if text.is_empty() { "empty".into_any() } else { code(text) };
    let broken = if read.signature.is_broken { ", which can be forged" } else { "" };
    let issuer = if read.is_self_issued() { "itself".into_any() } else { or_empty(&read.issuer) };
    let when = |at: Timestamp| view! { <When at=at now=as_of style=Style::Instant /> };
    vec![
        ("Subject", or_empty(&read.subject)),
        ("Issuer", issuer),
        ("Serial", code(&read.serial)),
        ("Key", visible(&read.key.algorithm.to_string()).into_owned().into_any()),
        ("Signature", format!("{}{broken}", visible(&read.signature.algorithm)).into_any()),
        ("Read", view! { "from " {when(read.not_before)} " to " {when(read.not_after)} }.into_any()),
    ]
}
