//! What a user server of each generation of the chart reaches by default, and with the egress list of the guide of 2018; and who reaches it.

use posture::network::{Protocol, Verdict};

use super::scene::{Scene, engine};

use Protocol::{Tcp, Udp};

/// What is expected under plug-ins of each kind.
#[derive(Debug, Clone, Copy)]
enum Cell {
    /// Allowed under all.
    A,
    /// Denied under all.
    D,
    /// Allowed by a block of addresses that a pod's or a node's address lies in: it depends.
    C,
}

use Cell::{A, C, D};

/// The columns: which policies, and with the guide's list or without.
type Column = (&'static str, bool);

fn expect((chart, is_seeded): Column, to: &str, (protocol, port): (Protocol, u16), cell: Cell) {
    for plugin in ["", "calico", "cilium"] {
        let scene = if is_seeded { Scene::seeded(chart, plugin) } else { Scene::chart(chart, plugin) };
        let answer = scene.ask("jupyter-ada", to, protocol, port);
        let expected = match (cell, plugin) {
            (A, _) | (C, "calico") => Verdict::Allowed,
            (D, _) | (C, "cilium") => Verdict::Denied,
            (C, _) => Verdict::CniDependent,
        };
        assert_eq!(answer.verdict, expected, "under `{plugin}`: {answer:#?}");
    }
}

/// One row: a destination, and a cell for each column.
macro_rules! rows {
    ($($row:ident: $to:literal $port:literal $protocol:ident: $off:ident $v09:ident $v010:ident $v12:ident $v20:ident $v44:ident | $s09:ident $s12:ident $s20:ident $s44:ident;)+) => {
        $(mod $row {
            use super::*;

            #[test]
            fn without_policies() { expect(("", false), $to, ($protocol, $port), $off); }
            #[test]
            fn chart_0_9_with_policies() { expect(("0.9.1", false), $to, ($protocol, $port), $v09); }
            #[test]
            fn chart_0_10() { expect(("0.10.5", false), $to, ($protocol, $port), $v010); }
            #[test]
            fn chart_1_2() { expect(("1.2.0", false), $to, ($protocol, $port), $v12); }
            #[test]
            fn chart_2_0() { expect(("2.0.0", false), $to, ($protocol, $port), $v20); }
            #[test]
            fn chart_4_4() { expect(("4.4.0", false), $to, ($protocol, $port), $v44); }
            #[test]
            fn chart_0_9_with_the_guides_list() { expect(("0.9.1", true), $to, ($protocol, $port), $s09); }
            #[test]
            fn chart_1_2_with_the_guides_list() { expect(("1.2.0", true), $to, ($protocol, $port), $s12); }
            #[test]
            fn chart_2_0_with_the_guides_list() { expect(("2.0.0", true), $to, ($protocol, $port), $s20); }
            #[test]
            fn chart_4_4_with_the_guides_list() { expect(("4.4.0", true), $to, ($protocol, $port), $s44); }
        })+
    };
}

rows! {
    //                                           off 0.9 0.10 1.2 2.0 4.4 | with the guide's list: 0.9 1.2 2.0 4.4
    metadata: "169.254.169.254" 80 Tcp:           A   D   D   D   D   D   | A A A A;
    metadata_dns: "169.254.169.254" 53 Udp:       A   D   A   A   D   A   | A A A A;
    dns: "kube-system/dns" 53 Udp:                A   C   A   A   C   A   | A A A A;
    dns_over_tcp: "kube-system/dns" 53 Tcp:       A   C   A   A   C   A   | D A C A;
    dns_of_the_node: "169.254.20.10" 53 Udp:      A   A   A   A   A   A   | A A A A;
    https: "1.1.1.1" 443 Tcp:                     A   A   A   A   A   A   | D D A A;
    the_typo: "1.1.1.1" 433 Tcp:                  A   A   A   A   A   A   | A A A A;
    http: "1.1.1.1" 80 Tcp:                       A   A   A   A   A   A   | A A A A;
    mining_pool: "1.1.1.1" 3333 Tcp:              A   A   A   A   A   A   | D D A A;
    api_server: "10.0.8.8" 6443 Tcp:              A   A   A   A   D   D   | D D D D;
    public_api_server: "34.1.2.3" 443 Tcp:        A   A   A   A   A   A   | D D A A;
    shared_api_server: "100.64.0.1" 443 Tcp:      A   A   A   A   A   A   | D D A A;
    kubelet: "10.0.9.1" 10250 Tcp:                A   C   C   C   D   D   | D D D D;
    private_http: "10.0.8.8" 80 Tcp:              A   A   A   A   D   D   | A A A A;
    hub: "hub" 8081 Tcp:                          A   A   A   A   A   A   | A A A A;
    proxy_api: "proxy" 8001 Tcp:                  A   D   D   D   D   D   | D D D D;
    proxy: "proxy" 8000 Tcp:                      A   C   C   C   A   A   | D D A A;
    other_user: "jupyter-bob" 8888 Tcp:           A   D   D   D   D   D   | D D D D;
    pod_identity: "169.254.170.23" 80 Tcp:        A   A   A   A   A   A   | A A A A;
    azure: "168.63.129.16" 80 Tcp:                A   A   A   A   A   A   | A A A A;
    alibaba: "100.100.100.200" 80 Tcp:            A   A   A   A   A   A   | A A A A;
    metadata_v6: "fd00:ec2::254" 80 Tcp:          A   D   D   D   D   D   | A A A A;
    dns_elsewhere: "kube-system/dns-far" 53 Udp:  A   C   A   A   C   A   | A A A A;
}

const CHARTS: [&str; 4] = ["0.10.5", "1.2.0", "2.0.0", "4.4.0"];

fn enters(from: &str, to: &str, port: u16, expected: Verdict) {
    for chart in CHARTS {
        let scene = Scene::chart(chart, "");
        let answer = scene.ask(from, to, Tcp, port);
        assert_eq!(answer.ingress.verdict, expected, "{chart}: {answer:#?}");
    }
}

#[test]
fn the_proxy_and_the_hub_reach_a_user_server() {
    enters("proxy", "jupyter-ada", 8888, Verdict::Allowed);
    enters("hub", "jupyter-ada", 8888, Verdict::Allowed);
}

#[test]
fn nobody_else_reaches_a_user_server() {
    enters("jupyter-bob", "jupyter-ada", 8888, Verdict::Denied);
    enters("other/friend", "jupyter-ada", 8888, Verdict::Denied);
    enters("proxy", "jupyter-ada", 8889, Verdict::Denied);
}

#[test]
fn a_label_of_another_namespace_counts_where_labels_are_accepted() {
    let accepting = include_str!("../bases/policies-4.4.0.yaml")
        .replace("- podSelector: { matchLabels: { hub.jupyter.org/network-access-singleuser: 'true' } }", "");
    let accepting = accepting.replace(
        "from: [{ podSelector: { matchLabels: { hub.jupyter.org/network-access-singleuser: 'true' } } }]",
        "from: [{ podSelector: { matchLabels: { hub.jupyter.org/network-access-singleuser: 'true' } }, namespaceSelector: {} }]",
    );
    let scene = Scene::with(&format!("{accepting}{}", engine("")));
    assert_eq!(scene.ask("other/friend", "jupyter-ada", Tcp, 8888).verdict, Verdict::Allowed);
    assert_eq!(scene.ask("jupyter-bob", "jupyter-ada", Tcp, 8888).verdict, Verdict::Denied);
}

#[test]
fn a_pods_own_node_is_let_in_and_another_one_is_not() {
    enters("10.0.9.1", "jupyter-ada", 8888, Verdict::Allowed);
    enters("10.0.9.2", "jupyter-ada", 8888, Verdict::Denied);
    enters("kube-system/on-node", "jupyter-ada", 8888, Verdict::Denied);
}

#[test]
fn the_hub_accepts_users_and_the_proxy() {
    enters("jupyter-ada", "hub", 8081, Verdict::Allowed);
    enters("proxy", "hub", 8081, Verdict::Allowed);
    enters("plain", "hub", 8081, Verdict::Denied);
}

#[test]
fn the_proxys_api_accepts_the_hub_only() {
    enters("hub", "proxy", 8001, Verdict::Allowed);
    enters("jupyter-ada", "proxy", 8001, Verdict::Denied);
    enters("8.8.8.8", "proxy", 8001, Verdict::Denied);
}

#[test]
fn everybody_reaches_the_proxy() {
    for from in ["8.8.8.8", "plain", "other/friend", "jupyter-ada"] {
        enters(from, "proxy", 8000, Verdict::Allowed);
    }
}
