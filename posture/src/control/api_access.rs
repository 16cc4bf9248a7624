//! The four questions about user servers without access to the Kubernetes API.

use super::{Answer, Control, ControlName, of_class};
use crate::check::Context;
use crate::derived::Grant;
use crate::derived::token::token_mounts;
use crate::hub::{Hub, UserClass};
use crate::text::{Arg, Reason};

/// Asks the four questions.
pub(super) fn control(context: &Context<'_>, hub: &Hub) -> Control {
    let servers = context.derived.servers(hub);
    // What was seen is proof; only then it matters what may be hidden.
    let answer = |found: Option<Answer>, otherwise: &dyn Fn(&[UserClass]) -> Answer| match (&servers, found) {
        (_, Some(found)) => found,
        (Err(unknown), None) => Answer::unknown(unknown.clone()),
        (Ok([]), None) => Answer::no_server_seen(),
        (Ok(classes), None) => otherwise(classes),
    };
    Control {
        name: ControlName::ApiAccess,
        configured: answer(asked_for(hub), &configured),
        applied: answer(mounted(hub), &|_| {
            Answer::yes(Reason::new("no-token-mounted", "no container of a user server holds a token"))
        }),
        enforced: answer(powerful(context, hub), &|_| {
            Answer::yes(Reason::new("no-power", "no user server holds a token that can do anything"))
        }),
        observed: Answer::not_probed(),
    }
}

/// A server whose specification asks for a token.
fn asked_for(hub: &Hub) -> Option<Answer> {
    let class =
        hub.user_classes.iter().find(|class| class.spec.automount_service_account_token == Some(true))?;
    let evidence = of_class(class, "spec.automountServiceAccountToken", Arg::word("true"));
    Some(Answer::no(Reason::new("token-asked-for", "user servers ask for a token")).because([evidence]))
}

fn configured(classes: &[UserClass]) -> Answer {
    let path = "spec.automountServiceAccountToken";
    match classes.iter().find(|class| class.spec.automount_service_account_token.is_none()) {
        Some(class) => Answer::unknown(Reason::new(
            "token-left-open",
            "user servers do not say whether they want a token; their ServiceAccount decides",
        ))
        .because([of_class(class, path, Arg::word("not set"))]),
        None => Answer::yes(Reason::new("token-refused", "every user server refuses a token"))
            .because(classes.iter().map(|class| of_class(class, path, Arg::word("false")))),
    }
}

/// A server with a token.
fn mounted(hub: &Hub) -> Option<Answer> {
    hub.user_classes.iter().find_map(|class| {
        let mount = token_mounts(&class.spec).into_iter().next()?;
        let reason =
            Reason::new("token-mounted", "a container of user servers holds a token of the Kubernetes API");
        let path = format!("spec.containers[name={}].volumeMounts", mount.container);
        Some(Answer::no(reason).because([of_class(class, path, Arg::text(mount.path))]))
    })
}

/// A server with a token that can do more than ask about itself, or of which that cannot be told.
fn powerful(context: &Context<'_>, hub: &Hub) -> Option<Answer> {
    let mut doubt = None;
    for class in hub.user_classes.iter().filter(|class| !token_mounts(&class.spec).is_empty()) {
        let account = class.spec.account();
        let rights = context.derived.rights.of_account(&class.namespace, account);
        match rights.is_powerless() {
            Ok(true) => {}
            Ok(false) => {
                let bindings: Vec<_> =
                    rights.with(Grant::is_excess).map(|grant| grant.binding.clone().into()).collect();
                let reason =
                    Reason::new("token-with-rights", "user servers hold a token of {account} with rights")
                        .with("account", Arg::text(account));
                let evidence = of_class(class, "spec.serviceAccountName", Arg::text(account));
                let granted = of_class(class, "bindings", Arg::List(bindings));
                return Some(Answer::no(reason).because([evidence, granted]));
            }
            Err(gap) => {
                doubt.get_or_insert(Answer::unknown(gap));
            }
        }
    }
    doubt
}
