//! Nodes, namespaces, storage, configuration, webhooks and certificates.

use super::super::rule::{Row, Rule};
use super::{CONDITION, Rows, SELECTOR};

use Rule::{BinaryData, Bool, Bundle, Data, Number, Scalar, Text, Time, Url};

/// A namespace.
pub(super) const NAMESPACE: &[Rows] = &[("status.", &[("phase", Text)])];

/// A node.
pub(super) const NODE: &[Rows] = &[
    (
        "spec.",
        &[
            ("providerID", Text),
            ("podCIDRs[]", Text),
            ("unschedulable", Bool),
            ("taints[].key", Text),
            ("taints[].value", Text),
            ("taints[].effect", Text),
        ],
    ),
    (
        "status.",
        &[
            ("addresses[].type", Text),
            ("addresses[].address", Text),
            ("nodeInfo.kubeletVersion", Text),
            ("nodeInfo.osImage", Text),
            ("nodeInfo.operatingSystem", Text),
            ("nodeInfo.architecture", Text),
            ("nodeInfo.containerRuntimeVersion", Text),
            ("nodeInfo.kernelVersion", Text),
        ],
    ),
];

/// A ConfigMap.
pub(super) const CONFIG_MAP: &[Rows] =
    &[("", &[("data", Data), ("binaryData", BinaryData), ("immutable", Bool)])];

/// A claim for storage.
pub(super) const CLAIM: &[Rows] = &[
    ("spec.", &[("accessModes[]", Text), ("storageClassName", Text), ("resources.requests{}", Scalar)]),
    ("status.", &[("phase", Text)]),
];

/// A ResourceQuota.
pub(super) const QUOTA: &[Rows] = &[("spec.", &[("hard{}", Scalar), ("scopes[]", Text)])];

/// A LimitRange.
pub(super) const LIMIT_RANGE: &[Rows] = &[(
    "spec.limits[].",
    &[
        ("type", Text),
        ("default{}", Scalar),
        ("defaultRequest{}", Scalar),
        ("max{}", Scalar),
        ("min{}", Scalar),
    ],
)];

/// A webhook configuration of either kind.
pub(super) const WEBHOOKS: &[Rows] = &[
    (
        "webhooks[].",
        &[
            ("name", Text),
            ("failurePolicy", Text),
            ("clientConfig.url", Url),
            ("clientConfig.caBundle", Bundle),
            ("clientConfig.service.name", Text),
            ("clientConfig.service.namespace", Text),
            ("clientConfig.service.port", Number),
            ("rules[].operations[]", Text),
            ("rules[].apiGroups[]", Text),
            ("rules[].apiVersions[]", Text),
            ("rules[].resources[]", Text),
            ("rules[].scope", Text),
        ],
    ),
    ("webhooks[].namespaceSelector.", SELECTOR),
    ("webhooks[].objectSelector.", SELECTOR),
];

/// An APIService.
pub(super) const API_SERVICE: &[Rows] = &[
    (
        "spec.",
        &[
            ("group", Text),
            ("version", Text),
            ("insecureSkipTLSVerify", Bool),
            ("caBundle", Bundle),
            ("service.name", Text),
            ("service.namespace", Text),
            ("service.port", Number),
        ],
    ),
    ("status.conditions[].", CONDITION),
];

/// A Certificate of cert-manager.
pub(super) const CERTIFICATE: &[Rows] = &[
    ("spec.", CERTIFICATE_SPEC),
    ("status.", &[("notAfter", Time), ("notBefore", Time), ("renewalTime", Time), ("revision", Number)]),
    ("status.conditions[].", CONDITION),
];

const CERTIFICATE_SPEC: &[Row] = &[
    ("secretName", Text),
    ("commonName", Text),
    ("dnsNames[]", Text),
    ("issuerRef.kind", Text),
    ("issuerRef.name", Text),
];
