//! How the address says which certificates are shown, and in which order.

use posture::Timestamp;
use posture::certificates::{Certificate, CertificateTable, Purpose};
use posture::hub::HubKey;

use super::says;
use crate::backend::{CertificateOrder, CertificateQuery, CertificateState, RenewerWord, segment};
use crate::pages::surround::certificates_path;

/// Reads how the address wants certificates to be shown; what cannot be understood is named in the error.
pub fn parse_certificates(pairs: &[(String, String)]) -> Result<CertificateQuery, String> {
    let mut query = CertificateQuery::default();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.trim().is_empty()) {
        match name.as_str() {
            "q" => value.trim().clone_into(&mut query.text),
            "sort" => {
                query.order = one_of("an order", &CertificateOrder::ALL, CertificateOrder::key, value)?;
            }
            "state" => {
                query.state = Some(one_of("a state", &CertificateState::ALL, CertificateState::key, value)?);
            }
            "renewer" => {
                query.renewer = Some(one_of("a renewer", &RenewerWord::ALL, RenewerWord::key, value)?);
            }
            "kind" => query.purpose = Some(one_of("a kind", &PURPOSES, purpose_key, value)?),
            "hub" => query.hub = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    Ok(query)
}

const PURPOSES: [Purpose; 2] = [Purpose::Server, Purpose::Authority];

fn purpose_key(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Server => "servers",
        Purpose::Authority => "authorities",
    }
}

/// The one with a word; the error does not repeat what was asked.
fn one_of<T: Copy>(what: &str, all: &[T], key: fn(T) -> &'static str, word: &str) -> Result<T, String> {
    all.iter().copied().find(|one| key(*one) == word).ok_or_else(|| {
        let keys = all.iter().map(|one| key(*one)).collect::<Vec<_>>().join(", ");
        format!("the address asks for {what} that does not exist; it can be {keys}")
    })
}

/// How a hub is named in addresses of this page.
pub(super) fn hub_word(hub: &HubKey) -> String {
    let app = if hub.app == "jupyterhub" { String::new() } else { format!("/{}", hub.app) };
    format!("{}/{}{app}", hub.namespace, hub.release)
}

/// What the address asks for beside the text and the order, by name and value.
pub(super) fn asks(query: &CertificateQuery) -> Vec<(&'static str, String)> {
    let mut asks = Vec::new();
    asks.extend(query.purpose.map(|purpose| ("kind", purpose_key(purpose).to_owned())));
    asks.extend(query.state.map(|state| ("state", state.key().to_owned())));
    asks.extend(query.renewer.map(|renewer| ("renewer", renewer.key().to_owned())));
    asks.extend(query.hub.clone().map(|hub| ("hub", hub)));
    asks
}

/// The address of this page, as a query asks for it.
pub(super) fn address(cluster: &str, query: &CertificateQuery) -> String {
    let order = (query.order != CertificateOrder::default()).then(|| ("sort", query.order.key().to_owned()));
    let text = (!query.text.is_empty()).then(|| ("q", query.text.clone()));
    let pairs: Vec<String> = order
        .into_iter()
        .chain(text)
        .chain(asks(query))
        .map(|(name, value)| format!("{name}={}", segment(&value)))
        .collect();
    let question = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    format!("{}{question}", certificates_path(cluster))
}

/// Whether a certificate is one that is asked for, the text aside.
pub(super) fn is_asked(
    table: &CertificateTable,
    certificate: &Certificate,
    query: &CertificateQuery,
    as_of: Timestamp,
) -> bool {
    let is_in = |state| match state {
        CertificateState::Standing(standing) => certificate.standing(as_of) == standing,
        CertificateState::Flawed => !table.flaws(certificate, as_of).is_empty(),
    };
    query.purpose.is_none_or(|purpose| certificate.purpose == purpose)
        && query.renewer.is_none_or(|renewer| RenewerWord::from(&certificate.renewer) == renewer)
        && query.hub.as_ref().is_none_or(|hub| certificate.hubs().any(|key| hub_word(key) == *hub))
        && query.state.is_none_or(is_in)
}

