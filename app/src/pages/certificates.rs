//! The certificates of a cluster: which runs out next, a picture of what runs out when, and a list of all.

mod asked;
mod detail;
mod feeds;
mod filters;
mod rows;
mod says;
mod timeline;
mod uncovered;
mod unseen;

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, CertificateTable};

pub use self::asked::parse_certificates;
pub use self::detail::{certificate, no_certificate};
use self::feeds::Feeds;
pub use self::feeds::new_feed;
use self::rows::Tables;
pub use self::says::renewer as renewer_word;
use self::timeline::Timeline;
use self::uncovered::Names;
use self::unseen::{Hidden, Unseen};
use super::surround::{Here, cluster_path, surround};
use crate::backend::{CertificateQuery, CertificatesView, Place};
use crate::components::{Crumb, Notice, PageHead, Prose, Stack, Tone};
use crate::page::PageView;

/// The certificates of a cluster.
pub fn certificates(place: &Place, view: CertificatesView, query: CertificateQuery) -> PageView {
    let frame = surround(place, Here::Certificates, None, format!("Certificates of {}", view.cluster));
    let is_told = place.trouble.is_some();
    PageView::new(frame, move || body(view, query, is_told))
}

/// What a certificate is called and where it is kept, as the pages say it; hostile text.
pub fn certificate_words(certificate: &Certificate) -> (String, String) {
    (says::name(certificate), says::kept(certificate))
}

/// `is_told`: it stands above already why nothing is known.
fn body(view: CertificatesView, query: CertificateQuery, is_told: bool) -> AnyView {
    let CertificatesView { cluster, is_judged, table, is_limited, as_of, feeds } = view;
    let crumbs = vec![Crumb { label: cluster.clone(), path: cluster_path(&cluster) }];
    let headline = says::headline(table.as_ref(), is_limited, as_of);
    let lede = table.as_ref().map(says::lede).unwrap_or_default();
    let missing = if is_judged {
        "This scan was made before Perijove gathered certificates."
    } else {
        "Before the first scan, nothing is known of certificates."
    };
    let is_missing = table.is_none() && !is_limited && !is_told;
    let of_feeds = cluster.clone();
    view! {
        <Stack>
            <PageHead
                crumbs=crumbs
                title=move || headline.clone()
                lede=move || view! { <Prose text=lede.clone() /> }
            />
            {is_missing.then(|| view! { <Notice tone=Tone::Gap title=move || missing /> })}
            {is_limited.then(|| view! {
                <Notice tone=Tone::Gap title=|| "You may see some hubs of this cluster only.">
                    <p>"Certificates belong to the cluster, for several hubs may share one."</p>
                </Notice>
            })}
            {table.map(|table| view! { <All table cluster query as_of /> })}
            {feeds.map(|feeds| view! { <Feeds feeds cluster=of_feeds now=as_of /> })}
        </Stack>
    }
    .into_any()
}

/// Everything below the answer.
#[component]
fn All(table: CertificateTable, cluster: String, query: CertificateQuery, as_of: Timestamp) -> impl IntoView {
    let is_empty = table.certificates.is_empty();
    let (gaps, missed, silent) = (table.gaps.clone(), table.missed.clone(), table.silent.clone());
    let uncovered = table.uncovered.clone();
    let drawn = table.clone();
    view! {
        {(!gaps.is_empty()).then(|| view! { <Hidden gaps /> })}
        {(!missed.is_empty() || !silent.is_empty()).then(|| view! { <Unseen missed silent /> })}
        {(!is_empty).then(|| view! { <Timeline table=drawn cluster=cluster.clone() as_of /> })}
        {(!uncovered.is_empty()).then(|| view! { <Names uncovered cluster=cluster.clone() /> })}
        {(!is_empty).then(|| view! { <Tables table cluster query as_of /> })}
    }
    .into_any()
}
