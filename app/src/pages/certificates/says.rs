//! What is said of certificates, in words.

use posture::Timestamp;
use posture::certificates::{
    Certificate, CertificateTable, Flaw, Purpose, Renewer, Served, Standing, Unseen,
};
use posture::x509::is_never;

use crate::components::Shape;
use crate::text::visible;
use crate::when::ago;
use crate::words::{number, plural, sentence};

/// What a certificate is called: its first name, for an authority what stands in it, else where it is kept.
pub(super) fn name(certificate: &Certificate) -> String {
    let subject = certificate.read.as_ref().map(|read| &read.certificate).and_then(|read| {
        read.common_name.clone().or_else(|| Some(read.subject.clone()).filter(|name| !name.is_empty()))
    });
    let first = certificate.names.first().cloned();
    let own = if certificate.purpose == Purpose::Authority { subject.or(first) } else { first.or(subject) };
    own.unwrap_or_else(|| certificate.kept.place().1.to_owned())
}

/// Whether it has a name of its own, and is not called by what keeps it.
pub(super) fn has_name(certificate: &Certificate) -> bool {
    !certificate.names.is_empty()
        || certificate.read.as_ref().is_some_and(|read| {
            read.certificate.common_name.is_some() || !read.certificate.subject.is_empty()
        })
}

/// Where it is kept, in words.
pub(super) fn kept(certificate: &Certificate) -> String {
    let (namespace, name) = certificate.kept.place();
    let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{} {place}{name}", certificate.kept.keeper())
}

/// Who issues it, and what that is: the kind of a resource of cert-manager; nothing for what stands in the certificate.
pub(super) fn issuer(certificate: &Certificate) -> Option<(String, Option<String>)> {
    let asked = certificate.issuer.as_ref().map(|issuer| (issuer.name.clone(), Some(issuer.kind.clone())));
    let read = certificate.read.as_ref().map(|read| &read.certificate);
    let read = read.and_then(|read| {
        if read.is_self_issued() {
            return Some("itself".to_owned());
        }
        read.issuer_name.clone().or_else(|| Some(read.issuer.clone()).filter(|name| !name.is_empty()))
    });
    asked.or(read.map(|name| (name, None)))
}

/// What a connection shows, or showed when it was last made by an earlier run of the program.
fn presents(served: &Served, [now, then]: [&str; 2]) -> String {
    let place = at(&served.host, served.port);
    match served.seen_at {
        Some(seen_at) => format!("{place} {then} at {} UTC", seen_at.strftime("%H:%M on %-d %b %Y")),
        None => format!("{place} {now}"),
    }
}

/// What is wrong beside the end, in short.
pub(super) fn flaw(flaw: &Flaw) -> String {
    let whose = |place: usize| if place == 0 { "" } else { " of an authority" };
    match flaw {
        Flaw::NotReloaded(served) => {
            presents(served, ["still presents an older one", "presented an older one"])
        }
        Flaw::AnotherServed(served) => presents(served, ["presents another one", "presented another one"]),
        Flaw::OtherKey => "the private key beside it is not its own".to_owned(),
        Flaw::OtherNames(hosts) => {
            let more = hosts.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let shown: Vec<&str> = hosts.iter().take(3).map(String::as_str).collect();
            format!("used for {}{more}, which it is not for", shown.join(", "))
        }
        Flaw::WeakKey { place, key } => format!("weak key{}: {key}", whose(*place)),
        Flaw::BrokenSignature { place, algorithm } => {
            format!("signature{} that can be forged: {algorithm}", whose(*place))
        }
        Flaw::AuthorityEnded { .. } => "an authority that it rests on has run out".to_owned(),
        Flaw::SelfSigned => "signed by itself".to_owned(),
        Flaw::Loop => "its chain leads in a circle".to_owned(),
        Flaw::WrongOrder => "its chain is not in order".to_owned(),
        Flaw::BrokenBeside => "what stands beside it cannot all be read".to_owned(),
        Flaw::NoIssuer => "its issuer's certificate is missing".to_owned(),
        Flaw::NotPublic => "its authority is not one that browsers know".to_owned(),
    }
}

/// A name with its port, where that is not the usual one of HTTPS.
pub(super) fn at(host: &str, port: u16) -> String {
    if port == 443 { host.to_owned() } else { format!("{host}:{port}") }
}

/// Who renews it.
pub fn renewer(renewer: &Renewer) -> &'static str {
    match renewer {
        Renewer::CertManager => "cert-manager",
        Renewer::AutoHttps => "the hub (autohttps)",
        Renewer::KubeLego => "kube-lego, which is retired",
        Renewer::Person => "a person, in the chart's values",
        Renewer::NobodySeen => "nobody that is visible",
        Renewer::Operator => "its operator",
        Renewer::Hidden(_) => "not known",
    }
}

