//! Network policies of Kubernetes and of the cluster's administrators.

use super::super::rule::{Row, Rule};
use super::{Rows, SELECTOR};

use Rule::{Number, Port, Presence, Text};

/// A NetworkPolicy of Kubernetes.
pub(super) const NETWORK_POLICY: &[Rows] = &[
    ("spec.", &[("policyTypes[]", Text)]),
    ("spec.podSelector.", SELECTOR),
    ("spec.ingress[].", POLICY_PORTS),
    ("spec.ingress[].from[].ipBlock.", ADDRESSES),
    ("spec.ingress[].from[].podSelector.", SELECTOR),
    ("spec.ingress[].from[].namespaceSelector.", SELECTOR),
    ("spec.egress[].", POLICY_PORTS),
    ("spec.egress[].to[].ipBlock.", ADDRESSES),
    ("spec.egress[].to[].podSelector.", SELECTOR),
    ("spec.egress[].to[].namespaceSelector.", SELECTOR),
];

const POLICY_PORTS: &[Row] =
    &[("ports[].protocol", Text), ("ports[].port", Port), ("ports[].endPort", Number)];

const ADDRESSES: &[Row] = &[("cidr", Text), ("except[]", Text)];

/// A policy of the cluster's administrators, of either kind.
pub(super) const ADMIN_POLICY: &[Rows] = &[
    ("spec.", &[("priority", Number)]),
    ("spec.subject.namespaces.", ADMIN_NAMESPACES),
    ("spec.subject.namespaces.", SELECTOR),
    ("spec.subject.pods.", OLD_NAMESPACES),
    ("spec.subject.pods.namespaceSelector.", SELECTOR),
    ("spec.subject.pods.podSelector.", SELECTOR),
    ("spec.ingress[].", &[("action", Text)]),
    ("spec.ingress[].ports[].", ADMIN_PORTS),
    ("spec.ingress[].from[].namespaces.", ADMIN_NAMESPACES),
    ("spec.ingress[].from[].namespaces.", SELECTOR),
    ("spec.ingress[].from[].pods.", OLD_NAMESPACES),
    ("spec.ingress[].from[].pods.namespaceSelector.", SELECTOR),
    ("spec.ingress[].from[].pods.podSelector.", SELECTOR),
    ("spec.egress[].", &[("action", Text)]),
    ("spec.egress[].ports[].", ADMIN_PORTS),
    ("spec.egress[].to[].", &[("networks[]", Text), ("domainNames[]", Text)]),
    ("spec.egress[].to[].namespaces.", ADMIN_NAMESPACES),
    ("spec.egress[].to[].namespaces.", SELECTOR),
    ("spec.egress[].to[].pods.", OLD_NAMESPACES),
    ("spec.egress[].to[].pods.namespaceSelector.", SELECTOR),
    ("spec.egress[].to[].pods.podSelector.", SELECTOR),
    ("spec.egress[].to[].nodes.", SELECTOR),
];

/// What the first version of the API had beside the labels.
const ADMIN_NAMESPACES: &[Row] =
    &[("namespaceSelector", Presence), ("sameLabels[]", Text), ("notSameLabels[]", Text)];

const OLD_NAMESPACES: &[Row] = &[("namespaces", Presence)];

const ADMIN_PORTS: &[Row] = &[
    ("portNumber.protocol", Text),
    ("portNumber.port", Number),
    ("portRange.protocol", Text),
    ("portRange.start", Number),
    ("portRange.end", Number),
    ("namedPort", Text),
];
