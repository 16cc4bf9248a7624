//! Flags certificates that are for other names, too weak, or put together wrongly.

use jiff::Timestamp;

use crate::certificates::{Certificate, Kept, Read};
use crate::check::certificates::{self, Connection, called, evidence, shown};
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
    worst_with,
};
use crate::derived::TlsMode;
use crate::derived::tls::covers;
use crate::fix::Fix;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::sighting::Trust;
use crate::text::{Arg, Reason};
use crate::x509::{self, Chain, End, X509};

pub(super) const CHECK: Check = Check {
    code: "TLS-11",
    name: "certificate-unfit",
    title: "The certificate is for the hub's names, strong and complete",
    fault: "The certificate does not fit",
    severity: Severity::High,
    topic: Topic::Https,
    since: "0.1.0",
    why: "A browser refuses a certificate for another name, and a key or a signature that is too weak can be forged. A missing intermediate \
          breaks programs and some browsers, although others fetch it.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown, Verdict::NotApplicable],
    needs: &[
        Kind::Service, Kind::Deployment, Kind::ConfigMap, Kind::Ingress, Kind::HttpRoute, Kind::Gateway, Kind::Certificate,
    ],
    fixes: &[
        Fix::advice("Put the certificates of the intermediate authorities behind the server's own, in one file, each followed by its \
              issuer.").case("chain"),
        Fix::advice("Put the private key that belongs to the certificate beside it: both are made in one step.").case("key"),
        Fix::advice("Have the certificate issued again: for every name of the hub, with an ECDSA P-256 or RSA 2048 key and SHA-256, by an \
              authority that browsers know."),
    ],
    kubectl: &["kubectl", "--namespace", "<certificate-namespace>", "get", "<source>", "--output", "<output>"],
    references: &[
        Reference { title: "RFC 6125: Service identity in TLS", url: "https://www.rfc-editor.org/rfc/rfc6125" },
        Reference {
            title: "NIST SP 800-57 Part 1: Recommendation for Key Management",
            url: "https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final",
        },
    ],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let tls = context.derived.tls(hub)?;
    if tls.mode == TlsMode::None {
        return Ok(certificates::no_https());
    }
    let connections = certificates::connections(context, hub);
    let parts = certificates::of_hub(context, hub).into_iter().flat_map(|certificate| {
        let others = of_names(context, hub, certificate, &connections.seen);
        let is_inside = certificates::is_inside(context, hub, tls);
        others.into_iter().chain([of_contents(context, certificate, is_inside)])
    });
    let hidden = (!tls.ends_in_hub()).then(|| tls.hidden_fronts.clone()).flatten();
    let parts = parts.chain(hidden.map(|gap| Err(gap.into())));
    // What a name that was to be looked at presents may be worse.
    let parts = parts.chain(connections.not_shown().into_iter().map(Err));
    Ok(worst(parts).ok_or_else(|| {
        Reason::new(
            "no-certificate",
            "No certificate that the hub is reached by is visible; a connection to its name, confirmed under `certificates.hosts`, would show it",
        )
    })?)
}

/// The names that a certificate is used for and is not for.
fn of_names(
    context: &Context<'_>,
    hub: &Hub,
    certificate: &Certificate,
    seen: &[Connection<'_>],
) -> Option<Judgement> {
    let names = certificate.proven_names()?;
    let is_for = |host: &str| names.iter().any(|name| covers(name, host));
    let uncovered =
        context.derived.certificates.uncovered.iter().filter(|uncovered| {
            uncovered.hubs.contains(&hub.key) && uncovered.used.contains(&certificate.kept)
        });
    let by_objects = uncovered.map(|uncovered| uncovered.host.as_str()).filter(|host| !is_for(host));
    // What a connection shows is served under that name, whatever objects say.
    let served = seen.iter().filter(|connection| {
        certificate.served.iter().any(|served| {
            served.is_same == Some(true) && served.host == connection.host && served.port == connection.port
        }) || certificate.kept == (Kept::Endpoint { host: connection.host.to_owned(), port: connection.port })
    });
    let mut hosts: Vec<&str> =
        by_objects.chain(served.map(|connection| connection.host).filter(|host| !is_for(host))).collect();
    hosts.sort_unstable();
    hosts.dedup();
    if hosts.is_empty() {
        return None;
    }
    let only_common_name = certificate.read.as_ref().is_some_and(|read| read.certificate.names.is_empty());
    let reason = if only_common_name {
        Reason::new(
            "common-name-only",
            "The certificate of {certificate} names hosts in its common name only, which browsers pass over; it is for none of {hosts}",
        )
    } else {
        Reason::new("other-names", "The certificate of {certificate} is not for {hosts}")
    };
    let wanted = Arg::List(hosts.into_iter().map(Arg::text).collect());
    let found =
        if names.is_empty() { Arg::word("none") } else { Arg::List(names.iter().map(Arg::text).collect()) };
    let outcome =
        Outcome::fail(reason.with("certificate", called(certificate)).with("hosts", wanted.clone()))
            .because(evidence(certificate, names_path(certificate), found).wanted(wanted))
            .case("names");
    Some(Ok(shown(outcome, certificate)))
}

fn names_path(certificate: &Certificate) -> &'static str {
    if certificate.read.is_none() { "spec.dnsNames" } else { "subjectAltName" }
}

