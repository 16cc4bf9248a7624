//! The filters above the list of certificates, and its order.

use std::collections::BTreeSet;

use leptos::prelude::*;
use posture::certificates::{Certificate, Purpose, Standing};

use super::asked::{address, asks, hub_word};
use super::says;
use crate::backend::{CertificateOrder, CertificateQuery, CertificateState, RenewerWord};
use crate::components::{FilterBox, KeepInstant};
use crate::site::href;
use crate::text::visible;

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

fn state_word(state: CertificateState) -> &'static str {
    match state {
        CertificateState::Standing(Standing::Unknown) => "end not known",
        CertificateState::Standing(standing) => says::standing(standing).0,
        CertificateState::Flawed => "something else is wrong",
    }
}

fn renewer_word(renewer: RenewerWord) -> &'static str {
    match renewer {
        RenewerWord::CertManager => "cert-manager",
        RenewerWord::AutoHttps => "the hub (autohttps)",
        RenewerWord::KubeLego => "kube-lego",
        RenewerWord::Person => "a person",
        RenewerWord::NobodySeen => "nobody that is visible",
        RenewerWord::Operator => "its operator",
        RenewerWord::Hidden => "not known",
    }
}

/// The words of every hub that some certificate is used for, and the one that is asked for.
fn hubs(certificates: &[Certificate], query: &CertificateQuery) -> BTreeSet<String> {
    let known = certificates.iter().flat_map(Certificate::hubs).map(hub_word);
    known.chain(query.hub.clone()).collect()
}

type Choice = (String, String, bool);

#[component]
pub(super) fn Filters(
    /// All certificates.
    certificates: Vec<Certificate>,
    /// The cluster.
    cluster: String,
    /// What the address asks for.
    query: CertificateQuery,
    /// The id of the element around the rows.
    target: &'static str,
) -> impl IntoView {
    let nothing = CertificateQuery::default();
    let plain = href(&address(&cluster, &nothing));
    let action = plain.split('?').next().unwrap_or_default().to_owned();
    let order = ("sort".to_owned(), query.order.key().to_owned());
    let asked: Vec<(String, String)> =
        asks(&query).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let is_open = !asked.is_empty();
    let keep = asked.into_iter().chain([order.clone()]).collect();
    let choice = |value: &str, word: &str, is_chosen| (value.to_owned(), word.to_owned(), is_chosen);
    let kinds = [(Purpose::Server, "servers"), (Purpose::Authority, "authorities")];
    let kinds = kinds.map(|(purpose, word)| choice(word, word, query.purpose == Some(purpose)));
    let states =
        CertificateState::ALL.map(|state| choice(state.key(), state_word(state), query.state == Some(state)));
    let renewers = RenewerWord::ALL
        .map(|renewer| choice(renewer.key(), renewer_word(renewer), query.renewer == Some(renewer)));
    let hubs = hubs(&certificates, &query)
        .into_iter()
        .map(|hub| (hub.clone(), visible(&hub).into_owned(), query.hub.as_ref() == Some(&hub)))
        .collect();
    view! {
        <div class="no-print mb-2 flex flex-wrap items-start gap-x-4 gap-y-2">
            <FilterBox action=action.clone() value=query.text.clone() target=target noun="certificates" keep=keep />
            <details class="grow" open=is_open>
                <summary class="button cursor-pointer w-fit">"More filters"</summary>
                <form class="mt-2 flex flex-wrap items-end gap-x-5 gap-y-2" method="get" action=action>
                    <KeepInstant />
                    <input type="hidden" name="q" value=query.text.clone() />
                    <input type="hidden" name=order.0 value=order.1 />
                    <Select name="kind" label="For" choices=kinds.to_vec() />
                    <Select name="state" label="State" choices=states.to_vec() />
                    <Select name="renewer" label="Renewed by" choices=renewers.to_vec() />
                    <Select name="hub" label="Hub" choices=hubs />
                    <button class="button" type="submit">"Apply"</button>
                    <a class="button" href=plain>"Clear"</a>
                </form>
            </details>
        </div>
        <Orders cluster query />
    }
    .into_any()
}

#[component]
fn Select(name: &'static str, label: &'static str, choices: Vec<Choice>) -> impl IntoView {
    view! {
        <label class="flex flex-col min-w-0">
            <span class="text-xs text-ink-3">{label}</span>
            <select class="field max-w-full" name=name>
                <option value="">"all"</option>
                {choices
                    .into_iter()
                    .map(|(value, word, selected)| view! { <option value=value selected=selected>{word}</option> })
                    .collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Links to the same page in another order.
#[component]
fn Orders(cluster: String, query: CertificateQuery) -> impl IntoView {
    view! {
        <nav aria-label="Order" class="no-print mb-2 flex flex-wrap items-baseline gap-x-3 text-ink-3">
            "Sorted by"
            {CertificateOrder::ALL
                .into_iter()
                .map(|order| {
                    let word = order_word(order);
                    if order == query.order {
                        view! { <span class="font-semibold text-ink" aria-current="true">{word}</span> }.into_any()
                    } else {
                        let address = href(&address(&cluster, &CertificateQuery { order, ..query.clone() }));
                        view! { <a class="quiet" href=address>{word}</a> }.into_any()
                    }
                })
                .collect_view()}
        </nav>
    }
    .into_any()
}
