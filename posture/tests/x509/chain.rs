//! Chains: what is said of certificates that are presented together.

use posture::x509::{Chain, Der, End, KeyAlgorithm, Weakest, X509, chain, read};
use proptest::prelude::*;

use super::make::{self, Recipe};

fn one(recipe: &Recipe) -> X509 {
    read(&Der::new(recipe.der())).unwrap()
}

fn issued(subject: &str, issuer: &str) -> X509 {
    one(&Recipe::new(subject, issuer))
}

/// A whole chain, its own certificate first.
fn whole() -> Vec<X509> {
    vec![issued("hub", "R1"), issued("R1", "Root"), issued("Root", "Root")]
}

#[test]
fn a_whole_chain_is_in_order_and_ends_with_its_root() {
    let said = chain(&whole());
    assert_eq!((said.path, said.is_ordered, said.end), (vec![0, 1, 2], true, End::Root));
    assert_eq!((said.superfluous, said.issuers), (vec![], vec![vec![1], vec![2], vec![2]]));
}

#[test]
fn nothing_is_no_chain() {
    assert_eq!(chain(&[]), Chain { is_ordered: true, ..Chain::default() });
}

#[test]
fn the_issuer_that_is_not_there_is_named() {
    let missing = |certificates: &[X509]| chain(certificates).end;
    assert_eq!(missing(&whole()[..2]), End::Missing { issuer: "CN=Root".to_owned() });
    assert_eq!(missing(&whole()[..1]), End::Missing { issuer: "CN=R1".to_owned() });
}

#[test]
fn the_wrong_order_is_seen() {
    let [hub, r1, root] = <[X509; 3]>::try_from(whole()).unwrap();
    let said = chain(&[hub, root, r1]);
    assert_eq!((said.path, said.is_ordered, said.end), (vec![0, 2, 1], false, End::Root));
}

#[test]
fn strangers_and_repeated_certificates_are_superfluous() {
    let [hub, r1, root] = <[X509; 3]>::try_from(whole()).unwrap();
    let said = chain(&[hub.clone(), hub, r1, issued("Other", "Other"), root]);
    assert_eq!((said.path, said.superfluous, said.is_ordered), (vec![0, 2, 4], vec![1, 3], true));
}

#[test]
fn a_loop_ends() {
    let said = chain(&[issued("A", "B"), issued("B", "A")]);
    assert_eq!((said.path, said.end), (vec![0, 1], End::Loop));
    let said = chain(&[issued("hub", "A"), issued("A", "B"), issued("B", "C"), issued("C", "A")]);
    assert_eq!((said.path, said.end), (vec![0, 1, 2, 3], End::Loop));
}

#[test]
fn key_identifiers_decide_between_authorities_of_one_name() {
    let hub = one(&Recipe::new("hub", "R1").with(make::authority_key_id(&[2])));
    let authority = |id| one(&Recipe::new("R1", "Root").with(make::subject_key_id(&[id])));
    assert_eq!(chain(&[hub.clone(), authority(1), authority(2)]).path, [0, 2]);
    assert_eq!(chain(&[hub, authority(1)]).end, End::Missing { issuer: "CN=R1".to_owned() });
}

/// An authority that changed its key signs the new one with the old: the names are equal, and yet it did not issue itself.
#[test]
fn a_certificate_of_the_same_name_is_not_its_own_issuer_where_keys_differ() {
    let renewed =
        one(&Recipe::new("Root", "Root").with(make::subject_key_id(&[2])).with(make::authority_key_id(&[1])));
    let old = one(&Recipe::new("Root", "Root").with(make::subject_key_id(&[1])));
    let said = chain(&[renewed.clone(), old]);
    assert_eq!((said.path, said.end), (vec![0, 1], End::Root));
    assert_eq!(chain(&[renewed]).end, End::Missing { issuer: "CN=Root".to_owned() });
}

#[test]
fn the_weakest_link_is_found() {
    let mut certificates = whole();
    certificates[1].not_after = "2026-06-01T00:00:00Z".parse().unwrap();
    certificates[2].key.algorithm = KeyAlgorithm::Rsa(1024);
    certificates[1].signature.is_broken = true;
    let weakest = Weakest { ends_first: 1, key: Some(2), broken_signature: Some(1) };
    assert_eq!(chain(&certificates).weakest, Some(weakest));
}

#[test]
fn the_signature_of_a_root_does_not_count() {
    let mut certificates = whole();
    certificates[2].signature.is_broken = true;
    assert_eq!(chain(&certificates).weakest.unwrap().broken_signature, None);
}

