//! `perijove reach`: a question put to files, as a person puts it before a chart is installed.

use serde_json::Value;

use super::{Ran, folder, perijove};

/// The policies and the hub of a chart as `helm template` writes them: no server of a user, no endpoints, no nodes.
const HUB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: hub, namespace: jhub, labels: { component: hub, app: jupyterhub, release: prod, chart: jupyterhub-3.3.8 } }
spec:
  selector: { matchLabels: { component: hub, app: jupyterhub, release: prod } }
  template:
    metadata: { labels: { component: hub, app: jupyterhub, release: prod } }
    spec:
      containers:
        - { name: hub, image: quay.io/jupyterhub/k8s-hub:3.3.8, ports: [{ name: http, containerPort: 8081 }] }
---
apiVersion: v1
kind: Service
metadata: { name: hub, namespace: jhub, labels: { component: hub, app: jupyterhub, release: prod } }
spec:
  selector: { component: hub, app: jupyterhub, release: prod }
  ports: [{ name: hub, port: 8081, targetPort: http }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: hub, namespace: jhub }
spec:
  podSelector: { matchLabels: { component: hub, app: jupyterhub, release: prod } }
  policyTypes: [Ingress]
  ingress:
    - ports: [{ port: http }]
      from: [{ podSelector: { matchLabels: { hub.jupyter.org/network-access-hub: \"true\" } } }]
---
";

fn policy(egress: &str) -> String {
    format!(
        "{HUB}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: singleuser, namespace: jhub }}
spec:
  podSelector: {{ matchLabels: {{ component: singleuser-server, app: jupyterhub, release: prod }} }}
  policyTypes: [Ingress, Egress]
  egress:
    - ports: [{{ port: 8081 }}]
      to: [{{ podSelector: {{ matchLabels: {{ component: hub, app: jupyterhub, release: prod }} }} }}]
{egress}
"
    )
}

const BUT_METADATA: &str = "    - to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.169.254/32] } }]";
const THE_GUIDE: &str = "    - ports: [{ port: 80, protocol: TCP }]";

fn ask(manifests: &str, more: &[&str]) -> Ran {
    let place = folder(&[("rendered.yaml", manifests)]);
    let arguments: Vec<&str> = ["reach", "-f", "rendered.yaml"].iter().chain(more).copied().collect();
    perijove(place.path(), &arguments)
}

fn json(manifests: &str, from: &str, to: &str) -> Value {
    let ran = ask(manifests, &["--from", from, "--to", to, "--output", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:#?}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_chart_is_asked_before_it_is_installed() {
    let answer = json(&policy(BUT_METADATA), "jupyter-ada", "169.254.169.254:80");
    assert_eq!(answer["verdict"], "denied", "{answer:#}");
    assert_eq!(answer["enforced"], "unknown");
    assert_eq!(answer["decided_by"][0]["policy"]["name"], "singleuser");
    assert_eq!(answer["decided_by"][0]["direction"], "egress");
    assert!(answer["gaps"][0].as_str().unwrap().contains("whether anything enforces policies"), "{answer:#}");
    assert!(answer["notes"][0].as_str().unwrap().contains("as the chart starts it"), "{answer:#}");
    // The policies let it through; whether the chart's own init container is there, the files do not say.
    let answer = json(&policy(THE_GUIDE), "jupyter-ada", "169.254.169.254:80");
    assert_eq!(
        (&answer["policies"], &answer["verdict"]),
        (&"allowed".into(), &"unknown".into()),
        "{answer:#}"
    );
    assert_eq!(answer["decided_by"][0]["rule"], "spec.egress[1]");
    assert_eq!(answer["decided_by"][0]["policy"]["kind"], "NetworkPolicy");
}

#[test]
fn a_service_is_judged_at_the_pods_it_leads_to() {
    let both = policy(THE_GUIDE);
    let answer = json(&both, "hub/jhub/prod", "service/hub:8081");
    assert_eq!(answer["verdict"], "allowed", "{answer:#}");
    let directions: std::collections::BTreeSet<&str> = answer["decided_by"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|rule| rule["direction"].as_str())
        .collect();
    assert_eq!(directions.into_iter().collect::<Vec<_>>(), ["egress", "ingress"], "{answer:#}");
    ask(&both, &["--from", "jupyter-ada", "--to", "service/hub:80"])
        .stopped(2, &["Service jhub/hub has no port 80/tcp; it publishes 8081/tcp"]);
}

#[test]
fn a_server_in_the_files_is_found_by_the_name_of_its_pod() {
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: { name: jupyter-ada, namespace: jhub, labels: { component: singleuser-server, app: \
               jupyterhub, release: prod, team: x } }\nspec: { containers: [{ name: notebook }] }\nstatus: { podIPs: [{ ip: 10.0.0.9 }] }\n";
    let manifests = format!("{}{pod}", policy(BUT_METADATA));
    let answer = json(&manifests, "jupyter-ada", "1.1.1.1:443");
    assert_eq!(
        (&answer["verdict"], &answer["from"]),
        (&"allowed".into(), &"jupyter-ada".into()),
        "{answer:#}"
    );
    assert_eq!(answer["notes"], Value::Array(Vec::new()), "{answer:#}");
    let answer = json(&manifests, "jhub/jupyter-ada", "1.1.1.1:53/udp");
    assert_eq!(answer["verdict"], "allowed");
    ask(&manifests, &["--from", "jupyter-bob", "--to", "1.1.1.1:443"])
        .stopped(2, &["there is no pod jupyter-bob"]);
}

#[test]
fn the_text_names_the_policy_and_what_files_do_not_show() {
    let ran = ask(&policy(BUT_METADATA), &["--from", "jupyter-ada", "--to", "169.254.169.254:80"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for text in [
        "jupyter-ada to 169.254.169.254:80: denied",
        "NetworkPolicy/jhub/singleuser: no rule lets the source send there",
        "Not shown: whether anything enforces policies",
    ] {
        assert!(ran.out.contains(text), "{text} is missing in {}", ran.out);
    }
}

#[test]
fn what_cannot_be_asked_is_told_with_what_to_write() {
    let files = policy(BUT_METADATA);
    ask(&files, &["--from", "jupyter-ada", "--to", "service/hup:8081"])
        .stopped(2, &["there is no Service hup in namespace jhub; did you mean service/hub:8081?"]);
    ask(&files, &["--from", "hub/staging", "--to", "1.1.1.1:1"])
        .stopped(2, &["there is no hub staging; did you mean hub/jhub/prod?"]);
    let ran = ask(&files, &["--from", "jupyter-ada", "--to", "metadata"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("write an address (169.254.169.254:80"), "{ran:#?}");
}

/// The server of a person, as KubeSpawner makes it.
fn server(pod: &str, namespace: &str, owner: &str, address: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: Pod
metadata:
  name: {pod}
  namespace: {namespace}
  labels: {{ component: singleuser-server, app: jupyterhub, release: prod }}
  annotations: {{ hub.jupyter.org/username: {owner} }}
spec: {{ containers: [{{ name: notebook, ports: [{{ name: notebook-port, containerPort: 8888 }}] }}] }}
status: {{ phase: Running, podIPs: [{{ ip: {address} }}] }}
"
    )
}

#[test]
fn servers_that_are_called_alike_are_offered_as_they_can_be_typed() {
    let files = [
        policy(BUT_METADATA),
        server("jupyter-ada", "jhub", "ada", "10.1.0.1"),
        server("jupyter-ada", "other", "ada", "10.1.0.2"),
        server("jupyter-bob--lab", "jhub", "bob", "10.1.0.3"),
        server("jupyter-bob--gpu", "jhub", "bob", "10.1.0.4"),
    ]
    .concat();
    let offered = "there are several called jupyter-ada: name one of jhub/jupyter-ada, other/jupyter-ada";
    ask(&files, &["--from", "jupyter-ada", "--to", "1.1.1.1:443"]).stopped(2, &[offered]);
    for from in ["jhub/jupyter-ada", "other/jupyter-ada"] {
        assert_eq!(json(&files, from, "1.1.1.1:443")["from"], from);
    }
    let offered = "name one of pod/jhub/jupyter-ada:22/udp, pod/other/jupyter-ada:22/udp";
    ask(&files, &["--from", "hub", "--to", "pod/jupyter-ada:22/udp"]).stopped(2, &[offered]);
    // The one beside those that ask is meant.
    assert_eq!(json(&files, "jhub/hub", "pod/jupyter-ada:22")["to"], "pod/jupyter-ada:22");
    ask(&files, &["--from", "jupyter-bob", "--to", "1.1.1.1:443"])
        .stopped(2, &["there are 2 servers that may be called jupyter-bob: write the whole name of the pod"]);
    let itself = json(&files, "jupyter-bob--lab", "pod/jupyter-bob--lab:22");
    assert_eq!(itself["ends"][0]["places"][0], "jupyter-bob--lab:22", "{itself:#}");
    assert!(itself["explanation"][0].as_str().unwrap().contains("the pod that asks"), "{itself:#}");
    let other = json(&files, "jupyter-bob--lab", "pod/jupyter-bob--gpu:22");
    assert!(!other["explanation"][0].as_str().unwrap().contains("the pod that asks"), "{other:#}");
    ask(&files, &["--from", "jupyter-bob--none", "--to", "1.1.1.1:443"])
        .stopped(2, &["there is no pod jupyter-bob--none in namespaces jhub, other"]);
}
