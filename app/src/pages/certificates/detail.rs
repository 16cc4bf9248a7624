//! One certificate: whether it holds, what it is, what it rests on, who uses it, where it was seen, and what it was before.

mod by_hand;
mod chain;
#[cfg(test)]
mod drawn;
mod facts;
mod places;
mod renewals;
mod validity;

use leptos::prelude::*;
use posture::Timestamp;
use posture::certificates::{Certificate, Flaw, Purpose, Standing};
use posture::x509::is_never;

use self::by_hand::ByHand;
use self::chain::Chain;
use self::facts::What;
use self::places::Places;
use self::renewals::Renewals;
use self::validity::Holds;
use super::rows::{Flawed, Hubs};
use super::says;
use crate::backend::{CertificateView, HubName, Place};
use crate::components::{Code, Crumb, ObjectName, PageHead, Panel, Prose, Row, Rows, Section, Stack};
use crate::page::PageView;
use crate::pages::surround::{Here, certificates_path, check_path, cluster_path, surround};
use crate::site::href;
use crate::text::visible;
use crate::words;

/// The checks that certificates are judged by, by code and what they ask.
const CHECKS: [(&str, &str); 3] = [
    ("TLS-10", "whether it is renewed in time"),
    ("TLS-11", "whether it fits"),
    ("TLS-12", "whether it is the one that is served"),
];

/// One certificate of a cluster.
pub fn certificate(place: &Place, view: CertificateView) -> PageView {
    let name = view.table.certificates.get(view.index).map(says::name).unwrap_or_default();
    let title = format!("Certificate of {}", visible(&name));
    let frame = surround(place, Here::Certificates, None, title);
    PageView::new(frame, move || body(view))
}

/// The page where there is no such certificate, with the way to those that there are.
pub fn no_certificate(place: &Place, cluster: String) -> PageView {
    let frame = surround(place, Here::Certificates, None, "No such certificate".to_owned());
    PageView::new(frame, move || {
        let list = href(&certificates_path(&cluster));
        let crumbs = vec![
            Crumb { label: cluster.clone(), path: cluster_path(&cluster) },
            Crumb { label: "Certificates".to_owned(), path: certificates_path(&cluster) },
        ];
        let lede = "A certificate is found by where it is kept, which stays the same when it is renewed. This one may have been removed, or not \
                    have been there yet at the instant shown.";
        view! {
            <PageHead crumbs=crumbs title=|| "There is no such certificate here, or you may not see it." lede=move || lede />
            <p class="mt-4"><a class="link" href=list>"All certificates of the cluster"</a></p>
        }
    })
}

fn body(view: CertificateView) -> AnyView {
    let CertificateView { cluster, table, index, as_of, renewals } = view;
    let Some(certificate) = table.certificates.get(index).cloned() else { return ().into_any() };
    let flaws = table.flaws(&certificate, as_of);
    let crumbs = vec![
        Crumb { label: cluster.clone(), path: cluster_path(&cluster) },
        Crumb { label: "Certificates".to_owned(), path: certificates_path(&cluster) },
    ];
    let (title, lede) = (headline(&certificate, as_of), lede(&certificate));
    let read = certificate.read.clone();
    let is_used = !certificate.uses.is_empty();
    let is_renewed = !renewals.is_empty();
    view! {
        <Stack>
            <PageHead
                crumbs=crumbs
                title=move || title.clone()
                lede=move || view! { <Prose text=lede.clone() /> }
            />
            {(!flaws.is_empty()).then(|| view! { <Flaws flaws /> })}
            <Holds certificate=certificate.clone() as_of />
            <What certificate=certificate.clone() as_of />
            {read.map(|read| view! { <Chain read=*read is_server={certificate.purpose == Purpose::Server} as_of /> })}
            <Places certificate=certificate.clone() as_of />
            {is_used.then(|| view! { <UsedBy certificate=certificate.clone() cluster=cluster.clone() /> })}
            {is_renewed.then(|| view! { <Renewals renewals as_of /> })}
            <ByHand certificate=certificate.clone() />
            {is_used.then(|| view! { <Judged certificate cluster /> })}
        </Stack>
    }
    .into_any()
}

/// The first line: whether it holds.
fn headline(certificate: &Certificate, as_of: Timestamp) -> String {
    let name = visible(&says::name(certificate)).into_owned();
    let whose = match certificate.purpose {
        Purpose::Server => format!("The certificate of {name}"),
        Purpose::Authority => format!("The authority {name}"),
    };
    let Ok(validity) = &certificate.validity else {
        return format!("Until when {} holds is not known.", words::lower_first(&whose));
    };
    let away = says::away(as_of, validity.not_after);
    match certificate.standing(as_of) {
        Standing::Expired => format!("{whose} ran out {away}."),
        Standing::NotYet => format!("{whose} does not hold yet."),
        Standing::RunningOut => format!("{whose} is about to run out, {away}."),
        Standing::Late => format!("{whose} runs out {away}, and its renewal is late."),
        Standing::Good | Standing::Unknown if is_never(validity.not_after) => {
            format!("{whose} never runs out.")
        }
        Standing::Good | Standing::Unknown => format!("{whose} runs out {away}."),
    }
}