#[test]
fn what_is_no_part_of_the_path_is_not_weak() {
    let mut certificates = whole();
    certificates.push(issued("Other", "Other"));
    certificates[3].not_after = "2020-01-01T00:00:00Z".parse().unwrap();
    certificates[3].key.algorithm = KeyAlgorithm::Rsa(512);
    let weakest = chain(&certificates).weakest.unwrap();
    assert_eq!((weakest.ends_first, weakest.key), (0, Some(0)));
}

#[test]
fn the_strength_of_a_key_is_that_of_nist() {
    let curve = |name: &str| KeyAlgorithm::Ec(name.to_owned()).strength();
    assert_eq!(["P-192", "P-256", "P-384", "P-521"].map(curve), [Some(96), Some(128), Some(192), Some(256)]);
    assert_eq!(["brainpoolP512t1", "secp256k1"].map(curve), [Some(256), Some(128)]);
    assert_eq!(["1.2.3.4", "explicit"].map(curve), [None, None]);
    assert_eq!(
        [1023, 1024, 2048, 4096].map(|bits| KeyAlgorithm::Rsa(bits).strength()),
        [0, 80, 112, 128].map(Some)
    );
    assert!(KeyAlgorithm::Other("1.2.3".to_owned()).strength().is_none());
}

/// Certificates of few names and keys, so that they are related in all ways there are.
fn related() -> impl Strategy<Value = Vec<X509>> {
    let parts = (0..4_u8, 0..4_u8, proptest::option::of(0..2_u8), proptest::option::of(0..2_u8), 0..3_u8);
    proptest::collection::vec(parts, 1..7).prop_map(|all| {
        let make = |(subject, issuer, its, wanted, serial): (u8, u8, Option<u8>, Option<u8>, u8)| {
            let mut recipe = Recipe::new(&format!("N{subject}"), &format!("N{issuer}"));
            recipe.serial = vec![serial];
            recipe.extensions.extend(its.map(|id| make::subject_key_id(&[id])));
            recipe.extensions.extend(wanted.map(|id| make::authority_key_id(&[id])));
            one(&recipe)
        };
        all.into_iter().map(make).collect()
    })
}

proptest! {
    /// Whatever is presented, the path is one: it begins with the first, each is issued by the next, and none comes twice.
    #[test]
    fn a_path_is_a_path(certificates in related()) {
        let said = chain(&certificates);
        prop_assert_eq!(said.path[0], 0);
        for pair in said.path.windows(2) {
            let (subject, issuer) = (&certificates[pair[0]], &certificates[pair[1]]);
            prop_assert_eq!(&subject.issuer, &issuer.subject);
            prop_assert!(said.issuers[pair[0]].contains(&pair[1]));
        }
        let mut all = [said.path.clone(), said.superfluous.clone()].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..certificates.len()).collect::<Vec<_>>());
        let last = *said.path.last().unwrap();
        match &said.end {
            End::Root => prop_assert!(said.issuers[last].contains(&last)),
            End::Missing { issuer } => {
                prop_assert_eq!(issuer, &certificates[last].issuer);
                prop_assert!(said.issuers[last].is_empty());
            }
            End::Loop => prop_assert!(!said.issuers[last].is_empty()),
            End::Nothing => prop_assert!(false, "there is a certificate"),
        }
        let weakest = said.weakest.unwrap();
        let earliest = said.path.iter().map(|place| certificates[*place].not_after).min();
        prop_assert_eq!(Some(certificates[weakest.ends_first].not_after), earliest);
    }

    /// However the authorities are shuffled, the path is the same one, and only its order is said to be wrong.
    #[test]
    fn the_order_changes_nothing_but_the_order(length in 1..6_usize, swaps in proptest::collection::vec((0..6_usize, 0..6_usize), 0..6)) {
        let name = |place: usize| format!("N{place}");
        let mut certificates: Vec<X509> =
            (0..length).map(|place| issued(&name(place), &name((place + 1).min(length - 1)))).collect();
        let straight: Vec<String> = certificates.iter().map(|one| one.subject.clone()).collect();
        for (one, other) in swaps.into_iter().filter(|_| length > 2) {
            certificates.swap(1 + one % (length - 1), 1 + other % (length - 1));
        }
        let shuffled: Vec<String> = certificates.iter().map(|one| one.subject.clone()).collect();
        let said = chain(&certificates);
        let path: Vec<String> = said.path.iter().map(|place| certificates[*place].subject.clone()).collect();
        prop_assert_eq!(said.is_ordered, shuffled == straight);
        prop_assert_eq!(path, straight);
        prop_assert_eq!(said.end, End::Root);
    }
}
