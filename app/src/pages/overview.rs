//! The overview: the answer in words, the hubs, what to do next, what changed lately.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::Verdict;

use super::parts::{OpenTable, Whose, pairs};
use super::surround::{Here, check_path, checklist_path, cluster_path, gaps_path, surround};
use crate::backend::{ChangeRow, ChangeWhat, ClusterCard, HubCard, OpenRow, OverviewView, Place, segment};
use crate::components::{
    Badge, Card, Code, CountBar, CountWords, Icon, Notice, ObjectName, PageHead, Panel, Prose, SectionHead,
    Tone, Trouble, When, verdict_colour, verdict_word,
};
use crate::page::PageView;
use crate::site::href;
use crate::text::visible;
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
    let undecided = undecided_words(view.undecided, words::is_clean(&view));
    let is_judged = view.clusters.iter().any(|cluster| cluster.is_judged);
    let hidden = hidden_hubs(&view, is_one);
    let nothing = nothing_open(&view);
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
                                "The newest: "
                                <a class="link" href=address><Prose text=words::lower_first(&row.fault) /></a>
                                ", on "
                                <Whose cluster=row.cluster hub=row.hub with_cluster=!is_one />
                                ", first seen "
                                <When at=row.since now />
                                ". "
                            }
                        })}
                    {undecided.clone()}
                    {hidden.clone()}
                }
            }
        />
        {clusters.into_iter().map(|cluster| view! { <ClusterSection cluster is_one /> }).collect_view()}
        {is_judged.then(|| view! { <Lists next open changes nothing is_one now /> })}
    }
}

/// What to do next and what changed lately; before anything is judged there is neither.
#[component]
fn Lists(
    next: Vec<OpenRow>,
    /// How many findings are open in all.
    open: u64,
    changes: Vec<ChangeRow>,
    /// What an empty list of open findings means.
    nothing: (Tone, String),
    is_one: bool,
    now: Timestamp,
) -> impl IntoView {
    view! {
        <div class="grid gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] mt-8">
            <section aria-labelledby="next">
                <SectionHead id="next" title="Do next" aside=move || (open > 0).then(|| format!("{open} open")) />
                {if next.is_empty() {
                    let (tone, words) = nothing;
                    view! { <Notice tone=tone title=move || words.clone() /> }.into_any()
                } else {
                    view! { <OpenTable caption="The worst open findings" rows=next with_cluster=!is_one now /> }.into_any()
                }}
            </section>
            <section aria-labelledby="changes">
                <SectionHead id="changes" title="Changed lately" />
                {if changes.is_empty() {
                    view! { <Notice tone=Tone::Empty title=|| "No change has been seen yet." /> }.into_any()
                } else {
                    view! { <Changes rows=changes with_cluster=!is_one now /> }.into_any()
                }}
            </section>
        </div>
    }
}

/// How many checks cannot be decided, in a sentence, and what to do about it; the headline of a clean overview counts them itself.
fn undecided_words(undecided: u64, is_clean: bool) -> Option<String> {
    match undecided {
        0 => None,
        1 if is_clean => Some("It says what would settle it. ".to_owned()),
        _ if is_clean => Some("Each of them says what would settle it. ".to_owned()),
        1 => Some("One check cannot be decided; it says what would settle it. ".to_owned()),
        many => Some(format!(
            "{} checks cannot be decided; each says what would settle it. ",
            words::sentence(&words::number(many))
        )),
    }
}

/// The clusters whose hubs, if there are any, could not be seen. On the page of one cluster the headline says it.
fn hidden_hubs(view: &OverviewView, is_one: bool) -> Option<String> {
    let hidden: Vec<_> = view
        .clusters
        .iter()
        .filter(|cluster| {
            cluster.is_judged && cluster.hubs.is_empty() && (cluster.gaps > 0 || cluster.is_of_files)
        })
        .map(|cluster| visible(&cluster.name).into_owned())
        .collect();
    (!is_one && !hidden.is_empty())
        .then(|| format!("On {} no hub was seen, but not everything could be read.", hidden.join(" and ")))
}

/// What an empty list of open findings means: that nothing is wrong only where everything could be decided.
fn nothing_open(view: &OverviewView) -> (Tone, String) {
    if view.undecided > 0 {
        let (count, checks) = (words::number(view.undecided), words::plural(view.undecided, "check"));
        (Tone::Gap, format!("No open fault was found, but {count} {checks} cannot be decided."))
    } else {
        (Tone::Empty, "Nothing is open.".to_owned())
    }
}

