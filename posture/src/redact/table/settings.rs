//! Configuration files within ConfigMaps.

use super::super::rule::{Row, Rule};

use Rule::{AuthorityUrl, Email, Path, Scalar, Url, Word};

/// Traefik's static configuration, as charts from 0.9 on write it.
pub(super) const TRAEFIK_STATIC: &[Row] = &[
    ("api.dashboard", Scalar),
    ("api.insecure", Scalar),
    ("certificatesResolvers{}.acme.caServer", AuthorityUrl),
    ("certificatesResolvers{}.acme.email", Email),
    ("certificatesResolvers{}.acme.httpChallenge.entryPoint", Word),
    ("certificatesResolvers{}.acme.storage", Path),
    ("entryPoints{}.address", Word),
    ("entryPoints{}.http.redirections.entryPoint.permanent", Scalar),
    ("entryPoints{}.http.redirections.entryPoint.scheme", Word),
    ("entryPoints{}.http.redirections.entryPoint.to", Word),
    ("log.level", Word),
    ("providers.file.filename", Path),
];

/// Traefik's dynamic configuration, as charts from 0.9 on write it; Traefik reads `entryPoints` in any case.
pub(super) const TRAEFIK_DYNAMIC: &[Row] = &[
    ("http.middlewares{}.headers.sslRedirect", Scalar),
    ("http.middlewares{}.headers.stsIncludeSubdomains", Scalar),
    ("http.middlewares{}.headers.stsPreload", Scalar),
    ("http.middlewares{}.headers.stsSeconds", Scalar),
    ("http.middlewares{}.redirectScheme.permanent", Scalar),
    ("http.middlewares{}.redirectScheme.port", Scalar),
    ("http.middlewares{}.redirectScheme.scheme", Word),
    ("http.routers{}.entryPoints[]", Word),
    ("http.routers{}.entrypoints[]", Word),
    ("http.routers{}.middlewares[]", Word),
    ("http.routers{}.service", Word),
    ("http.routers{}.tls.certResolver", Word),
    ("http.routers{}.tls.certresolver", Word),
    ("http.routers{}.tls.domains[].main", Word),
    ("http.routers{}.tls.domains[].sans[]", Word),
    ("http.routers{}.tls.options", Word),
    ("http.services{}.loadBalancer.servers[].url", Url),
    ("tls.options{}.cipherSuites[]", Word),
    ("tls.options{}.minVersion", Word),
    ("tls.options{}.sniStrict", Scalar),
];

/// The values that charts 0.8 and 0.9 write into the hub's ConfigMap.
pub(super) const VALUES: &[Row] = &[
    ("auth.admin.access", Scalar),
    ("auth.type", Word),
    ("cull.enabled", Scalar),
    ("cull.every", Scalar),
    ("cull.maxAge", Scalar),
    ("cull.timeout", Scalar),
    ("debug.enabled", Scalar),
    ("hub.allowNamedServers", Scalar),
    ("hub.db.type", Word),
    ("hub.networkPolicy.enabled", Scalar),
    ("ingress.enabled", Scalar),
    ("proxy.https.enabled", Scalar),
    ("proxy.https.hosts[]", Word),
    ("proxy.https.letsencrypt.acmeServer", AuthorityUrl),
    ("proxy.https.letsencrypt.contactEmail", Email),
    ("proxy.https.secret.name", Word),
    ("proxy.https.type", Word),
    ("proxy.networkPolicy.enabled", Scalar),
    ("proxy.service.type", Word),
    ("rbac.enabled", Scalar),
    ("singleuser.cloudMetadata.enabled", Scalar),
    ("singleuser.cloudMetadata.ip", Word),
    ("singleuser.networkPolicy.enabled", Scalar),
    ("singleuser.serviceAccountName", Word),
    ("singleuser.startTimeout", Scalar),
    ("singleuser.uid", Scalar),
];

/// `singleuser.cloud-metadata` of charts up to 0.7.
pub(super) const CLOUD_METADATA: &[Row] = &[("enabled", Scalar), ("ip", Word)];
