//! A question of one's own: from, to, port. It is a form whose answer has an address.

use leptos::prelude::*;
use posture::Timestamp;
use posture::network::Verdict;
use posture::reach::ask::Asked;

use super::classes::{class_name, unlike};
use super::picture::Way;
use super::rows::{Explained, Groups};
use super::says;
use crate::backend::{ClassChoice, ReachView};
use crate::components::{Badge, Code, KeepInstant, Notice, Panel, SectionHead, Sentence, Tone};
use crate::pages::surround::reach_path;
use crate::site::href;

/// The form, and the answer where something was asked.
#[component]
pub(super) fn Ask(view: ReachView) -> impl IntoView {
    let action = href(&reach_path(&view.cluster, &view.hub));
    let hub = format!("hub/{}/{}", view.hub.namespace, view.hub.release);
    let shown =
        view.class.and_then(|class| view.classes.get(class)).map(|choice| format!("class/{}", choice.key));
    let chosen = if view.query.from.is_empty() {
        shown.unwrap_or_else(|| hub.clone())
    } else {
        view.query.from.clone()
    };
    let keys = view.classes.iter().map(|choice| format!("class/{}", choice.key));
    let mut sources: Vec<(String, String)> = keys.zip(unlike(&view.classes)).collect();
    if sources.len() != 1 {
        sources.insert(0, (hub, "any server of this hub".to_owned()));
    }
    if !sources.iter().any(|(value, _)| *value == chosen) {
        sources.push((chosen.clone(), chosen.clone()));
    }
    let query = view.query.clone();
    let port =
        if query.port.is_empty() && query.to.is_empty() { "80".to_owned() } else { query.port.clone() };
    let classes = view.classes.clone();
    let now = view.now;
    let is_empty = view.asked.is_none();
    view! {
        <section class="mt-7 scroll-mt-16" class:no-print=is_empty aria-labelledby="ask">
            <SectionHead id="ask" title="Ask a question" />
            <form class="no-print flex flex-wrap items-end gap-x-4 gap-y-2" method="get" action=format!("{action}#ask")>
                    <KeepInstant />
                <label class="flex flex-col min-w-0 max-w-full">
                    <span class="text-xs text-ink-3">"From"</span>
                    <select class="field max-w-full" name="from">
                        {sources
                            .into_iter()
                            .map(|(value, label)| {
                                let selected = value == chosen;
                                view! { <option value=value selected=selected>{label}</option> }
                            })
                            .collect_view()}
                    </select>
                </label>
                <label class="flex flex-col min-w-0">
                    <span class="text-xs text-ink-3">"or from one pod, by name"</span>
                    <input class="field" name="pod" value=query.pod.clone() placeholder="jupyter-ada" autocapitalize="off" autocomplete="off" spellcheck="false" />
                </label>
                <label class="flex flex-col grow max-w-96 min-w-0">
                    <span class="text-xs text-ink-3">"To an address, pod/namespace/name or service/namespace/name"</span>
                    <input class="field" name="to" value=query.to.clone() placeholder="169.254.169.254" required autocapitalize="off" autocomplete="off" spellcheck="false" />
                </label>
                <label class="flex flex-col">
                    <span class="text-xs text-ink-3">"Port"</span>
                    <input class="field w-20" name="port" value=port inputmode="numeric" pattern="[0-9]{1,5}" required autocomplete="off" />
                </label>
                <label class="flex flex-col">
                    <span class="text-xs text-ink-3">"Protocol"</span>
                    <select class="field" name="protocol">
                        {[("tcp", "TCP"), ("udp", "UDP"), ("sctp", "SCTP")]
                            .into_iter()
                            .map(|(value, label)| view! { <option value=value selected=query.protocol == value>{label}</option> })
                            .collect_view()}
                    </select>
                </label>
                <button class="button" type="submit">"Ask"</button>
            </form>
            {view
                .asked
                .map(|asked| match asked {
                    Ok(asked) => {
                        let asked = Asked { from: called(&asked.from, &classes), ..asked };
                        view! { <Answered asked now /> }.into_any()
                    }
                    Err(why) => {
                        view! {
                            <div class="mt-3">
                                <Notice tone=Tone::Warn title=|| "This cannot be asked.">
                                    <p><Code text=why /></p>
                                </Notice>
                            </div>
                        }
                            .into_any()
                    }
                })}
        </section>
    }
}

/// A class by what it is called; everything else as it was asked for.
fn called(from: &str, classes: &[ClassChoice]) -> String {
    let found = from.strip_prefix("class/").and_then(|key| classes.iter().find(|choice| choice.key == key));
    found.map_or_else(|| from.to_owned(), class_name)
}

#[component]
fn Answered(asked: Asked, now: Timestamp) -> impl IntoView {
    let Some(first) = asked.groups.first().cloned() else { return ().into_any() };
    let (word, tone) = says::plain(first.found.verdict, first.found.basis);
    let word = match first.found.verdict {
        Verdict::Allowed if asked.is_partial() => "yes, in some cases",
        Verdict::Allowed => "yes, it is reached",
        Verdict::Denied => "no, it is blocked",
        Verdict::CniDependent | Verdict::Unknown => word,
    };
    let (from, to) = (asked.from.clone(), asked.to.clone());
    let is_many = asked.groups.len() > 1;
    view! {
        <div class="mt-3" role="status">
            <Panel padded=true>
                <p class="flex flex-wrap items-center gap-x-3 gap-y-1">
                    <Badge verdict=tone word=word />
                    <span class="min-w-0"><Code text=from /> " to " <Code text=to /></span>
                    <span class="grow max-w-32"><Way verdict=Some(first.found.verdict) found=Some(first.found.clone()) /></span>
                </p>
                <div class="mt-2 max-w-[76ch]">
                    {if is_many {
                        view! { <Groups groups=asked.groups now /> }.into_any()
                    } else {
                        view! { <Explained found=first.found now /> }.into_any()
                    }}
                    {asked.notes.into_iter().map(|note| view! { <p class="mt-1 text-ink-3"><Sentence reason=note now full=true /></p> }).collect_view()}
                    {asked
                        .gaps
                        .into_iter()
                        .map(|gap| {
                            let reason = posture::check::gap_reason(&gap);
                            view! { <p class="mt-1 text-ink-3">"Not seen: " <Sentence reason=reason now /> "."</p> }
                        })
                        .collect_view()}
                </div>
            </Panel>
        </div>
    }
    .into_any()
}