#[component]
fn ClusterSection(cluster: ClusterCard, is_one: bool) -> impl IntoView {
    let id = format!("cluster-{}", segment(&cluster.name));
    let labelled = id.clone();
    let title = match (is_one, cluster.hubs.is_empty()) {
        (true, true) => "Cluster".to_owned(),
        (true, false) => "Hubs".to_owned(),
        (false, _) => visible(&cluster.name).into_owned(),
    };
    let hubs = cluster.hubs.len() as u64;
    let name = cluster.name.clone();
    let is_judged = cluster.is_judged;
    let overview = href(&cluster_path(&cluster.name));
    view! {
        <section class="mt-8" aria-labelledby=labelled>
            <SectionHead
                id=id
                title=title
                aside=move || {
                    if is_one {
                        return (hubs > 0).then(|| hubs.to_string()).into_any();
                    }
                    view! { <a class="link" href=overview.clone()>{format!("Only {}", visible(&name))}</a> }.into_any()
                }
            />
            {cluster
                .trouble
                .clone()
                .or_else(|| (!is_judged).then(|| "The first scan is under way; this page says so when it is done.".to_owned()))
                .map(|trouble| view! { <div class="mb-3"><Trouble why=trouble is_judged /></div> })}
            {is_judged
                .then(|| {
                    view! {
                        <div class="grid gap-3 grid-cols-1 sm:grid-cols-[repeat(auto-fill,minmax(20rem,1fr))]">
                            {cluster.hubs.iter().cloned().map(|hub| view! { <HubCardView hub /> }).collect_view()}
                            <div class="col-span-full">
                                <ItselfCard cluster=cluster />
                            </div>
                        </div>
                    }
                })}
        </section>
    }
}

