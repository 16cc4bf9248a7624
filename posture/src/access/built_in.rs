//! The roles that every cluster starts with, for files that name them and do not hold them.
//!
//! What stands here is what Kubernetes 1.30 and every later version install. A later one may have added rules, and other parts of a
//! cluster may add to the aggregated ones; nothing was taken away. A test compares it with the roles of a real API server.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{AggregationRule, LabelSelector, PolicyRule, Role};

/// What to say beside a rule of such a role.
pub const BUILT_IN: &str = "built in, as Kubernetes 1.30 and later install it; aggregation may add to it";

/// One of these roles.
struct BuiltIn {
    name: &'static str,
    /// The aggregated role that collects it.
    part_of: Option<&'static str>,
    rules: &'static [Rule],
}

/// A rule; the words of each part stand beside each other.
enum Rule {
    /// Verbs, API groups between commas, and resources.
    Of(&'static str, &'static str, &'static str),
    /// As that, for one object.
    Named(&'static str, &'static str, &'static str, &'static str),
    /// Paths, which may be got.
    Paths(&'static str),
    /// Every verb on every path.
    EveryPath,
}

use Rule::{EveryPath, Named, Of, Paths};

const READ: &str = "get list watch";
const CHANGE: &str = "create delete deletecollection patch update";
const ALL: &str = "create delete deletecollection get list patch update watch";
const NOTE: &str = "create patch update";

/// The roles that collect others.
const COLLECTING: [&str; 3] = ["admin", "edit", "view"];

const ROLES: &[BuiltIn] = &[
    BuiltIn { name: "cluster-admin", part_of: None, rules: &[Of("*", "*", "*"), EveryPath] },
    BuiltIn { name: "admin", part_of: None, rules: &[] },
    BuiltIn { name: "edit", part_of: Some("admin"), rules: &[] },
    BuiltIn { name: "view", part_of: Some("edit"), rules: &[] },
    BuiltIn {
        name: "system:aggregate-to-admin",
        part_of: Some("admin"),
        rules: &[
            Of("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            Of(ALL, "rbac.authorization.k8s.io", "rolebindings roles"),
        ],
    },
    BuiltIn {
        name: "system:aggregate-to-edit",
        part_of: Some("edit"),
        rules: &[
            Of(READ, "", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
            Of("impersonate", "", "serviceaccounts"),
            Of(CHANGE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
            Of("create", "", "pods/eviction"),
            Of(
                CHANGE,
                "",
                "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
            ),
            Of("create", "", "serviceaccounts/token"),
            Of(
                CHANGE,
                "apps",
                "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
            ),
            Of(CHANGE, "autoscaling", "horizontalpodautoscalers"),
            Of(CHANGE, "batch", "cronjobs jobs"),
            Of(CHANGE, "policy", "poddisruptionbudgets"),
            Of(CHANGE, "networking.k8s.io", "ingresses networkpolicies"),
            Of(ALL, "coordination.k8s.io", "leases"),
        ],
    },
    BuiltIn {
        name: "system:aggregate-to-view",
        part_of: Some("view"),
        rules: &[
            Of(
                READ,
                "",
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
            ),
            Of(
                READ,
                "",
                "bindings events limitranges namespaces namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
            ),
            Of(READ, "discovery.k8s.io", "endpointslices"),
            Of(
                READ,
                "apps",
                "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
            ),
            Of(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
            Of(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
            Of(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
            Of(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
        ],
    },
    BuiltIn {
        name: "system:auth-delegator",
        part_of: None,
        rules: &[
            Of("create", "authentication.k8s.io", "tokenreviews"),
            Of("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
    },
    BuiltIn {
        name: "system:basic-user",
        part_of: None,
        rules: &[
            Of("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            Of("create", "authentication.k8s.io", "selfsubjectreviews"),
        ],
    },
    BuiltIn {
        name: "system:discovery",
        part_of: None,
        rules: &[Paths(
            "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
        )],
    },
    BuiltIn {
        name: "system:public-info-viewer",
        part_of: None,
        rules: &[Paths("/healthz /livez /readyz /version /version/")],
    },
    BuiltIn {
        name: "system:service-account-issuer-discovery",
        part_of: None,
        rules: &[Paths(
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
        )],
    },
    BuiltIn {
        name: "system:monitoring",
        part_of: None,
        rules: &[Paths("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*")],
    },
    BuiltIn {
        name: "system:kubelet-api-admin",
        part_of: None,
        rules: &[
            Of(READ, "", "nodes"),
            Of("proxy", "", "nodes"),
            Of("*", "", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
        ],
    },
    BuiltIn {
        name: "system:kube-scheduler",
        part_of: None,
        rules: &[
            Of(NOTE, ",events.k8s.io", "events"),
            Of("create", "coordination.k8s.io", "leases"),
            Named("get update", "coordination.k8s.io", "leases", "kube-scheduler"),
            Of(READ, "", "nodes namespaces replicationcontrollers services"),
            Of("delete get list watch", "", "pods"),
            Of("create", "", "bindings pods/binding"),
            Of("patch update", "", "pods/status"),
            Of(READ, "apps", "replicasets statefulsets"),
            Of(READ, "policy", "poddisruptionbudgets"),
            Of(READ, "", "persistentvolumeclaims persistentvolumes"),
            Of("create", "authentication.k8s.io", "tokenreviews"),
            Of("create", "authorization.k8s.io", "subjectaccessreviews"),
            Of(READ, "storage.k8s.io", "csidrivers csinodes csistoragecapacities"),
        ],
    },
    BuiltIn {
        name: "system:volume-scheduler",
        part_of: None,
        rules: &[
            Of("get list patch update watch", "", "persistentvolumeclaims persistentvolumes"),
            Of(READ, "storage.k8s.io", "storageclasses"),
        ],
    },
    BuiltIn {
        name: "system:persistent-volume-provisioner",
        part_of: None,
        rules: &[
            Of("create delete get list watch", "", "persistentvolumes"),
            Of("get list update watch", "", "persistentvolumeclaims"),
            Of(READ, "storage.k8s.io", "storageclasses"),
            Of("watch", "", "events"),
            Of(NOTE, ",events.k8s.io", "events"),
        ],
    },
];

/// The ClusterRoles that Kubernetes 1.30 and later install and whose rules are known here, the aggregated ones with their selectors.
pub fn built_in_roles() -> impl Iterator<Item = Role> {
    ROLES.iter().map(made)
}

/// One of them by its name.
pub(super) fn built_in(name: &str) -> Option<Role> {
    ROLES.iter().find(|role| role.name == name).map(made)
}

fn made(of: &BuiltIn) -> Role {
    let mut role = Role::default();
    of.name.clone_into(&mut role.metadata.name);
    let labels = of.part_of.map(label).into_iter().collect();
    role.metadata.labels = Arc::new(labels);
    role.rules = of.rules.iter().map(rule).collect();
    role.aggregation_rule = COLLECTING.contains(&of.name).then(|| AggregationRule {
        cluster_role_selectors: vec![LabelSelector {
            match_labels: BTreeMap::from([label(of.name)]),
            ..LabelSelector::default()
        }],
    });
    role
}

/// The label of what an aggregated role collects.
fn label(collecting: &str) -> (String, String) {
    (format!("rbac.authorization.k8s.io/aggregate-to-{collecting}"), "true".to_owned())
}

fn rule(of: &Rule) -> PolicyRule {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    let on = |verbs: &str, groups: &str, resources: &str| PolicyRule {
        verbs: words(verbs),
        api_groups: groups.split(',').map(str::to_owned).collect(),
        resources: words(resources),
        ..PolicyRule::default()
    };
    match of {
        Of(verbs, groups, resources) => on(verbs, groups, resources),
        Named(verbs, groups, resources, name) => {
            PolicyRule { resource_names: words(name), ..on(verbs, groups, resources) }
        }
        Paths(paths) => {
            PolicyRule { verbs: words("get"), non_resource_urls: words(paths), ..PolicyRule::default() }
        }
        EveryPath => PolicyRule { verbs: words("*"), non_resource_urls: words("*"), ..PolicyRule::default() },
    }
}
