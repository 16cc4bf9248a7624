//! The overview: the answer in words, the hubs, what to do next, what changed lately.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::Verdict;

use super::parts::{OpenTable, Whose, pairs};
use super::surround::{Here, check_path, checklist_path, cluster_path, surround};
use crate::backend::{ChangeRow, ChangeWhat, ClusterCard, Counts, HubCard, OverviewView, Place};
use crate::components::{
    Badge, Card, Code, CountBar, CountWords, Notice, ObjectName, PageHead, Panel, SectionHead, Tone, When,
};
use crate::page::PageView;
use crate::site::href;
use crate::words;

/// The overview of one cluster, or of all.
pub fn overview(place: &Place, view: OverviewView) -> PageView {
    let title = place.cluster.clone().unwrap_or_else(|| "Overview".to_owned());
    let frame = surround(place, Here::Overview, None, title);
    let is_one = place.cluster.is_some();
    PageView::new(frame, move || body(view, is_one))
}

fn body(view: OverviewView, is_one: bool) -> impl IntoView {
    let now = view.now;
    let headline = words::overview(&view);
    let newest = view.newest.clone();
    let undecided = view.undecided;
    let OverviewView { clusters, next, open, changes, .. } = view;
    view! {
        <PageHead
            title=move || headline.clone()
            lede=move || {
                let newest = newest.clone();
                view! {
                    {newest
                        .map(|row| {
                            let address = href(&check_path(&row.cluster, row.hub.as_ref(), &row.code));
                            view! {
                                "The newest fault: "
                                <a class="link" href=address>{lower_first(&row.fault)}</a>
                                " ("
                                <Whose cluster=row.cluster hub=row.hub with_cluster=!is_one />
                                ", "
                                <When at=row.since now />
                                "). "
                            }
                        })}
                    {(undecided > 0)
                        .then(|| format!("{} checks cannot be decided; each says what would settle it.", words::sentence(&words::number(undecided))))}
                }
            }
        />
        {clusters.into_iter().map(|cluster| view! { <ClusterSection cluster is_one /> }).collect_view()}
        <div class="grid gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] mt-8">
            <section aria-labelledby="next">
                <SectionHead id="next" title="Do next" aside=move || (open > 0).then(|| format!("{open} open")) />
                {if next.is_empty() {
                    view! { <Notice tone=Tone::Empty title=|| "Nothing is open." /> }.into_any()
                } else {
                    view! { <OpenTable caption="The worst open findings" rows=next with_cluster=!is_one now /> }.into_any()
                }}
            </section>
            <section aria-labelledby="changes">
                <SectionHead id="changes" title="Changed lately" />
                {if changes.is_empty() {
                    view! { <Notice tone=Tone::Empty title=|| "No verdict has changed yet." /> }.into_any()
                } else {
                    view! { <Changes rows=changes with_cluster=!is_one now /> }.into_any()
                }}
            </section>
        </div>
    }
}

/// The first letter in lower case, unless the word is written in capitals.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(std::iter::once(second)).chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[component]
fn ClusterSection(cluster: ClusterCard, is_one: bool) -> impl IntoView {
    let id = format!("cluster-{}", cluster.name);
    let is_known = cluster.counts != Counts::default();
    let labelled = id.clone();
    let title = if is_one { "Hubs".to_owned() } else { cluster.name.clone() };
    let overview = href(&cluster_path(&cluster.name));
    view! {
        <section class="mt-8" aria-labelledby=labelled>
            <SectionHead
                id=id
                title=title
                aside=move || {
                    (!is_one).then(|| view! { <a class="hover:text-ink" href=overview.clone()>"only this cluster"</a> })
                }
            />
            {cluster
                .trouble
                .clone()
                .map(|trouble| {
                    view! {
                        <div class="mb-3">
                            <Notice tone=Tone::Error title=move || if is_known { "What is shown of this cluster may be out of date." } else { "This cluster cannot be read." }>
                                <p>{trouble}</p>
                            </Notice>
                        </div>
                    }
                })}
            <div class="grid gap-3 grid-cols-1 sm:grid-cols-[repeat(auto-fill,minmax(20rem,1fr))]">
                {cluster.hubs.iter().cloned().map(|hub| view! { <HubCardView hub /> }).collect_view()}
                <ItselfCard cluster=cluster />
            </div>
        </section>
    }
}

