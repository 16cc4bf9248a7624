//! `perijove serve --manifests`: what is declared is served like a cluster, and a broken file is told on the page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::{folder, perijove, program};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n";

const HUB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: hub, labels: {app: jupyterhub, component: hub, release: prod, chart: jupyterhub-4.4.0}}
spec:
  selector: {matchLabels: {app: jupyterhub, component: hub, release: prod}}
  template:
    metadata: {labels: {app: jupyterhub, component: hub, release: prod}}
    spec: {containers: [{name: hub, image: 'quay.io/jupyterhub/k8s-hub:4.4.0'}]}
";

/// A served folder, ended when the test is.
struct Served {
    child: Child,
    address: String,
    cookie: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Served {
    fn start(place: &Path, arguments: &[&str]) -> Self {
        let mut command = program(place);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first_line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
        let link = first_line.trim().strip_prefix("Perijove is at http://").expect("the link is printed");
        let (address, path) = link.split_once('/').unwrap();
        let mut served = Self { child, address: address.to_owned(), cookie: String::new() };
        let answer = served.get(&format!("/{path}"));
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect(&answer);
        cookie.split(';').next().unwrap().clone_into(&mut served.cookie);
        served
    }

    fn send(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, cookie) = (&self.address, &self.cookie);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        let mut answer = Vec::new();
        self.send(path).read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks until the answer holds the text.
    #[track_caller]
    fn shows(&self, path: &str, text: &str) -> String {
        let mut answer = String::new();
        for _ in 0..300 {
            answer = self.get(path);
            if answer.contains(text) {
                return answer;
            }
            sleep(Duration::from_millis(200));
        }
        panic!("{path} never shows {text}: {answer}");
    }

    /// Ends it as a supervisor does, and gives its exit code.
    fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_folder_is_judged_again_when_a_file_changes_and_a_broken_file_leaves_the_last_good_state() {
    let place = folder(&[]);
    let files = place.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("a.yaml"), SERVICE).unwrap();
    let served = Served::start(place.path(), &["--manifests", "files"]);
    let up = "perijove_cluster_up{cluster=\"files\"} ";
    served.shows("/metrics", &format!("{up}1"));
    let gaps = served.shows("/clusters/files/gaps", "What the files leave open");
    assert!(gaps.starts_with("HTTP/1.1 200"), "{gaps}");
    std::fs::write(files.join("b.yaml"), "kind: [hunter2\n").unwrap();
    let page = served.shows("/clusters/files", "b.yaml:2:1: the text is broken");
    assert!(page.contains("The last good state is shown."), "{page}");
    assert!(!page.contains("hunter2"), "{page}");
    let metrics = served.shows("/metrics", &format!("{up}0"));
    assert!(metrics.contains("perijove_findings{cluster=\"files\",verdict=\"unknown\""), "{metrics}");
    std::fs::remove_file(files.join("b.yaml")).unwrap();
    served.shows("/metrics", &format!("{up}1"));
}

#[test]
fn the_page_of_certificates_says_first_what_ran_out_and_what_uses_it() {
    const FILES: &str = "
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: site, namespace: jhub }
spec: { secretName: site-tls, dnsNames: [hub.example.edu], issuerRef: { name: campus } }
status: { notBefore: 2020-01-01T00:00:00Z, notAfter: 2020-03-31T00:00:00Z, conditions: [{ type: Ready, status: 'False' }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: hub, namespace: jhub }
spec: { tls: [{ hosts: [hub.example.edu], secretName: site-tls }] }
";
    let place = folder(&[]);
    let files = place.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("a.yaml"), FILES).unwrap();
    let served = Served::start(place.path(), &["--manifests", "files"]);
    let page = served.shows("/clusters/files/certificates", "The certificate of hub.example.edu ran out");
    assert!(page.contains("Ingress/jhub/hub") && page.contains("has run out"), "{page}");
    // Files do not show every Ingress.
    assert!(page.contains("There may be more certificates"), "{page}");
    let page = served.shows("/clusters/files/certificates?sort=mood", "it can be end, share, name");
    assert!(page.starts_with("HTTP/1.1 400"), "{page}");
}

#[test]
fn only_health_and_metrics_are_served_without_a_viewer() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let mut served = Served::start(place.path(), &["--manifests", ".", "--prefix", "/services/perijove"]);
    served.cookie.clear();
    for (path, status) in
        [("", "401"), ("health", "200"), ("metrics", "200"), ("api/events", "401"), ("clusters/files", "401")]
    {
        let answer = served.get(&format!("/services/perijove/{path}"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}

/// Lets no file of a process grow beyond this size.
fn limit_files(child: &Child, size: &str) {
    let id = child.id().to_string();
    let limit = format!("--fsize={size}:");
    assert!(Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap().success());
}

#[test]
fn while_the_disk_takes_nothing_the_page_says_so_and_then_it_goes_on() {
    let place = folder(&[]);
    let files = place.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("a.yaml"), SERVICE).unwrap();
    let mut served = Served::start(place.path(), &["--manifests", "files", "--store", "p.db"]);
    let up = "perijove_cluster_up{cluster=\"files\"} ";
    served.shows("/metrics", &format!("{up}1"));
    limit_files(&served.child, "1024");
    std::fs::write(files.join("b.yaml"), HUB).unwrap();
    let page = served.shows("/clusters/files", "What was read cannot be stored");
    assert!(page.contains("the limit on the size of a file"), "{page}");
    assert!(!page.contains("/hubs/default/prod"), "{page}");
    limit_files(&served.child, "unlimited");
    let page = served.shows("/clusters/files", "/hubs/default/prod");
    assert!(!page.contains("cannot be stored"), "{page}");
    served.shows("/metrics", &format!("{up}1"));
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn an_open_event_stream_does_not_keep_it_from_ending() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let mut served = Served::start(place.path(), &["--manifests", "."]);
    let mut stream = served.send("/api/events");
    let mut head = [0; 15];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    assert_eq!(served.terminate(), Some(0));
    // The stream has ended and not merely fallen silent.
    stream.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_second_perijove_is_kept_from_the_same_database() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let _served = Served::start(place.path(), &["--manifests", ".", "--store", "p.db"]);
    let second = perijove(place.path(), &["migrate", "--store", "p.db"]);
    second.stopped(3, &["`p.db` is in use by another perijove"]);
}

#[test]
fn where_it_cannot_listen_it_says_why() {
    let place = folder(&[("a.yaml", SERVICE)]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = |arguments: &[&str]| {
        let all: Vec<&str> = ["serve", "--manifests", "."].iter().chain(arguments).copied().collect();
        perijove(place.path(), &all)
    };
    serve(&["--listen", &address]).stopped(3, &["another program listens there; choose another port"]);
    serve(&["--listen", "0.0.0.0:0"]).stopped(2, &["is not a loopback address", "kubectl port-forward"]);
    serve(&["--listen", "localhost"]).stopped(2, &["such as 127.0.0.1:8474"]);
    serve(&["--prefix", "/a/../b"]).stopped(2, &["such as / or /services/perijove/"]);
    perijove(place.path(), &["serve", "--manifests", "nope"]).stopped(2, &["nope cannot be read"]);
}
