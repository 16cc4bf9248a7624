//! A chain: which certificate issued which, what is missing, and where it is weakest.
//!
//! Signatures are not verified: what the names and key identifiers say is what clients build their paths from (RFC 5280, section 6; RFC 4158).

use super::{KeyAlgorithm, X509};

/// What certificates that are presented together are to each other. All numbers are places among them, counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// For each certificate, those that its names say may have issued it; one that issued itself is its own.
    pub issuers: Vec<Vec<usize>>,
    /// From the first certificate to the last authority that is there.
    pub path: Vec<usize>,
    /// Whether the certificates of the path stand in its order.
    pub is_ordered: bool,
    /// How the path ends.
    pub end: End,
    /// Certificates that are no part of the path: others, and repeated ones.
    pub superfluous: Vec<usize>,
    /// Where the path is weakest; `None` where there is none.
    pub weakest: Option<Weakest>,
}

/// How a path ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum End {
    /// There is no certificate.
    #[default]
    Nothing,
    /// With a certificate that issued itself.
    Root,
    /// With one whose issuer is not there, as usual where that is an authority that clients know.
    Missing {
        /// The issuer, as RFC 4514 writes it. Hostile text.
        issuer: String,
    },
    /// Never: the last was issued by one that is on the path already.
    Loop,
}

/// Where a path is weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weakest {
    /// The certificate that ends first; of several the one nearest to the first.
    pub ends_first: usize,
    /// The one with the weakest key, among the keys whose strength is known.
    pub key: Option<usize>,
    /// The first with a signature whose hash is broken; that of a certificate that issued itself does not count, since nobody relies on it.
    pub broken_signature: Option<usize>,
}

/// What certificates are to each other, in the order in which they are presented; the first is the one that the others are there for.
pub fn chain(certificates: &[X509]) -> Chain {
    let issuers: Vec<Vec<usize>> = certificates
        .iter()
        .map(|one| (0..certificates.len()).filter(|other| issued(&certificates[*other], one)).collect())
        .collect();
    if certificates.is_empty() {
        return Chain { is_ordered: true, ..Chain::default() };
    }
    let (path, end) = walk(certificates, &issuers);
    let superfluous = (0..certificates.len()).filter(|place| !path.contains(place)).collect();
    Chain {
        is_ordered: path.is_sorted(),
        weakest: weakest(certificates, &path, &issuers),
        issuers,
        path,
        end,
        superfluous,
    }
}

/// Whether one certificate may have issued another: the names must be equal, and the key identifiers where both say them.
fn issued(issuer: &X509, subject: &X509) -> bool {
    let keys = issuer.subject_key_id.as_ref().zip(subject.authority_key_id.as_ref());
    issuer.subject_hash == subject.issuer_hash && keys.is_none_or(|(its, wanted)| its == wanted)
}

/// Follows the issuers from the first certificate. Of several it takes the one that stands next, else the first.
fn walk(certificates: &[X509], issuers: &[Vec<usize>]) -> (Vec<usize>, End) {
    let mut path = vec![0];
    let mut last = 0;
    loop {
        if issuers[last].contains(&last) {
            return (path, End::Root);
        }
        let is_new = |place: &usize| {
            !path.iter().any(|known| certificates[*known].fingerprint == certificates[*place].fingerprint)
        };
        let mut candidates = issuers[last].iter().copied().filter(is_new);
        let next = candidates.clone().find(|place| *place == last + 1).or_else(|| candidates.next());
        match next {
            Some(next) => {
                path.push(next);
                last = next;
            }
            None if issuers[last].is_empty() => {
                return (path, End::Missing { issuer: certificates[last].issuer.clone() });
            }
            None => return (path, End::Loop),
        }
    }
}

fn weakest(certificates: &[X509], path: &[usize], issuers: &[Vec<usize>]) -> Option<Weakest> {
    let ends_first = path.iter().copied().min_by_key(|place| certificates[*place].not_after)?;
    let strengths =
        path.iter().filter_map(|place| Some((certificates[*place].key.algorithm.strength()?, *place)));
    let key = strengths.min_by_key(|(strength, _)| *strength).map(|(_, place)| place);
    let relied_on = |place: &&usize| !issuers[**place].contains(*place);
    let mut signed = path.iter().filter(relied_on).copied();
    let broken_signature = signed.find(|place| certificates[*place].signature.is_broken);
    Some(Weakest { ends_first, key, broken_signature })
}

impl KeyAlgorithm {
    /// The strength of a key in bits, as NIST SP 800-57 part 1 (revision 5, table 2) puts it; `None` where it is not known. RSA below 1024
    /// bits has none to speak of.
    pub fn strength(&self) -> Option<u32> {
        Some(match self {
            Self::Rsa(..1024) => 0,
            Self::Rsa(1024..2048) => 80,
            Self::Rsa(2048..3072) => 112,
            Self::Rsa(3072..7680) | Self::Ed25519 => 128,
            Self::Rsa(7680..15360) => 192,
            Self::Rsa(15360..) => 256,
            Self::Ec(curve) => curve_strength(curve)?,
            Self::Ed448 => 224,
            Self::Other(_) => return None,
        })
    }
}

/// Half the length of the order of a curve.
fn curve_strength(curve: &str) -> Option<u32> {
    match curve {
        "P-521" => Some(256),
        "secp256k1" | "SM2" => Some(128),
        _ => {
            let brainpool = curve.strip_prefix("brainpoolP").and_then(|rest| rest.get(..3));
            let named = curve.strip_prefix("P-").or(brainpool);
            Some(named?.parse::<u32>().ok()? / 2)
        }
    }
}
