//! Old versions of TLS, as OpenSSL serves them.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use posture::sighting::{HstsSight, TlsVersion};

use super::servers::{Authority, Chain, free_port};
use super::{HUB, Place, shaken};

/// A running `openssl s_server`; dropping it ends it.
struct OpenSsl {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl OpenSsl {
    fn start(chain: &Chain, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (pem, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        std::fs::write(&pem, chain.pem()).unwrap();
        std::fs::write(&key, chain.key_pem()).unwrap();
        let port = free_port();
        let child = Command::new("openssl")
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www", "-quiet", "-cert_chain"])
            .arg(&pem)
            .arg("-cert")
            .arg(&pem)
            .arg("-key")
            .arg(&key)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl must be installed");
        let deadline = Instant::now() + Duration::from_secs(30);
        // The first connection is ours, and tells nothing.
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "openssl s_server does not listen: {args:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port, _folder: folder }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const OLD: &str = "DEFAULT@SECLEVEL=0";

#[tokio::test]
async fn a_server_of_one_old_version_is_told_by_its_version_and_not_believed_its_chain() {
    let place = Place::new().await;
    let chain = Authority::new().chain(&[HUB]);
    for (flag, version) in
        [("-tls1", TlsVersion::Tls10), ("-tls1_1", TlsVersion::Tls11), ("-tls1_2", TlsVersion::Tls12)]
    {
        let server = OpenSsl::start(&chain, &[flag, "-cipher", OLD]);
        let sight = place.look_at(HUB, server.port).await;
        let seen = shaken(&sight);
        assert_eq!((seen.newest, seen.oldest), (version, Some(version)), "{flag}");
        // In old versions nothing is signed that could be checked here: anybody can show these certificates.
        assert_eq!(seen.is_proven, version == TlsVersion::Tls12, "{flag}");
        let shown = if seen.is_proven { chain.shown() } else { Vec::new() };
        assert_eq!(seen.chain.first(), shown.first(), "{flag}");
        if version < TlsVersion::Tls12 {
            assert_eq!(
                seen.hsts,
                HstsSight::Unknown,
                "nothing is asked over a version that is not spoken here"
            );
        }
    }
}

#[tokio::test]
async fn a_server_of_all_versions_is_seen_with_its_oldest() {
    let place = Place::new().await;
    let chain = Authority::new().chain(&[HUB]);
    let server = OpenSsl::start(&chain, &["-cipher", OLD]);
    let sight = place.look_at(HUB, server.port).await;
    assert_eq!((shaken(&sight).newest, shaken(&sight).oldest), (TlsVersion::Tls13, Some(TlsVersion::Tls10)));
    let server = OpenSsl::start(&chain, &["-cipher", OLD, "-no_tls1", "-no_tls1_3"]);
    let sight = place.look_at(HUB, server.port).await;
    assert_eq!((shaken(&sight).newest, shaken(&sight).oldest), (TlsVersion::Tls12, Some(TlsVersion::Tls11)));
}

#[tokio::test]
async fn a_server_with_suites_that_are_not_spoken_here_is_told_by_its_version_alone() {
    let place = Place::new().await;
    let chain = Authority::new().chain(&[HUB]);
    let server = OpenSsl::start(&chain, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"]);
    let sight = place.look_at(HUB, server.port).await;
    assert_eq!((shaken(&sight).newest, shaken(&sight).oldest), (TlsVersion::Tls12, Some(TlsVersion::Tls12)));
    assert!(!shaken(&sight).is_proven && shaken(&sight).chain.is_empty());
}

#[tokio::test]
async fn who_breaks_off_a_handshake_of_today_and_shows_a_certificate_in_an_old_greeting_is_not_believed() {
    let place = Place::new().await;
    let foreign = Authority::new().chain(&[HUB]);
    let server = super::servers::replaying(&foreign).await;
    let sight = place.look(server.address).await;
    let seen = shaken(&sight);
    assert_eq!((seen.is_proven, seen.newest), (false, TlsVersion::Tls12));
    assert!(seen.chain.is_empty(), "it shows a certificate that anybody can show");
}
