//! Where TLS ends, for every generation of the chart and every front.

use posture::derived::{Tls, TlsMode};
use posture::gap::Unknown;
use posture::kind::Kind;
use posture::testing::Fixture;

use crate::scenes::{AUTOHTTPS, Scene, V0_6, V0_9, V4_4};

fn tls(fixture: &Fixture) -> Result<Tls, Unknown> {
    let derived = fixture.derived();
    derived.tls(&derived.hubs[0]).cloned()
}

fn mode(fixture: &Fixture) -> TlsMode {
    tls(fixture).unwrap().mode
}

fn gap(fixture: &Fixture) -> Option<Kind> {
    match tls(fixture) {
        Err(Unknown::Gap(gap)) => Some(gap.kind),
        Err(Unknown::Reason(reason)) => panic!("{reason}"),
        Ok(_) => None,
    }
}

fn reason(fixture: &Fixture) -> String {
    match tls(fixture) {
        Err(Unknown::Reason(reason)) => reason.id,
        other => panic!("{other:?}"),
    }
}

const HTTPS: &str =
    "[{ name: https, port: 443, targetPort: https }, { name: http, port: 80, targetPort: http }]";

#[test]
fn automatic_https_of_every_generation_is_recognised() {
    let tls = tls(&Fixture::from_yaml(V4_4)).unwrap();
    assert_eq!((tls.mode, tls.secret.as_deref()), (TlsMode::LetsEncrypt, Some("proxy-public-tls-acme")));
    assert!(tls.ends_in_hub() && !tls.dead_port);
    let named = Scene { selects: "autohttps", ..Scene::new("0.11.1").ports(HTTPS) };
    assert_eq!(mode(&named.with(AUTOHTTPS)), TlsMode::LetsEncrypt);
    // Charts 0.7 to 0.9 name ports by number.
    let numbered = Scene {
        selects: "autohttps",
        ..Scene::new("0.9.1").ports("[{ port: 443, targetPort: 443 }, { port: 80, targetPort: 80 }]")
    };
    assert_eq!(mode(&numbered.with(AUTOHTTPS)), TlsMode::LetsEncrypt);
}

#[test]
fn a_service_for_autohttps_without_autohttps_is_unclear() {
    let orphan = Scene { selects: "autohttps", ..Scene::new("2.0.0").ports(HTTPS) };
    assert_eq!(reason(&orphan.fixture()), "no-backend");
}

#[test]
fn the_secret_tells_a_certificate_of_the_values_from_the_operators_own() {
    let with =
        |version, ports, volumes| mode(&Scene { volumes, ..Scene::new(version).ports(ports) }.fixture());
    let manual = "[{ name: tls-secret, secret: { secretName: proxy-public-manual-tls } }]";
    let overridden = "[{ name: tls-secret, secret: { secretName: science-proxy-public-manual-tls } }]";
    let own = "[{ name: tls-secret, secret: { secretName: wildcard-example-edu } }]";
    assert_eq!(with("1.2.0", HTTPS, manual), TlsMode::Manual);
    assert_eq!(with("1.2.0", HTTPS, overridden), TlsMode::Manual);
    assert_eq!(with("1.2.0", HTTPS, own), TlsMode::Secret);
    let numbered = "[{ port: 443, targetPort: 8443 }]";
    assert_eq!(
        with("0.9.1", numbered, "[{ name: tls-secret, secret: { secretName: proxy-manual-tls } }]"),
        TlsMode::Manual
    );
    assert_eq!(
        with("0.7.0", numbered, "[{ name: tls-secret, secret: { secretName: manual-tls-proxy-prod } }]"),
        TlsMode::Manual
    );
}

#[test]
fn https_in_the_proxy_without_a_certificate_is_unclear() {
    assert_eq!(reason(&Scene::new("1.2.0").ports(HTTPS).fixture()), "no-certificate-volume");
}

#[test]
fn a_port_443_that_leads_to_the_plain_port_is_offload() {
    assert_eq!(
        mode(&Scene::new("3.3.8").ports("[{ port: 443, targetPort: http }]").fixture()),
        TlsMode::Offload
    );
    assert_eq!(
        mode(&Scene::new("0.8.2").ports("[{ port: 443, targetPort: 8000 }]").fixture()),
        TlsMode::Offload
    );
}

#[test]
fn a_load_balancer_without_443_serves_plain_http() {
    for version in ["0.7.0", "0.10.5", "1.2.0", "2.0.0", "3.3.8", "4.0.0"] {
        assert_eq!(mode(&Scene::new(version).fixture()), TlsMode::None, "{version}");
    }
}

#[test]
fn the_dead_port_of_charts_0_8_and_0_9_is_no_https() {
    let tls = tls(&Fixture::from_yaml(V0_9)).unwrap();
    assert_eq!((tls.mode, tls.dead_port), (TlsMode::None, true));
    let dead = Scene::new("0.8.2").ports("[{ port: 443, targetPort: 443 }, { port: 80, targetPort: 8000 }]");
    assert_eq!(mode(&dead.fixture()), TlsMode::None);
}

#[test]
fn a_sidecar_that_listens_on_443_is_unclear() {
    let yaml = Scene::new("2.0.0").ports("[{ port: 443, targetPort: 443 }]").yaml();
    let yaml =
        yaml.replace("      volumes: []", "        - { name: nginx, ports: [{ containerPort: 443 }] }");
    assert_eq!(reason(&Fixture::from_yaml(&yaml)), "foreign-target");
}

