//! What a certificate rests on: the certificates beside it in order, where they are weakest, and what is missing.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::Read;
use posture::sighting::Trust;
use posture::x509::{self, End, X509};

use crate::components::{Code, Icon, Panel, Section, Shape, Style, When};
use crate::text::visible;
use crate::words;

/// What is said of one certificate of the chain, with its picture and colour.
type Remark = (Shape, &'static str, String);

fn fault(text: &str) -> Remark {
    (Shape::Fail, "text-fail", text.to_owned())
}

fn doubt(text: &str) -> Remark {
    (Shape::Warn, "text-warn", text.to_owned())
}

fn note(text: &str) -> Remark {
    (Shape::NotApplicable, "text-ink-3", text.to_owned())
}

/// What is said of each certificate, by its place.
fn remarks(all: &[X509], chain: &x509::Chain, as_of: Timestamp) -> Vec<Vec<Remark>> {
    let mut said: Vec<Vec<Remark>> = vec![Vec::new(); all.len()];
    for (place, found) in all.iter().enumerate() {
        if found.not_after <= as_of {
            said[place].push(fault("has run out"));
        }
        if found.not_before > as_of {
            said[place].push(fault("does not hold yet"));
        }
    }
    for place in &chain.superfluous {
        said[*place].push(doubt("no part of the way to an authority"));
    }
    let Some(weakest) = chain.weakest else { return said };
    if chain.path.len() > 1 {
        said[weakest.ends_first].push(note("ends first"));
    }
    if let Some(place) = weakest.key {
        let is_weak = all[place].key.algorithm.strength().is_some_and(|strength| strength < 112);
        if is_weak {
            said[place].push(fault("has a key that is too weak"));
        } else if is_weakest_alone(all, &chain.path, place) {
            said[place].push(note("has the weakest key"));
        }
    }
    if let Some(place) = weakest.broken_signature {
        said[place].push(fault("has a signature that can be forged"));
    }
    said
}

/// Whether every other key on the way is known to be stronger.
fn is_weakest_alone(all: &[X509], path: &[usize], place: usize) -> bool {
    let strength = |place: usize| all[place].key.algorithm.strength();
    let mut others = path.iter().filter(|other| **other != place);
    path.len() > 1 && others.all(|other| strength(*other) > strength(place))
}

/// What is said of the chain as a whole, a sentence each.
fn verdicts(read: &Read, chain: &x509::Chain, is_server: bool) -> Vec<Remark> {
    let mut said = Vec::new();
    match &chain.end {
        End::Nothing | End::Root => {}
        End::Missing { issuer } => {
            let text =
                format!("It ends with a certificate whose issuer is not beside it: {}.", visible(issuer));
            said.push(if chain.path.len() == 1 && is_server && read.trust != Some(Trust::Public) {
                doubt(&format!("{text} Programs that do not know the issuer cannot follow it."))
            } else {
                note(&format!("{text} That is usual where clients know the issuer."))
            });
        }
        End::Loop => said.push(doubt("It leads in a circle and to no authority.")),
    }
    if !chain.is_ordered {
        said.push(doubt("The certificates are not in order: each must be followed by its issuer."));
    }
    if read.unreadable > 0 {
        let count = read.unreadable as u64;
        let text = format!("{} beside it cannot be understood.", words::sentence(&words::number(count)));
        said.push(doubt(&text));
    }
    if is_server {
        said.push(match read.trust {
            Some(Trust::Public) => {
                (Shape::Pass, "text-pass", "It leads to an authority that browsers know.".to_owned())
            }
            Some(Trust::NotPublic) => doubt("It does not lead to an authority that browsers know."),
            None => note("Whether browsers follow it is not known: nobody connected."),
        });
    }
    said
}

#[component]
pub(super) fn Chain(
    /// What was read.
    read: Read,
    /// Whether it is a server's.
    is_server: bool,
    /// The instant that is shown.
    as_of: Timestamp,
) -> impl IntoView {
    let all = read.all();
    let chain = x509::chain(&all);
    if !is_server && all.len() == 1 {
        return ().into_any();
    }
    let said = remarks(&all, &chain, as_of);
    let verdicts = verdicts(&read, &chain, is_server);
    let count = all.len() as u64;
    view! {
        <Section
            title="What it rests on"
            id="chain"
            aside=move || format!("{} {}", words::number(count), words::plural(count, "certificate"))
        >
            <Panel>
                <ol role="list" aria-label="The chain as it is kept or presented">
                    {all
                        .into_iter()
                        .zip(said)
                        .enumerate()
                        .map(|(place, (found, said))| view! { <Link place found said as_of /> })
                        .collect_view()}
                </ol>
                <div class="px-3.5 py-2.5 border-t">
                    {verdicts.into_iter().map(said_so).collect_view()}
                </div>
            </Panel>
        </Section>
    }
    .into_any()
}

fn said_so((shape, colour, text): Remark) -> AnyView {
    view! { <p class=format!("{colour} wrap-anywhere")><Icon shape=shape />" "{text}</p> }.into_any()
}

#[component]
fn Link(place: usize, found: X509, said: Vec<Remark>, as_of: Timestamp) -> impl IntoView {
    let issuer =
        if found.is_self_issued() { "itself".to_owned() } else { visible(&found.issuer).into_owned() };
    let subject = if found.subject.is_empty() {
        found.host_names().into_iter().next().unwrap_or_else(|| "without a subject".to_owned())
    } else {
        found.subject.clone()
    };
    let key = visible(&found.key.algorithm.to_string()).into_owned();
    let signature = visible(&found.signature.algorithm).into_owned();
    view! {
        <li class="flex gap-2.5">
            <span class="flex-none tabular-nums text-ink-3">{place + 1}</span>
            <div class="min-w-0">
                <p class="font-medium wrap-anywhere"><Code text=subject /></p>
                <p class="text-ink-2 wrap-anywhere">"issued by " {issuer}</p>
                <p class="text-ink-3 wrap-anywhere">
                    "until " <When at=found.not_after now=as_of style=Style::Date /> {format!(" · {key} · {signature}")}
                </p>
                {said.into_iter().map(said_so).collect_view()}
            </div>
        </li>
    }
    .into_any()
}
