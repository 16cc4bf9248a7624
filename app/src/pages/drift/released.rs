//! The releases of Helm that can be compared with, and what is told of the one that is.

use leptos::prelude::*;
use posture::Timestamp;
use posture::release::Standing;

use super::declared::options;
use crate::backend::{DeclaredReleases, DriftView, Earlier, ReleaseName, ReleaseRead};
use crate::components::{Notice, Style, Tone, When};
use crate::instant::{AT, write_instant};
use crate::pages::surround::drift_path;
use crate::site::{href_now, shown};
use crate::text::visible;
use crate::words;

/// What a release is called in a sentence.
pub(super) fn name(release: &ReleaseRead) -> String {
    let installed = &release.installed;
    format!(
        "revision {} of Helm release {}/{}",
        installed.revision,
        visible(&installed.namespace),
        visible(&installed.name)
    )
}

/// What is compared with, and when it was looked at.
pub(super) fn source(release: &ReleaseRead, now: Timestamp) -> AnyView {
    let chart = release.installed.chart.as_ref().map(|chart| format!(" (chart {})", visible(chart)));
    let looked = release.looked_at.map(|at| {
        view! { ", which was last looked at " <When at=at now=now style=Style::Instant /> }
    });
    view! { "The manifest of " {name(release)} {chart} {looked} }.into_any()
}

/// What was not compared because Perijove does not read its kind, as a sentence after others.
pub(super) fn skipped(release: &ReleaseRead) -> String {
    match release.skipped as u64 {
        0 => String::new(),
        1 => " One object of a kind that is not read, as Secrets are, was not.".to_owned(),
        many => format!(
            " {} objects of kinds that are not read, Secrets among them, were not.",
            words::sentence(&words::number(many))
        ),
    }
}

/// What is to be known before the answer is believed: that it may be old, or that an upgrade failed.
pub(super) fn told(release: &ReleaseRead) -> AnyView {
    let unlisted = release.unlisted.as_ref().map(|why| {
        let why = words::sentence(&visible(why));
        view! {
            <Notice tone=Tone::Gap title=|| "The releases of this namespace could not be read.">
                <p class="wrap-anywhere">{why} ". What is compared with was read before; there may be a newer revision."</p>
            </Notice>
        }
    });
    let installed = &release.installed;
    let standing = Standing { deployed: Some(installed.revision), newest: installed.newest };
    let beside = standing.beside().map(|beside| {
        let beside = words::sentence(&visible(&beside));
        view! {
            <Notice tone=Tone::Gap title=|| "Another revision is newer, and not deployed.">
                <p class="wrap-anywhere">{beside} "."</p>
            </Notice>
        }
    });
    view! {
        {unlisted}
        {beside}
    }
    .into_any()
}

/// The choice of a release, where releases are looked at, and what could not be read of them.
#[component]
pub(super) fn Choose(view: DriftView) -> impl IntoView {
    let Some(releases) = view.releases.clone() else { return ().into_any() };
    let DeclaredReleases { offered, troubles, namespaces } = releases;
    let is_empty = offered.is_empty() && troubles.is_empty();
    let none = is_empty.then(|| {
        let namespaces: Vec<_> = namespaces.iter().map(|name| visible(name)).collect();
        let none = format!("There was no release of Helm to compare with in {}.", namespaces.join(", "));
        view! { <p class="text-ink-3 wrap-anywhere">{none}</p> }
    });
    let troubles = (!troubles.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Gap title=|| "Not every release of Helm can be compared with.">
                <ul role="list">
                    {troubles
                        .into_iter()
                        .map(|why| view! { <li class="block wrap-anywhere">{format!("{}.", words::sentence(&visible(&why)))}</li> })
                        .collect_view()}
                </ul>
            </Notice>
        }
    });
    view! {
        {troubles}
        {none}
        {(!offered.is_empty()).then(|| form(&view, offered))}
    }
    .into_any()
}

fn form(view: &DriftView, offered: Vec<(ReleaseName, u32)>) -> AnyView {
    let action = href_now(&drift_path(&view.cluster));
    let asked = match &view.asked {
        Earlier::Release(release) => release.word(),
        _ => String::new(),
    };
    let choices = offered.into_iter().map(|(release, revision)| {
        let (name, namespace) = (visible(&release.name), visible(&release.namespace));
        (release.word(), format!("Release {name} in {namespace}, revision {revision}"))
    });
    view! {
        <form class="no-print panel bg-surface border rounded-lg px-4 py-3.5" method="get" action=action aria-label="A release to compare with">
            <div class="flex flex-wrap items-end gap-x-4 gap-y-2.5">
                <label class="flex flex-col min-w-0 grow basis-52">
                    <span class="text-xs text-ink-3">"Compare with what Helm installed"</span>
                    <select class="field w-full" name="against">{options(choices, &asked)}</select>
                </label>
                {shown().map(|at| view! { <input type="hidden" name=AT value=write_instant(at) /> })}
                <button class="button" type="submit">"Compare with the release"</button>
            </div>
        </form>
    }
    .into_any()
}
