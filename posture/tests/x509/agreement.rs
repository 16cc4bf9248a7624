//! We and OpenSSL read the same in thousands of certificates, and refuse the same bytes.

use std::collections::BTreeMap;

use posture::x509::{Der, read};

use super::make::{CN, Dice, Recipe, name, names, pem};
use super::many;
use super::openssl::{self, Said};

/// So many certificates are compared; their encodings and keys are chosen by dice that always fall the same way.
const COMPARED: usize = 2400;

#[test]
fn we_read_what_openssl_reads() {
    if !openssl::is_there("openssl", "version") {
        return;
    }
    let certificates = many::certificates(COMPARED);
    let bundle: String = certificates.iter().map(|der| pem("CERTIFICATE", der)).collect();
    let theirs = openssl::texts(&bundle);
    assert_eq!(theirs.len(), COMPARED, "OpenSSL should read all of them");
    let subjects = openssl::subjects(&bundle);
    for (number, (der, theirs)) in certificates.iter().zip(&theirs).enumerate() {
        let ours = read(&Der::new(der.clone())).unwrap_or_else(|why| panic!("certificate {number}: {why}"));
        let text = pem("CERTIFICATE", der);
        assert_eq!(Said::of(&ours), *theirs, "certificate {number}\n{text}");
        let (subject, issuer) = &subjects[text.trim()];
        assert_eq!((&ours.subject, &ours.issuer), (subject, issuer), "certificate {number}\n{text}");
    }
    println!("{COMPARED} certificates read as OpenSSL reads them");
}

/// What cannot be asked for many at once.
#[test]
fn the_fingerprint_and_names_of_unknown_types_are_those_of_openssl() {
    if !openssl::is_there("openssl", "version") {
        return;
    }
    for text in ["x", " a,b", "é"] {
        let mut recipe = Recipe::new("hub.example.org", text);
        recipe.subject =
            name(&[&[("2.999.4000000000.1", 0x0c, text.as_bytes()), (CN, 0x0c, text.as_bytes())]]);
        let ours = read(&Der::new(recipe.der())).unwrap();
        let mut arguments = vec!["x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", "-subject"];
        arguments.extend(["-nameopt", "RFC2253,-esc_msb", "-in", "INPUT"]);
        let theirs = String::from_utf8(openssl::run(&arguments, &recipe.der())).unwrap();
        let (fingerprint, subject) = theirs.trim_end_matches('\n').split_once("\nsubject=").unwrap();
        assert_eq!(
            ours.fingerprint.to_string(),
            fingerprint.rsplit('=').next().unwrap().replace(':', "").to_lowercase()
        );
        assert_eq!(ours.subject, subject);
    }
}

/// So many broken certificates are compared.
const BROKEN: usize = 2000;

/// Why we refuse what OpenSSL still prints. Each is something that no client takes, or of which OpenSSL says in its output that it could not
/// read it; a certificate that we read and a client does not would be the worse fault.
const STRICTER: [(&str, &str); 17] = [
    (
        "bytes follow after it",
        "OpenSSL reads what comes first and does not look further; Go and rustls refuse it",
    ),
    ("its period holds an instant that is none", "OpenSSL prints `Bad time value`"),
    ("its alternative names cannot be read", "OpenSSL prints the bytes of the extension"),
    ("its basic constraints cannot be read", "OpenSSL prints the bytes of the extension"),
    ("its key identifiers cannot be read", "OpenSSL prints the bytes of the extension"),
    ("its RSA key cannot be read", "OpenSSL prints `Unable to load Public Key`"),
    ("its key names no curve", "OpenSSL prints `Unable to load Public Key`"),
    ("its signature does not say its hash", "OpenSSL prints `INVALID PSS PARAMETERS`"),
    (
        "it says in two places what it is signed with, and they differ",
        "RFC 5280, 4.1.1.2: they must be equal; verification fails",
    ),
    ("it is of a version that does not exist", "OpenSSL prints `Unknown`"),
    ("it holds the same extension twice", "RFC 5280, 4.2: it must not; verification fails"),
    ("a name in it holds something that is no text", "RFC 5280 knows only strings there"),
    (
        "a length in it is not written as DER wants it",
        "RFC 5280, 4.1: certificates are DER; OpenSSL takes BER",
    ),
    ("a truth value in it is not written as DER wants it", "as above"),
    ("a bit string in it is not written as DER wants it", "as above"),
    ("an object identifier in it is not written as DER wants it", "as above"),
    (
        "it is not built as a certificate is",
        "a tag of several bytes, or of another element than X.509 puts there",
    ),
];

