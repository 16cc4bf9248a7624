//! How Perijove reaches a cluster: the account of its own pod, or a kubeconfig.

use std::path::PathBuf;
use std::time::Duration;

use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt as _, DynBody};
use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use posture::sighting::Vantage;
use sha2::{Digest as _, Sha256};
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt as _};
use tower_http::ServiceExt as _;
use tower_http::decompression::DecompressionLayer;

use super::shown::{Noting, Shown};
use super::source::Wire;

/// Which cluster to talk to, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The cluster this program runs in, with the token of its ServiceAccount.
    InCluster,
    /// A cluster named in a kubeconfig.
    Kubeconfig {
        /// The file; without one, `KUBECONFIG` or `~/.kube/config`.
        path: Option<PathBuf>,
        /// The context; without one, the file's current context.
        context: Option<String>,
    },
}

/// Why a cluster cannot even be asked. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not in a cluster.
    #[error(
        "this program does not run in a pod with a ServiceAccount ({what}); name a kubeconfig with --kubeconfig or a context with --context"
    )]
    NotInCluster {
        /// What is missing.
        what: &'static str,
    },
    /// The file is not there or cannot be read.
    #[error("the kubeconfig {} cannot be read: {}; name another with --kubeconfig", .path.display(), because(*.why))]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        why: std::io::ErrorKind,
    },
    /// No file is named, and there is no usual place.
    #[error("no kubeconfig was found: set KUBECONFIG or name one with --kubeconfig")]
    NoFile,
    /// The file is not a kubeconfig.
    #[error("the kubeconfig is not valid: {what}; correct it, or name another with --kubeconfig")]
    Invalid {
        /// What is wrong, without values.
        what: String,
    },
    /// The context does not exist.
    #[error("the kubeconfig has no context `{wanted}`; {}", choice(.known))]
    NoContext {
        /// The one asked for.
        wanted: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// Nothing says which context.
    #[error("the kubeconfig names no current context; {}", choice(.known))]
    NoCurrentContext {
        /// Those that exist.
        known: Vec<String>,
    },
    /// A program would have to be run.
    #[error(
        "context `{context}` signs in by running a program, which Perijove does only for a context that is named: add --context {context}"
    )]
    PluginNeedsContext {
        /// The current context.
        context: String,
    },
    /// The credentials cannot be used.
    #[error("the credentials of the kubeconfig cannot be used: {what}")]
    Credentials {
        /// What is wrong, without values.
        what: &'static str,
    },
}

/// Why a file cannot be read, in words.
fn because(why: std::io::ErrorKind) -> String {
    match why {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this account may not read it".to_owned(),
        other => other.to_string(),
    }
}

/// Which contexts there are to choose from.
fn choice(known: &[String]) -> String {
    if known.is_empty() {
        return "it has no context at all; name another kubeconfig with --kubeconfig".to_owned();
    }
    format!("choose one with --context: {}", known.join(", "))
}

/// A client and what identifies the server if the cluster cannot be asked.
pub(super) struct Connected {
    pub(super) client: Client,
    /// The server's URL.
    pub(super) server: String,
    /// A fingerprint of the certificate authority.
    pub(super) authority: String,
    /// The certificates that the server shows.
    pub(super) shown: Shown,
}

/// Where Kubernetes puts the namespace of a pod.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

impl Target {
    /// Where this program stands when it connects to names of the cluster. Every pod finds the address of its API server in its environment.
    pub fn vantage(&self) -> Vantage {
        if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() {
            return Vantage::Outside;
        }
        match (self, std::fs::read_to_string(OWN_NAMESPACE)) {
            (Self::InCluster, Ok(namespace)) => Vantage::Pod { namespace: namespace.trim().to_owned() },
            _ => Vantage::OtherPod,
        }
    }

