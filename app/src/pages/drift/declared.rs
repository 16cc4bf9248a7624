//! What is there, compared with what a file or a release declares: the form that names the file, and the answer.

use leptos::prelude::*;
use posture::Timestamp;
use posture::drift::why_uncompared;
use posture::gap::Gap;
use posture::object::ObjectRef;

use super::effect::Effects;
use super::{beside, event, released};
use crate::backend::{DeclaredFiles, DeclaredView, Declarer, DriftView, Earlier};
use crate::components::{
    Code, Crumb, Notice, ObjectName, PageHead, Panel, Section, Stack, Style, Tone, When,
};
use crate::instant::{AT, write_instant};
use crate::pages::surround::drift_path;
use crate::site::{href_now, shown};
use crate::text::visible;
use crate::words;

/// The page with the answer, or with why there is none.
pub(super) fn page(view: DriftView, declared: Result<DeclaredView, String>, crumbs: Vec<Crumb>) -> AnyView {
    let declared = match declared {
        Ok(declared) => declared,
        Err(why) => return refused(view, &why, crumbs),
    };
    let title = headline(&declared);
    let now = view.now;
    let to = view.to;
    let lede = lede(&declared);
    let source = declared.source.clone();
    let told = match &source {
        Declarer::File(_) => None,
        Declarer::Release(release) => Some(released::told(release)),
    };
    view! {
        <Stack>
            <PageHead
                crumbs=crumbs
                title=move || title.clone()
                lede=move || {
                    let lede = lede.clone();
                    let source = match &source {
                        Declarer::File(_) => view! { "What the file declares" }.into_any(),
                        Declarer::Release(release) => released::source(release, now),
                    };
                    to.map(|to| view! {
                        <p class="wrap-anywhere">{source} ", beside what the scan of " <When at=to now=now style=Style::Instant /> " found. " {lede}</p>
                    })
                }
            />
            {told}
            <super::Choose view=view.clone() />
            <Choose view=view.clone() />
            <released::Choose view=view.clone() />
            <Compared cluster=view.cluster declared now />
        </Stack>
    }
    .into_any()
}

fn refused(view: DriftView, why: &str, crumbs: Vec<Crumb>) -> AnyView {
    let why = words::sentence(&visible(why));
    let title = match view.asked {
        Earlier::Release(_) => "This release cannot be compared with.",
        _ => "This file cannot be compared with.",
    };
    view! {
        <Stack>
            <PageHead crumbs=crumbs title=move || title.to_owned() lede=|| () />
            <Notice tone=Tone::Gap title=|| "Nothing was compared.">
                <p class="wrap-anywhere">{why}"."</p>
            </Notice>
            <super::Choose view=view.clone() />
            <Choose view=view.clone() />
            <released::Choose view />
        </Stack>
    }
    .into_any()
}

/// The answer, in words.
fn headline(declared: &DeclaredView) -> String {
    let source = match &declared.source {
        Declarer::File(name) => visible(name).into_owned(),
        Declarer::Release(release) => released::name(release),
    };
    let changes = || declared.events.iter().flat_map(|event| &event.changes);
    let by_hand = match changes().filter(|change| change.change.is_manual_edit()).count() {
        0 => String::new(),
        1 => "; one was edited by hand although Helm owns it".to_owned(),
        many => format!("; {} were edited by hand although Helm owns them", words::number(many as u64)),
    };
    match changes().count() as u64 {
        0 if declared.uncompared.is_empty() => format!("Nothing differs from what {source} declares."),
        0 => format!("Nothing differs from what {source} declares, in what could be compared."),
        1 => format!("One object differs from what {source} declares{by_hand}."),
        many => words::sentence(&format!(
            "{} objects differ from what {source} declares{by_hand}.",
            words::number(many)
        )),
    }
}

fn lede(declared: &DeclaredView) -> String {
    let compared = declared.compared as u64;
    let skipped = match &declared.source {
        Declarer::File(_) => String::new(),
        Declarer::Release(release) => released::skipped(release),
    };
    format!(
        "{} {} compared; what names no namespace was looked for in {}.{skipped}",
        words::sentence(&words::number(compared)),
        if compared == 1 { "object was" } else { "objects were" },
        visible(&declared.namespace)
    )
}