/// A standing as a word, with its picture and its colour.
pub(super) fn standing(standing: Standing) -> (&'static str, Shape, &'static str) {
    match standing {
        Standing::Expired => ("has run out", Shape::Fail, "text-fail"),
        Standing::NotYet => ("does not hold yet", Shape::Fail, "text-fail"),
        Standing::RunningOut => ("about to run out", Shape::Fail, "text-fail"),
        Standing::Late => ("renewal is late", Shape::Warn, "text-warn"),
        Standing::Good => ("in time", Shape::Pass, "text-pass"),
        Standing::Unknown => ("not known", Shape::Unknown, "text-unknown"),
    }
}

/// Why the end is not known, short.
pub(super) fn unseen(unseen: &Unseen) -> &'static str {
    match unseen {
        Unseen::InSecret => "in a Secret, which is not read",
        Unseen::Elsewhere => "kept where no object shows it",
        Unseen::NoStatus => "not issued yet, or no status",
        Unseen::Hidden(_) => "Certificates cannot be read",
        Unseen::NotInStore => "not in the store that serves it",
        Unseen::Missed(_) => "could not be looked at",
        Unseen::Unreadable(_) => "cannot be understood",
    }
}

/// How far away an end is from an instant, in words: `in 12 days`, or `never`.
pub(super) fn away(as_of: Timestamp, at: Timestamp) -> String {
    if is_never(at) { "never".to_owned() } else { ago(as_of.as_millisecond(), at.as_millisecond()) }
}

/// The first line of the page.
pub(super) fn headline(table: Option<&CertificateTable>, is_limited: bool, as_of: Timestamp) -> String {
    let Some(table) = table else {
        return if is_limited {
            "Certificates are shown to those who may see the whole cluster.".to_owned()
        } else {
            "Nothing is known of certificates yet.".to_owned()
        };
    };
    let servers = || table.certificates.iter().filter(|found| found.purpose == Purpose::Server);
    let mut known: Vec<_> = servers()
        .filter_map(|certificate| Some((certificate.validity.as_ref().ok()?.not_after, certificate)))
        .collect();
    known.sort_by_key(|(end, certificate)| (*end, name(certificate)));
    let (over, coming): (Vec<_>, Vec<_>) = known.into_iter().partition(|(end, _)| *end <= as_of);
    if let [(end, certificate)] = over.as_slice() {
        return format!("The certificate of {} ran out {}.", visible(&name(certificate)), away(as_of, *end));
    }
    if over.len() > 1 {
        return format!("{} certificates have run out.", sentence(&number(over.len() as u64)));
    }
    if let Some((end, certificate)) = coming.first() {
        let late = match certificate.standing(as_of) {
            Standing::Late | Standing::RunningOut => ", and its renewal is late",
            _ => "",
        };
        let name = visible(&name(certificate)).into_owned();
        return format!("The next certificate to run out is that of {name}, {}{late}.", away(as_of, *end));
    }
    let is_whole = table.gaps.is_empty() && table.missed.is_empty() && table.silent.is_empty();
    match (servers().count() as u64, is_whole) {
        (0, true) => "No certificate of a server is in use here, as far as can be seen.".to_owned(),
        (0, false) => "No certificate of a server was seen, and not everything could be read.".to_owned(),
        (1, _) => "When the one certificate runs out is not known.".to_owned(),
        (many, _) => format!("When the {} certificates run out is not known.", number(many)),
    }
}

