//! The list of certificates: those of servers, and below them those of authorities.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, CertificateTable, Flaw, Purpose, Use};
use posture::hub::HubKey;

use super::asked::{address, is_asked, sort};
use super::filters::Filters;
use super::says;
use crate::backend::{CertificateQuery, HubName};
use crate::components::{
    Cell, Code, Column, Icon, Notice, ObjectName, Section, Shape, Style, Table, Tone, When,
};
use crate::filter::matches;
use crate::pages::surround::{certificate_path, checklist_path};
use crate::site::href;
use crate::text::visible;
use crate::words;

const SERVERS: [Column; 6] = [
    Column::new("Certificate"),
    Column::new("State"),
    Column::new("Left").fit().number(),
    Column::new("Issuer"),
    Column::new("Renewed by"),
    Column::new("Used by"),
];

const AUTHORITIES: [Column; 5] = [
    Column::new("Authority"),
    Column::new("State"),
    Column::new("Left").fit().number(),
    Column::new("Issuer"),
    Column::new("Trusted in"),
];

/// The element around all rows.
const TARGET: &str = "all-certificates";

/// From how many authorities on they are folded.
const FOLDED: usize = 8;

/// A certificate with what is said of it.
struct Shown {
    certificate: Certificate,
    flaws: Vec<Flaw>,
    text: String,
    is_hidden: bool,
}

#[component]
pub(super) fn Tables(
    /// The certificates.
    table: CertificateTable,
    /// The cluster.
    cluster: String,
    /// What the address asks for.
    query: CertificateQuery,
    /// The instant that ends are measured from.
    as_of: Timestamp,
) -> impl IntoView {
    let mut certificates = table.certificates.clone();
    sort(&mut certificates, query.order, as_of);
    let asked = certificates.iter().filter(|certificate| is_asked(&table, certificate, &query, as_of));
    let shown = asked.map(|certificate| {
        let flaws = table.flaws(certificate, as_of);
        let text = text(certificate, &flaws, as_of);
        let is_hidden = !matches(&query.text, &text);
        Shown { certificate: certificate.clone(), flaws, text, is_hidden }
    });
    let (servers, authorities): (Vec<Shown>, Vec<Shown>) =
        shown.partition(|shown| shown.certificate.purpose == Purpose::Server);
    let is_any = servers.iter().chain(&authorities).any(|shown| !shown.is_hidden);
    let count = (servers.len() + authorities.len()) as u64;
    let clear =
        href(&address(&cluster, &CertificateQuery { order: query.order, ..CertificateQuery::default() }));
    let is_asked_for = query.purpose == Some(Purpose::Authority) || !query.text.is_empty();
    let is_open = is_asked_for || authorities.len() < FOLDED || servers.is_empty();
    view! {
        <Section
            title="All certificates"
            id="certificates"
            aside=move || format!("{} {}", words::number(count), words::plural(count, "certificate"))
        >
            <Filters certificates=table.certificates cluster=cluster.clone() query target=TARGET />
            <div id=TARGET>
                <div data-filter-none hidden=is_any>
                    <Notice tone=Tone::Empty title=|| "No certificate fits this filter.">
                        <p><a href=clear>"Show all certificates"</a></p>
                    </Notice>
                </div>
                {(!servers.is_empty()).then(|| view! { <Servers rows=servers cluster=cluster.clone() as_of /> })}
                {(!authorities.is_empty()).then(|| view! { <Authorities rows=authorities cluster is_open as_of /> })}
            </div>
        </Section>
    }
    .into_any()
}

#[component]
fn Servers(rows: Vec<Shown>, cluster: String, as_of: Timestamp) -> impl IntoView {
    let is_hidden = rows.iter().all(|shown| shown.is_hidden);
    view! {
        <div data-filter-group hidden=is_hidden>
            <Table caption="Certificates of servers" columns=SERVERS.to_vec()>
                {rows
                    .into_iter()
                    .map(|shown| view! { <Server shown cluster=cluster.clone() as_of /> })
                    .collect_view()}
            </Table>
        </div>
    }
    .into_any()
}

#[component]
fn Authorities(rows: Vec<Shown>, cluster: String, is_open: bool, as_of: Timestamp) -> impl IntoView {
    let is_hidden = rows.iter().all(|shown| shown.is_hidden);
    let count = rows.len() as u64;
    view! {
        <details class="mt-3" data-filter-group hidden=is_hidden open=is_open>
            <summary class="mb-2 cursor-pointer text-ink-2">
                {format!("{} {}", words::sentence(&words::number(count)), if count == 1 { "authority" } else { "authorities" })}
                " that clients in the cluster are told to trust"
            </summary>
            <Table caption="Certificates of authorities" columns=AUTHORITIES.to_vec()>
                {rows
                    .into_iter()
                    .map(|shown| view! { <Authority shown cluster=cluster.clone() as_of /> })
                    .collect_view()}
            </Table>
        </details>
    }
    .into_any()
}

