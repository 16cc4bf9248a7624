//! The certificates of a cluster: which runs out next, a picture of what runs out when, and everything that is known of each.

mod rows;
mod says;
mod timeline;
mod uncovered;

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, CertificateTable};
use posture::gap::Gap;

use self::rows::Table;
use self::timeline::Timeline;
use self::uncovered::Names;
use super::surround::{Here, certificates_path, cluster_path, surround};
use crate::backend::{CertificateOrder, CertificateQuery, CertificatesView, Place};
use crate::components::{Crumb, Notice, PageHead, Stack, Tone};
use crate::page::PageView;
use crate::text::visible;

/// Reads how the address wants certificates to be shown; what cannot be understood is named in the error.
pub fn parse_certificates(pairs: &[(String, String)]) -> Result<CertificateQuery, String> {
    let mut query = CertificateQuery::default();
    for (name, value) in pairs {
        match name.as_str() {
            "q" => value.trim().clone_into(&mut query.text),
            "sort" if !value.is_empty() => {
                let found = CertificateOrder::ALL.into_iter().find(|order| order.key() == value);
                query.order = found.ok_or_else(|| {
                    let keys = CertificateOrder::ALL.map(CertificateOrder::key).join(", ");
                    format!("the address asks for an order that does not exist; it can be {keys}")
                })?;
            }
            _ => {}
        }
    }
    Ok(query)
}

/// The certificates of a cluster.
pub fn certificates(place: &Place, view: CertificatesView, query: CertificateQuery) -> PageView {
    let frame = surround(place, Here::Certificates, None, format!("Certificates of {}", view.cluster));
    let is_told = place.trouble.is_some();
    PageView::new(frame, move || body(view, query, is_told))
}

/// `is_told`: it stands above already why nothing is known.
fn body(view: CertificatesView, query: CertificateQuery, is_told: bool) -> AnyView {
    let CertificatesView { cluster, is_judged, table, is_limited, as_of } = view;
    let crumbs = vec![Crumb { label: cluster.clone(), path: cluster_path(&cluster) }];
    let headline = says::headline(table.as_ref(), is_limited, as_of);
    let lede = table.as_ref().map(says::lede).unwrap_or_default();
    let missing = if is_judged {
        "This scan was made before Perijove gathered certificates."
    } else {
        "Before the first scan, nothing is known of certificates."
    };
    let is_missing = table.is_none() && !is_limited && !is_told;
    view! {
        <Stack>
            <PageHead crumbs=crumbs title=move || headline.clone() lede=move || lede.clone() />
            {is_missing.then(|| view! { <Notice tone=Tone::Gap title=move || missing /> })}
            {is_limited.then(|| view! {
                <Notice tone=Tone::Gap title=|| "You may see some hubs of this cluster only.">
                    <p>"Certificates belong to the cluster, for several hubs may share one."</p>
                </Notice>
            })}
            {table.map(|table| view! { <All table cluster query as_of /> })}
        </Stack>
    }
    .into_any()
}

/// Everything below the answer.
#[component]
fn All(table: CertificateTable, cluster: String, query: CertificateQuery, as_of: Timestamp) -> impl IntoView {
    let CertificateTable { mut certificates, uncovered, gaps, .. } = table;
    sort(&mut certificates, query.order, as_of);
    let is_empty = certificates.is_empty();
    view! {
        {(!gaps.is_empty()).then(|| view! { <Hidden gaps /> })}
        {(!is_empty).then(|| view! { <Timeline certificates=certificates.clone() as_of /> })}
        {(!uncovered.is_empty()).then(|| view! { <Names uncovered cluster=cluster.clone() /> })}
        {(!is_empty).then(|| view! { <Table certificates cluster query as_of /> })}
    }
    .into_any()
}

/// What may hide more certificates.
#[component]
fn Hidden(gaps: Vec<Gap>) -> impl IntoView {
    view! {
        <Notice tone=Tone::Gap title=|| "There may be more certificates, and more that uses them.">
            <ul role="list">
                {gaps
                    .into_iter()
                    .map(|gap| {
                        let text = format!("{gap}. Needed: {}.", gap.permission());
                        view! { <li class="wrap-anywhere">{crate::words::sentence(&visible(&text))}</li> }
                    })
                    .collect_view()}
            </ul>
        </Notice>
    }
    .into_any()
}

/// Sorts certificates; where the order leaves two equal, the one that ends first comes first.
fn sort(certificates: &mut [Certificate], order: CertificateOrder, as_of: Timestamp) {
    let end = |certificate: &Certificate| {
        certificate.validity.as_ref().map_or(i64::MAX, |validity| validity.not_after.as_second())
    };
    let key = |certificate: &Certificate| match order {
        CertificateOrder::End => (0, String::new()),
        CertificateOrder::Name => (0, says::name(certificate).to_lowercase()),
        CertificateOrder::Share => {
            let share = certificate.validity.as_ref().ok().and_then(|validity| validity.share(as_of));
            (share.unwrap_or(i64::MAX), String::new())
        }
        CertificateOrder::Issuer => match says::issuer(certificate) {
            Some(issuer) => (0, issuer),
            None => (1, String::new()),
        },
        CertificateOrder::Renewer => (0, says::renewer(&certificate.renewer).to_owned()),
    };
    certificates
        .sort_by_cached_key(|certificate| (key(certificate), end(certificate), says::name(certificate)));
}

/// The address of this page in an order, with what is typed in the filter.
fn address(cluster: &str, order: CertificateOrder, text: &str) -> String {
    let mut asks = Vec::new();
    if order != CertificateOrder::default() {
        asks.push(format!("sort={}", order.key()));
    }
    if !text.is_empty() {
        asks.push(format!("q={}", crate::backend::segment(text)));
    }
    let question = if asks.is_empty() { String::new() } else { format!("?{}", asks.join("&")) };
    format!("{}{question}", certificates_path(cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<CertificateQuery, String> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parse_certificates(&pairs)
    }

    #[test]
    fn the_address_says_the_order_and_the_filter() {
        assert_eq!(parse(&[]), Ok(CertificateQuery::default()));
        let query = parse(&[("sort", "issuer"), ("q", " binder ")]).unwrap();
        assert_eq!((query.order, query.text.as_str()), (CertificateOrder::Issuer, "binder"));
        assert_eq!(address("a b", query.order, "x&y"), "clusters/a%20b/certificates?sort=issuer&q=x%26y");
    }

    #[test]
    fn an_order_that_does_not_exist_is_refused_without_being_repeated() {
        let error = parse(&[("sort", "<script>")]).unwrap_err();
        assert!(!error.contains("script"), "{error}");
    }

    #[test]
    fn what_has_no_end_or_issuer_comes_last() {
        let now: Timestamp = "2026-11-02T12:00:00Z".parse().unwrap();
        let ends = "2026-12-02T12:00:00Z".parse().unwrap();
        let mut all = [says::tests::unknown("a"), says::tests::ending("b", ends)];
        for order in [CertificateOrder::End, CertificateOrder::Share, CertificateOrder::Issuer] {
            all.reverse();
            sort(&mut all, order, now);
            assert_eq!(says::name(&all[0]), "b.example.edu", "{order:?}");
        }
        sort(&mut all, CertificateOrder::Name, now);
        assert_eq!(says::name(&all[0]), "a");
    }
}
