//! Flags hubs that run without an account of their own, or without the chart's role for it.

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::facts::{Binding, Meta, Subject};
use crate::fix::{Fix, FixValue};
use crate::gap::Gap;
use crate::hub::{Hub, HubKey};
use crate::kind::Kind;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-02",
    name: "chart-rbac-off",
    title: "The hub runs as an account of its own with the chart's role",
    fault: "The hub runs without an account of its own or without the chart's role",
    severity: Severity::Critical,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "A hub without an account of its own runs as `default`, as the proxy and many other pods do. Either RBAC is off, or that account \
          was given the hub's rights, and every pod that runs as it has them too.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::ServiceAccount, Kind::Role, Kind::RoleBinding],
    fixes: &[
        Fix::before(
            2,
            0,
            "Let the chart make the hub's account and its role, and take back what `default` was given.",
        )
        .values(&[("rbac.enabled", FixValue::Bool(true))]),
        Fix::from(
            2,
            0,
            "Let the chart make the hub's account and its role, and take back what `default` was given.",
        )
        .values(&[
            ("rbac.create", FixValue::Bool(true)),
            ("hub.serviceAccount.create", FixValue::Bool(true)),
        ]),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "serviceaccounts,roles,rolebindings",
        "--output",
        "wide",
    ],
    references: &[
        Reference {
            title: "Zero to JupyterHub: Security, RBAC",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
        Reference {
            title: "Kubernetes: Using RBAC Authorization",
            url: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        },
    ],
    mappings: &[Mapping::Cis("5.1.5"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

/// The rights of an account as far as the chart is concerned.
enum Bound<'a> {
    /// A binding of the chart gives it a role of the chart.
    ByChart(&'a Binding),
    /// Something else gives it a role in the hub's namespace.
    Otherwise(&'a Binding),
    /// Nothing does.
    Not,
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let account = hub.deployment.pod().account();
    let named = hub.deployment.pod().service_account_name.as_deref().unwrap_or("not set");
    let fact =
        Evidence::new(hub.deployment.object(), "spec.template.spec.serviceAccountName", Arg::text(named));
    if account == "default" {
        let reason = Reason::new("no-account", "The hub has no account of its own and runs as `default`");
        return Ok(
            Outcome::fail(reason).because(fact.wanted(Arg::word("an account of its own, such as hub")))
        );
    }
    let warn =
        |reason: Reason| Outcome::warn(reason.with("account", Arg::text(account))).severity(Severity::Medium);
    Ok(match bound(context, hub, account)? {
        Bound::ByChart(binding) => {
            let reason = Reason::new("bound", "The hub runs as {account}, and the chart's own role is bound to it")
                .with("account", Arg::text(account));
            Outcome::pass(reason).because(fact).because(role_evidence(binding))
        }
        Bound::Otherwise(binding) => warn(Reason::new(
            "own-role",
            "The hub runs as {account}, whose role is not the chart's: compare its rules with what the chart asks for",
        ))
        .because(role_evidence(binding).wanted(Arg::word("the chart's role")))
        .because(fact),
        Bound::Not => warn(Reason::new("no-role", "The hub runs as {account}, to which no role is bound in its namespace"))
            .because(fact.wanted(Arg::word("an account to which the chart's role is bound"))),
    })
}

fn role_evidence(binding: &Binding) -> Evidence {
    let role = format!("{} {}", binding.role_ref.kind, binding.role_ref.name);
    Evidence::new(binding.object(), "roleRef", Arg::text(role))
}

fn bound<'a>(context: &Context<'a>, hub: &'a Hub, account: &str) -> Result<Bound<'a>, Gap> {
    let namespace = &hub.key.namespace;
    let names_it = |subject: &Subject| {
        subject.kind == "ServiceAccount"
            && subject.name == account
            // A binding may leave the namespace out; it is its own then.
            && subject.namespace.as_deref().is_none_or(|place| place == namespace)
    };
    let bindings = &context.snapshot.role_bindings;
    let mut hidden = None;
    let mut other = None;
    for binding in bindings.present_in(namespace).filter(|binding| binding.subjects.iter().any(names_it)) {
        let role = match binding.role_ref.kind.as_str() {
            "Role" => context.snapshot.roles.get(Some(namespace), &binding.role_ref.name),
            _ => context.snapshot.cluster_roles.get(None, &binding.role_ref.name),
        };
        match role {
            Ok(None) => {}
            Ok(Some(role))
                if is_charts(&binding.metadata, &hub.key) && is_charts(&role.metadata, &hub.key) =>
            {
                return Ok(Bound::ByChart(binding));
            }
            Ok(Some(_)) => other = other.or(Some(&**binding)),
            Err(gap) => hidden = hidden.or(Some(gap)),
        }
    }
    // A binding of the chart may be hidden behind what was seen.
    hidden.map_or(Ok(()), Err)?;
    bindings.complete_in(namespace)?;
    Ok(other.map_or(Bound::Not, Bound::Otherwise))
}

/// Whether the chart wrote an object of the hub: its release and the component `hub`.
fn is_charts(metadata: &Meta, key: &HubKey) -> bool {
    let has = |legacy: &str, modern: &str, wanted: &str| {
        metadata.label(legacy).or_else(|| metadata.label(modern)) == Some(wanted)
    };
    has("release", "app.kubernetes.io/instance", &key.release)
        && has("component", "app.kubernetes.io/component", "hub")
}