/// Everything that the filter looks at.
fn text(certificate: &Certificate, flaws: &[Flaw], as_of: Timestamp) -> String {
    let mut parts = vec![
        says::name(certificate),
        certificate.names.join(" "),
        says::kept(certificate),
        certificate.entry.clone().unwrap_or_default(),
        certificate.resource.clone().unwrap_or_default(),
        says::issuer(certificate).map(|(name, _)| name).unwrap_or_default(),
        says::renewer(&certificate.renewer).to_owned(),
        says::standing(certificate.standing(as_of)).0.to_owned(),
    ];
    parts.extend(flaws.iter().map(says::flaw));
    parts.extend(certificate.read.iter().map(|read| read.certificate.fingerprint.to_string()));
    for used in &certificate.uses {
        parts.push(used.object.to_string());
        parts.extend(used.hosts.iter().cloned());
        parts.extend(used.hubs.iter().map(|hub| hub.release.clone()));
    }
    visible(&parts.join(" ")).into_owned()
}

#[component]
fn Server(shown: Shown, cluster: String, as_of: Timestamp) -> impl IntoView {
    let Shown { certificate, flaws, text, is_hidden } = shown;
    let renewer = says::renewer(&certificate.renewer);
    let is_failing = certificate.is_failing;
    let uses = certificate.uses.clone();
    let is_unused = uses.is_empty();
    view! {
        <tr role="row" data-filter=text hidden=is_hidden>
            <Name certificate=certificate.clone() cluster=cluster.clone() />
            <States certificate=certificate.clone() flaws as_of />
            <Cell label="Issuer"><IssuedBy certificate /></Cell>
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

#[component]
fn Authority(shown: Shown, cluster: String, as_of: Timestamp) -> impl IntoView {
    let Shown { certificate, flaws, text, is_hidden } = shown;
    let places = certificate.seen.len().saturating_sub(1);
    let kept = visible(&says::kept(&certificate)).into_owned();
    view! {
        <tr role="row" data-filter=text hidden=is_hidden>
            <Name certificate=certificate.clone() cluster />
            <States certificate=certificate.clone() flaws as_of />
            <Cell label="Issuer"><IssuedBy certificate /></Cell>
            <Cell label="Trusted in">
                <span class="wrap-anywhere">{kept}</span>
                {(places > 0).then(|| view! { <span class="text-ink-3">{format!(" and {places} more")}</span> })}
            </Cell>
        </tr>
    }
    .into_any()
}

/// Its name, which leads to everything that is known of it.
#[component]
fn Name(certificate: Certificate, cluster: String) -> impl IntoView {
    let address = href(&certificate_path(&cluster, &certificate.key()));
    // Without a name of its own it is called by what keeps it.
    let keeper = (!says::has_name(&certificate)).then(|| certificate.kept.keeper());
    let more = certificate.names.len().saturating_sub(1);
    view! {
        <Cell>
            <a class="font-medium hover:underline wrap-anywhere" href=address>
                {keeper.map(|keeper| format!("{} ", words::sentence(keeper)))}
                <Code text=says::name(&certificate) />
            </a>
            {(more > 0).then(|| view! { <span class="text-ink-3">{format!(" and {more} more")}</span> })}
        </Cell>
    }
    .into_any()
}

/// What is to be thought of it, in words, and how much of its time is left.
#[component]
fn States(certificate: Certificate, flaws: Vec<Flaw>, as_of: Timestamp) -> impl IntoView {
    let (word, shape, colour) = says::standing(certificate.standing(as_of));
    let share = certificate.validity.as_ref().ok().and_then(|validity| validity.share(as_of));
    let end = match &certificate.validity {
        Ok(validity) => {
            let away = says::away(as_of, validity.not_after);
            view! { <p class="text-ink-2">{away}", "<When at=validity.not_after now=as_of style=Style::Date /></p> }.into_any()
        }
        Err(unseen) => view! { <p class="text-ink-2">{says::unseen(unseen)}</p> }.into_any(),
    };
    view! {
        <Cell label="State">
            <span class=format!("{colour} font-medium")><Icon shape=shape />" "{word}</span>
            {end}
            {flaws.iter().map(|flaw| view! { <Flawed flaw=flaw.clone() /> }).collect_view()}
        </Cell>
        <Cell label="Left" fit=true number=true>{share.map_or_else(|| "–".to_owned(), |share| format!("{share} %"))}</Cell>
    }
    .into_any()
}

/// Something that is wrong beside the end.
#[component]
pub(super) fn Flawed(
    /// What.
    flaw: Flaw,
) -> impl IntoView {
    let (shape, colour) =
        if flaw.is_fault() { (Shape::Fail, "text-fail") } else { (Shape::Warn, "text-warn") };
    let words = visible(&says::flaw(&flaw)).into_owned();
    view! { <p class=format!("{colour} wrap-anywhere")><Icon shape=shape />" "{words}</p> }.into_any()
}

#[component]
fn IssuedBy(certificate: Certificate) -> impl IntoView {
    match says::issuer(&certificate) {
        Some((name, kind)) => view! {
            <Code text=name />
            {kind.map(|kind| view! { <span class="text-ink-3">" "{visible(&kind).into_owned()}</span> })}
        }
        .into_any(),
        None => view! { <span class="text-ink-3">"not known"</span> }.into_any(),
    }
}

/// Who uses it, each object once with its hubs.
#[component]
pub(super) fn Uses(
    /// The uses.
    uses: Vec<Use>,
    /// The cluster.
    cluster: String,
) -> impl IntoView {
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
