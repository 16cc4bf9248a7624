//! The table of certificates, with everything that is known of each behind its name.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, Renewer, Unseen, Use};
use posture::hub::HubKey;

use super::{address, says};
use crate::backend::{CertificateOrder, CertificateQuery, HubName};
use crate::components::{
    Cell, Code, Column, Facts, FilterBox, Icon, Notice, ObjectName, Section, Style, Tone, When,
};
use crate::filter::matches;
use crate::pages::surround::checklist_path;
use crate::site::href;
use crate::text::visible;
use crate::words;

const COLUMNS: [Column; 6] = [
    Column::new("Certificate"),
    Column::new("Runs out"),
    Column::new("Left").fit().number(),
    Column::new("Issuer"),
    Column::new("Renewed by"),
    Column::new("Used by"),
];

/// The word of an order.
fn order_word(order: CertificateOrder) -> &'static str {
    match order {
        CertificateOrder::End => "end",
        CertificateOrder::Name => "name",
        CertificateOrder::Share => "share left",
        CertificateOrder::Issuer => "issuer",
        CertificateOrder::Renewer => "who renews",
    }
}

#[component]
pub(super) fn Table(
    /// The certificates, sorted.
    certificates: Vec<Certificate>,
    /// The cluster.
    cluster: String,
    /// What the address asks for.
    query: CertificateQuery,
    /// The instant that ends are measured from.
    as_of: Timestamp,
) -> impl IntoView {
    let count = certificates.len() as u64;
    let fits: Vec<(bool, Certificate)> = certificates
        .into_iter()
        .map(|certificate| (matches(&query.text, &text(&certificate, as_of)), certificate))
        .collect();
    let is_any = fits.iter().any(|(fits, _)| *fits);
    let action = href(&address(&cluster, CertificateOrder::default(), ""));
    let action = action.split('?').next().unwrap_or_default().to_owned();
    let keep = vec![("sort".to_owned(), query.order.key().to_owned())];
    let clear = href(&address(&cluster, query.order, ""));
    view! {
        <Section
            title="All certificates"
            id="certificates"
            aside=move || format!("{} {}", words::number(count), words::plural(count, "certificate"))
        >
            <div class="no-print mb-2 flex flex-wrap items-center gap-x-5 gap-y-2">
                <FilterBox action=action value=query.text.clone() target="all-certificates" noun="certificates" keep=keep />
                <Orders cluster=cluster.clone() query=query.clone() />
            </div>
            <div id="all-certificates">
                <div data-filter-none hidden=is_any>
                    <Notice tone=Tone::Empty title=|| "No certificate fits this filter.">
                        <p><a href=clear>"Show all certificates"</a></p>
                    </Notice>
                </div>
                <div data-filter-group hidden=!is_any>
                    <crate::components::Table caption="Certificates" columns=COLUMNS.to_vec()>
                        {fits
                            .into_iter()
                            .map(|(fits, certificate)| {
                                view! { <Line certificate cluster=cluster.clone() is_hidden=!fits as_of /> }
                            })
                            .collect_view()}
                    </crate::components::Table>
                </div>
            </div>
        </Section>
    }
    .into_any()
}

/// Links to the same page in another order.
#[component]
fn Orders(cluster: String, query: CertificateQuery) -> impl IntoView {
    view! {
        <nav aria-label="Order" class="flex flex-wrap items-baseline gap-x-3 text-ink-3">
            "Sorted by"
            {CertificateOrder::ALL
                .into_iter()
                .map(|order| {
                    let word = order_word(order);
                    if order == query.order {
                        view! { <span class="font-semibold text-ink" aria-current="true">{word}</span> }.into_any()
                    } else {
                        let address = href(&address(&cluster, order, &query.text));
                        view! { <a class="quiet" href=address>{word}</a> }.into_any()
                    }
                })
                .collect_view()}
        </nav>
    }
    .into_any()
}

/// Everything that the filter looks at.
fn text(certificate: &Certificate, as_of: Timestamp) -> String {
    let mut parts = vec![
        certificate.names.join(" "),
        says::kept(certificate),
        certificate.resource.clone().unwrap_or_default(),
        says::issuer(certificate).unwrap_or_default(),
        says::renewer(&certificate.renewer).to_owned(),
        says::standing(certificate.standing(as_of)).0.to_owned(),
    ];
    for used in &certificate.uses {
        parts.push(used.object.to_string());
        parts.extend(used.hosts.iter().cloned());
        parts.extend(used.hubs.iter().map(|hub| hub.release.clone()));
    }
    visible(&parts.join(" ")).into_owned()
}

