//! Services, their endpoints, and what stands in front of them.

use super::super::rule::{Row, Rule};
use super::Rows;

use Rule::{Labels, Number, Path, Port, Text};

/// A Service.
pub(super) const SERVICE: &[Rows] = &[
    (
        "spec.",
        &[
            ("type", Text),
            ("selector", Labels),
            ("clusterIP", Text),
            ("clusterIPs[]", Text),
            ("externalIPs[]", Text),
            ("externalName", Text),
            ("externalTrafficPolicy", Text),
            ("ipFamilies[]", Text),
            ("ipFamilyPolicy", Text),
            ("loadBalancerClass", Text),
            ("loadBalancerIP", Text),
            ("loadBalancerSourceRanges[]", Text),
            ("ports[].name", Text),
            ("ports[].protocol", Text),
            ("ports[].appProtocol", Text),
            ("ports[].port", Number),
            ("ports[].targetPort", Port),
            ("ports[].nodePort", Number),
        ],
    ),
    ("status.", BALANCER),
];

/// Endpoints, old form.
pub(super) const ENDPOINTS: &[Rows] =
    &[("subsets[].addresses[].", &[("ip", Text)]), ("subsets[].", ENDPOINT_PORTS)];

/// Endpoints, new form.
pub(super) const ENDPOINT_SLICE: &[Rows] = &[
    (
        "",
        &[
            ("addressType", Text),
            ("endpoints[].addresses[]", Text),
            ("endpoints[].conditions.ready", Rule::Bool),
        ],
    ),
    ("", ENDPOINT_PORTS),
];

const ENDPOINT_PORTS: &[Row] =
    &[("ports[].name", Text), ("ports[].port", Number), ("ports[].protocol", Text)];

const BALANCER: &[Row] = &[
    ("loadBalancer.ingress[].ip", Text),
    ("loadBalancer.ingress[].hostname", Text),
    ("loadBalancer.ingress[].ipMode", Text),
];

/// An Ingress.
pub(super) const INGRESS: &[Rows] = &[
    (
        "spec.",
        &[
            ("ingressClassName", Text),
            ("rules[].host", Text),
            ("rules[].http.paths[].path", Path),
            ("rules[].http.paths[].pathType", Text),
            ("tls[].hosts[]", Text),
            ("tls[].secretName", Text),
        ],
    ),
    ("spec.rules[].http.paths[].backend.", BACKEND),
    ("spec.defaultBackend.", BACKEND),
    ("status.", BALANCER),
];

const BACKEND: &[Row] = &[
    ("service.name", Text),
    ("service.port.name", Text),
    ("service.port.number", Number),
    ("resource.kind", Text),
    ("resource.name", Text),
];

/// An IngressClass.
pub(super) const INGRESS_CLASS: &[Rows] = &[("spec.", &[("controller", Text)])];

/// A Gateway.
pub(super) const GATEWAY: &[Rows] = &[
    (
        "spec.",
        &[
            ("gatewayClassName", Text),
            ("listeners[].name", Text),
            ("listeners[].protocol", Text),
            ("listeners[].port", Number),
            ("listeners[].hostname", Text),
            ("listeners[].tls.mode", Text),
            ("listeners[].allowedRoutes.namespaces.from", Text),
        ],
    ),
    ("spec.listeners[].tls.certificateRefs[].", REFERENCE),
    ("status.", &[("addresses[].type", Text), ("addresses[].value", Text)]),
];

/// An HTTPRoute.
pub(super) const HTTP_ROUTE: &[Rows] = &[
    (
        "spec.",
        &[
            ("hostnames[]", Text),
            ("rules[].filters[].type", Text),
            ("rules[].filters[].requestRedirect.scheme", Text),
            ("rules[].filters[].requestRedirect.hostname", Text),
            ("rules[].filters[].requestRedirect.port", Number),
            ("rules[].filters[].requestRedirect.statusCode", Number),
        ],
    ),
    ("spec.parentRefs[].", REFERENCE),
    ("spec.rules[].backendRefs[].", REFERENCE),
];

const REFERENCE: &[Row] =
    &[("name", Text), ("namespace", Text), ("kind", Text), ("sectionName", Text), ("port", Number)];