#[test]
fn the_oldest_charts_show_https_in_their_ingress_only() {
    let tls = tls(&Fixture::from_yaml(V0_6)).unwrap();
    assert_eq!((tls.mode, tls.secret.as_deref()), (TlsMode::LetsEncrypt, Some("kubelego-tls-proxy-old")));
    let manual = V0_6.replace("kubelego-tls-proxy-old", "manual-tls-proxy-old");
    assert_eq!(mode(&Fixture::from_yaml(&manual)), TlsMode::Manual);
    // Without hosts there is no such Ingress, and the port 443 is dead.
    let none = V0_6
        .replace("jupyterhub-internal", "something-else")
        .replace("name: proxy-http, port", "name: x, port");
    assert_eq!(mode(&Fixture::from_yaml(&none)), TlsMode::None);
    assert_eq!(gap(&Fixture::from_yaml(V0_6).without(Kind::Ingress)), Some(Kind::Ingress));
}

fn ingress(tls: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{ name: jupyterhub }}
spec:
  rules:
    - {{ host: hub.example.edu, http: {{ paths: [{{ backend: {{ service: {{ name: proxy-public, port: {{ name: http }} }} }} }}] }} }}
    - {{ host: other.example.edu, http: {{ paths: [{{ backend: {{ service: {{ name: other, port: {{ number: 80 }} }} }} }}] }} }}
  {tls}
"
    )
}

fn behind(front: &str) -> Fixture {
    Scene { kind: "ClusterIP", ..Scene::new("4.0.0") }.with(front)
}

#[test]
fn an_ingress_with_tls_for_the_hubs_host_ends_it_outside() {
    let found = tls(&behind(&ingress("tls: [{ hosts: ['*.example.edu'], secretName: wild }]"))).unwrap();
    assert_eq!(found.mode, TlsMode::Outside);
    assert_eq!(found.fronts[0].hosts.len(), 1);
    assert_eq!(found.fronts[0].hosts[0].secret.as_deref(), Some("wild"));
}

#[test]
fn an_ingress_without_tls_for_the_hubs_host_serves_plain_http() {
    assert_eq!(mode(&behind(&ingress(""))), TlsMode::None);
    assert_eq!(mode(&behind(&ingress("tls: [{ hosts: [other.example.edu] }]"))), TlsMode::None);
}

#[test]
fn certificates_in_annotations_count_and_opaque_ones_are_unknown() {
    let with =
        |annotation: &str| {
            behind(&ingress("").replace(
                "name: jupyterhub }",
                &format!("name: jupyterhub, annotations: {{ {annotation} }} }}"),
            ))
        };
    assert_eq!(mode(&with("alb.ingress.kubernetes.io/certificate-arn: arn")), TlsMode::Outside);
    assert_eq!(
        reason(&with("traefik.ingress.kubernetes.io/router.entrypoints: websecure")),
        "ingress-annotation-decides"
    );
}

const ROUTE: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: jupyterhub }
spec:
  parentRefs: [{ name: edge, namespace: gateways }]
  hostnames: [hub.example.edu]
  rules: [{ backendRefs: [{ name: proxy-public, port: 80 }] }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge, namespace: gateways }
spec:
  gatewayClassName: any
  listeners: [{ name: http, protocol: HTTP, port: 80 }, { name: https, protocol: HTTPS, port: 443, tls: { certificateRefs: [{ name: wild }] } }]
";

#[test]
fn a_route_is_as_good_as_the_listeners_it_is_attached_to() {
    let both = tls(&behind(ROUTE)).unwrap();
    assert_eq!((both.mode, both.fronts[0].plain), (TlsMode::Outside, Some(true)));
    let encrypted = ROUTE.replace("namespace: gateways }]", "namespace: gateways, sectionName: https }]");
    assert_eq!(tls(&behind(&encrypted)).unwrap().fronts[0].plain, Some(false));
    let plain = ROUTE.replace("namespace: gateways }]", "namespace: gateways, sectionName: http }]");
    assert_eq!(mode(&behind(&plain)), TlsMode::None);
    assert_eq!(gap(&behind(ROUTE).without(Kind::Gateway)), Some(Kind::Gateway));
}

#[test]
fn nothing_in_front_of_an_inner_service_is_an_edge_that_cannot_be_seen() {
    let fixture = Scene { kind: "ClusterIP", ..Scene::new("4.0.0") }.fixture();
    assert_eq!(mode(&fixture), TlsMode::UnseenEdge);
    assert_eq!(gap(&fixture.clone().without(Kind::Ingress)), Some(Kind::Ingress));
    assert_eq!(gap(&fixture.without(Kind::HttpRoute)), Some(Kind::HttpRoute));
}

#[test]
fn https_that_was_seen_needs_no_complete_list() {
    let fixture = Fixture::from_yaml(V4_4).without(Kind::Ingress).without(Kind::HttpRoute);
    let tls = tls(&fixture).unwrap();
    assert_eq!(tls.mode, TlsMode::LetsEncrypt);
    assert!(tls.all_fronts().is_err());
}

#[test]
fn files_prove_a_load_balancer_without_https_and_nothing_about_what_stands_in_front_of_an_inner_service() {
    let declared = |scene: Scene| {
        let text = scene.yaml().replace("namespace: jhub }", "namespace: jhub, origin: declared }");
        Fixture::from_yaml(&text)
    };
    assert_eq!(mode(&declared(Scene::new("4.0.0"))), TlsMode::None);
    let inner = Scene { kind: "ClusterIP", ..Scene::new("4.0.0") };
    assert_eq!(gap(&declared(inner)), Some(Kind::Ingress));
}

#[test]
fn without_services_nothing_is_known() {
    assert_eq!(gap(&Fixture::from_yaml(V4_4).without(Kind::Service)), Some(Kind::Service));
}
