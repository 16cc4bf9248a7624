//! Roles, bindings and ServiceAccounts.

use super::super::rule::Rule;
use super::{Rows, SELECTOR};

use Rule::{Bool, Text};

/// A ServiceAccount.
pub(super) const SERVICE_ACCOUNT: &[Rows] = &[(
    "",
    &[("automountServiceAccountToken", Bool), ("imagePullSecrets[].name", Text), ("secrets[].name", Text)],
)];

/// A Role or a ClusterRole.
pub(super) const ROLE: &[Rows] = &[
    (
        "rules[].",
        &[
            ("verbs[]", Text),
            ("apiGroups[]", Text),
            ("resources[]", Text),
            ("resourceNames[]", Text),
            ("nonResourceURLs[]", Text),
        ],
    ),
    ("aggregationRule.clusterRoleSelectors[].", SELECTOR),
];

/// A RoleBinding or a ClusterRoleBinding.
pub(super) const BINDING: &[Rows] = &[(
    "",
    &[
        ("roleRef.kind", Text),
        ("roleRef.name", Text),
        ("subjects[].kind", Text),
        ("subjects[].name", Text),
        ("subjects[].namespace", Text),
    ],
)];
