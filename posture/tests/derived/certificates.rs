//! Certificates with everything that uses them, and the names that none of them is for.

use posture::certificates::{Certificate, CertificateTable, Kept, Purpose, Renewer, Standing, Unseen};
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::sighting::{
    EndpointSight, Handshake, HstsSight, SecretEntry, SecretSight, Seen, Sight, Sightings, Spot, StoreForm,
    StoredChain, TlsVersion, Trust, Unsighted,
};
use posture::testing::Fixture;
use posture::x509::{self, Der};

use crate::scenes::{AUTOHTTPS, Scene, V0_6, V4_4};

fn table(fixture: &Fixture) -> CertificateTable {
    fixture.derived().certificates
}

/// The certificate in a Secret of this name.
fn kept<'a>(table: &'a CertificateTable, secret: &str) -> &'a Certificate {
    table.certificates.iter().find(|certificate| certificate.kept.place().1 == secret).unwrap()
}

/// Ninety days that end nine days after the fixture's now; a renewal was due three weeks ago and failed.
const FAILING: &str = "
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: site, namespace: jhub }
spec: { secretName: site-tls, dnsNames: [hub.example.edu, '*.hub.example.edu'], issuerRef: { kind: ClusterIssuer, name: letsencrypt } }
status:
  notBefore: 2026-08-13T12:00:00Z
  notAfter: 2026-11-11T12:00:00Z
  renewalTime: 2026-10-12T12:00:00Z
  revision: 3
  conditions: [{ type: Ready, status: 'True', reason: Ready }, { type: Issuing, status: 'False', reason: Failed }]
";

fn ingress(name: &str, hosts: &str, secret: &str) -> String {
    format!(
        "
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{ name: {name}, namespace: jhub }}
spec:
  tls: [{{ hosts: {hosts}, secretName: {secret} }}]
  rules: [{{ host: hub.example.edu, http: {{ paths: [{{ path: /, backend: {{ service: {{ name: proxy-public, port: {{ number: 80 }} }} }} }}] }} }}]
"
    )
}

fn hub() -> Scene {
    Scene { kind: "ClusterIP", ..Scene::new("2.0.0") }
}

#[test]
fn a_certificate_of_cert_manager_is_one_with_the_ingress_that_uses_its_secret() {
    let fixture = hub().with(&format!("{FAILING}{}", ingress("hub", "[hub.example.edu]", "site-tls")));
    let table = table(&fixture);
    let [certificate] = table.certificates.as_slice() else { panic!("{table:?}") };
    assert_eq!(certificate.resource.as_deref(), Some("site"));
    assert_eq!(certificate.issuer.as_ref().unwrap().name, "letsencrypt");
    assert_eq!((certificate.renewer.clone(), certificate.revision), (Renewer::CertManager, Some(3)));
    assert!(certificate.is_failing && certificate.is_ready == Some(true));
    assert_eq!(certificate.standing(fixture.now), Standing::Late);
    assert_eq!(certificate.validity.as_ref().unwrap().share(fixture.now), Some(10));
    let [used] = certificate.uses.as_slice() else { panic!("{certificate:?}") };
    assert_eq!(
        (used.object.kind, used.hosts.as_slice()),
        (Kind::Ingress, &["hub.example.edu".to_owned()][..])
    );
    assert_eq!(used.hubs[0].release, "prod");
    assert!(table.uncovered.is_empty() && table.gaps.is_empty());
}

#[test]
fn the_end_of_a_certificate_in_a_secret_that_nothing_describes_is_unknown() {
    let fixture = hub().with(&ingress("hub", "[hub.example.edu]", "bought-tls"));
    let table = table(&fixture);
    let certificate = kept(&table, "bought-tls");
    assert_eq!(certificate.validity, Err(Unseen::InSecret));
    assert_eq!(
        (certificate.renewer.clone(), certificate.standing(fixture.now)),
        (Renewer::NobodySeen, Standing::Unknown)
    );
    // What it is for is not known, so nothing is said about what it is not for.
    assert!(certificate.names.is_empty() && table.uncovered.is_empty());
}

#[test]
fn where_certificates_of_cert_manager_cannot_be_read_nobody_is_said_to_renew_by_hand() {
    let both = format!("{FAILING}{}", ingress("hub", "[hub.example.edu]", "site-tls"));
    let fixture = hub().with(&both).without(Kind::Certificate);
    let table = table(&fixture);
    let certificate = kept(&table, "site-tls");
    let Err(Unseen::Hidden(gap)) = &certificate.validity else { panic!("{certificate:?}") };
    assert_eq!((gap.kind, &gap.reason), (Kind::Certificate, &GapReason::Forbidden));
    assert_eq!(certificate.renewer, Renewer::Hidden(gap.clone()));
    assert!(table.gaps.iter().any(|gap| gap.kind == Kind::Certificate));
}