/// What stands below it: where it is kept and who renews it. Names of settings stand between backticks.
fn lede(certificate: &Certificate) -> String {
    let kept = says::kept(certificate);
    let kept = format!("Kept in {}.", visible(&kept));
    let renewer = format!("Renewed by {}.", says::renewer(&certificate.renewer));
    let unseen = certificate.validity.as_ref().err().map(|unseen| visible(&unseen.sentence()).into_owned());
    let parts = [Some(kept), Some(renewer), unseen];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[component]
fn Flaws(flaws: Vec<Flaw>) -> impl IntoView {
    view! {
        <Section title="What is wrong with it" id="flaws">
            <Panel padded=true>
                {flaws.into_iter().map(|flaw| view! { <Flawed flaw /> }).collect_view()}
            </Panel>
        </Section>
    }
    .into_any()
}

/// What serves it, under which names, for which hubs.
#[component]
fn UsedBy(certificate: Certificate, cluster: String) -> impl IntoView {
    view! {
        <Section title="Who uses it" id="uses">
            <Panel>
                <Rows>
                    {certificate
                        .uses
                        .into_iter()
                        .map(|used| {
                            let cluster = cluster.clone();
                            let listener = used.listener.as_ref().map(|name| format!(", listener {}", visible(name)));
                            let is_any = used.hosts.is_empty();
                            view! {
                                <Row>
                                    <ObjectName object=used.object />
                                    {listener}
                                    {if is_any { ", under any name" } else { ", under " }}
                                    {used
                                        .hosts
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, host)| view! { {(at > 0).then_some(", ")} <Code text=host /> })
                                        .collect_view()}
                                    <Hubs hubs=used.hubs cluster />
                                </Row>
                            }
                        })
                        .collect_view()}
                </Rows>
            </Panel>
        </Section>
    }
    .into_any()
}

/// The checks that it is judged by, for each hub that is reached by it.
#[component]
fn Judged(certificate: Certificate, cluster: String) -> impl IntoView {
    let mut hubs: Vec<_> = certificate.hubs().cloned().collect();
    hubs.sort();
    hubs.dedup();
    if hubs.is_empty() || certificate.purpose == Purpose::Authority {
        return ().into_any();
    }
    view! {
        <Section title="What is judged by it" id="checks">
            <Panel>
                <Rows>
                    {hubs
                        .into_iter()
                        .map(|hub| {
                            let name = HubName { namespace: hub.namespace, release: hub.release, app: hub.app };
                            let links = CHECKS.map(|(code, asks)| (code, asks, href(&check_path(&cluster, Some(&name), code))));
                            view! {
                                <Row>
                                    "Hub " {words::hub(&name)} ": "
                                    {links
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, (code, asks, address))| {
                                            view! { {(at > 0).then_some(", ")} <a class="link" href=address>{code}</a> " " {asks} }
                                        })
                                        .collect_view()}
                                </Row>
                            }
                        })
                        .collect_view()}
                </Rows>
            </Panel>
        </Section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::super::says::tests::{ending, unknown};
    use super::*;

    fn now() -> Timestamp {
        "2026-11-02T12:00:00Z".parse().unwrap()
    }

    fn in_days(days: i64) -> Timestamp {
        Timestamp::from_second(now().as_second() + days * 86_400).unwrap()
    }

    #[test]
    fn the_first_line_says_whether_it_holds() {
        let line = |days| headline(&ending("a", in_days(days)), now());
        assert_eq!(line(60), "The certificate of a.example.edu runs out in 2 months.");
        assert_eq!(
            line(12),
            "The certificate of a.example.edu runs out in 12 days, and its renewal is late."
        );
        assert_eq!(line(2), "The certificate of a.example.edu is about to run out, in 2 days.");
        assert_eq!(line(-3), "The certificate of a.example.edu ran out 3 days ago.");
        assert_eq!(line(100), "The certificate of a.example.edu does not hold yet.");
        let nothing = headline(&unknown("tls"), now());
        assert_eq!(nothing, "Until when the certificate of tls holds is not known.");
    }

    #[test]
    fn where_the_end_is_not_known_the_reason_stands_below() {
        let text = lede(&unknown("tls"));
        assert!(text.starts_with("Kept in Secret jhub/tls. Renewed by nobody that is visible. "), "{text}");
        assert!(text.contains("`certificates.secrets`"), "{text}");
    }
}
