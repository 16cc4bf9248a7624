//! Servers on loopback: of TLS with chains of an own authority, and of what is no TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use posture::x509::Der;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A port that nobody listens on.
pub(super) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// An authority with one between it and what it certifies.
pub(super) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    middle: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let params = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let root = CertifiedIssuer::self_signed(params("Root"), KeyPair::generate().unwrap()).unwrap();
        let middle =
            CertifiedIssuer::signed_by(params("Middle"), KeyPair::generate().unwrap(), &root).unwrap();
        Self { root, middle }
    }

    pub(super) fn chain(&self, names: &[&str]) -> Chain {
        self.chain_between(names, 2020, 2090)
    }

    /// A chain whose first certificate holds from one year to another.
    pub(super) fn chain_between(&self, names: &[&str], from: i32, to: i32) -> Chain {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.middle).unwrap();
        let middle: &rcgen::Certificate = self.middle.as_ref();
        Chain { certificates: vec![leaf.der().clone(), middle.der().clone()], key }
    }
}

/// A chain with the key of its first certificate.
pub(super) struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Chain {
    /// The same with its last certificate so many times more, as where a bundle of authorities was put behind it.
    pub(super) fn with_many(mut self, more: usize) -> Self {
        let last = self.certificates.last().unwrap().clone();
        self.certificates.extend(std::iter::repeat_n(last, more));
        self
    }

    pub(super) fn without_intermediate(mut self) -> Self {
        self.certificates.truncate(1);
        self
    }

    /// What a client is shown.
    pub(super) fn shown(&self) -> Vec<Der> {
        self.certificates.iter().map(|certificate| Der::new(certificate.as_ref())).collect()
    }

    /// The certificates as PEM.
    pub(super) fn pem(&self) -> String {
        let block = |der: &CertificateDer<'_>| {
            let digits = data_encoding::BASE64.encode(der);
            let lines: Vec<&str> =
                digits.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
        };
        self.certificates.iter().map(block).collect()
    }

    pub(super) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        Arc::new(CertifiedKey::new(self.certificates.clone(), key))
    }
}

/// What a server says once the handshake is done.
#[derive(Clone, Copy)]
pub(super) enum Served {
    /// It closes.
    Nothing,
    /// It answers each question with this.
    Http(&'static str),
}

/// What happened at a server.
#[derive(Debug, Default)]
struct Log {
    connections: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

/// A running server; dropping it ends it.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    log: Arc<Log>,
    certificate: Option<Arc<Shows>>,
    _tasks: JoinSet<()>,
}

/// Shows a chain that may be exchanged, and remembers the names it was asked for.
#[derive(Debug)]
struct Shows {
    key: Mutex<Arc<CertifiedKey>>,
    names: Mutex<Vec<String>>,
}

impl ResolvesServerCert for Shows {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.names.lock().unwrap().push(hello.server_name().unwrap_or_default().to_owned());
        Some(self.key.lock().unwrap().clone())
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Server {
    /// A server of TLS 1.2 and 1.3.
    pub(super) async fn start(chain: &Chain, served: Served) -> Self {
        let shows = Arc::new(Shows { key: Mutex::new(chain.certified()), names: Mutex::default() });
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = builder.unwrap().with_no_client_auth().with_cert_resolver(shows.clone());
        Self::of(config, Some(shows), served).await
    }

    /// One that goes on only with whom it knows.
    pub(super) async fn wanting_certificates(
        chain: &Chain,
        authority: &Authority,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let root: &rcgen::Certificate = authority.root.as_ref();
        roots.add(root.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
        let shows = Arc::new(Shows { key: Mutex::new(chain.certified()), names: Mutex::default() });
        let builder =
            ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions).unwrap();
        let config = builder.with_client_cert_verifier(verifier).with_cert_resolver(shows.clone());
        Self::of(config, Some(shows), Served::Nothing).await
    }

    async fn of(config: ServerConfig, certificate: Option<Arc<Shows>>, served: Served) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut started = serve(move |stream, log| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                if let Served::Http(answer) = served {
                    converse(stream, answer, &log).await;
                }
            }
        })
        .await;
        started.certificate = certificate;
        started
    }

    /// Shows another chain from now on, as a server does that has read its files again.
    pub(super) fn reload(&self, chain: &Chain) {
        *self.certificate.as_ref().unwrap().key.lock().unwrap() = chain.certified();
    }

    pub(super) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// The first lines of what was asked.
    pub(super) fn asked(&self) -> Vec<String> {
        self.log.asked.lock().unwrap().clone()
    }

    /// The names that greetings asked for.
    pub(super) fn names(&self) -> Vec<String> {
        self.certificate.as_ref().unwrap().names.lock().unwrap().clone()
    }
}

async fn serve<F>(each: impl Fn(TcpStream, Arc<Log>) -> F + Send + 'static) -> Server
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Arc::new(Log::default());
    let kept = log.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.connections.fetch_add(1, Ordering::SeqCst);
            open.spawn(each(stream, kept.clone()));
        }
    });
    Server { address, log, certificate: None, _tasks: tasks }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, log: &Log) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        match stream.read_buf(&mut read).await {
            // A greeting of TLS never ends so.
            Ok(more) if more > 0 && read.first() != Some(&22) => {}
            _ => break,
        }
    }
    let first = String::from_utf8_lossy(&read).lines().next().unwrap_or_default().to_owned();
    log.asked.lock().unwrap().push(first);
    drop(stream.write_all(answer.as_bytes()).await);
    drop(stream.shutdown().await);
}

/// A server in clear that answers everything with this.
pub(super) async fn plain(answer: &'static str) -> Server {
    serve(move |stream, log| async move { converse(stream, answer, &log).await }).await
}

/// One that speaks first.
pub(super) async fn greeting(words: &'static str) -> Server {
    serve(move |mut stream, _| async move {
        drop(stream.write_all(words.as_bytes()).await);
        drop(stream.read(&mut [0; 1024]).await);
    })
    .await
}

/// One that closes at once.
pub(super) async fn closing() -> Server {
    serve(|stream, _| async move { drop(stream) }).await
}

/// One that listens and never says a word.
pub(super) async fn silent() -> Server {
    serve(|stream, _| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await
}

/// One without any key: it breaks off every handshake of today, and answers greetings that offer TLS 1.2 at most with the certificates of
/// somebody else.
pub(super) async fn replaying(chain: &Chain) -> Server {
    let sized = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[1..], bytes].concat()
    };
    let shown: Vec<u8> = chain.certificates.iter().flat_map(|certificate| sized(certificate)).collect();
    let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0]].concat();
    let messages = [&[2][..], &sized(&hello), &[11], &sized(&sized(&shown))].concat();
    let length = u16::try_from(messages.len()).unwrap().to_be_bytes();
    let answer = Arc::new([&[22, 3, 3][..], &length, &messages].concat());
    serve(move |mut stream, log| {
        let answer = answer.clone();
        async move {
            let mut read = [0; 2048];
            let heard = stream.read(&mut read).await.unwrap_or_default();
            // The version in the greeting; the first one asks for a handshake.
            let is_greeting = log.connections.load(Ordering::SeqCst) > 1;
            let says = if is_greeting && read.get(9..11) == Some(&[3, 3]) && heard > 11 {
                answer.as_slice()
            } else {
                &[21, 3, 3, 0, 2, 2, 40]
            };
            drop(stream.write_all(says).await);
            drop(stream.shutdown().await);
        }
    })
    .await
}
