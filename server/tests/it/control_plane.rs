//! A real Kubernetes API server with etcd for one test: started on free loopback ports, gone when the test ends.
//!
//! RBAC is on and every request is in the audit log. There is no controller and no kubelet: no Deployment makes pods,
//! no `default` `ServiceAccount` appears, a deleted namespace stays Terminating, and the status of an object is what
//! the test writes.

mod asked;
mod audit;
mod authorizer;
mod built_in;
mod collected;
mod demo;
mod drifted;
mod faults;
mod killed;
mod objects;
mod planted;
mod process;
mod released;
mod rights;
mod secrets;
mod smoke;

use std::{
    env,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Read, Write as _},
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use kube::config::{KubeConfigOptions, Kubeconfig};
use tempfile::TempDir;

use self::process::Process;
pub(crate) use self::{audit::AuditEntry, objects::Access};

/// The environment variable that names the folder with `etcd` and `kube-apiserver`.
const PROGRAMS: &str = "PERIJOVE_CONTROL_PLANE";

/// How long a start may take on a machine with other things to do; two to four seconds are usual.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running API server with its etcd.
///
/// Both end when this is dropped, and also when the test process dies without dropping it.
pub(crate) struct ControlPlane {
    // Fields drop in this order: first the programs, then the folder they write to.
    api_server: Option<Process>,
    etcd: Process,
    programs: PathBuf,
    port: u16,
    etcd_port: u16,
    admin_token: String,
    extra_flags: Vec<String>,
    folder: TempDir,
}

