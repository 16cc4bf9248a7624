//! A handshake in a version of today, which records the certificates whatever they are worth, and their worth apart from it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use posture::sighting::{ConnectFault, TlsVersion, Trust};
use posture::x509::{self, Der, KeyAlgorithm};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, InvalidMessage, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use webpki::KeyUsage;

/// What came of a handshake.
#[derive(Debug)]
pub(super) enum Shaken {
    /// The server showed its certificates and signed with the key of the first; the connection, where it goes on.
    Shown(TlsVersion, Vec<Der>, Option<Box<TlsStream<TcpStream>>>),
    /// It showed certificates and signed in a way that cannot be checked here: they may be those of somebody else.
    Unproven(TlsVersion),
    /// It did not.
    Failed(ConnectFault),
    /// It showed certificates and did not sign with the key of the first: whoever answers there does not have it.
    Forged,
}

/// The cryptography in use.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Connects and shakes hands with SNI.
pub(super) async fn shake(stream: TcpStream, host: &str, provider: &Arc<CryptoProvider>) -> Shaken {
    let recorder = Arc::new(Recorder {
        noted: Mutex::default(),
        algorithms: provider.signature_verification_algorithms,
    });
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12]);
    let (Ok(builder), Ok(name)) = (builder, ServerName::try_from(host.to_owned())) else {
        return Shaken::Failed(ConnectFault::Broken);
    };
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let Noted { chain, version, is_proven, is_forged } = recorder.recorded();
    match shaken {
        _ if is_forged => Shaken::Forged,
        Ok(stream) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
                _ => TlsVersion::Tls12,
            };
            if is_proven {
                Shaken::Shown(version, chain, Some(Box::new(stream)))
            } else {
                Shaken::Unproven(version)
            }
        }
        // A server that wants a certificate of ours has shown its own before it breaks off.
        Err(error) => match version {
            Some(version) if !chain.is_empty() && is_proven => Shaken::Shown(version, chain, None),
            Some(version) if !chain.is_empty() => Shaken::Unproven(version),
            _ => Shaken::Failed(fault(&error)),
        },
    }
}

fn fault(error: &std::io::Error) -> ConnectFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        // Something else than a record of TLS came. What is only too long, or odd in itself, came from a server that speaks it.
        Some(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        )) => ConnectFault::NotTls,
        // The second is a server that took a version that was not offered, as the oldest do.
        Some(rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_)) => ConnectFault::Alert,
        _ => ConnectFault::Broken,
    }
}

/// What was noted on the way.
#[derive(Debug, Clone, Default)]
struct Noted {
    chain: Vec<Der>,
    version: Option<TlsVersion>,
    /// Whether the signature was verified.
    is_proven: bool,
    is_forged: bool,
}

