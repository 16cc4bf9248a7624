//! Files of PEM as people put them together.

use posture::x509::{MOST_BYTES, MOST_CERTIFICATES, Malformed, PemFault, pem};

use super::make::{self, Recipe};

fn der(name: &str) -> Vec<u8> {
    Recipe::new(name, "An authority").der()
}

fn block(name: &str) -> String {
    make::pem("CERTIFICATE", &der(name))
}

/// What is found in a text without fault.
fn found(text: &[u8]) -> Vec<Vec<u8>> {
    let file = pem(text);
    assert_eq!(file.faults, []);
    file.certificates.iter().map(|der| der.bytes().to_vec()).collect()
}

#[test]
fn certificates_stand_in_the_order_of_the_file() {
    let text = format!("{}{}", block("a"), block("b"));
    assert_eq!(found(text.as_bytes()), [der("a"), der("b")]);
    assert_eq!(found(b""), Vec::<Vec<u8>>::new());
}

#[test]
fn text_and_attributes_around_blocks_are_passed_over() {
    let text = format!(
        "\u{feff}Bag Attributes\n    localKeyID: 01 02\nsubject=CN = a\n{}\n# the authority\n\u{e9}\n{}rest",
        block("a"),
        block("b")
    );
    assert_eq!(found(text.as_bytes()), [der("a"), der("b")]);
}

#[test]
fn lines_may_end_in_any_way() {
    let text = block("a");
    for other in [text.replace('\n', "\r\n"), text.replace('\n', "\r"), text.replace('\n', "  \n\n")] {
        assert_eq!(found(other.as_bytes()), [der("a")]);
    }
    assert_eq!(found(format!("\u{feff}{text}").trim_end().as_bytes()), [der("a")]);
}

#[test]
fn all_labels_of_certificates_count() {
    let trusted = [der("a"), make::tlv(0x30, &[])].concat();
    let text = make::pem("TRUSTED CERTIFICATE", &trusted) + &make::pem("X509 CERTIFICATE", &der("b"));
    assert_eq!(found(text.as_bytes()), [der("a"), der("b")]);
}

#[test]
fn keys_are_passed_over() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";
    assert_eq!(found(format!("{key}{}{key}", block("a")).as_bytes()), [der("a")]);
}

#[test]
fn a_key_in_a_block_of_a_certificate_is_not_kept() {
    let text = make::pem("CERTIFICATE", &make::tlv(0x30, &make::tlv(0x02, &[0])));
    let file = pem(text.as_bytes());
    assert_eq!(file.certificates, []);
    assert_eq!(file.faults.len(), 1);
}

#[test]
fn a_broken_block_is_a_fault_with_its_number_and_the_next_is_read() {
    let whole = block("a");
    let cut = &whole[..whole.len() - 40];
    let text = format!("{}{cut}\n{}", block("b"), block("c"));
    let file = pem(text.as_bytes());
    assert_eq!(
        file.certificates.iter().map(|found| found.bytes().to_vec()).collect::<Vec<_>>(),
        [der("b"), der("c")]
    );
    assert_eq!(file.faults, [PemFault::Block { number: 2, why: Malformed("its last line is missing") }]);
    assert_eq!(
        file.faults[0].to_string(),
        "certificate 2 of the file cannot be read: its last line is missing"
    );
}

#[test]
fn what_is_wrong_with_a_block_is_said() {
    let reason = |text: &str| match &pem(text.as_bytes()).faults[..] {
        [PemFault::Block { number: 1, why }] => why.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&block("a").replace('M', "?")), "it is not Base64");
    assert_eq!(
        reason("-----BEGIN CERTIFICATE-----\nAAAA\n-----END KEY-----"),
        "its first and last lines name different things"
    );
    assert_eq!(reason("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"), "it is cut off");
    assert_eq!(reason("-----BEGIN CERTIFICATE-----\nAAAA"), "its last line is missing");
}

#[test]
fn whatever_is_cut_off_gives_a_fault_or_nothing() {
    let text = block("a");
    for length in 0..text.trim_end().len() {
        assert_eq!(pem(&text.as_bytes()[..length]).certificates, [], "{length}");
    }
}

#[test]
fn ten_megabytes_are_read_and_one_byte_more_is_not() {
    let one = block("a");
    let mut text = one.repeat(MOST_BYTES / one.len() + 1);
    text.truncate(MOST_BYTES);
    let file = pem(text.as_bytes());
    assert_eq!(file.certificates.len(), MOST_CERTIFICATES);
    assert_eq!(file.faults, [PemFault::TooMany]);

    text.push('\n');
    let file = pem(text.as_bytes());
    assert_eq!((file.certificates.len(), &file.faults[..]), (0, &[PemFault::TooLong][..]));
    assert_eq!(file.faults[0].to_string(), "the file has more than 10 MB, and is not read");

    let mut endless = "-----BEGIN CERTIFICATE-----\n".repeat(MOST_BYTES / 28);
    endless.truncate(MOST_BYTES);
    assert_eq!(pem(endless.as_bytes()).certificates, []);
    let mut lone = String::from("-----BEGIN CERTIFICATE-----\n");
    lone.extend(std::iter::repeat_n('A', MOST_BYTES - lone.len()));
    assert_eq!(pem(lone.as_bytes()).faults.len(), 1);
}
