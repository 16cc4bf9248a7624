//! Flags proxies whose pods hold a token of the Kubernetes API.

use crate::access::Grant;
use crate::check::accounts::name_binding;
use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::token::token_mounts;
use crate::facts::{Pod, Workload};
use crate::fix::{Fix, FixValue};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "RBA-11",
    name: "proxy-token",
    title: "The proxy holds no token of the Kubernetes API",
    fault: "The proxy holds a token of the Kubernetes API",
    severity: Severity::Low,
    topic: Topic::Rbac,
    since: "0.1.0",
    why: "The proxy is what the internet reaches first, and from chart 0.7 on it never asks the Kubernetes API for anything. A token in its \
          pod helps only whoever breaks in, and today's harmless account is one binding away from rights.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[
        Kind::Pod,
        Kind::ServiceAccount,
        Kind::RoleBinding,
        Kind::ClusterRoleBinding,
        Kind::Role,
        Kind::ClusterRole,
    ],
    fixes: &[
        Fix::before(0, 7, "Upgrade the chart: the proxy of these versions holds an nginx that needs the token.").newer_chart(),
        Fix::from(
            0,
            7,
            "Take the token from the proxy's account, and restart the proxy. Other pods that run as this account lose theirs too, unless \
             they ask for it with `automountServiceAccountToken: true`.",
        )
        .until(1, 2)
        .commands(&[
            &[
                "kubectl", "--namespace", "<namespace>", "patch", "serviceaccount", "<account>",
                "--patch", "{\"automountServiceAccountToken\":false}",
            ],
            &["kubectl", "--namespace", "<namespace>", "rollout", "restart", "deployment/<proxy>"],
        ]),
        Fix::from(1, 2, "Mount no token into the proxy.")
            .values(&[("proxy.chp.extraPodSpec.automountServiceAccountToken", FixValue::Bool(false))]),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<namespace>",
        "get",
        "pods",
        "--selector",
        "component=proxy",
        "--output",
        "custom-columns=NAME:.metadata.name,ACCOUNT:.spec.serviceAccountName,MOUNTS:.spec.containers[*].volumeMounts[*].mountPath",
    ],
    references: &[Reference {
        title: "Kubernetes: Opt out of API credential automounting",
        url: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    }],
    mappings: &[Mapping::Cis("5.1.6"), Mapping::Nsa("Authentication and authorization")],
    judge: Judge::Hub(judge),
};

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let namespace = hub.key.namespace.as_str();
    let Some(proxy) = &hub.proxy else {
        context.snapshot.deployments.complete_in(namespace)?;
        return Ok(Outcome::unknown(Reason::new(
            "no-proxy",
            "No Deployment in the hub's namespace is its proxy as far as can be told; look at the proxy's pod by hand",
        )));
    };
    let account = proxy.pod().account();
    let named = |outcome: Outcome| outcome.slot("account", account).slot("proxy", &proxy.metadata.name);
    let Some(fact) = token(context, proxy)? else {
        context.snapshot.pods.complete_in(namespace)?;
        let reason = Reason::new("none", "The pods of {proxy} mount no token of the API");
        return Ok(named(Outcome::pass(reason.with("proxy", proxy.object()))));
    };
    let reason = |id, template| Reason::new(id, template).with("account", Arg::text(account));
    let rights = context.derived.rights.of_account(namespace, account);
    let grants: Vec<&Grant> = rights.with(Grant::is_excess).collect();
    let Some(first) = grants.first() else {
        rights.complete()?;
        let reason = reason(
            "powerless",
            "The proxy holds a token of account {account}, which it never uses; the account has no rights now",
        );
        return Ok(named(Outcome::warn(reason).because(fact)));
    };
    let reason =
        reason("powerful", "The proxy holds a token of account {account}, to which {binding} gives {role}")
            .with("binding", first.binding.clone())
            .with("role", first.role.clone());
    let facts = grants.iter().map(|grant| {
        let role = format!("{} {}", grant.role.kind, grant.role.name);
        Evidence::new(grant.binding.clone(), "roleRef", Arg::text(role))
    });
    let outcome = Outcome::fail(reason).because(fact).because_all(facts);
    Ok(named(name_binding(outcome, &first.binding)))
}

/// The fact that the proxy's pods hold a token; `None` if they hold none as far as was seen.
///
/// A running pod shows it best: it keeps what it was started with. For the next one, the pod's own setting counts before the account's.
fn token(context: &Context<'_>, proxy: &Workload) -> Result<Option<Evidence>, Unknown> {
    let namespace = proxy.metadata.namespace.as_deref().unwrap_or_default();
    let is_its = |pod: &Pod| {
        let is_over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
        !is_over && proxy.selector.as_ref().is_some_and(|selector| selector.matches(&pod.metadata.labels))
    };
    let pods = context.snapshot.pods.present_in(namespace).filter(|pod| is_its(pod));
    let mounts = pods.filter_map(|pod| Some((pod, token_mounts(&pod.spec).into_iter().next()?)));
    if let Some((pod, mount)) = mounts.into_iter().next() {
        let object = ObjectRef::namespaced(Kind::Pod, namespace, pod.metadata.name.as_str());
        let path = format!("spec.containers[name={}].volumeMounts", mount.container);
        return Ok(Some(Evidence::new(object, path, Arg::text(mount.path)).wanted(Arg::word("no token"))));
    }
    let at =
        |path: &str, found: Arg| Evidence::new(proxy.object(), format!("spec.template.spec.{path}"), found);
    if let Some(mount) = token_mounts(proxy.pod()).into_iter().next() {
        let fact = at("volumes", Arg::text(mount.volume)).wanted(Arg::word("no token"));
        return Ok(Some(fact));
    }
    let field = "automountServiceAccountToken";
    match proxy.pod().automount_service_account_token {
        Some(false) => Ok(None),
        Some(true) => Ok(Some(at(field, Arg::word("true")).wanted(Arg::word("false")))),
        None => {
            let accounts = &context.snapshot.service_accounts;
            let account = accounts.get(Some(namespace), proxy.pod().account())?;
            let is_off =
                account.is_some_and(|account| account.automount_service_account_token == Some(false));
            Ok((!is_off).then(|| at(field, Arg::word("not set")).wanted(Arg::word("false"))))
        }
    }
}
