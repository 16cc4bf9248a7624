//! Keystores that the real programs make. Without them these tests are skipped.

use std::path::Path;
use std::process::{Command, Stdio};

use posture::x509::{jks, pem};

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
        let mut chains = plain(jks(&bytes(&folder, kind)).unwrap());
        chains.sort();
        assert_eq!(chains.iter().map(|(alias, _)| alias.as_str()).collect::<Vec<_>>(), ["hub", "root"]);
        assert_eq!((chains[0].1.len(), &chains[1].1), (1, &vec![certificate(&folder, "root.pem")]));
    }
}
