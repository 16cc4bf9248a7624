//! A handshake in a version of today, which records the certificates whatever they are worth, and their worth apart from it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use posture::sighting::{ConnectFault, TlsVersion, Trust};
use posture::x509::{self, Der};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use webpki::KeyUsage;

/// What came of a handshake.
#[derive(Debug)]
pub(super) enum Shaken {
    /// The server showed its certificates; the connection, where it goes on.
    Shown(TlsVersion, Vec<Der>, Option<Box<TlsStream<TcpStream>>>),
    /// It did not.
    Failed(ConnectFault),
}

/// The cryptography in use.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Connects and shakes hands with SNI.
pub(super) async fn shake(stream: TcpStream, host: &str, provider: &Arc<CryptoProvider>) -> Shaken {
    let recorder = Arc::new(Recorder::default());
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
    let (chain, version) = recorder.recorded();
    match shaken {
        Ok(stream) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
                _ => TlsVersion::Tls12,
            };
            Shaken::Shown(version, chain, Some(Box::new(stream)))
        }
        // A server that wants a certificate of ours has shown its own before it breaks off.
        Err(_) if !chain.is_empty() && version.is_some() => {
            Shaken::Shown(version.unwrap_or(TlsVersion::Tls12), chain, None)
        }
        Err(error) => Shaken::Failed(fault(&error)),
    }
}

fn fault(error: &std::io::Error) -> ConnectFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => ConnectFault::NotTls,
        // The second is a server that took a version that was not offered, as the oldest do.
        Some(rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_)) => ConnectFault::Alert,
        _ => ConnectFault::Broken,
    }
}

/// Records the certificates and accepts them. Nothing is ever sent over such a connection but a question for a page's head.
#[derive(Debug, Default)]
struct Recorder(Mutex<(Vec<Der>, Option<TlsVersion>)>);

impl Recorder {
    fn recorded(&self) -> (Vec<Der>, Option<TlsVersion>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut (Vec<Der>, Option<TlsVersion>))) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
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
        self.note(|noted| noted.0 = all.map(|certificate| Der::new(certificate.as_ref())).collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.note(|noted| noted.1 = Some(TlsVersion::Tls12));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.note(|noted| noted.1 = Some(TlsVersion::Tls13));
        Ok(HandshakeSignatureValid::assertion())
    }

    /// Every one there is, so that no server lacks one for its key.
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
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ECDSA_SHA1_Legacy,
        ]
    }
}

/// Whether a chain leads to an authority that browsers know, with what is in it and at an instant when its first certificate holds.
pub(super) fn trust(chain: &[Der], provider: &CryptoProvider, now: Timestamp) -> Trust {
    trust_under(chain, webpki_roots::TLS_SERVER_ROOTS, provider, now)
}

fn trust_under(
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

    use super::*;

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