    /// Prepares a client; nothing is sent yet, except that a credential plugin of an explicit context runs.
    pub(super) async fn connect<L, S>(&self, layer: &L) -> Result<Connected, ConnectError>
    where
        L: Layer<super::source::Wire, Service = S>,
        S: super::source::Transport,
    {
        let mut config = match self {
            Self::InCluster => Config::incluster().map_err(|error| not_in_cluster(&error))?,
            Self::Kubeconfig { path, context } => from_kubeconfig(path.as_ref(), context.as_deref()).await?,
        };
        config.connect_timeout = Some(Duration::from_secs(10));
        if config.accept_invalid_certs {
            tracing::warn!("the kubeconfig switches off the check of the API server's certificate");
        }
        let server = server_name(&config.cluster_url);
        let authority = config.root_cert.as_ref().map_or_else(String::new, |chain| {
            let mut hash = Sha256::new();
            for certificate in chain {
                hash.update(certificate);
            }
            let digest = hash.finalize();
            format!("{:016x}", digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
        });
        let shown = Shown::default();
        // Without that check nobody proves to have the key of what is shown: nothing is told of it then.
        let noted = if config.accept_invalid_certs { Shown::default() } else { shown.clone() };
        let wire = wire(&config, noted).map_err(|error| credentials(&error))?;
        let builder = ClientBuilder::new(wire, config.default_namespace.clone());
        Ok(Connected { client: builder.with_layer(layer).build(), server, authority, shown })
    }
}

/// The transport that the library builds from a configuration. Retries are ours, for they honour `Retry-After` and end in a gap;
/// what the server shows is noted.
fn wire(config: &Config, shown: Shown) -> Result<Wire, kube::Error> {
    if let Some(proxy_url) = &config.proxy_url {
        return Err(kube::Error::ProxyProtocolUnsupported { proxy_url: Box::new(proxy_url.clone()) });
    }
    let mut tls = config.rustls_client_config()?;
    // A connection that is taken up again shows the certificates of the first one, whatever the server has by now.
    tls.resumption = rustls::client::Resumption::disabled();
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = config.tls_server_name.clone() {
        let name = name.try_into().map_err(kube::client::RustlsTlsError::InvalidServerName);
        builder = builder
            .with_server_name_resolver(FixedServerNameResolver::new(name.map_err(kube::Error::RustlsTls)?));
    }
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    let connector = Noting { connector: builder.enable_http1().wrap_connector(http), shown };
    let mut connector = TimeoutConnector::new(connector);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    let client = hyper_util::client::legacy::Builder::new(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(service
        .map_response_body(|body| {
            Box::new(http_body_util::BodyExt::map_err(body, BoxError::from)) as Box<DynBody>
        })
        .boxed())
}

/// The server's URL without what may be secret in it.
fn server_name(url: &http::Uri) -> String {
    let host = url.host().unwrap_or_default();
    let port = url.port_u16().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}{}", url.scheme_str().unwrap_or("https"), url.path().trim_end_matches('/'))
}

async fn from_kubeconfig(path: Option<&PathBuf>, context: Option<&str>) -> Result<Config, ConnectError> {
    let file = match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    }
    .map_err(|error| invalid(&error))?;
    let known: Vec<String> = file.contexts.iter().map(|named| named.name.clone()).collect();
    let chosen = match context.or(file.current_context.as_deref()) {
        Some(chosen) if !chosen.is_empty() => chosen.to_owned(),
        _ => return Err(ConnectError::NoCurrentContext { known }),
    };
    let Some(named) = file.contexts.iter().find(|named| named.name == chosen) else {
        return Err(ConnectError::NoContext { wanted: chosen, known });
    };
    let user = named.context.as_ref().and_then(|inner| inner.user.as_deref());
    let runs_a_program = file
        .auth_infos
        .iter()
        .filter(|named| Some(named.name.as_str()) == user)
        .any(|named| named.auth_info.as_ref().is_some_and(|info| info.exec.is_some()));
    if runs_a_program && context.is_none() {
        return Err(ConnectError::PluginNeedsContext { context: chosen });
    }
    let options = KubeConfigOptions { context: Some(chosen), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(file, &options).await.map_err(|error| invalid(&error))
}

fn not_in_cluster(error: &InClusterError) -> ConnectError {
    let what = match error {
        InClusterError::ReadEnvironmentVariable(_) | InClusterError::ParseClusterPort(_) => {
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"
        }
        InClusterError::ReadDefaultNamespace(_) => "the namespace file of the ServiceAccount is missing",
        InClusterError::ReadCertificateBundle(_) | InClusterError::ParseCertificates(_) => {
            "the CA bundle of the ServiceAccount is missing or broken"
        }
        InClusterError::ParseClusterUrl(_) => "the address of the API server is not valid",
    };
    ConnectError::NotInCluster { what }
}

/// The library's own texts quote the file, which holds secrets; only the place is taken from them.
fn invalid(error: &KubeconfigError) -> ConnectError {
    let what = match error {
        KubeconfigError::ReadConfig(why, path) => {
            return ConnectError::File { path: path.clone(), why: why.kind() };
        }
        KubeconfigError::FindPath => return ConnectError::NoFile,
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => {
                format!("line {}, column {} is not what a kubeconfig has there", at.line(), at.column())
            }
            None => "it is not YAML with the fields of a kubeconfig".to_owned(),
        },
        KubeconfigError::LoadClusterOfContext(name) => format!("its cluster `{name}` is missing"),
        KubeconfigError::MissingClusterUrl => "the cluster has no `server`".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => "`server` of the cluster is not a URL".to_owned(),
        KubeconfigError::LoadCertificateAuthority(_) | KubeconfigError::ParseCertificates(_) => {
            "the certificate authority cannot be loaded".to_owned()
        }
        KubeconfigError::LoadClientCertificate(_) => "the client certificate cannot be loaded".to_owned(),
        KubeconfigError::LoadClientKey(_) => "the client key cannot be loaded".to_owned(),
        _ => "a context, a cluster or a user in it is incomplete".to_owned(),
    };
    ConnectError::Invalid { what }
}

fn credentials(error: &kube::Error) -> ConnectError {
    use kube::client::AuthError;
    let what = match error {
        kube::Error::Auth(AuthError::AuthExecStart(_)) => {
            "its credential plugin cannot be started; is it installed?"
        }
        kube::Error::Auth(AuthError::AuthExecRun { .. }) => {
            "its credential plugin failed; run `kubectl get --raw /version` to see why"
        }
        kube::Error::Auth(AuthError::ReadTokenFile(..)) => "the token file cannot be read",
        kube::Error::Auth(_) => "they are incomplete, or of a kind that is not supported",
        kube::Error::ProxyProtocolDisabled { .. } | kube::Error::ProxyProtocolUnsupported { .. } => {
            "the kubeconfig asks for a proxy, which is not supported"
        }
        _ => "the client certificate or key is not valid",
    };
    ConnectError::Credentials { what }
}