/// Records the certificates and accepts them, whatever they say, from whoever has the key of the first, and notes where that cannot be known.
/// Nothing is ever sent over such a
/// connection but a question for a page's head.
#[derive(Debug)]
struct Recorder {
    noted: Mutex<Noted>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Recorder {
    fn recorded(&self) -> Noted {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Noted)) {
        note(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes what came of a signature, which only a certificate that cannot be checked may leave open: that is nothing for its server to
    /// choose, while the scheme of the signature is.
    fn signed(
        &self,
        version: TlsVersion,
        certificate: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if signature.is_err() && can_be_checked(certificate) {
            self.note(|noted| noted.is_forged = true);
            return signature;
        }
        self.note(|noted| (noted.version, noted.is_proven) = (Some(version), signature.is_ok()));
        Ok(HandshakeSignatureValid::assertion())
    }
}

/// Whether signatures with the key of a certificate can be checked here: not with keys of a rare curve, with those of RSA that are too short
/// to be trusted, and where the certificate itself is of an odd make.
fn can_be_checked(certificate: &CertificateDer<'_>) -> bool {
    let Ok(read) = x509::read(&Der::new(certificate.as_ref())) else { return false };
    let is_known = match read.key.algorithm {
        KeyAlgorithm::Rsa(bits) => (2048..=8192).contains(&bits),
        KeyAlgorithm::Ec(curve) => matches!(curve.as_str(), "P-256" | "P-384"),
        KeyAlgorithm::Ed25519 => true,
        KeyAlgorithm::Ed448 | KeyAlgorithm::Other(_) => false,
    };
    is_known && webpki::EndEntityCert::try_from(certificate).is_ok()
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        self.note(|noted| noted.chain = all.map(|certificate| Der::new(certificate.as_ref())).collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let signature = verify_tls12_signature(message, certificate, signed, &self.algorithms);
        self.signed(TlsVersion::Tls12, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let signature = verify_tls13_signature(message, certificate, signed, &self.algorithms);
        self.signed(TlsVersion::Tls13, certificate, signature)
    }

    /// One for every kind of key there is, so that no server lacks one. None with SHA-1, which cannot be checked and which a server may
    /// leave out with any key.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ]
    }
}

/// Whether a chain leads to an authority that browsers know, with what is in it and at an instant when its first certificate holds.
pub(super) fn trust(chain: &[Der], provider: &CryptoProvider, now: Timestamp) -> Trust {
    trust_under(chain, webpki_roots::TLS_SERVER_ROOTS, provider, now)
}

/// The same, with these authorities instead of those that browsers know.
pub(super) fn trust_under(
    chain: &[Der],
    roots: &[rustls::pki_types::TrustAnchor<'_>],
    provider: &CryptoProvider,
    now: Timestamp,
) -> Trust {
    let Some((leaf, rest)) = chain.split_first() else { return Trust::NotPublic };
    let Ok(read) = x509::read(leaf) else { return Trust::NotPublic };
    let instant = now.max(read.not_before).min(read.not_after);
    let Ok(since) = std::time::Duration::try_from(instant.duration_since(Timestamp::UNIX_EPOCH)) else {
        return Trust::NotPublic;
    };
    let leaf = CertificateDer::from(leaf.bytes());
    let rest: Vec<_> = rest.iter().map(|certificate| CertificateDer::from(certificate.bytes())).collect();
    let Ok(end) = webpki::EndEntityCert::try_from(&leaf) else { return Trust::NotPublic };
    let verified = end.verify_for_usage(
        provider.signature_verification_algorithms.all,
        roots,
        &rest,
        UnixTime::since_unix_epoch(since),
        KeyUsage::server_auth(),
        None,
        None,
    );
    if verified.is_ok() { Trust::Public } else { Trust::NotPublic }
}

/// The address of a server with the port it is asked on.
pub(super) fn at(address: std::net::IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(address, port)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

    use rustls::server::{ClientHello, ResolvesServerCert};
    use rustls::sign::CertifiedKey;
    use rustls::{ServerConfig, SupportedProtocolVersion};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Shows one certificate and signs with one key, whether or not they belong together.
    #[derive(Debug)]
    struct Shows(Arc<CertifiedKey>);

    impl ResolvesServerCert for Shows {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }

    /// What comes of a handshake with a server that shows the certificate of one key and signs with another.
    async fn shaken(
        shown: &KeyPair,
        signing: &KeyPair,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Shaken {
        let params = CertificateParams::new(vec!["hub.example.org".to_owned()]).unwrap();
        shaken_with(params.self_signed(shown).unwrap().der().clone(), signing, versions).await
    }

    async fn shaken_with(
        certificate: CertificateDer<'static>,
        signing: &KeyPair,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Shaken {
        let signing = rustls::pki_types::PrivateKeyDer::try_from(signing.serialize_der()).unwrap();
        let signing = rustls::crypto::ring::sign::any_supported_type(&signing).unwrap();
        let resolver = Shows(Arc::new(CertifiedKey::new(vec![certificate], signing)));
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions);
        let config = builder.unwrap().with_no_client_auth().with_cert_resolver(Arc::new(resolver));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let provider = provider();
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            drop(TlsAcceptor::from(Arc::new(config)).accept(stream).await);
        };
        futures::future::join(shake(stream, "hub.example.org", &provider), serve).await.0
    }

    #[tokio::test]
    async fn who_shows_a_certificate_without_its_key_is_not_believed() {
        let key = KeyPair::generate().unwrap();
        let other = KeyPair::generate().unwrap();
        let other_kind = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
            for forging in [&other, &other_kind] {
                let forged = shaken(&key, forging, versions).await;
                assert!(matches!(forged, Shaken::Forged), "{versions:?}: {forged:?}");
            }
            let own = shaken(&key, &key, versions).await;
            assert!(matches!(&own, Shaken::Shown(_, chain, _) if chain.len() == 1), "{versions:?}: {own:?}");
        }
    }

    const SHORT: &[&str] = &["rsa:1024"];
    const ODD: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:secp521r1"];

    /// A certificate with a key of this kind, which only OpenSSL makes.
    fn made_with(kind: &[&str]) -> CertificateDer<'static> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-subj", "/CN=hub", "-outform", "DER"])
            .args(["-keyout", &at("key"), "-out", &at("certificate"), "-newkey"])
            .args(kind)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::read(at("certificate")).unwrap().into()
    }

    #[tokio::test]
    async fn a_certificate_whose_signature_cannot_be_checked_is_not_proven_whoever_shows_it() {
        let other = KeyPair::generate().unwrap();
        for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
            for kind in [SHORT, ODD] {
                let borrowed = shaken_with(made_with(kind), &other, versions).await;
                assert!(matches!(borrowed, Shaken::Unproven(_)), "{versions:?} {kind:?}: {borrowed:?}");
            }
        }
    }

