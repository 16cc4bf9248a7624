//! One certificate: what is read of it, and what is refused.

use posture::Timestamp;
use posture::x509::{AltName, Der, KeyAlgorithm, Malformed, X509, read};

use super::make::{
    CN, Recipe, algorithm, authority_key_id, constraints, extension, generalized, key, name, names, pss, rsa,
    subject_key_id, tlv, utc,
};

fn plain() -> Recipe {
    Recipe::new("hub.example.org", "An authority")
}

fn of(recipe: &Recipe) -> Result<X509, Malformed> {
    read(&Der::new(recipe.der()))
}

fn good(recipe: &Recipe) -> X509 {
    of(recipe).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn everything_is_read() {
    let recipe = plain()
        .with(names(&[(0x82, b"hub.example.org"), (0x87, &[192, 0, 2, 7])]))
        .with(constraints(true, Some(1)))
        .with(subject_key_id(&[0xab, 0xcd]))
        .with(authority_key_id(&[0x01]));
    let read = good(&recipe);
    assert_eq!(read.serial, "010203");
    assert_eq!(
        (read.subject.as_str(), read.common_name.as_deref()),
        ("CN=hub.example.org", Some("hub.example.org"))
    );
    assert_eq!(
        (read.issuer.as_str(), read.issuer_name.as_deref()),
        ("CN=An authority", Some("An authority"))
    );
    assert_eq!((read.not_before, read.not_after), (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")));
    let address = AltName::Ip("192.0.2.7".parse().unwrap());
    assert_eq!(read.names, [AltName::Dns("hub.example.org".to_owned()), address]);
    assert_eq!(read.key.algorithm, KeyAlgorithm::Ec("P-256".to_owned()));
    assert_eq!((read.signature.algorithm.as_str(), read.signature.is_broken), ("ecdsa-with-SHA256", false));
    assert_eq!((read.is_authority, read.path_length), (true, Some(1)));
    assert_eq!(
        (read.subject_key_id.as_deref(), read.authority_key_id.as_deref()),
        (Some("abcd"), Some("01"))
    );
    assert_ne!(read.subject_hash, read.issuer_hash);
}

#[test]
fn what_was_read_survives_json() {
    let read = good(&plain().with(names(&[(0x82, b"a"), (0x81, b"b@c")])));
    let text = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<X509>(&text).unwrap(), read);
}

#[test]
fn a_certificate_that_says_little_is_read() {
    let mut recipe = plain();
    (recipe.version, recipe.subject, recipe.issuer) =
        (None, name(&[]), name(&[&[("2.5.4.10", 0x0c, b"Example")]]));
    let read = good(&recipe);
    assert_eq!((read.subject.as_str(), read.common_name), ("", None));
    assert_eq!(read.issuer_name.as_deref(), Some("Example"), "without a common name its organisation");
    assert_eq!((read.names, read.is_authority), (Vec::new(), false));
}

#[test]
fn of_several_common_names_the_last_counts() {
    let mut recipe = plain();
    recipe.subject = name(&[&[(CN, 0x0c, b"outer")], &[(CN, 0x0c, b"inner")]]);
    assert_eq!(good(&recipe).common_name.as_deref(), Some("inner"));
    assert_eq!(good(&recipe).subject, "CN=inner,CN=outer");
}

#[test]
fn a_serial_number_keeps_its_sign() {
    for (bytes, text) in [
        (&[0x00][..], "00"),
        (&[0x0f], "0f"),
        (&[0x00, 0x80], "80"),
        (&[0x80], "-80"),
        (&[0xff], "-01"),
        (&[0xff, 0x00], "-0100"),
        (&[0xfe, 0x01], "-01ff"),
    ] {
        let mut recipe = plain();
        recipe.serial = bytes.to_vec();
        assert_eq!(good(&recipe).serial, text);
    }
}

#[test]
fn the_end_of_the_year_9999_is_never() {
    let mut recipe = plain();
    recipe.not_after = generalized("99991231235959Z");
    assert_eq!(good(&recipe).not_after, Timestamp::MAX);
    recipe.not_after = generalized("99991229235959Z");
    assert_eq!(good(&recipe).not_after, at("9999-12-29T23:59:59Z"));
}

#[test]
fn two_digits_of_a_year_mean_1950_to_2049() {
    let mut recipe = plain();
    (recipe.not_before, recipe.not_after) = (utc("500101000000Z"), utc("491231235959Z"));
    let read = good(&recipe);
    assert_eq!((read.not_before, read.not_after), (at("1950-01-01T00:00:00Z"), at("2049-12-31T23:59:59Z")));
}

#[test]
fn an_instant_that_is_none_is_malformed() {
    for wrong in [
        utc("260230000000Z"),
        utc("261301000000Z"),
        utc("260101240000Z"),
        utc("260101000060Z"),
        utc("2601010000Z"),
        utc("260101000000"),
        utc("260101000000Zx"),
        utc("26010100000-Z"),
        utc("260101000000+1300"),
        utc(""),
        generalized("20260101000000"),
        generalized("20260101000000.Z"),
        generalized("99999999999999Z"),
        generalized("-2260101000000Z"),
        tlv(0x0c, b"20260101000000Z"),
    ] {
        let mut recipe = plain();
        recipe.not_after = wrong.clone();
        assert!(of(&recipe).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_length_of_an_rsa_key_is_that_of_its_modulus() {
    for bits in [512, 1023, 1024, 2041, 2048, 4096] {
        let mut recipe = plain();
        recipe.key = rsa(bits);
        assert_eq!(good(&recipe).key.algorithm, KeyAlgorithm::Rsa(u32::try_from(bits).unwrap()));
    }
}

#[test]
fn keys_are_told_apart() {
    let kinds = [
        ("ED25519", KeyAlgorithm::Ed25519),
        ("ED448", KeyAlgorithm::Ed448),
        ("rsassaPss", KeyAlgorithm::Rsa(1024)),
        ("brainpoolP256r1", KeyAlgorithm::Ec("brainpoolP256r1".to_owned())),
        ("explicit", KeyAlgorithm::Ec("explicit".to_owned())),
        ("X25519", KeyAlgorithm::Other("1.3.101.110".to_owned())),
    ];
    for (kind, expected) in kinds {
        let mut recipe = plain();
        recipe.key = key(kind);
        assert_eq!(good(&recipe).key.algorithm, expected);
    }
}

#[test]
fn a_broken_hash_is_seen_in_pss_too() {
    let broken = |signature| {
        let mut recipe = plain();
        recipe.signature = signature;
        good(&recipe).signature.is_broken
    };
    assert!(broken(algorithm("1.2.840.113549.1.1.5")));
    assert!(broken(pss(None)), "the hash that is not named is SHA-1");
    assert!(broken(pss(Some("1.3.14.3.2.26"))));
    assert!(!broken(pss(Some("2.16.840.1.101.3.4.2.1"))));
    let mut recipe = plain();
    recipe.signature = algorithm("1.2.840.113549.1.1.10");
    assert!(of(&recipe).is_err(), "PSS that does not say its hash");
}

#[test]
fn what_belongs_nowhere_is_malformed() {
    let mut trailing = plain().der();
    trailing.push(0);
    assert_eq!(read(&Der::new(trailing)), Err(Malformed("bytes follow after it")));

    let twice = plain().with(constraints(false, None)).with(constraints(true, None));
    assert_eq!(of(&twice), Err(Malformed("it holds the same extension twice")));

    let names = plain().with(extension("2.5.29.17", &tlv(0x30, &[0x82, 0x05, b'a'])));
    assert_eq!(
        of(&names),
        Err(Malformed("its alternative names cannot be read")),
        "no names would be a claim"
    );

    let mut version = plain();
    version.version = Some(3);
    assert_eq!(of(&version), Err(Malformed("it is of a version that does not exist")));

    let mut serial = plain();
    serial.serial = vec![0x00, 0x01];
    assert!(of(&serial).is_err(), "a number with a zero too many");
}

/// A library that stops at the first part it cannot read would show a name that is cut short.
#[test]
fn a_name_is_read_to_its_end_or_not_at_all() {
    let mut recipe = plain();
    let first = tlv(0x31, &tlv(0x30, &[super::make::oid(CN), tlv(0x0c, b"hub.example.org")].concat()));
    recipe.subject = tlv(0x30, &[first, tlv(0x31, &[])].concat());
    assert!(of(&recipe).is_err());
}

#[test]
fn whatever_is_cut_off_is_malformed() {
    let whole = plain().with(names(&[(0x82, b"hub.example.org")])).with(constraints(true, None)).der();
    for length in 0..whole.len() {
        assert!(read(&Der::new(whole[..length].to_vec())).is_err(), "{length} bytes of {}", whole.len());
    }
}

#[test]
fn hostile_names_are_escaped() {
    let mut recipe = plain();
    recipe.subject = name(&[&[(CN, 0x0c, b" a,b\0\n\"#")], &[("1.2.3.4", 0x0c, b"x")]]);
    assert_eq!(good(&recipe).subject, "1.2.3.4=#0C0178,CN=\\ a\\,b\\00\\0A\\\"#");
    assert_eq!(good(&recipe).common_name.as_deref(), Some(" a,b\0\n\"#"));
}
