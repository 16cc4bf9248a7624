//! Flags user servers that mount somebody else's storage, or write to storage that others write to.

use std::collections::BTreeSet;

use crate::check::servers::{evidence_of, judge_servers};
use crate::check::{
    Check, Context, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict, worst,
};
use crate::facts::pod::VolumeMount;
use crate::fix::{Fix, FixValue};
use crate::gap::Gap;
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::redact::people::{USER_NAME, token_in};
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "API-07",
    name: "shared-storage",
    title: "Users cannot write to each other's storage",
    fault: "Users can write to storage that is not theirs alone",
    severity: Severity::Medium,
    topic: Topic::ApiAccess,
    since: "0.1.0",
    why: "A file that another user can change is code that another user can run: a startup script or a notebook in a home is enough to act \
          as its owner.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::Pod, Kind::PersistentVolumeClaim],
    fixes: &[
        Fix::advice(
            "Find the profile or the hook that mounts the claim, and mount the user's own instead; share data through a claim that is made \
             for it and read-only.",
        )
        .case("others"),
        Fix::advice("Give each user a folder of their own on the claim. What everybody may read, mount with `readOnly: true`.")
            .values(&[("singleuser.storage.static.subPath", FixValue::Str("{username}"))]),
    ],
    kubectl: &[
        "kubectl",
        "--namespace",
        "<user-namespace>",
        "get",
        "pods",
        "--output",
        "custom-columns=NAME:.metadata.name,CLAIMS:.spec.volumes[*].persistentVolumeClaim.claimName,FOLDERS:.spec.containers[*].volumeMounts[*].subPath",
    ],
    references: &[Reference {
        title: "Zero to JupyterHub: Customizing user storage",
        url: "https://z2jh.jupyter.org/en/stable/jupyterhub/customizing/user-storage.html",
    }],
    mappings: &[Mapping::Nsa("Kubernetes Pod security")],
    judge: Judge::AnyHub(judge),
};

/// A claim that a container mounts.
struct Mounted<'a> {
    claim: &'a str,
    mount: &'a VolumeMount,
    is_writable: bool,
    path: String,
}

/// Whose a claim is, by its name in the shape of a pod.
#[derive(PartialEq, Eq)]
enum Owner {
    User,
    SomebodyElse,
    Nobody,
}

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    judge_servers(context, hub, |class| {
        let mut all: Vec<_> = mounted(class).collect();
        // Where all is well, what is shared says more than what is the user's own.
        all.sort_by_key(|mounted| owner(mounted.claim) == Owner::User);
        let parts = all.iter().map(|mounted| judge_mount(context, hub, class, mounted));
        let none = || {
            let fact = evidence_of(class, "spec.volumes", Arg::word("no claim"));
            Outcome::pass(Reason::new("none", "User servers mount no claim of storage")).because(fact)
        };
        Ok(worst(parts).unwrap_or_else(none).slot("user-namespace", &class.namespace))
    })
}

fn judge_mount(context: &Context<'_>, hub: &Hub, class: &UserClass, mounted: &Mounted<'_>) -> Judgement {
    let fact = evidence_of(class, mounted.path.as_str(), Arg::text(mounted.claim));
    let reason = |id, template| Reason::new(id, template).with("claim", Arg::text(mounted.claim));
    let owner = owner(mounted.claim);
    if owner == Owner::User {
        return Ok(Outcome::pass(Reason::new("own", "Users write only to claims of their own")).because(fact));
    }
    if owner == Owner::SomebodyElse {
        return Ok(if are_of_users(context, &class.namespace)? {
            let reason =
                Reason::new("others", "User servers mount a claim that is another user's home, at {path}");
            let reason = reason.with("path", Arg::text(&mounted.mount.mount_path));
            Outcome::fail(reason).case("others").because(fact.wanted(Arg::word("the user's own claim")))
        } else {
            Outcome::unknown(Reason::new(
                "whose",
                "User servers mount a claim that is called like a user's home, and whose it is cannot be told from names; look at it by hand",
            ))
            .because(fact)
        });
    }
    if !mounted.is_writable {
        let reason = reason("read-only", "User servers share claim {claim}, which they cannot write to");
        return Ok(Outcome::pass(reason).because(fact));
    }
    match folder(mounted.mount) {
        Folder::OfUser => {
            let reason = reason("own-folder", "User servers share claim {claim}, and each mounts a folder of its user");
            Ok(Outcome::pass(reason).because(fact))
        }
        Folder::Hidden => Ok(Outcome::unknown(reason(
            "folder-hidden",
            "User servers share claim {claim} and mount a folder of it whose name does not show the user; look whether each has its own",
        ))
        .because(fact)),
        Folder::Whole if users(hub, class, mounted.claim) > 1 => {
            let reason = reason("whole", "Servers of several users write to claim {claim} as a whole, at {path}")
                .with("path", Arg::text(&mounted.mount.mount_path));
            Ok(Outcome::warn(reason).because(fact.wanted(Arg::word("a subPath with the user's name, or readOnly"))))
        }
        Folder::Whole => Ok(Outcome::unknown(reason(
            "one-user",
            "A user server writes to claim {claim} as a whole, and only one user is here now: whether others get it too is not seen",
        ))
        .because(fact)),
    }
}