#[test]
fn a_name_that_the_issued_certificate_is_not_for_is_told_and_wildcards_cover_one_label() {
    let more = ingress(
        "hub",
        "[hub.example.edu, a.hub.example.edu, a.b.hub.example.edu, www.example.edu]",
        "site-tls",
    );
    let table = table(&hub().with(&format!("{FAILING}{more}")));
    let names: Vec<_> = table.uncovered.iter().map(|uncovered| uncovered.host.as_str()).collect();
    assert_eq!(names, ["a.b.hub.example.edu", "www.example.edu"]);
    let site = Kept::Secret { namespace: "jhub".into(), name: "site-tls".into() };
    assert!(table.uncovered.iter().all(|uncovered| uncovered.used == std::slice::from_ref(&site)));
    // As long as it is not what was asked for, its names are not known.
    let unready = FAILING.replace("type: Ready, status: 'True'", "type: Ready, status: 'False'");
    let table = self::table(&hub().with(&format!("{unready}{more}")));
    assert!(table.uncovered.is_empty());
}

#[test]
fn a_hub_whose_ingress_has_no_tls_has_a_name_without_a_certificate() {
    let plain = ingress("hub", "[]", "x").replace("  tls: [{ hosts: [], secretName: x }]\n", "");
    let table = table(&hub().with(&plain));
    assert!(table.certificates.is_empty());
    let [uncovered] = table.uncovered.as_slice() else { panic!("{table:?}") };
    assert_eq!((uncovered.host.as_str(), uncovered.used.len()), ("hub.example.edu", 0));
}

#[test]
fn an_entry_without_a_secret_uses_what_the_controller_keeps() {
    let default = ingress("hub", "[hub.example.edu]", "x").replace(", secretName: x", "");
    let table = table(&hub().with(&default));
    let certificate = kept(&table, "hub");
    assert_eq!(
        (certificate.kept.keeper(), &certificate.validity),
        ("the controller of Ingress", &Err(Unseen::Elsewhere))
    );
}

#[test]
fn listeners_of_a_gateway_share_a_certificate_and_passthrough_needs_none() {
    let gateway = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: public, namespace: edge }
spec:
  listeners:
    - { name: one, protocol: HTTPS, port: 443, hostname: hub.example.edu, tls: { certificateRefs: [{ name: site-tls, namespace: jhub }] } }
    - { name: two, protocol: HTTPS, port: 8443, hostname: other.example.edu, tls: { certificateRefs: [{ name: site-tls, namespace: jhub }] } }
    - { name: raw, protocol: TLS, port: 9443, tls: { mode: Passthrough } }
    - { name: plain, protocol: HTTP, port: 80 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: hub, namespace: jhub }
spec:
  parentRefs: [{ name: public, namespace: edge, sectionName: one }]
  hostnames: [hub.example.edu]
  rules: [{ backendRefs: [{ name: proxy-public, port: 80 }] }]
";
    let table = table(&hub().with(&format!("{FAILING}{gateway}")));
    let [certificate] = table.certificates.as_slice() else { panic!("{table:?}") };
    let uses: Vec<_> =
        certificate.uses.iter().map(|used| (used.listener.as_deref().unwrap(), used.hubs.len())).collect();
    assert_eq!(uses, [("one", 1), ("two", 0)]);
    assert_eq!(table.uncovered.len(), 1);
    assert_eq!(table.uncovered[0].host, "other.example.edu");
}