/// The worst open findings on a card, each a link of its own.
#[component]
fn Worst(
    rows: Vec<OpenRow>,
    /// Beside each other where there is room.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let columns = if wide { "sm:grid-cols-[repeat(auto-fill,minmax(20rem,1fr))] gap-x-6" } else { "" };
    (!rows.is_empty()).then(|| {
        view! {
            <ul class=format!("mt-3 grid gap-1 {columns}") role="list" aria-label="The worst open findings">
                {rows
                    .into_iter()
                    .map(|row| {
                        let address = href(&check_path(&row.cluster, row.hub.as_ref(), &row.code));
                        let word = format!("{}, {}: ", verdict_word(row.verdict), row.severity.word());
                        view! {
                            <li class="flex gap-2">
                                <span class=format!("flex-none pt-1 {}", verdict_colour(row.verdict))>
                                    <Icon shape=row.verdict class="block size-3.5" />
                                </span>
                                <a class="relative z-10 min-w-0 text-ink-2 hover:text-ink wrap-anywhere" href=address>
                                    <span class="sr-only">{word}</span>
                                    <Prose text=row.fault />
                                </a>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        }
    })
}

#[component]
fn HubCardView(hub: HubCard) -> impl IntoView {
    let counts = pairs(hub.counts);
    let name = visible(&hub.hub.release).into_owned();
    let aside = format!("{} · {}", visible(&hub.hub.namespace), words::chart(&hub.chart));
    let servers = words::sentence(&words::servers(&hub.user_servers));
    view! {
        <Card address=href(&checklist_path(&hub.cluster, Some(&hub.hub))) title=move || name.clone() aside=move || aside.clone()>
            {(!hub.is_supported).then(|| view! { <p class="text-warn">"Not a Zero to JupyterHub: only its pods are judged."</p> })}
            <div class="mt-3 mb-2">
                <CountBar counts=counts.clone() />
            </div>
            <CountWords counts=counts />
            <Worst rows=hub.worst />
            <p class="mt-3 text-ink-3 tabular-nums">{servers}</p>
        </Card>
    }
}

/// The checks of the cluster itself, below its hubs: they are counted once and not for each hub.
#[component]
fn ItselfCard(cluster: ClusterCard) -> impl IntoView {
    let counts = pairs(cluster.counts);
    let gaps = cluster.gaps;
    let aside = visible(&cluster.name).into_owned();
    let address = href(&checklist_path(&cluster.name, None));
    let gaps_address = href(&gaps_path(&cluster.name));
    view! {
        <Card address=address title=|| "The cluster itself" aside=move || aside.clone()>
            <div class="mt-3 flex flex-wrap items-center gap-x-5 gap-y-2">
                <div class="grow basis-60 max-w-xl">
                    <CountBar counts=counts.clone() />
                </div>
                <CountWords counts=counts />
            </div>
            <Worst rows=cluster.worst wide=true />
            {cluster
                .is_of_files
                .then(|| {
                    view! {
                        <p class="mt-3 text-ink-3">
                            <a class="relative z-10" href=gaps_address.clone()>
                                "Read from files, which do not show what else a cluster holds"
                            </a>
                        </p>
                    }
                })}
            {(gaps > 0)
                .then(|| {
                    view! {
                        <p class="mt-3 text-ink-3">
                            <a class="relative z-10" href=gaps_address>
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
                    .chunk_by(|a, b| (a.at, &a.cluster, &a.hub) == (b.at, &b.cluster, &b.hub))
                    .map(|moment| view! { <Moment rows=moment.to_vec() with_cluster now /> })
                    .collect_view()}
            </ul>
        </Panel>
    }
}

/// How many objects one moment names before it folds them.
const NAMED: usize = 2;

/// What changed at once in one place: verdicts first, and objects folded where they are many.
#[component]
fn Moment(rows: Vec<ChangeRow>, with_cluster: bool, now: Timestamp) -> impl IntoView {
    let Some(first) = rows.first().cloned() else { return ().into_any() };
    let (objects, others): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| matches!(row.what, ChangeWhat::Object { .. } | ChangeWhat::Gone { .. }));
    let count = objects.len();
    let lines = |rows: &[ChangeRow]| {
        rows.iter().map(|row| view! { <div class="wrap-anywhere">{what(row)}</div> }).collect_view()
    };
    view! {
        <li class="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3">
            <div class="min-w-0 grid gap-0.5">
                {lines(&others)}
                {if count > NAMED {
                    view! {
                        <details>
                            <summary>{format!("{count} objects changed, appeared or went")}</summary>
                            <div class="mt-1 pl-4 grid gap-0.5">{lines(&objects)}</div>
                        </details>
                    }
                        .into_any()
                } else {
                    lines(&objects).into_any()
                }}
                <p class="text-ink-3">
                    <Whose cluster=first.cluster hub=first.hub with_cluster />
                </p>
            </div>
            <span class="text-ink-3 tabular-nums">
                <When at=first.at now />
            </span>
        </li>
    }
    .into_any()
}

/// What changed, in words.
fn what(row: &ChangeRow) -> AnyView {
    let link = |code: &str| href(&check_path(&row.cluster, row.hub.as_ref(), code));
    match row.what.clone() {
        ChangeWhat::Opened { code, fault, verdict } => view! {
            {match verdict {
                Some(verdict) => view! { <Badge verdict word="opened" quiet=true /> }.into_any(),
                // It is closed again.
                None => view! { <span class="text-ink-2 font-medium">"opened"</span> }.into_any(),
            }}
            " "
            <a class="hover:underline" href=link(&code)><Prose text=fault /></a>
        }
        .into_any(),
        ChangeWhat::Closed { code, title } => view! {
            <Badge verdict=Verdict::Pass word="closed" quiet=true />
            " "
            <a class="hover:underline" href=link(&code)><Prose text=title /></a>
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
    use crate::backend::Counts;

    fn view(unknown: u64) -> OverviewView {
        let counts = Counts { unknown, ..Counts::default() };
        let cluster = ClusterCard {
            name: "campus".to_owned(),
            counts,
            worst: Vec::new(),
            gaps: unknown,
            is_of_files: false,
            hubs: Vec::new(),
            is_judged: true,
            trouble: None,
        };
        OverviewView {
            clusters: vec![cluster],
            next: Vec::new(),
            open: 0,
            changes: Vec::new(),
            newest: None,
            undecided: unknown,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_empty_list_is_called_clean_only_where_everything_could_be_decided() {
        assert_eq!(nothing_open(&view(0)).1, "Nothing is open.");
        assert_eq!(nothing_open(&view(37)).1, "No open fault was found, but 37 checks cannot be decided.");
    }

    #[test]
    fn a_cluster_whose_hubs_may_be_hidden_is_named() {
        assert!(hidden_hubs(&view(37), false).is_some_and(|words| words.contains("campus")));
        assert_eq!(hidden_hubs(&view(0), false), None);
    }
}
