//! Keystores that the real programs make. Without them these tests are skipped.

use std::path::Path;
use std::process::{Command, Stdio};

use posture::x509::{jks, pem, pkcs12};

use super::openssl;
use super::stores::plain;

/// Runs a program in a folder; it must succeed.
fn run(folder: &Path, line: &str) {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    let output = command.args(words).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder with a key, its certificate and an authority.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1";
    run(folder.path(), &format!("{new} -keyout root.key -out root.pem -subj /CN=Root"));
    run(
        folder.path(),
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout hub.key -out hub.csr -subj /CN=hub",
    );
    run(
        folder.path(),
        "openssl x509 -req -in hub.csr -CA root.pem -CAkey root.key -CAcreateserial -days 1 -out hub.pem",
    );
    folder
}

fn bytes(folder: &tempfile::TempDir, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(
        &mut std::fs::OpenOptions::new().read(true).open(folder.path().join(name)).unwrap(),
        &mut bytes,
    )
    .unwrap();
    bytes
}

fn certificate(folder: &tempfile::TempDir, name: &str) -> Vec<u8> {
    pem(&bytes(folder, name)).certificates[0].bytes().to_vec()
}

#[test]
fn keystores_of_keytool_are_read_without_a_password() {
    if !openssl::is_there("openssl", "version") || !openssl::is_there("keytool", "-version") {
        return;
    }
    let folder = folder();
    for kind in ["JKS", "JCEKS"] {
        let store = format!("-keystore {kind} -storetype {kind} -storepass changeit");
        run(folder.path(), &format!("keytool -importcert -noprompt {store} -alias root -file root.pem"));
        run(
            folder.path(),
            &format!(
                "keytool -genkeypair {store} -keypass changeit -alias hub -keyalg EC -groupname secp256r1 -dname CN=self"
            ),
        );
        let mut chains = plain(&jks(&bytes(&folder, kind)).unwrap());
        chains.sort();
        assert_eq!(chains.iter().map(|(alias, _)| alias.as_str()).collect::<Vec<_>>(), ["hub", "root"]);
        assert_eq!((chains[0].1.len(), &chains[1].1), (1, &vec![certificate(&folder, "root.pem")]));
    }
}

/// A keystore that OpenSSL makes of a key, its certificate and an authority.
fn exported(folder: &tempfile::TempDir, options: &str) -> Vec<u8> {
    run(
        folder.path(),
        &format!(
            "openssl pkcs12 -export -inkey hub.key -in hub.pem -certfile root.pem -name hub -out hub.p12 {options}"
        ),
    );
    bytes(folder, "hub.p12")
}

#[test]
fn keystores_of_openssl_are_read_with_their_password() {
    if !openssl::is_there("openssl", "version") {
        return;
    }
    let folder = folder();
    let expected =
        vec![("hub".to_owned(), vec![certificate(&folder, "hub.pem"), certificate(&folder, "root.pem")])];
    for options in [
        "-passout pass:changeit",
        "-passout pass:changeit -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1",
        "-passout pass:changeit -certpbe PBE-SHA1-2DES",
        "-passout pass:changeit -legacy",
        "-passout pass:changeit -certpbe PBE-SHA1-RC2-128 -legacy",
        "-passout pass:changeit -certpbe AES-128-CBC -iter 1",
        "-passout pass:changeit -certpbe AES-192-CBC",
        "-passout pass:changeit -certpbe DES-EDE3-CBC",
    ] {
        let store = exported(&folder, options);
        assert_eq!(
            pkcs12(&store, &["", "wrong", "changeit"]).map(|chains| plain(&chains)),
            Ok(expected.clone()),
            "{options}"
        );
        assert_eq!(pkcs12(&store, &["", "wrong"]), Err("protected by a password"), "{options}");
        assert_eq!(pkcs12(&store, &[]), Err("protected by a password"), "{options}");
    }
    for options in ["-passout pass:", "-passout pass: -legacy", "-passout pass:secret -certpbe NONE"] {
        assert_eq!(
            pkcs12(&exported(&folder, options), &[""]).map(|chains| plain(&chains)),
            Ok(expected.clone()),
            "{options}"
        );
    }
}

#[test]
fn a_keystore_that_wants_too_much_work_is_a_fault() {
    if !openssl::is_there("openssl", "version") {
        return;
    }
    let mut store = exported(&folder(), "-passout pass:changeit -iter 70000");
    // As many rounds as three bytes can say.
    for place in 0..store.len() - 5 {
        if store[place..place + 5] == [0x02, 0x03, 0x01, 0x11, 0x70] {
            store[place + 2..place + 5].copy_from_slice(&[0x7f, 0xff, 0xff]);
        }
    }
    assert_eq!(
        pkcs12(&store, &["changeit"]),
        Err("the keystore wants more work for its password than is spent on it")
    );
}

#[test]
fn a_keystore_that_is_cut_off_is_a_fault() {
    if !openssl::is_there("openssl", "version") {
        return;
    }
    let whole = exported(&folder(), "-passout pass:changeit -iter 1");
    for length in 0..whole.len() {
        assert!(pkcs12(&whole[..length], &["changeit"]).is_err(), "{length}");
    }
}

#[test]
fn pkcs_12_of_keytool_is_read() {
    if !openssl::is_there("openssl", "version") || !openssl::is_there("keytool", "-version") {
        return;
    }
    let folder = folder();
    let store = "-keystore store.p12 -storetype PKCS12 -storepass changeit";
    run(
        folder.path(),
        &format!("keytool -genkeypair {store} -alias hub -keyalg EC -groupname secp256r1 -dname CN=self"),
    );
    run(folder.path(), &format!("keytool -importcert -noprompt {store} -alias root -file root.pem"));
    run(folder.path(), &format!("keytool -genseckey {store} -alias secret -keyalg AES -keysize 128"));
    let chains = plain(&pkcs12(&bytes(&folder, "store.p12"), &["changeit"]).unwrap());
    assert_eq!(chains.iter().map(|(alias, _)| alias.as_str()).collect::<Vec<_>>(), ["hub", "root"]);
    assert_eq!(chains[1].1, [certificate(&folder, "root.pem")]);
}
