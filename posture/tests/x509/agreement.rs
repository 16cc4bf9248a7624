//! We and OpenSSL read the same in thousands of certificates, and refuse the same bytes.

use posture::x509::{Der, read};

use super::make::{CN, Recipe, name, pem};
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