/// What stands in a certificate and beside it.
///
/// `is_inside`: only a network that may have an authority of its own reaches the hub.
fn of_contents(context: &Context<'_>, certificate: &Certificate, is_inside: bool) -> Judgement {
    let Some(read) = &certificate.read else { return Err(not_read(certificate)) };
    let all = read.all();
    let path = x509::chain(&all);
    let names = certificate.names.iter().map(Arg::text).collect();
    let first = Outcome::pass(Reason::new("fits", "The certificate of {certificate} is strong and complete"))
        .because(evidence(certificate, "subjectAltName", Arg::List(names)));
    let parts = [
        weak_key(certificate, &all, &path),
        broken_signature(certificate, &all, &path),
        key_of_it(certificate, read),
        ended_authority(certificate, &all, &path, context.now),
        way_to_authority(certificate, read, &path, is_inside),
    ];
    let outcome = worst_with(first, parts.into_iter().flatten().map(Ok));
    let reason = outcome.reason.clone().with("certificate", called(certificate));
    Ok(shown(Outcome { reason, ..outcome }, certificate))
}

fn not_read(certificate: &Certificate) -> Unknown {
    match &certificate.validity {
        Err(unseen) => Reason::new("not-read", "What stands in the certificate of {certificate} is not known. {why}")
            .with("certificate", called(certificate))
            .with("why", Arg::word(unseen.sentence()))
            .into(),
        Ok(_) => Reason::new(
            "only-its-dates",
            "cert-manager tells the dates and names of the certificate of {certificate}, but not its key and chain. Naming the Secret under \
                  `certificates.secrets`, or one of its names under `certificates.hosts`, would show them",
        )
        .with("certificate", called(certificate))
        .into(),
    }
}

/// The weakest key on the way to an authority, if it can be broken: below 112 bits of strength, which RSA has from 2048 bits on.
fn weak_key(certificate: &Certificate, all: &[X509], path: &Chain) -> Option<Outcome> {
    let place = path.weakest?.key?;
    let weakest = &all[place].key.algorithm;
    weakest.strength().filter(|strength| *strength < 112)?;
    let key = Arg::text(weakest.to_string());
    let reason = match place {
        0 => Reason::new("weak-key", "The certificate of {certificate} has a key that is too weak: {key}"),
        _ => Reason::new(
            "weak-authority",
            "The certificate of {certificate} rests on an authority with a key that is too weak: {key}",
        ),
    };
    let fact = evidence(certificate, &at(place, "public key"), key.clone());
    Some(
        Outcome::fail(reason.with("key", key))
            .because(fact.wanted(Arg::word("RSA of 2048 bits or more, or ECDSA P-256")))
            .case("weak"),
    )
}