impl ControlPlane {
    /// Starts one and waits until it is ready; `None` where there are no programs to start, after saying on standard
    /// error that the test is skipped.
    ///
    /// # Panics
    ///
    /// When the programs are there and do not start.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// As [`Self::start`], with more flags for `kube-apiserver`.
    pub(crate) async fn start_with(flags: &[&str]) -> Option<Self> {
        let programs = programs()?;
        // Between choosing free ports and binding them somebody else may take one.
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut started = Self::spawn(programs.clone(), flags);
            match started.wait_until_ready().await {
                Ok(()) => return Some(started),
                Err(reason) => assert!(attempts < 3, "the API server did not start: {reason}"),
            }
        }
    }

    fn spawn(programs: PathBuf, flags: &[&str]) -> Self {
        let folder =
            tempfile::Builder::new().prefix("perijove-control-plane-").tempdir().expect("a temporary folder");
        let [port, etcd_port] = free_ports();
        let admin_token = random_token();
        write_private(
            &folder.path().join("tokens.csv"),
            &format!("{admin_token},admin,admin,\"system:masters\"\n"),
        );
        write_private(&folder.path().join("audit-policy.yaml"), audit::POLICY);
        let etcd_flags = [
            format!("--data-dir={}", folder.path().join("etcd").display()),
            format!("--listen-client-urls=http://127.0.0.1:{etcd_port}"),
            format!("--advertise-client-urls=http://127.0.0.1:{etcd_port}"),
            "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
            // Nothing here has to survive a loss of power.
            "--unsafe-no-fsync".to_owned(),
        ];
        let etcd = Process::start(&programs.join("etcd"), &etcd_flags, &folder.path().join("etcd.log"))
            .expect("starting etcd");
        let extra_flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        let mut this =
            Self { api_server: None, etcd, programs, port, etcd_port, admin_token, extra_flags, folder };
        this.spawn_api_server();
        this
    }

    fn spawn_api_server(&mut self) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut flags = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port),
            "--advertise-address=127.0.0.1".to_owned(),
            // A loopback address is not legal in the Endpoints of the Service `kubernetes`.
            "--endpoint-reconciler-type=none".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/12".to_owned(),
            format!("--cert-dir={}", path("certificates")),
            format!("--token-auth-file={}", path("tokens.csv")),
            "--authorization-mode=Node,RBAC".to_owned(),
            // Network plugins run privileged pods, and every installer allows them.
            "--allow-privileged=true".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            // The server makes the key of its own certificate before it reads this one, so there is nothing to make.
            format!("--service-account-signing-key-file={}", path("certificates/apiserver.key")),
            format!("--service-account-key-file={}", path("certificates/apiserver.key")),
            // Without the controller that makes them, pods could not name their ServiceAccount.
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            format!("--audit-policy-file={}", path("audit-policy.yaml")),
            format!("--audit-log-path={}", path("audit.log")),
            "--audit-log-mode=blocking".to_owned(),
        ];
        flags.extend(self.extra_flags.iter().cloned());
        let log = self.folder.path().join("kube-apiserver.log");
        let process = Process::start(&self.programs.join("kube-apiserver"), &flags, &log);
        self.api_server = Some(process.expect("starting kube-apiserver"));
    }

    /// Waits for `/readyz`, which includes the roles that every cluster starts with.
    async fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let mut often = tokio::time::interval(Duration::from_millis(100));
        loop {
            often.tick().await;
            for process in self.api_server.iter_mut().chain([&mut self.etcd]) {
                if let Some(status) = process.ended() {
                    return Err(format!("{status}\n{}", process.last_words()));
                }
            }
            let ready = match self.try_client(&self.admin_token).await {
                Ok(client) => client.request_text(get("/readyz")).await.map_err(|error| error.to_string()),
                Err(error) => Err(error),
            };
            match ready {
                Ok(_) => return Ok(()),
                Err(reason) if Instant::now() > deadline => {
                    return Err(format!("not ready after {PATIENCE:?}: {reason}"));
                }
                Err(_) => {}
            }
        }
    }

    /// Where it answers, such as `https://127.0.0.1:43210`; the same after a restart.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate authority to trust, as a PEM file.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("certificates/apiserver.crt")
    }

    /// The token of somebody who may do everything, named `admin` in the audit log.
    pub(crate) fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// A client of the administrator.
    pub(crate) async fn admin(&self) -> kube::Client {
        self.client(&self.admin_token).await
    }

    /// A client with a token.
    pub(crate) async fn client(&self, token: &str) -> kube::Client {
        self.try_client(token).await.expect("a client from our own kubeconfig")
    }

    async fn try_client(&self, token: &str) -> Result<kube::Client, String> {
        let kubeconfig =
            Kubeconfig::from_yaml(&self.kubeconfig_text(token)).map_err(|error| error.to_string())?;
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let config = config.map_err(|error| error.to_string())?;
        kube::Client::try_from(config).map_err(|error| error.to_string())
    }

    /// A kubeconfig file for the program under test; its only context is `test`.
    pub(crate) fn kubeconfig(&self, token: &str) -> PathBuf {
        let file = tempfile::Builder::new().prefix("kubeconfig-").tempfile_in(self.folder.path());
        let (mut file, path) = file.and_then(|file| Ok(file.keep()?)).expect("a file in our own folder");
        file.write_all(self.kubeconfig_text(token).as_bytes()).expect("writing a kubeconfig");
        path
    }

    fn kubeconfig_text(&self, token: &str) -> String {
        let (url, ca) = (self.url(), self.ca());
        let ca = ca.display();
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- name: test\n  cluster:\n    \
             server: {url}\n    certificate-authority: {ca}\nusers:\n- name: test\n  user:\n    token: {token}\n\
             contexts:\n- name: test\n  context:\n    cluster: test\n    user: test\n"
        )
    }

    /// Every request so far, oldest first; the API server's own are those of `system:apiserver`.
    pub(crate) fn audit_log(&self) -> Vec<AuditEntry> {
        audit::read(&self.folder.path().join("audit.log"))
    }

    /// Kills the API server; connections break, and its port refuses new ones until [`Self::resume`].
    pub(crate) fn stop(&mut self) {
        self.api_server = None;
    }

    /// Starts the API server again after [`Self::stop`], with the same address, certificate and data.
    pub(crate) async fn resume(&mut self) {
        assert!(self.api_server.is_none(), "the API server runs already");
        self.spawn_api_server();
        self.wait_until_ready().await.expect("the API server should start again");
    }

    /// Kills the API server and starts it again. A watch that goes on from an older revision then gets 410.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        self.resume().await;
    }
}

/// The folder with the programs, if there is one; says on standard error if there is none.
fn programs() -> Option<PathBuf> {
    let folder = env::var_os(PROGRAMS).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(folder) = folder else {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Written past the test harness, which keeps the output of a test that passes to itself.
        let _ = writeln!(
            io::stderr(),
            "skipped: {test}: it needs a real Kubernetes API server; `cargo xtask test` gets one, or set {PROGRAMS} \
             to a folder with etcd and kube-apiserver",
        );
        return None;
    };
    for name in ["etcd", "kube-apiserver"] {
        assert!(
            folder.join(name).is_file(),
            "{PROGRAMS} is `{}`, but there is no {name} in it",
            folder.display()
        );
    }
    Some(folder)
}

/// Different ports that nobody listens on.
fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a bound socket has an address").port())
}

/// A token that nobody on this machine can guess.
fn random_token() -> String {
    let mut bytes = [0_u8; 16];
    let mut source = fs::File::open("/dev/urandom").expect("a source of randomness");
    source.read_exact(&mut bytes).expect("random bytes");
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn write_private(path: &Path, text: &str) {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).expect("a new file");
    file.write_all(text.as_bytes()).expect("writing a file");
}

/// A plain GET request.
fn get(path: &str) -> http::Request<Vec<u8>> {
    http::Request::get(path).body(Vec::new()).expect("a path is a legal request target")
}
