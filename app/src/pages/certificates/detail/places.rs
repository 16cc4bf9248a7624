//! Where a certificate was seen, and what is presented beside what is kept.

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, Place, Served};

use super::says;
use crate::components::{
    Cell, Code, Column, Icon, ObjectName, Panel, Row, Rows, Section, Shape, Style, Table, When,
};
use crate::words::{number, plural};

#[component]
pub(super) fn Places(
    /// The certificate.
    certificate: Certificate,
    /// The instant that is shown.
    as_of: Timestamp,
) -> impl IntoView {
    let seen = certificate.seen.clone();
    let is_served = !certificate.served.is_empty();
    view! {
        {(!seen.is_empty()).then(|| view! {
            <Section title="Where it was seen" id="places">
                <Panel>
                    <Rows>{seen.into_iter().map(|place| view! { <Row>{at(place)}</Row> }).collect_view()}</Rows>
                </Panel>
            </Section>
        })}
        {is_served.then(|| view! { <Compared certificate as_of /> })}
    }
    .into_any()
}

fn at(place: Place) -> AnyView {
    match place {
        Place::CertManager { namespace, name } => view! {
            "In the status of Certificate " <Code text=format!("{namespace}/{name}") /> " of cert-manager, which tells its dates"
        }
        .into_any(),
        Place::Secret { namespace, name, key } => view! {
            "Under " <Code text=key /> " of Secret " <Code text=format!("{namespace}/{name}") />
        }
        .into_any(),
        Place::Endpoint { host, port } => view! {
            "In a TLS connection to " <Code text=says::at(&host, port) />
        }
        .into_any(),
        Place::ApiServer => "In the connection to the API server".into_any(),
        Place::Bundle { object, path } => view! {
            "Under " <Code text=path /> " of " <ObjectName object />
        }
        .into_any(),
    }
}

/// What is kept, and below it what each name presents.
#[component]
fn Compared(certificate: Certificate, as_of: Timestamp) -> impl IntoView {
    let print = certificate.read.as_ref().map(|read| read.certificate.fingerprint.to_string());
    let end = certificate.validity.as_ref().ok().map(|validity| validity.not_after);
    let columns = vec![
        Column::new("Where"),
        Column::new("Which").fit(),
        Column::new("Ends").fit(),
        Column::new("TLS").fit(),
        Column::new("SHA-256"),
    ];
    view! {
        <Section title="Kept and presented" id="served">
            <Table caption="What is kept beside what is presented" columns>
                <tr role="row">
                    <Cell label="Where">"Kept"</Cell>
                    <Cell label="Which" fit=true>"–"</Cell>
                    <Cell label="Ends" fit=true>
                        {end.map_or_else(|| "not known".into_any(), |at| view! { <When at=at now=as_of style=Style::Instant /> }.into_any())}
                    </Cell>
                    <Cell label="TLS" fit=true>"–"</Cell>
                    <Cell label="SHA-256">
                        {print.map_or_else(|| "not read".into_any(), |print| view! { <Code text=print /> }.into_any())}
                    </Cell>
                </tr>
                {certificate.served.into_iter().map(|served| view! { <Presented served as_of /> }).collect_view()}
            </Table>
        </Section>
    }
    .into_any()
}

#[component]
fn Presented(served: Served, as_of: Timestamp) -> impl IntoView {
    let (shape, colour, word) = match served.is_same {
        Some(true) => (Shape::Pass, "text-pass", "this one"),
        Some(false) => (Shape::Fail, "text-fail", "another one"),
        None => (Shape::Unknown, "text-unknown", "cannot be told"),
    };
    let others = served.others as u64;
    view! {
        <tr role="row">
            <Cell label="Where">
                "Presented by " <Code text=says::at(&served.host, served.port) />
                {served.seen_at.map(|at| view! { ", seen " <When at=at now=as_of style=Style::Instant /> })}
                {(served.others > 0).then(|| format!(", in turn with {} {}", number(others), plural(others, "other")))}
            </Cell>
            <Cell label="Which" fit=true><span class=format!("{colour} whitespace-nowrap")><Icon shape=shape />" "{word}</span></Cell>
            <Cell label="Ends" fit=true><When at=served.not_after now=as_of style=Style::Instant /></Cell>
            <Cell label="TLS" fit=true>{served.version.to_string()}</Cell>
            <Cell label="SHA-256"><Code text=served.fingerprint.to_string() /></Cell>
        </tr>
    }
    .into_any()
}