#[test]
fn each_way_of_https_of_a_hub_says_who_renews() {
    let automatic = Fixture::from_yaml(V4_4);
    let automatic = table(&automatic);
    let certificate = kept(&automatic, "proxy-public-tls-acme");
    assert_eq!(
        (certificate.renewer.clone(), &certificate.validity),
        (Renewer::AutoHttps, &Err(Unseen::InSecret))
    );
    assert_eq!(certificate.uses[0].object.kind, Kind::Service);
    let ancient = table(&Fixture::from_yaml(V0_6));
    assert!(ancient.certificates.iter().any(|certificate| certificate.renewer == Renewer::KubeLego));
    let https = "[{ name: https, port: 443, targetPort: https }, { name: http, port: 80, targetPort: http }]";
    let manual = Scene {
        volumes: "[{ name: tls-secret, secret: { secretName: proxy-public-manual-tls } }]",
        ..Scene::new("2.0.0").ports(https)
    };
    let manual = table(&manual.fixture());
    assert_eq!(kept(&manual, "proxy-public-manual-tls").renewer, Renewer::Person);
    let offload =
        table(&Scene::new("2.0.0").ports("[{ name: https, port: 443, targetPort: http }]").fixture());
    let certificate = &offload.certificates[0];
    assert_eq!(
        (certificate.renewer.clone(), &certificate.validity),
        (Renewer::Operator, &Err(Unseen::Elsewhere))
    );
    // Automatic HTTPS is nobody else's, whatever of cert-manager is hidden.
    let scene = Scene { selects: "autohttps", ..Scene::new("0.11.1").ports(https) };
    let hidden = table(&scene.with(AUTOHTTPS).without(Kind::Certificate));
    assert!(hidden.certificates.iter().any(|certificate| certificate.renewer == Renewer::AutoHttps));
}

#[test]
fn a_certificate_that_was_not_issued_yet_has_no_end() {
    let (spec, _) = FAILING.split_once("status:").unwrap();
    let table = table(&hub().with(spec));
    let certificate = kept(&table, "site-tls");
    assert_eq!((&certificate.validity, certificate.is_ready), (&Err(Unseen::NoStatus), None));
}

#[test]
fn a_table_survives_being_written_as_json() {
    let table = table(&hub().with(&format!("{FAILING}{}", ingress("hub", "[www.example.edu]", "site-tls"))));
    let json = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<CertificateTable>(&json).unwrap(), table);
}

/// A certificate of the shared files.
fn der(name: &str) -> Der {
    x509::pem(&pem_of(name)).certificates.remove(0)
}

fn in_secret(name: &str, key: &str, certificates: &[&str]) -> (Spot, Sight) {
    let spot = Spot::Secret { namespace: "jhub".into(), name: name.into() };
    let chain = StoredChain {
        alias: None,
        certificates: certificates.iter().map(|name| der(name)).collect(),
        key_matches: Some(true),
        trust: None,
    };
    let form = if key == "acme.json" { StoreForm::AcmeJson } else { StoreForm::Pem };
    let entry = SecretEntry { key: key.into(), form, chains: vec![chain], fault: None };
    (spot, Ok(Seen::Secret(SecretSight { kind: "kubernetes.io/tls".into(), entries: vec![entry] })))
}

fn presented(host: &str, certificates: &[&str]) -> (Spot, Sight) {
    let handshake = Handshake {
        newest: TlsVersion::Tls13,
        oldest: Some(TlsVersion::Tls12),
        is_proven: true,
        chain: certificates.iter().map(|name| der(name)).collect(),
        in_turn: Vec::new(),
        trust: Trust::Public,
        hsts: HstsSight::NotSent,
    };
    let sight = EndpointSight { handshake: Some(handshake), ..EndpointSight::default() };
    (Spot::Endpoint { host: host.into(), port: 443 }, Ok(Seen::Endpoint(Box::new(sight))))
}

/// The table of a hub behind an Ingress with the Secret `site-tls`, with what was looked at.
fn sighted(objects: &str, spots: Vec<(Spot, Sight)>) -> CertificateTable {
    let mut fixture = hub().with(&format!("{objects}{}", ingress("hub", "[hub.example.edu]", "site-tls")));
    fixture.snapshot.sightings = Sightings {
        spots: spots.into_iter().collect(),
        reads_secrets: true,
        connects: true,
        ..Sightings::default()
    };
    table(&fixture)
}

#[test]
fn what_is_kept_and_what_is_served_are_one_certificate_if_they_are_the_same() {
    let both =
        vec![in_secret("site-tls", "tls.crt", &["hub", "issuing"]), presented("hub.example.edu", &["hub"])];
    let table = sighted("", both);
    let [certificate] = table.certificates.as_slice() else { panic!("{table:#?}") };
    assert_eq!((certificate.seen.len(), certificate.served[0].is_same), (2, Some(true)));
    assert_eq!(certificate.names, ["hub.example.edu"]);
    assert_eq!(certificate.read.as_ref().unwrap().chain.len(), 1);
    assert_eq!(certificate.hubs().count(), 1);
}