fn broken_signature(certificate: &Certificate, all: &[X509], path: &Chain) -> Option<Outcome> {
    let place = path.weakest?.broken_signature?;
    let algorithm = Arg::text(&all[place].signature.algorithm);
    let reason = match place {
        0 => Reason::new(
            "broken-signature",
            "The certificate of {certificate} is signed with {algorithm}, which can be forged",
        ),
        _ => Reason::new(
            "broken-signature-of-authority",
            "The certificate of {certificate} rests on an authority whose certificate is signed with {algorithm}, which can be forged",
        ),
    };
    let fact = evidence(certificate, &at(place, "signature algorithm"), algorithm.clone());
    let outcome = Outcome::fail(reason.with("algorithm", algorithm));
    Some(outcome.because(fact.wanted(Arg::word("SHA-256 or better"))).case("weak"))
}

/// Which certificate a field is of.
fn at(place: usize, field: &str) -> String {
    if place == 0 { field.to_owned() } else { format!("{field} of certificate {} of the chain", place + 1) }
}

/// An authority on the way that has run out; clients that know another way go on.
fn ended_authority(certificate: &Certificate, all: &[X509], path: &Chain, now: Timestamp) -> Option<Outcome> {
    let place = path.weakest?.ends_first;
    let end = all[place].not_after;
    (place > 0 && end < now).then(|| {
        let reason = Reason::new(
            "authority-ended",
            "An authority that the certificate of {certificate} rests on ran out {end}; clients that know no other way refuse it",
        );
        let fact = evidence(certificate, &at(place, "notAfter"), Arg::Instant(end));
        let outcome = Outcome::warn(reason.with("end", Arg::Instant(end)));
        outcome.because(fact.wanted(Arg::word("later"))).case("chain")
    })
}

fn key_of_it(certificate: &Certificate, read: &Read) -> Option<Outcome> {
    (read.key_matches == Some(false)).then(|| {
        let reason = Reason::new(
            "other-key",
            "The private key beside the certificate of {certificate} is not its own",
        );
        Outcome::fail(reason)
            .because(
                evidence(certificate, "tls.key", Arg::word("another key"))
                    .wanted(Arg::word("the certificate's own key")),
            )
            .case("key")
    })
}

/// What leads from the certificate to an authority.
fn way_to_authority(
    certificate: &Certificate,
    read: &Read,
    path: &Chain,
    is_inside: bool,
) -> Option<Outcome> {
    let issuer = Arg::text(&read.certificate.issuer);
    let fact = |found: Arg, wanted: &str| evidence(certificate, "issuer", found).wanted(Arg::word(wanted));
    let known = "an authority that browsers know";
    if read.certificate.is_self_issued() {
        let reason = Reason::new(
            "self-signed",
            "The certificate of {certificate} is signed by itself, so browsers warn of it",
        );
        return Some(Outcome::warn(reason).because(fact(issuer, known)));
    }
    if read.unreadable > 0 {
        let reason = Reason::new(
            "chain-broken",
            "What stands beside the certificate of {certificate} cannot all be read, and a server may refuse to load it",
        );
        let count = Arg::Number(i64::try_from(read.unreadable).unwrap_or(i64::MAX));
        let fact = evidence(certificate, "certificates that cannot be read", count).wanted(Arg::word("none"));
        return Some(Outcome::warn(reason).because(fact).case("chain"));
    }
    if path.end == End::Loop {
        let reason = Reason::new(
            "chain-loops",
            "The certificates beside that of {certificate} issued each other and lead to no authority",
        );
        return Some(Outcome::warn(reason).because(fact(issuer, known)).case("chain"));
    }
    if !path.is_ordered {
        let reason = Reason::new(
            "chain-order",
            "The certificates beside that of {certificate} are not in order: each must be followed by its issuer",
        );
        return Some(
            Outcome::warn(reason).because(fact(issuer, "the next certificate's subject")).case("chain"),
        );
    }
    if path.path.len() == 1 && read.trust != Some(Trust::Public) {
        let reason = Reason::new(
            "no-chain",
            "The certificate of its issuer {issuer} is missing beside that of {certificate}, unless every client has it",
        );
        let outcome = Outcome::warn(reason.with("issuer", issuer.clone()));
        return Some(outcome.because(fact(issuer, "its certificate beside this one")).case("chain"));
    }
    (read.trust == Some(Trust::NotPublic) && !is_inside).then(|| {
        let reason = Reason::new(
            "private-authority",
            "The certificate of {certificate} does not lead to an authority that browsers know",
        );
        Outcome::warn(reason).because(fact(issuer, known))
    })
}