/// Sorts certificates; where the order leaves two equal, the one that ends first comes first.
pub(super) fn sort(certificates: &mut [Certificate], order: CertificateOrder, as_of: Timestamp) {
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
            Some((issuer, _)) => (0, issuer.to_lowercase()),
            None => (1, String::new()),
        },
        CertificateOrder::Renewer => (0, says::renewer(&certificate.renewer).to_owned()),
    };
    certificates
        .sort_by_cached_key(|certificate| (key(certificate), end(certificate), says::name(certificate)));
}

#[cfg(test)]
mod tests {
    use posture::certificates::{Renewer, Standing, Use};
    use posture::kind::Kind;
    use posture::object::ObjectRef;

    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<CertificateQuery, String> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parse_certificates(&pairs)
    }

    fn now() -> Timestamp {
        "2026-11-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_address_says_everything_that_is_asked_for() {
        assert_eq!(parse(&[]), Ok(CertificateQuery::default()));
        let pairs = [
            ("sort", "issuer"),
            ("q", " x&y "),
            ("kind", "servers"),
            ("state", "late"),
            ("renewer", "person"),
            ("hub", "jhub/prod"),
        ];
        let query = parse(&pairs).unwrap();
        assert_eq!(query.state, Some(CertificateState::Standing(Standing::Late)));
        assert_eq!(
            address("a b", &query),
            "clusters/a%20b/certificates?sort=issuer&q=x%26y&kind=servers&state=late&renewer=person&hub=jhub%2Fprod"
        );
    }

    #[test]
    fn an_empty_choice_of_a_form_asks_for_nothing() {
        let pairs = [("kind", ""), ("state", ""), ("renewer", ""), ("hub", ""), ("sort", ""), ("q", "")];
        assert_eq!(parse(&pairs), Ok(CertificateQuery::default()));
    }

    #[test]
    fn what_does_not_exist_is_refused_without_being_repeated() {
        for name in ["sort", "state", "renewer", "kind"] {
            let error = parse(&[(name, "<script>")]).unwrap_err();
            assert!(!error.contains("script"), "{error}");
        }
    }

    #[test]
    fn what_has_no_end_or_issuer_comes_last() {
        let ends = "2026-12-02T12:00:00Z".parse().unwrap();
        let mut all = [says::tests::unknown("a"), says::tests::ending("b", ends)];
        for order in [CertificateOrder::End, CertificateOrder::Share, CertificateOrder::Issuer] {
            all.reverse();
            sort(&mut all, order, now());
            assert_eq!(says::name(&all[0]), "b.example.edu", "{order:?}");
        }
        sort(&mut all, CertificateOrder::Name, now());
        assert_eq!(says::name(&all[0]), "a");
    }

    #[test]
    fn each_question_keeps_what_it_asks_for() {
        let hub = HubKey { namespace: "jhub".into(), release: "prod".into(), app: "jupyterhub".into() };
        let other = HubKey { app: "binder".into(), ..hub.clone() };
        assert_eq!((hub_word(&hub).as_str(), hub_word(&other).as_str()), ("jhub/prod", "jhub/prod/binder"));
        let object = ObjectRef::namespaced(Kind::Service, "jhub", "proxy-public");
        let used = Use { object, listener: None, hosts: Vec::new(), hubs: vec![hub] };
        let mut own = says::tests::unknown("a");
        own.uses.push(used);
        let mut authority = says::tests::unknown("b");
        authority.purpose = Purpose::Authority;
        authority.renewer = Renewer::Person;
        let table = CertificateTable::default();
        let keeps = |pair: (&str, &str)| {
            let query = parse(&[pair]).unwrap();
            [&own, &authority].map(|certificate| is_asked(&table, certificate, &query, now()))
        };
        assert_eq!(keeps(("kind", "authorities")), [false, true]);
        assert_eq!(keeps(("renewer", "nobody-seen")), [true, false]);
        assert_eq!(keeps(("hub", "jhub/prod")), [true, false]);
        assert_eq!(keeps(("hub", "jhub/prod/binder")), [false, false]);
        assert_eq!(keeps(("state", "unknown")), [true, true]);
        assert_eq!(keeps(("state", "flawed")), [false, false]);
    }
}
