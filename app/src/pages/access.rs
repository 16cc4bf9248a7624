//! Who can do what in a cluster: a question and its answer, the hubs' accounts, the administrators, and what Perijove itself may do.

mod account;
mod answer;
mod ask;
mod may;
mod own;
mod rules;

use leptos::prelude::*;
use posture::access::{AccessTable, Asking, ClusterAccess, HubAccess, subject};
use posture::facts::Subject;
use posture::gap::Gap;

use self::account::Account;
use self::answer::Told;
use self::ask::Ask;
use self::own::OwnRights;
use super::surround::{Here, access_path, checklist_path, cluster_path, surround};
use crate::backend::{AccessQuery, AccessView, HubName, Place, segment};
use crate::components::{Code, Crumb, Notice, PageHead, Panel, Section, Stack, Tone};
use crate::page::PageView;
use crate::site::href;
use crate::text::visible;
use crate::words;

/// Reads the question from the pairs of an address.
pub fn parse_access(pairs: &[(String, String)]) -> AccessQuery {
    let value = |wanted: &str| {
        pairs
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    AccessQuery {
        subject: value("subject"),
        asking: Asking {
            verb: value("verb"),
            resource: value("resource"),
            name: value("name"),
            namespace: value("namespace"),
        },
    }
}

/// Who can do what in a cluster.
pub fn access(place: &Place, view: AccessView) -> PageView {
    let frame = surround(place, Here::Access, None, format!("Access · {}", view.cluster));
    let is_told = place.trouble.is_some();
    PageView::new(frame, move || body(view, is_told))
}

/// `is_told`: it stands above already why nothing is known.
fn body(view: AccessView, is_told: bool) -> impl IntoView {
    let AccessView { cluster, table, is_limited, query, answer, namespaces, now } = view;
    let is_asked = answer.is_some();
    let headline = answer.as_ref().map_or_else(|| words::access(&cluster, table.as_ref()), answer::headline);
    let crumbs = crumbs(&cluster, is_asked);
    let lede = if is_asked {
        String::new()
    } else {
        "By the Roles and bindings of Kubernetes, with every group that an account is in. What a pod may do to its node is not part of it: where privileged pods are let in, who may create pods reaches further."
            .to_owned()
    };
    view! {
        <PageHead crumbs=crumbs title=move || headline.clone() lede=move || lede.clone() />
        <div class="mt-5">
            <Stack>
                {answer.map(|answer| view! { <Told answer cluster=cluster.clone() now /> })}
                {(table.is_none() && !is_told).then(|| view! { <Notice tone=Tone::Gap title=|| "Who can do what was not computed yet; the next scan does it." /> })}
                {(table.is_some() && !is_limited).then(|| view! { <Ask query cluster=cluster.clone() namespaces /> })}
                {table.map(|table| view! { <All table cluster is_asked now /> })}
            </Stack>
        </div>
    }
}

fn crumbs(cluster: &str, is_asked: bool) -> Vec<Crumb> {
    let mut crumbs = vec![Crumb { label: cluster.to_owned(), path: cluster_path(cluster) }];
    if is_asked {
        crumbs.push(Crumb { label: "Access".to_owned(), path: access_path(cluster) });
    }
    crumbs
}

/// Everything that needs no question; left out below an answer.
#[component]
fn All(table: AccessTable, cluster: String, is_asked: bool, now: posture::Timestamp) -> impl IntoView {
    if is_asked {
        return ().into_any();
    }
    let AccessTable { hubs, cluster: of_cluster } = table;
    let is_empty = hubs.is_empty();
    view! {
        {is_empty.then(|| view! { <Notice tone=Tone::Gap title=|| "No hub was found in this cluster." /> })}
        {hubs
            .into_iter()
            .enumerate()
            .map(|(at, hub)| view! { <HubAccounts hub at cluster=cluster.clone() now /> })
            .collect_view()}
        {of_cluster
            .map(|ClusterAccess { administrators, administrators_gap, own }| {
                view! {
                    <Administrators subjects=administrators gap=administrators_gap cluster=cluster.clone() />
                    <OwnRights own now />
                }
            })}
    }
    .into_any()
}

/// The accounts of one hub.
#[component]
fn HubAccounts(hub: HubAccess, at: usize, cluster: String, now: posture::Timestamp) -> impl IntoView {
    let id = format!("hub-{at}");
    let key = hub.hub;
    let name =
        HubName { namespace: key.namespace.clone(), release: key.release.clone(), app: key.app.clone() };
    let address = href(&checklist_path(&cluster, Some(&name)));
    let label = id.clone();
    let shared = hub.accounts.first().and_then(|first| first.gap.clone());
    let shared = shared.filter(|gap| hub.accounts.iter().all(|account| account.gap.as_ref() == Some(gap)));
    let is_gap_told = shared.is_some();
    view! {
        <section class="min-w-0" aria-labelledby=label>
            <div class="flex flex-wrap items-baseline justify-between gap-x-3 mb-2">
                <h2 id=id class="text-[0.9375rem] font-semibold min-w-0 wrap-anywhere">
                    "Accounts of "
                    {visible(&key.release).into_owned()}
                </h2>
                <p class="text-ink-3">
                    "namespace " <Code text=key.namespace /> " · "
                    <a href=address>"checklist"</a>
                </p>
            </div>
            <div class="grid gap-3 grid-cols-[minmax(0,1fr)]">
                {hub
                    .accounts
                    .into_iter()
                    .map(|account| view! { <Account account cluster=cluster.clone() is_gap_told now /> })
                    .collect_view()}
            </div>
            {(!hub.elsewhere.is_empty()).then(|| view! { <Elsewhere subjects=hub.elsewhere cluster=cluster.clone() /> })}
            {shared.map(|gap| view! { <Hidden gap what="rules" /> })}
            {hub.gap.map(|gap| view! { <Hidden gap what="accounts" /> })}
        </section>
    }
    .into_any()
}

/// Accounts of this hub that stand under another one.
#[component]
fn Elsewhere(subjects: Vec<Subject>, cluster: String) -> impl IntoView {
    let count = subjects.len();
    view! {
        <p class="mt-1.5 text-ink-2 max-w-[76ch]">
            "Parts of it also run as "
            {subjects
                .into_iter()
                .enumerate()
                .map(|(at, subject)| {
                    let between = if at == 0 { "" } else if at + 1 == count { " and " } else { ", " };
                    view! { {between} <SubjectLink subject cluster=cluster.clone() /> }
                })
                .collect_view()}
            ", listed under the hub that shares it."
        </p>
    }
    .into_any()
}

#[component]
fn Administrators(subjects: Vec<Subject>, gap: Option<Gap>, cluster: String) -> impl IntoView {
    view! {
        <Section title="Who administers the cluster" id="administrators">
            <Panel>
                <ul role="list">
                    {subjects
                        .into_iter()
                        .map(|subject| {
                            let nobody = words::is_nobody(&subject)
                                .then(|| view! { <span class="text-fail font-semibold">" whoever brings no credentials"</span> });
                            view! { <li><SubjectLink subject cluster=cluster.clone() />{nobody}</li> }
                        })
                        .collect_view()}
                </ul>
            </Panel>
            <p class="mt-1.5 text-ink-3 max-w-[76ch]">
                "They may do everything everywhere. Who is in a group, the sign-in to the cluster decides; no object says it."
            </p>
            {gap.map(|gap| view! { <Hidden gap what="administrators" /> })}
        </Section>
    }
    .into_any()
}

/// A subject that leads to everything it may do.
#[component]
pub(super) fn SubjectLink(subject: Subject, cluster: String) -> impl IntoView {
    let key = subject::key(&subject);
    let address = href(&format!("{}?subject={}", access_path(&cluster), segment(&key)));
    let (kind, name) = kind_and_name(&subject);
    view! {
        <span class="text-ink-2">{kind}</span>
        " "
        <a class="wrap-anywhere" href=address><Code text=name /></a>
    }
    .into_any()
}

/// What a subject is in our words, and how it is called.
pub(super) fn kind_and_name(subject: &Subject) -> (&'static str, String) {
    match (subject.kind.as_str(), &subject.namespace) {
        ("Group", _) => ("group", subject.name.clone()),
        ("User", _) => ("user", subject.name.clone()),
        (_, Some(namespace)) => ("account", format!("{namespace}/{}", subject.name)),
        (_, None) => ("account", subject.name.clone()),
    }
}

/// What may hide more than is shown.
#[component]
pub(super) fn Hidden(gap: Gap, what: &'static str) -> impl IntoView {
    let reason = visible(&gap.to_string()).into_owned();
    let needed = visible(&gap.permission()).into_owned();
    view! {
        <p class="mt-1.5 text-unknown max-w-[76ch] wrap-anywhere">
            {format!("There may be more {what}: {reason}. Needed: {needed}.")}
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_question() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let pairs = [
            pair("subject", " group:staff "),
            pair("verb", "get"),
            pair("resource", "pods"),
            pair("namespace", ""),
            pair("other", "x"),
        ];
        let query = parse_access(&pairs);
        assert_eq!((query.subject.as_str(), query.asking.verb.as_str()), ("group:staff", "get"));
        assert!(!query.is_empty() && parse_access(&pairs[3..]).is_empty());
    }
}