/// What stands below it: where this is from, how more would be known, and how much is known at all. Names of settings stand between
/// backticks.
pub(super) fn lede(table: &CertificateTable) -> String {
    let secrets = if table.tiers.secrets {
        "Secrets are read where `certificates.secrets` names them."
    } else {
        "Secrets are not read: naming them under `certificates.secrets` would show what they hold."
    };
    let connections = if table.tiers.connections {
        "TLS connections are made to the names under `certificates.hosts`."
    } else {
        "No connection is made to the hubs: confirming their names under `certificates.hosts` would show what they present."
    };
    let mut text = format!("From objects of the cluster. {secrets} {connections}");
    if let Some(at) = table.tiers.recalled_from {
        text = format!(
            "{text} Perijove was started anew, and tells what it saw in connections at {} UTC until it has looked again.",
            at.strftime("%H:%M on %-d %b %Y")
        );
    }
    let all = table.certificates.len() as u64;
    let unknown =
        table.certificates.iter().filter(|certificate| certificate.validity.is_err()).count() as u64;
    if unknown > 0 && unknown < all {
        text = format!(
            "{text} Of {} {}, the {} of {} {} not known.",
            number(all),
            plural(all, "certificate"),
            plural(unknown, "end"),
            number(unknown),
            if unknown == 1 { "is" } else { "are" }
        );
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use posture::certificates::{Issuer, Kept, Tiers, Validity};

    use super::*;

    /// A certificate in a Secret, about which nothing is known.
    pub(in super::super) fn unknown(name: &str) -> Certificate {
        Certificate {
            kept: Kept::Secret { namespace: "jhub".into(), name: name.into() },
            entry: None,
            purpose: Purpose::Server,
            resource: None,
            names: Vec::new(),
            issuer: None,
            validity: Err(Unseen::InSecret),
            renewer: Renewer::NobodySeen,
            renewal_time: None,
            is_failing: false,
            is_ready: None,
            revision: None,
            uses: Vec::new(),
            read: None,
            seen: Vec::new(),
            missed: None,
            served: Vec::new(),
        }
    }

    /// One of cert-manager that holds for ninety days.
    pub(in super::super) fn ending(name: &str, end: Timestamp) -> Certificate {
        let start = Timestamp::from_second(end.as_second() - 90 * 86_400).unwrap();
        Certificate {
            names: vec![format!("{name}.example.edu")],
            issuer: Some(Issuer { kind: "Issuer".into(), name: "letsencrypt".into() }),
            validity: Ok(Validity { not_before: Some(start), not_after: end }),
            renewer: Renewer::CertManager,
            ..unknown(name)
        }
    }

    fn now() -> Timestamp {
        "2026-11-02T12:00:00Z".parse().unwrap()
    }

    fn in_days(days: i64) -> Timestamp {
        Timestamp::from_second(now().as_second() + days * 86_400).unwrap()
    }

    fn line(certificates: Vec<Certificate>) -> String {
        headline(Some(&CertificateTable { certificates, ..CertificateTable::default() }), false, now())
    }

    #[test]
    fn the_first_line_names_what_runs_out_next() {
        let line = line(vec![ending("late", in_days(60)), ending("soon", in_days(26)), unknown("x")]);
        assert_eq!(line, "The next certificate to run out is that of soon.example.edu, in 26 days.");
    }

    #[test]
    fn the_first_line_says_what_is_late_or_over() {
        let late = line(vec![ending("a", in_days(12))]);
        assert_eq!(
            late,
            "The next certificate to run out is that of a.example.edu, in 12 days, and its renewal is late."
        );
        let over = line(vec![ending("a", in_days(-3)), ending("b", in_days(12))]);
        assert_eq!(over, "The certificate of a.example.edu ran out 3 days ago.");
        assert_eq!(
            line(vec![ending("a", in_days(-3)), ending("b", in_days(-4))]),
            "Two certificates have run out."
        );
    }

    #[test]
    fn where_nothing_is_known_the_first_line_says_so() {
        assert_eq!(line(vec![unknown("a")]), "When the one certificate runs out is not known.");
        assert_eq!(line(vec![unknown("a"), unknown("b")]), "When the two certificates run out is not known.");
        assert_eq!(line(Vec::new()), "No certificate of a server is in use here, as far as can be seen.");
        assert_eq!(headline(None, false, now()), "Nothing is known of certificates yet.");
    }

    #[test]
    fn an_authority_is_not_the_next_to_run_out() {
        let authority = Certificate { purpose: Purpose::Authority, ..ending("ca", in_days(3)) };
        let line = line(vec![authority, ending("soon", in_days(26))]);
        assert_eq!(line, "The next certificate to run out is that of soon.example.edu, in 26 days.");
    }

    #[test]
    fn what_is_read_is_said_and_how_to_have_the_rest_read() {
        let table = |secrets, connections| CertificateTable {
            tiers: Tiers { secrets, connections, recalled_from: None },
            ..CertificateTable::default()
        };
        let none = lede(&table(false, false));
        assert!(none.contains("Secrets are not read") && none.contains("No connection is made"), "{none}");
        let both = lede(&table(true, true));
        assert!(!both.contains("not read") && !both.contains("No connection"), "{both}");
        assert!(both.contains("`certificates.secrets`") && both.contains("`certificates.hosts`"), "{both}");
    }

    #[test]
    fn only_so_many_names_are_listed() {
        let hosts = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert_eq!(flaw(&Flaw::OtherNames(hosts)), "used for a, b, c and 2 more, which it is not for");
    }

    #[test]
    fn how_much_is_known_is_said_where_something_is_and_something_is_not() {
        let table = |certificates| CertificateTable { certificates, ..CertificateTable::default() };
        let both = lede(&table(vec![ending("a", in_days(60)), unknown("b"), unknown("c")]));
        assert!(both.ends_with("Of three certificates, the ends of two are not known."), "{both}");
        let one = lede(&table(vec![ending("a", in_days(60)), unknown("b")]));
        assert!(one.ends_with("Of two certificates, the end of one is not known."), "{one}");
    }

    #[test]
    fn the_last_second_of_9999_is_no_end() {
        assert_eq!(away(Timestamp::UNIX_EPOCH, Timestamp::MAX), "never");
    }
}