#[component]
fn HubCardView(hub: HubCard) -> impl IntoView {
    let counts = pairs(hub.counts);
    let name = hub.hub.release.clone();
    let aside = format!("{} · chart {}", hub.hub.namespace, hub.chart);
    let servers =
        hub.user_servers.map(|count| format!("{count} user {} running", words::plural(count, "server")));
    view! {
        <Card address=href(&checklist_path(&hub.cluster, Some(&hub.hub))) title=move || name.clone() aside=move || aside.clone()>
            {(!hub.is_supported).then(|| view! { <p class="text-warn">"Not a Zero to JupyterHub: only its pods are judged."</p> })}
            <div class="mt-3 mb-2">
                <CountBar counts=counts.clone() />
            </div>
            <CountWords counts=counts />
            {hub
                .worst
                .first()
                .map(|worst| view! { <p class="mt-2 text-ink-2 [overflow-wrap:anywhere]">{worst.fault.clone()}</p> })}
            {servers.map(|servers| view! { <p class="mt-1 text-ink-3 tabular-nums">{servers}</p> })}
        </Card>
    }
}

/// The checks of the cluster itself, beside its hubs: they are counted once and not for each hub.
#[component]
fn ItselfCard(cluster: ClusterCard) -> impl IntoView {
    let counts = pairs(cluster.counts);
    let gaps = cluster.gaps;
    let aside = cluster.name.clone();
    let address = href(&checklist_path(&cluster.name, None));
    let gaps_address = href(&format!("clusters/{}/gaps", cluster.name));
    view! {
        <Card address=address title=|| "The cluster itself" aside=move || aside.clone()>
            <div class="mt-3 mb-2">
                <CountBar counts=counts.clone() />
            </div>
            <CountWords counts=counts />
            {cluster
                .worst
                .first()
                .map(|worst| view! { <p class="mt-2 text-ink-2 [overflow-wrap:anywhere]">{worst.fault.clone()}</p> })}
            {(gaps > 0)
                .then(|| {
                    view! {
                        <p class="mt-1 text-ink-3">
                            <a class="relative z-10 hover:text-ink underline" href=gaps_address>
                                {format!("{gaps} {} cannot be read", words::plural(gaps, "thing"))}
                            </a>
                        </p>
                    }
                })}
        </Card>
    }
}

#[component]
fn Changes(rows: Vec<ChangeRow>, with_cluster: bool, now: Timestamp) -> impl IntoView {
    view! {
        <Panel>
            <ul role="list">
                {rows
                    .into_iter()
                    .map(|row| {
                        let what = what(&row);
                        view! {
                            <li class="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3 px-3.5 py-2.5 border-t first:border-t-0">
                                <div class="min-w-0 [overflow-wrap:anywhere]">{what}</div>
                                <span class="text-ink-3 tabular-nums">
                                    <When at=row.at now />
                                </span>
                                <p class="text-ink-3">
                                    <Whose cluster=row.cluster hub=row.hub with_cluster />
                                </p>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </Panel>
    }
}

/// What changed, in words.
fn what(row: &ChangeRow) -> AnyView {
    let link = |code: &str| href(&check_path(&row.cluster, row.hub.as_ref(), code));
    match row.what.clone() {
        ChangeWhat::Opened { code, fault } => view! {
            <Badge verdict=Verdict::Fail word="opened" quiet=true />
            " "
            <a class="hover:underline" href=link(&code)>{fault}</a>
        }
        .into_any(),
        ChangeWhat::Closed { code, title } => view! {
            <Badge verdict=Verdict::Pass word="closed" quiet=true />
            " "
            <a class="hover:underline" href=link(&code)>{title}</a>
        }
        .into_any(),
        ChangeWhat::Object { object, is_new, manager } => view! {
            <ObjectName object=object />
            {if is_new { " is new" } else { " changed" }}
            {manager.map(|manager| view! { ", by " <Code text=manager /> })}
        }
        .into_any(),
        ChangeWhat::Gone { object } => view! {
            <ObjectName object=object />
            " is gone"
        }
        .into_any(),
        ChangeWhat::Chart { from: Some(from), to: Some(to) } => view! {
            "Chart "
            <Code text=from />
            " became "
            <Code text=to />
        }
        .into_any(),
        ChangeWhat::Chart { from: None, to: Some(to) } => view! {
            "Seen with chart "
            <Code text=to />
        }
        .into_any(),
        ChangeWhat::Chart { from: Some(from), to: None } => view! {
            "Chart version "
            <Code text=from />
            " can no longer be told"
        }
        .into_any(),
        ChangeWhat::Chart { from: None, to: None } => "Seen, with an unknown chart version".into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_capitals_stay_so() {
        assert_eq!(lower_first("HTTPS is off"), "HTTPS is off");
        assert_eq!(lower_first("The hub is open"), "the hub is open");
    }
}