/// The claims that the containers of a class mount. Init containers have ended before a user can do anything.
fn mounted(class: &UserClass) -> impl Iterator<Item = Mounted<'_>> {
    let spec = &class.spec;
    spec.containers.iter().flat_map(|container| &container.volume_mounts).filter_map(move |mount| {
        let index = spec.volumes.iter().position(|volume| volume.name == mount.name)?;
        let claim = spec.volumes[index].persistent_volume_claim.as_ref()?;
        Some(Mounted {
            claim: &claim.claim_name,
            mount,
            is_writable: !claim.read_only && !mount.read_only,
            path: format!("spec.volumes[{index}].persistentVolumeClaim.claimName"),
        })
    })
}

/// In the shape of a pod, `person` stands for its user and `other-person` for another one.
fn owner(claim: &str) -> Owner {
    let words: Vec<_> = claim.split('-').collect();
    if words.windows(2).any(|pair| pair == ["other", "person"]) {
        Owner::SomebodyElse
    } else if words.contains(&"person") {
        Owner::User
    } else {
        Owner::Nobody
    }
}

/// What part of a claim a server mounts.
enum Folder {
    Whole,
    OfUser,
    Hidden,
}

fn folder(mount: &VolumeMount) -> Folder {
    match (&mount.sub_path, &mount.sub_path_expr) {
        (None, None) => Folder::Whole,
        (Some(path), _) if path.plain().is_some_and(is_of_user) => Folder::OfUser,
        _ => Folder::Hidden,
    }
}

fn is_of_user(path: &str) -> bool {
    path.split(|c: char| !c.is_alphanumeric()).any(|word| word == "person")
}

/// How many users have servers that write to a claim as a whole.
fn users(hub: &Hub, class: &UserClass, claim: &str) -> usize {
    let writes = |other: &&UserClass| {
        other.namespace == class.namespace
            && mounted(other)
                .any(|m| m.claim == claim && m.is_writable && matches!(folder(m.mount), Folder::Whole))
    };
    let pods = hub.user_classes.iter().filter(writes).flat_map(|class| &class.pods);
    pods.map(|pod| token_in(&pod.metadata.name).unwrap_or(&pod.metadata.name)).collect::<BTreeSet<_>>().len()
}

/// Whether every claim of a namespace that is called like a home is the home of the user it is called after.
///
/// A claim that many share may be called so too, and so may those of a hub that numbers its users.
fn are_of_users(context: &Context<'_>, namespace: &str) -> Result<bool, Gap> {
    let claims = &context.snapshot.claims;
    let mut homes =
        claims.all_in(namespace)?.filter(|claim| claim.metadata.name.starts_with("claim-")).peekable();
    let has_any = homes.peek().is_some();
    let is_home = |name: &str| name.strip_prefix("claim-").is_some_and(|rest| token_in(rest) == Some(rest));
    Ok(has_any
        && homes.all(|claim| {
            let is_spawned = claim.metadata.label("component") == Some("singleuser-storage")
                || claim.metadata.label(USER_NAME).is_some();
            is_spawned && is_home(&claim.metadata.name)
        }))
}
