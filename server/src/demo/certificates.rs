//! Certificates of the demo: made at the start from a file, and the same at every start but for the days in them.
//!
//! Every key is made from its name. All are Ed25519, which no public authority issues: only their signatures come out the same each time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use posture::sighting::{DnsSight, EndpointSight, Handshake, HstsSight, PlainSight, TlsVersion, Vantage};
use posture::x509::Der;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::Deserialize;
use serde_json::json;

use super::instant::{Offset, rfc3339};
use super::template::Vars;
use super::{DemoError, files, names};
use crate::config::Sights;
use crate::probe::{Script, trust_with};

/// `certificates/<name>.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificatesFile {
    /// Each after those that sign it.
    certificates: Vec<CertificateFile>,
    /// What traefik keeps of them.
    stores: Vec<StoreFile>,
    /// The Secrets that are read, as `namespace/name`.
    secrets: BTreeSet<String>,
    /// What connections are said to show; nothing is connected to.
    shown: Vec<ShownFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateFile {
    id: String,
    /// The certificate whose key it has too; its own where nothing is named.
    key: Option<String>,
    /// What signs it; itself where nothing is named.
    by: Option<String>,
    /// The common name.
    name: Option<String>,
    organization: Option<String>,
    /// The DNS names.
    #[serde(default)]
    hosts: Vec<String>,
    from: Offset,
    to: Offset,
    #[serde(default)]
    is_authority: bool,
    /// Whether browsers know it.
    #[serde(default)]
    is_known: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreFile {
    id: String,
    chain: Vec<String>,
    main: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownFile {
    host: String,
    address: std::net::IpAddr,
    /// The seconds of Strict-Transport-Security.
    hsts: Option<i64>,
    /// Since when which chain is shown, oldest first.
    chains: Vec<Shown>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    since: Offset,
    chain: Vec<String>,
}

/// What there is of certificates in a cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Certificates {
    /// What is looked at.
    pub(super) sights: Sights,
    /// What connections show, and whom browsers know.
    pub(super) script: Option<Arc<Script>>,
    /// Text of certificates, keys and stores, for templates.
    pub(super) vars: Vars,
}

/// One certificate with its key.
struct Made {
    certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

/// Makes the certificates of a cluster; none where it has no file of them.
pub(super) fn make(cluster: &str, now: Timestamp) -> Result<Certificates, DemoError> {
    let path = format!("certificates/{cluster}.yaml");
    if files::FILES.get_file(&path).is_none() {
        return Ok(Certificates::default());
    }
    let file: CertificatesFile = files::one(&path)?;
    let wrong = |what: &str, error: &dyn std::fmt::Display| DemoError::new(format!("{path}, {what}"), error);
    let mut made: BTreeMap<String, Made> = BTreeMap::new();
    for one in &file.certificates {
        let next = issue(one, &made, cluster, now).map_err(|error| wrong(&one.id, &error))?;
        made.insert(one.id.clone(), next);
    }
    let chain = |ids: &[String]| -> Result<Vec<&Made>, DemoError> {
        ids.iter().map(|id| made.get(id).ok_or_else(|| wrong(id, &"there is no such certificate"))).collect()
    };
    let mut vars = Vars::new();
    for (one, Made { certificate, key, .. }) in
        file.certificates.iter().zip(file.certificates.iter().map(|one| &made[&one.id]))
    {
        vars.insert(format!("pem:{}", one.id), certificate.pem().into());
        vars.insert(format!("key:{}", one.id), key.serialize_pem().into());
        vars.insert(format!("from:{}", one.id), rfc3339(one.from.from(now)).into());
        vars.insert(format!("to:{}", one.id), rfc3339(one.to.from(now)).into());
    }
    for store in &file.stores {
        vars.insert(format!("acme:{}", store.id), acme(store, &chain(&store.chain)?).into());
    }
    let authorities: Vec<Der> =
        file.certificates.iter().filter(|one| one.is_known).map(|one| der(&made[&one.id])).collect();
    let mut sights = Sights::default();
    for secret in &file.secrets {
        let (namespace, name) =
            secret.split_once('/').ok_or_else(|| wrong(secret, &"a Secret is namespace/name"))?;
        sights.secrets.insert((namespace.to_owned(), name.to_owned()));
    }
    let mut shown = BTreeMap::new();
    for server in &file.shown {
        sights.hosts.insert((server.host.clone(), 443));
        let mut looks = Vec::new();
        for look in &server.chains {
            let chain: Vec<Der> = chain(&look.chain)?.into_iter().map(der).collect();
            let since = look.since.from(now);
            looks.push((since, sight(server, chain, &authorities, since)));
        }
        shown.insert((server.host.clone(), 443), looks);
    }
    Ok(Certificates { sights, script: Some(Arc::new(Script { shown, authorities })), vars })
}

fn der(made: &Made) -> Der {
    Der::new(made.certificate.der().as_ref())
}

/// The key that a name stands for.
fn key(cluster: &str, id: &str) -> Result<KeyPair, rcgen::Error> {
    /// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let bytes: Vec<u8> = HEAD.into_iter().chain(names::bytes(&[cluster, "key", id])).collect();
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(bytes), &rcgen::PKCS_ED25519)
}

fn issue(
    one: &CertificateFile,
    made: &BTreeMap<String, Made>,
    cluster: &str,
    now: Timestamp,
) -> Result<Made, Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(one.hosts.clone())?;
    params.distinguished_name = DistinguishedName::new();
    for (kind, text) in [(DnType::OrganizationName, &one.organization), (DnType::CommonName, &one.name)] {
        if let Some(text) = text {
            params.distinguished_name.push(kind, text);
        }
    }
    let at = |offset: Offset| -> Result<_, Box<dyn std::error::Error>> {
        let seconds = u64::try_from(offset.from(now).as_second())?;
        Ok(rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds))
    };
    (params.not_before, params.not_after) = (at(one.from)?, at(one.to)?);
    params.use_authority_key_identifier_extension = one.by.is_some();
    if one.is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    } else {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    }
    let key = key(cluster, one.key.as_ref().unwrap_or(&one.id))?;
    let certificate = match &one.by {
        None => params.self_signed(&key)?,
        Some(by) => {
            let by = made.get(by).ok_or("what signs it does not stand before it")?;
            params.signed_by(&key, &Issuer::from_params(&by.params, &by.key))?
        }
    };
    Ok(Made { certificate, params, key })
}