    #[test]
    fn a_key_that_is_too_short_or_of_a_rare_curve_cannot_be_checked() {
        for kind in [SHORT, ODD] {
            assert!(!can_be_checked(&made_with(kind)), "{kind:?}");
        }
        let own = CertificateParams::new(Vec::new()).unwrap().self_signed(&KeyPair::generate().unwrap());
        assert!(can_be_checked(own.unwrap().der()));
    }

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn authority(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    #[test]
    fn a_chain_is_judged_at_an_instant_when_its_first_certificate_holds_and_whatever_its_name() {
        let root = CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap();
        let middle =
            CertifiedIssuer::signed_by(authority("Middle"), KeyPair::generate().unwrap(), &root).unwrap();
        let mut leaf = CertificateParams::new(vec!["hub.example.org".to_owned()]).unwrap();
        (leaf.not_before, leaf.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 4, 1));
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &middle).unwrap();
        let der = |bytes: &[u8]| Der::new(bytes);
        let root_der = root.der().clone();
        let anchors = [webpki::anchor_from_trusted_cert(&root_der).unwrap()];
        let provider = provider();
        let trusted = |chain: &[Der], now: &str| trust_under(chain, &anchors, &provider, instant(now));
        let whole = [der(leaf.der()), der(middle.der())];
        for now in ["2019-01-01T00:00:00Z", "2020-02-01T00:00:00Z", "2026-01-01T00:00:00Z"] {
            assert_eq!(trusted(&whole, now), Trust::Public, "{now}");
            assert_eq!(trusted(&whole[..1], now), Trust::NotPublic, "{now}, without the one between");
            assert_eq!(
                trust(&whole, &provider, instant(now)),
                Trust::NotPublic,
                "{now}, under the public ones"
            );
        }
        assert_eq!(trusted(&[], "2020-02-01T00:00:00Z"), Trust::NotPublic);
        assert_eq!(trusted(&[der(b"\x30\x00")], "2020-02-01T00:00:00Z"), Trust::NotPublic);
    }
}