#[test]
fn what_openssl_refuses_is_refused() {
    if !openssl::is_there("openssl", "version") {
        return;
    }
    let broken = broken();
    let bundle: String = broken
        .iter()
        .enumerate()
        .map(|(number, der)| pem("CERTIFICATE", &marker(number)) + &pem("CERTIFICATE", der))
        .collect();
    let theirs = after_markers(openssl::texts(&bundle));
    let mut classes = BTreeMap::<&str, usize>::new();
    let mut count = |class| *classes.entry(class).or_default() += 1;
    for (number, der) in broken.iter().enumerate() {
        let text = pem("CERTIFICATE", der);
        match (read(&Der::new(der.clone())), &theirs[number]) {
            (Ok(ours), Some(theirs)) => {
                assert_eq!(comparable(Said::of(&ours), theirs), *theirs, "certificate {number}\n{text}");
                count("read by both");
            }
            (Ok(_), None) => panic!("certificate {number} is read, and OpenSSL refuses it\n{text}"),
            (Err(_), None) => count("refused by both"),
            (Err(why), Some(_)) => {
                let is_known = STRICTER.iter().any(|(reason, _)| *reason == why.0);
                assert!(is_known, "certificate {number} is refused ({why}), and OpenSSL reads it\n{text}");
                count(why.0);
            }
        }
    }
    println!("{BROKEN} broken certificates: {classes:#?}");
}

/// Certificates with some bytes changed, left out or put in.
fn broken() -> Vec<Vec<u8>> {
    let mut dice = Dice(0x0b20_4e17);
    let change = |mut der: Vec<u8>| {
        for _ in 0..=dice.below(2) {
            let place = dice.below(der.len());
            match dice.below(8) {
                0 => drop(der.remove(place)),
                1 => der.insert(place, u8::try_from(dice.below(256)).unwrap()),
                2 => der[place] ^= 1 << dice.below(8),
                3 => der[place] = dice.one(&[0x00, 0x01, 0x02, 0x03, 0x30, 0x80, 0x81, 0xa0, 0xff]),
                4 => der.truncate(place.max(1)),
                _ => der[place] = der[place].wrapping_add(1),
            }
        }
        der
    };
    many::certificates(BROKEN).into_iter().map(change).collect()
}

/// A certificate that says which broken one follows.
fn marker(number: usize) -> Vec<u8> {
    Recipe::new("marker", "marker").with(names(&[(0x82, format!("marker.{number}").as_bytes())])).der()
}

/// What OpenSSL says of each certificate after its marker; it says nothing of those that it refuses.
fn after_markers(texts: Vec<Said>) -> Vec<Option<Said>> {
    let mut found: Vec<Option<Said>> = Vec::new();
    for said in texts {
        if said.names == [format!("DNS:marker.{}", found.len())] {
            found.push(None);
        } else {
            *found.last_mut().unwrap() = Some(said);
        }
    }
    assert_eq!(found.len(), BROKEN, "OpenSSL should read all markers");
    found
}

/// What OpenSSL prints in its own way, or not at all, is taken from it.
fn comparable(mut ours: Said, theirs: &Said) -> Said {
    // Whether a point lies on its curve is not looked at: the curve is said by its name.
    if theirs.key == "unreadable" {
        ours.key.clone_from(&theirs.key);
    }
    // It knows names for more object identifiers than we do.
    if ours.signature.starts_with(|first: char| first.is_ascii_digit()) {
        ours.signature.clone_from(&theirs.signature);
    }
    // Names with a comma or a control character in them cannot be told apart in its output.
    let is_plain = |name: &String| name.chars().all(|one| one.is_ascii_graphic() && one != ',');
    if !ours.names.iter().filter(|name| name.starts_with("DNS:")).all(is_plain) {
        ours.names.clone_from(&theirs.names);
    }
    ours
}
