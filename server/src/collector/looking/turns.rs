//! Names behind which several servers answer that do not hold the same certificate: what is told of them must not go to and fro.

use jiff::Timestamp;
use posture::sighting::{Handshake, Trust};
use posture::x509::{Der, read};

/// For how many seconds a chain counts that newer connections do not show.
const COUNTS: i64 = 1_800;

/// The chains that a name has shown lately.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Each with whether browsers follow it and when it was shown last, the newest last.
    shown: Vec<(Vec<Der>, Trust, Timestamp)>,
    /// Whether one came back after another: after a renewal none does.
    is_in_turn: bool,
}

impl Turns {
    /// Notes what a handshake showed. Where chains are shown in turn, the one is put in its place that ends first, as somebody meets it; the
    /// others are named beside it.
    pub(super) fn note(&mut self, handshake: &mut Handshake, now: Timestamp) {
        if handshake.chain.is_empty() {
            return;
        }
        let newest = self.shown.last().map(|(chain, ..)| chain.clone());
        self.shown.retain(|(.., at)| now.as_second() - at.as_second() < COUNTS);
        let known = self.shown.len();
        self.shown.retain(|(chain, ..)| *chain != handshake.chain);
        let came_back = self.shown.len() < known && newest.as_ref() != Some(&handshake.chain);
        self.shown.push((handshake.chain.clone(), handshake.trust, now));
        self.is_in_turn = self.shown.len() > 1 && (self.is_in_turn || came_back);
        if !self.is_in_turn {
            return;
        }
        let mut all: Vec<_> = self.shown.iter().collect();
        all.sort_by_key(|(chain, ..)| {
            (chain.first().and_then(|first| Some(read(first).ok()?.not_after)), chain)
        });
        if let Some(((chain, trust, _), others)) = all.split_first() {
            (handshake.chain, handshake.trust) = (chain.clone(), *trust);
            let others = others.iter().filter_map(|(other, ..)| other.first());
            handshake.in_turn =
                others.filter(|other| Some(*other) != handshake.chain.first()).cloned().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use posture::sighting::{HstsSight, TlsVersion};
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate that holds until a year.
    fn until(year: i32) -> Der {
        let mut params = CertificateParams::new(vec!["hub.example.org".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        Der::new(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().as_ref())
    }

    /// What is told after each of these was shown, five minutes apart.
    fn told(shown: &[&Der]) -> Vec<(Der, usize)> {
        let mut turns = Turns::default();
        let each = shown.iter().zip(0..).map(|(der, round)| {
            let mut handshake = Handshake {
                newest: TlsVersion::Tls13,
                oldest: None,
                is_proven: true,
                chain: vec![(*der).clone()],
                in_turn: Vec::new(),
                trust: Trust::Public,
                hsts: HstsSight::NotSent,
            };
            turns.note(&mut handshake, Timestamp::from_second(round * 300).unwrap());
            (handshake.chain[0].clone(), handshake.in_turn.len())
        });
        each.collect()
    }

    #[test]
    fn a_renewal_is_told_at_once_and_is_nothing_in_turn() {
        let (old, new) = (until(2030), until(2040));
        let expected = [(old.clone(), 0), (old.clone(), 0), (new.clone(), 0), (new.clone(), 0)];
        assert_eq!(told(&[&old, &old, &new, &new]), expected);
    }

    #[test]
    fn what_is_shown_in_turn_is_told_as_the_one_that_ends_first_with_the_others_beside_it() {
        let (old, new) = (until(2030), until(2040));
        let told_of = told(&[&new, &old, &new, &new, &old, &new]);
        assert_eq!(told_of[..2], [(new.clone(), 0), (old.clone(), 0)], "that may be a renewal");
        for told in &told_of[2..] {
            assert_eq!(*told, (old.clone(), 1));
        }
    }

    #[test]
    fn what_was_not_shown_for_long_counts_no_more() {
        let (old, new) = (until(2030), until(2040));
        let shown = [[&old, &new, &old].as_slice(), &[&new; 8]].concat();
        assert_eq!(told(&shown).last(), Some(&(new.clone(), 0)));
    }
}
