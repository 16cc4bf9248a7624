//! What a change does to what checks say and to what user servers reach, beside the change.

use leptos::prelude::*;
use posture::checks;
use posture::drift::{Effect, FindingEffect, ReachEffect};
use posture::hub::HubKey;

use super::turned::{answered, verdicts};
use crate::backend::HubName;
use crate::components::Prose;
use crate::pages::surround::{check_path, reach_path};
use crate::site::href;
use crate::text::visible;
use crate::words;

/// How many things are told before they are folded.
const TOLD: usize = 5;

/// What a change does on its own.
#[component]
pub(super) fn Alone(cluster: String, effect: Effect) -> impl IntoView {
    if effect.is_empty() {
        return view! { <p class="text-ink-3">"On its own it turns no check, and servers reach the same as before."</p> }.into_any();
    }
    view! { <Effects cluster effect label="What it does on its own" /> }.into_any()
}

/// What changes do, each thing on a line; folded where it is much.
#[component]
pub(super) fn Effects(cluster: String, effect: Effect, label: &'static str) -> impl IntoView {
    let count = effect.findings.len() + effect.reach.len();
    let Effect { findings, reach } = effect;
    let list = view! {
        <ul class="mt-1 grid gap-0.5" role="list" aria-label=label>
            {findings.into_iter().map(|finding| of_check(&cluster, finding)).collect_view()}
            {reach.into_iter().map(|reach| of_reach(&cluster, reach)).collect_view()}
        </ul>
    };
    if count <= TOLD {
        return view! { <div class="mt-1"><p class="text-xs text-ink-3">{label}</p>{list}</div> }.into_any();
    }
    let words = format!("{label}: {} things", words::number(count as u64));
    view! { <details class="mt-1"><summary class="link cursor-pointer w-fit">{words}</summary>{list}</details> }.into_any()
}

fn of_check(cluster: &str, finding: FindingEffect) -> AnyView {
    let hub = finding.hub.as_ref().map(hub_name);
    let address = href(&check_path(cluster, hub.as_ref(), &finding.code));
    let title = checks::said(&finding.code, finding.after);
    let of =
        hub.map(|hub| view! { <span class="text-ink-3">{format!("of {}", visible(&hub.release))}</span> });
    view! {
        <li class="flex flex-wrap items-baseline gap-x-2 border-0 p-0">
            {verdicts(finding.before, finding.after)}
            <a class="quiet" href=address>{finding.code} " · " <Prose text=title /></a>
            {of}
        </li>
    }
    .into_any()
}

fn of_reach(cluster: &str, effect: ReachEffect) -> AnyView {
    let hub = hub_name(&effect.hub);
    let address = href(&reach_path(cluster, &hub));
    let class = format!("from {} of {}", visible(&effect.class), visible(&hub.release));
    view! {
        <li class="flex flex-wrap items-baseline gap-x-2 border-0 p-0">
            {answered(effect.before)}
            <span class="text-ink-3">"to"</span>
            {answered(effect.after)}
            <a class="quiet" href=address>{effect.destination.name()}</a>
            <span class="text-ink-3 wrap-anywhere">{class}</span>
        </li>
    }
    .into_any()
}

/// A hub, as pages are addressed by it.
pub(super) fn hub_name(key: &HubKey) -> HubName {
    HubName { namespace: key.namespace.clone(), release: key.release.clone(), app: key.app.clone() }
}
