//! What is wrong with a certificate beside its end, as the checks judge it; in short, for lists.

use jiff::Timestamp;

use super::{Certificate, CertificateTable, Kept, Purpose, Read, Served};
use crate::derived::tls::covers;
use crate::sighting::Trust;
use crate::x509::{self, Chain, End, X509};

/// Something that is wrong with a certificate beside its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// A name still presents an older certificate than the one that is kept.
    NotReloaded(Served),
    /// A name presents another certificate that is no older.
    AnotherServed(Served),
    /// The private key beside it is not its own.
    OtherKey,
    /// It is used for names that it is not for.
    OtherNames(Vec<String>),
    /// A key on the way to an authority is too weak, its own or that of an authority.
    WeakKey {
        /// The place in the chain, counted from 0.
        place: usize,
        /// The key: `RSA 1024`.
        key: String,
    },
    /// A signature on the way to an authority can be forged.
    BrokenSignature {
        /// The place in the chain, counted from 0.
        place: usize,
        /// The name of the signature's algorithm.
        algorithm: String,
    },
    /// An authority on the way has run out.
    AuthorityEnded {
        /// The place in the chain, counted from 0.
        place: usize,
        /// Until when it held.
        end: Timestamp,
    },
    /// It is signed by itself, so that browsers warn of it.
    SelfSigned,
    /// What is beside it leads in a circle.
    Loop,
    /// What is beside it does not stand in order.
    WrongOrder,
    /// What stands beside it cannot all be read.
    BrokenBeside,
    /// The certificate of its issuer is not beside it.
    NoIssuer,
    /// It does not lead to an authority that browsers know.
    NotPublic,
}

impl Flaw {
    /// Whether clients refuse it, or could be deceived, as things are.
    pub fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::NotReloaded(_)
                | Self::OtherKey
                | Self::OtherNames(_)
                | Self::WeakKey { .. }
                | Self::BrokenSignature { .. }
        )
    }
}

impl CertificateTable {
    /// What is wrong with one of the certificates, beside its end.
    pub fn flaws(&self, certificate: &Certificate, now: Timestamp) -> Vec<Flaw> {
        let mut flaws = self.served_otherwise(certificate);
        flaws.extend(self.other_names(certificate));
        let Some(read) = &certificate.read else { return flaws };
        flaws.extend((read.key_matches == Some(false)).then_some(Flaw::OtherKey));
        let all = read.all();
        let chain = x509::chain(&all);
        flaws.extend(weakness(&all, &chain, now));
        // Clients of an authority, and of the API server, know whom to trust by other means than browsers.
        if certificate.purpose == Purpose::Server && certificate.kept != Kept::ApiServer {
            flaws.extend(way(&all, &chain, read));
        }
        flaws
    }

    /// The names that present another certificate, unless one of those that may be presented is not known or is the one.
    fn served_otherwise(&self, certificate: &Certificate) -> Vec<Flaw> {
        let others = certificate.served.iter().filter(|served| served.is_same == Some(false));
        let others = others.filter(|served| {
            let at = (&served.host, served.port);
            let all = self.certificates.iter().flat_map(|other| &other.served);
            !all.filter(|other| (&other.host, other.port) == at).any(|other| other.is_same != Some(false))
        });
        others
            .map(|served| {
                let flaw = if served.is_stale { Flaw::NotReloaded } else { Flaw::AnotherServed };
                flaw(served.clone())
            })
            .collect()
    }

    fn other_names(&self, certificate: &Certificate) -> Option<Flaw> {
        let names = certificate.proven_names()?;
        let is_for = |host: &str| names.iter().any(|name| covers(name, host));
        let used = self.uncovered.iter().filter(|uncovered| uncovered.used.contains(&certificate.kept));
        let served = certificate.served.iter().filter(|served| served.is_same == Some(true));
        let alone = match &certificate.kept {
            Kept::Endpoint { host, .. } => Some(host),
            _ => None,
        };
        let hosts =
            used.map(|uncovered| &uncovered.host).chain(served.map(|served| &served.host)).chain(alone);
        let mut hosts: Vec<String> = hosts.filter(|host| !is_for(host)).cloned().collect();
        hosts.sort();
        hosts.dedup();
        (!hosts.is_empty()).then_some(Flaw::OtherNames(hosts))
    }
}

/// The strength that a key must have at least, in bits: what RSA has from 2048 bits on.
const LEAST_STRENGTH: u32 = 112;

fn weakness(all: &[X509], chain: &Chain, now: Timestamp) -> Vec<Flaw> {
    let Some(weakest) = chain.weakest else { return Vec::new() };
    let key = weakest.key.filter(|place| {
        all[*place].key.algorithm.strength().is_some_and(|strength| strength < LEAST_STRENGTH)
    });
    let key = key.map(|place| Flaw::WeakKey { place, key: all[place].key.algorithm.to_string() });
    let signature = weakest
        .broken_signature
        .map(|place| Flaw::BrokenSignature { place, algorithm: all[place].signature.algorithm.clone() });
    let (place, end) = (weakest.ends_first, all[weakest.ends_first].not_after);
    let ended = (place > 0 && end < now).then_some(Flaw::AuthorityEnded { place, end });
    [key, signature, ended].into_iter().flatten().collect()
}

/// What is wrong with the way to an authority.
fn way(all: &[X509], chain: &Chain, read: &Read) -> Option<Flaw> {
    let trust = read.trust;
    if all[0].is_self_issued() {
        return Some(Flaw::SelfSigned);
    }
    if read.unreadable > 0 {
        return Some(Flaw::BrokenBeside);
    }
    if chain.end == End::Loop {
        return Some(Flaw::Loop);
    }
    if !chain.is_ordered {
        return Some(Flaw::WrongOrder);
    }
    if chain.path.len() == 1 && trust != Some(Trust::Public) {
        return Some(Flaw::NoIssuer);
    }
    (trust == Some(Trust::NotPublic)).then_some(Flaw::NotPublic)
}