/// What differs, what that does, what was restarted, and what could not be compared.
#[component]
pub(super) fn Compared(cluster: String, declared: DeclaredView, now: Timestamp) -> impl IntoView {
    let DeclaredView { events, effect, restarts, uncompared, untried, .. } = declared;
    let is_one = events.iter().map(|event| event.changes.len()).sum::<usize>() == 1;
    view! {
        {(events.is_empty() && uncompared.is_empty()).then(|| view! {
            <Notice tone=Tone::Empty title=|| "The cluster is as declared.">
                <p>"What the API server and controllers fill in where the declaration says nothing is no difference, nor is an object of another release."</p>
            </Notice>
        })}
        {(!events.is_empty()).then(|| view! {
            <event::Events cluster=cluster.clone() events untried now title="What differs" />
        })}
        {(!effect.is_empty() && !is_one).then(|| view! {
            <Section id="together" title="What all of it does together">
                <Panel padded=true><Effects cluster=cluster.clone() effect label="From what is declared to what is there" /></Panel>
            </Section>
        })}
        {(!restarts.is_empty()).then(|| view! { <beside::Restarts restarts now /> })}
        {(!uncompared.is_empty()).then(|| left_out(uncompared))}
    }
    .into_any()
}

/// What could not be compared, and why.
fn left_out(uncompared: Vec<(ObjectRef, Gap)>) -> AnyView {
    view! {
        <Section id="uncompared" title="What could not be compared">
            <Panel>
                <ul role="list">
                    {uncompared
                        .into_iter()
                        .map(|(object, gap)| {
                            let why = words::sentence(&visible(&why_uncompared(&object, &gap)));
                            view! {
                                <li class="block">
                                    <p class="font-medium wrap-anywhere"><ObjectName object /></p>
                                    <p class="text-ink-2 wrap-anywhere">{why} "."</p>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Panel>
        </Section>
    }
    .into_any()
}

/// The choice of a file, where a folder of them is configured.
#[component]
pub(super) fn Choose(view: DriftView) -> impl IntoView {
    let Some(files) = view.files.clone() else { return ().into_any() };
    if let Some(why) = files.trouble {
        return view! {
            <Notice tone=Tone::Gap title=|| "The folder of declared files cannot be read.">
                <p class="wrap-anywhere">{visible(&why).into_owned()}</p>
            </Notice>
        }
        .into_any();
    }
    if files.names.is_empty() {
        return view! {
            <p class="text-ink-3">
                "A rendering can be compared with the cluster here: put a " <Code text=".yaml".to_owned() /> ", " <Code text=".yml".to_owned() />
                " or " <Code text=".json".to_owned() /> " file into the folder of declared files, which holds none."
            </p>
        }
        .into_any();
    }
    form(&view, files)
}

fn form(view: &DriftView, files: DeclaredFiles) -> AnyView {
    let action = href_now(&drift_path(&view.cluster));
    let (file, namespace) = match &view.asked {
        Earlier::File(asked) => (asked.name.clone(), asked.namespace.clone().unwrap_or_default()),
        _ => (String::new(), String::new()),
    };
    let names = files.names.into_iter().map(|name| (name.clone(), visible(&name).into_owned()));
    let usual = (String::new(), "that of the release in the file".to_owned());
    let namespaces = files.namespaces.into_iter().map(|name| (name.clone(), visible(&name).into_owned()));
    let more = files.is_more.then_some("The folder holds more files than are offered here.");
    view! {
        <form class="no-print panel bg-surface border rounded-lg px-4 py-3.5" method="get" action=action aria-label="A file to compare with">
            <div class="flex flex-wrap items-end gap-x-4 gap-y-2.5">
                <label class="flex flex-col min-w-0 grow basis-52">
                    <span class="text-xs text-ink-3">"Compare with what a file declares"</span>
                    <select class="field w-full" name="against">{options(names, &file)}</select>
                </label>
                <label class="flex flex-col min-w-0 grow basis-52">
                    <span class="text-xs text-ink-3">"The namespace of what names none"</span>
                    <select class="field w-full" name="namespace">{options(std::iter::once(usual).chain(namespaces), &namespace)}</select>
                </label>
                {shown().map(|at| view! { <input type="hidden" name=AT value=write_instant(at) /> })}
                <button class="button" type="submit">"Compare with the file"</button>
            </div>
            {more.map(|more| view! { <p class="text-ink-3 mt-2">{more}</p> })}
        </form>
    }
    .into_any()
}

pub(super) fn options(choices: impl Iterator<Item = (String, String)>, chosen: &str) -> Vec<AnyView> {
    choices
        .map(|(value, label)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{label}</option> }.into_any()
        })
        .collect()
}