/// What traefik keeps of a certificate.
fn acme(store: &StoreFile, chain: &[&Made]) -> String {
    let certificates: String = chain.iter().map(|made| made.certificate.pem()).collect();
    let key = chain.first().map(|made| made.key.serialize_pem()).unwrap_or_default();
    let held = json!({"domain": {"main": store.main}, "certificate": names::base64(certificates.as_bytes()),
        "key": names::base64(key.as_bytes()), "Store": "default"});
    json!({"default": {"Account": null, "Certificates": [held]}}).to_string()
}

/// What a connection shows.
fn sight(server: &ShownFile, chain: Vec<Der>, authorities: &[Der], now: Timestamp) -> EndpointSight {
    let trust = trust_with(&chain, authorities, now);
    EndpointSight {
        dns: DnsSight { addresses: vec![server.address], ..DnsSight::default() },
        address: Some(server.address),
        handshake: Some(Handshake {
            newest: TlsVersion::Tls13,
            oldest: Some(TlsVersion::Tls12),
            is_proven: true,
            chain,
            in_turn: Vec::new(),
            trust,
            hsts: server.hsts.map_or(HstsSight::NotSent, |max_age| HstsSight::Sent { max_age }),
        }),
        fault: None,
        plain: PlainSight::ToHttps { permanent: true },
        from: Vantage::Outside,
    }
}