#[component]
fn Line(certificate: Certificate, cluster: String, is_hidden: bool, as_of: Timestamp) -> impl IntoView {
    let filter = text(&certificate, as_of);
    let (name, details) = (says::name(&certificate), certificate.clone());
    // Without a name of its own it is called by what keeps it.
    let keeper = certificate.names.is_empty().then(|| certificate.kept.keeper());
    let more = certificate.names.len().saturating_sub(1);
    let share = certificate.validity.as_ref().ok().and_then(|validity| validity.share(as_of));
    let issuer = certificate.issuer.clone();
    let renewer = says::renewer(&certificate.renewer);
    let is_failing = certificate.is_failing;
    let uses = certificate.uses.clone();
    let is_unused = uses.is_empty();
    view! {
        <tr role="row" data-filter=filter hidden=is_hidden>
            <Cell>
                <details>
                    <summary class="font-medium wrap-anywhere">
                        {keeper.map(|keeper| view! { <span class="text-ink-2">{words::sentence(keeper)}" "</span> })}
                        <Code text=name />
                        {(more > 0).then(|| view! { <span class="text-ink-3">{format!(" and {more} more")}</span> })}
                    </summary>
                    <div class="mt-2"><Details certificate=details as_of /></div>
                </details>
            </Cell>
            <Cell label="Runs out"><End certificate as_of /></Cell>
            <Cell label="Left" fit=true number=true>{share.map_or_else(|| "–".to_owned(), |share| format!("{share} %"))}</Cell>
            <Cell label="Issuer">
                {match issuer {
                    Some(issuer) => view! { <Code text=issuer.name /> <span class="text-ink-3">" "{visible(&issuer.kind).into_owned()}</span> }.into_any(),
                    None => view! { <span class="text-ink-3">"not known"</span> }.into_any(),
                }}
            </Cell>
            <Cell label="Renewed by">
                {renewer}
                {is_failing.then(|| view! { <p class="text-warn">"the last attempt failed"</p> })}
            </Cell>
            <Cell label="Used by">
                {is_unused.then(|| view! { <span class="text-ink-3">"nothing that was seen"</span> })}
                <Uses uses cluster />
            </Cell>
        </tr>
    }
    .into_any()
}

/// When it runs out and what is to be thought of that, or why it is not known.
#[component]
fn End(certificate: Certificate, as_of: Timestamp) -> impl IntoView {
    let (word, shape, colour) = says::standing(certificate.standing(as_of));
    let end = match &certificate.validity {
        Ok(validity) => {
            let away = says::away(as_of, validity.not_after);
            view! { <p class="text-ink-2">{away}", "<When at=validity.not_after now=as_of style=Style::Date /></p> }.into_any()
        }
        Err(unseen) => view! { <p class="text-ink-2">{says::unseen(unseen)}</p> }.into_any(),
    };
    view! {
        <span class=format!("{colour} font-medium")><Icon shape=shape />" "{word}</span>
        {end}
    }
    .into_any()
}

/// Who uses it, each object once with its hubs.
#[component]
fn Uses(uses: Vec<Use>, cluster: String) -> impl IntoView {
    let mut objects: Vec<(_, Vec<HubKey>)> = Vec::new();
    for used in uses {
        match objects.iter_mut().find(|(object, _)| *object == used.object) {
            Some((_, hubs)) => hubs.extend(used.hubs),
            None => objects.push((used.object, used.hubs)),
        }
    }
    view! {
        <ul role="list">
            {objects
                .into_iter()
                .map(|(object, mut hubs)| {
                    hubs.sort();
                    hubs.dedup();
                    view! { <li><ObjectName object /><Hubs hubs cluster=cluster.clone() /></li> }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

/// For which hubs, as links.
#[component]
pub(super) fn Hubs(
    /// The hubs.
    hubs: Vec<HubKey>,
    /// Their cluster.
    cluster: String,
) -> impl IntoView {
    hubs.into_iter()
        .enumerate()
        .map(|(at, hub)| {
            let name = HubName { namespace: hub.namespace, release: hub.release, app: hub.app };
            let address = href(&checklist_path(&cluster, Some(&name)));
            let between = if at == 0 { " for hub " } else { ", " };
            view! { {between} <a class="quiet" href=address>{words::hub(&name)}</a> }
        })
        .collect_view()
        .into_any()
}

/// Everything that is known of a certificate.
#[component]
fn Details(certificate: Certificate, as_of: Timestamp) -> impl IntoView {
    let mut facts: Vec<(String, AnyView)> = Vec::new();
    let mut add = |name: &str, value: AnyView| facts.push((name.to_owned(), value));
    let instant = |at: Timestamp| view! { <When at=at now=as_of style=Style::Instant /> }.into_any();
    if !certificate.names.is_empty() {
        let names =
            certificate.names.iter().map(|name| view! { <li><Code text=name.clone() /></li> }).collect_view();
        add("Names", view! { <ul role="list">{names}</ul> }.into_any());
    }
    add("Kept in", visible(&says::kept(&certificate)).into_owned().into_any());
    if let Some(resource) = certificate.resource.clone() {
        add("Certificate", view! { <Code text=resource /> }.into_any());
    }
    match &certificate.validity {
        Ok(validity) => {
            if let Some(start) = validity.not_before {
                add("Holds from", instant(start));
            }
            add("Until", instant(validity.not_after));
        }
        Err(unseen) => add("End", reason(unseen)),
    }
    if let Some(at) = certificate.renewal_time {
        add("To be renewed", instant(at));
    }
    if let Some(revision) = certificate.revision {
        add("Issued", format!("{revision} {}", if revision == 1 { "time" } else { "times" }).into_any());
    }
    if certificate.is_ready == Some(false) {
        add("State", "cert-manager says that what is kept is not what was asked for".into_any());
    }
    if let Renewer::NobodySeen = certificate.renewer {
        let text = "No Certificate of cert-manager writes this Secret: a person renews it, or a program that leaves no trace here.";
        add("Renewal", text.into_any());
    }
    for used in &certificate.uses {
        let listener =
            used.listener.as_ref().map(|name| format!("listener {}: ", visible(name))).unwrap_or_default();
        let hosts = if used.hosts.is_empty() { "any name".to_owned() } else { used.hosts.join(", ") };
        let object = used.object.clone();
        add(
            "Serves",
            view! { {listener}{visible(&hosts).into_owned()} " by " <ObjectName object /> }.into_any(),
        );
    }
    view! { <Facts facts /> }.into_any()
}

fn reason(unseen: &Unseen) -> AnyView {
    visible(&unseen.sentence()).into_owned().into_any()
}