#[test]
fn a_certificate_that_was_renewed_and_not_loaded_stands_beside_the_one_that_is_served() {
    let both = vec![
        in_secret("site-tls", "tls.crt", &["hub-renewed"]),
        presented("hub.example.edu", &["hub", "issuing"]),
    ];
    let table = sighted("", both);
    let [stored, served] = table.certificates.as_slice() else { panic!("{table:#?}") };
    assert_eq!(stored.served[0].is_same, Some(false));
    assert_eq!(served.kept, Kept::Endpoint { host: "hub.example.edu".into(), port: 443 });
    assert_eq!(served.hubs().next().unwrap().release, "prod", "whose name it is presented for");
}

#[test]
fn what_is_served_tells_of_a_secret_that_is_not_read_unless_cert_manager_says_otherwise() {
    let served = || vec![presented("hub.example.edu", &["hub", "issuing"])];
    let table = sighted("", served());
    let [certificate] = table.certificates.as_slice() else { panic!("{table:#?}") };
    assert_eq!(certificate.kept.place().1, "site-tls");
    assert_eq!((certificate.served[0].is_same, certificate.validity.is_ok()), (None, true));
    // Another end than the one of the connection.
    let table = sighted(FAILING, served());
    assert_eq!(table.certificates.len(), 2);
    assert_eq!(kept(&table, "site-tls").served[0].is_same, Some(false));
}

#[test]
fn each_certificate_of_a_store_has_the_names_that_it_is_for() {
    let (spot, sight) = in_secret("site-tls", "acme.json", &["hub"]);
    let Ok(Seen::Secret(mut secret)) = sight else { panic!() };
    let other = StoredChain {
        alias: Some("default www.example.edu".into()),
        certificates: vec![der("other")],
        key_matches: None,
        trust: None,
    };
    secret.entries[0].chains.push(other);
    let table = sighted("", vec![(spot, Ok(Seen::Secret(secret)))]);
    let uses: Vec<usize> = table.certificates.iter().map(|certificate| certificate.uses.len()).collect();
    let entries: Vec<_> = table.certificates.iter().map(|certificate| certificate.entry.as_deref()).collect();
    assert_eq!(entries, [Some("acme.json"), Some("acme.json default www.example.edu")]);
    assert_eq!(uses, [1, 0]);
}

#[test]
fn where_a_secret_does_not_exist_what_is_presented_is_another_certificate() {
    let absent = Spot::Secret { namespace: "jhub".into(), name: "site-tls".into() };
    let table = sighted("", vec![(absent, Err(Unsighted::Absent)), presented("hub.example.edu", &["hub"])]);
    assert_eq!(kept(&table, "site-tls").validity, Err(Unseen::Missed(Unsighted::Absent)));
    assert_eq!(table.certificates.len(), 2);
}

#[test]
fn what_lies_beside_the_key_that_servers_load_is_used_by_nobody() {
    let (spot, sight) = in_secret("site-tls", "tls.crt", &["hub", "issuing"]);
    let Ok(Seen::Secret(mut secret)) = sight else { panic!() };
    for (key, name) in [("old.crt", "hub-expired"), ("truststore.jks", "root")] {
        let chain =
            StoredChain { alias: None, certificates: vec![der(name)], key_matches: None, trust: None };
        secret.entries.push(SecretEntry {
            key: key.into(),
            form: StoreForm::Pem,
            chains: vec![chain],
            fault: None,
        });
    }
    let table = sighted("", vec![(spot, Ok(Seen::Secret(secret)))]);
    let told: Vec<_> = table
        .certificates
        .iter()
        .map(|certificate| (certificate.entry.as_deref(), certificate.purpose, certificate.uses.len()))
        .collect();
    let (server, authority) = (Purpose::Server, Purpose::Authority);
    assert_eq!(
        told,
        [(None, server, 1), (Some("old.crt"), server, 0), (Some("truststore.jks"), authority, 0)]
    );
}

#[test]
fn authorities_of_bundles_are_told_once_with_every_place() {
    let root = data_encoding::BASE64.encode(&pem_of("root"));
    let hooks = ["one", "two"].map(|name| {
        format!(
            "
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{ name: {name} }}
webhooks: [{{ name: a.example.org, clientConfig: {{ caBundle: {root}, service: {{ name: hook, namespace: hooks }} }} }}]
"
        )
    });
    let table = table(&hub().with(&hooks.concat()));
    let [authority] = table.certificates.as_slice() else { panic!("{table:#?}") };
    assert_eq!((authority.purpose, authority.seen.len()), (Purpose::Authority, 2));
    assert_eq!(authority.read.as_ref().unwrap().certificate.common_name.as_deref(), Some("Example Root"));
}

fn pem_of(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/bases/certificates/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
    std::fs::read(path).unwrap()
}
