//! The four questions about the block of the cloud's metadata server.

use super::{Answer, Control, ControlName, Mark, of_class};
use crate::check::paths::{Fate, Path, to_metadata};
use crate::check::{Context, Evidence};
use crate::derived::{Barrier, BarrierState};
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::network::Verdict;
use crate::text::{Arg, Reason};

/// The image puller's init container that fetches the image of the barrier.
const PULLED: &str = "image-pull-metadata-block";

/// Asks the four questions. Policies that deny the way are the second barrier.
pub(super) fn control(context: &Context<'_>, hub: &Hub) -> Control {
    let servers = context.derived.servers(hub);
    let barriers: Vec<_> = context.derived.barriers(hub).collect();
    let answer = |ask: &dyn Fn() -> Option<Answer>| match &servers {
        _ if let Some(answer) = ask() => answer,
        Err(unknown) => Answer::unknown(unknown.clone()),
        Ok(_) => Answer::no_server_seen(),
    };
    Control {
        name: ControlName::Metadata,
        configured: configured(context, hub, &barriers),
        applied: answer(&|| applied(context, hub, servers.is_ok(), &barriers)),
        enforced: answer(&|| enforced(context, hub, servers.is_ok(), &barriers)),
        observed: Answer::not_probed(),
    }
}

/// A barrier in a server or in the image puller shows that the values ask for it.
fn configured(context: &Context<'_>, hub: &Hub, barriers: &[(&UserClass, &Barrier)]) -> Answer {
    if let Some((class, barrier)) = barriers.iter().find(|(_, barrier)| barrier.index.is_some()) {
        let reason = Reason::new("barrier-in-server", "user servers carry the init container that blocks it");
        return Answer::yes(reason).because([of_barrier(class, barrier)]);
    }
    let pulls = hub.image_pullers.iter().find(|puller| puller.pod().container(PULLED).is_some());
    if let Some(puller) = pulls {
        let reason = Reason::new("barrier-pulled", "the image puller fetches the image of the barrier");
        let evidence =
            Evidence::new(puller.object(), "spec.template.spec.initContainers[*].name", Arg::text(PULLED));
        return Answer::yes(reason).because([evidence]);
    }
    if hub.chart.as_ref().is_ok_and(|chart| !chart.is_at_least(0, 6)) {
        return Answer::no(Reason::new("barrier-not-in-chart", "charts before 0.6 have no barrier"));
    }
    if let Err(unknown) = context.derived.servers(hub) {
        return Answer::unknown(unknown);
    }
    if let Err(gap) = context.snapshot.daemon_sets.complete_in(&hub.key.namespace) {
        return Answer::unknown(gap);
    }
    match hub.image_pullers.first() {
        Some(puller) => Answer::no(
            Reason::new("barrier-not-pulled", "{puller} does not fetch the image of the barrier")
                .with("puller", puller.object()),
        ),
        None => Answer::unknown(Reason::new(
            "barrier-values-unread",
            "neither a user server nor an image puller shows it; the values are in a Secret",
        )),
    }
}

fn applied(
    context: &Context<'_>,
    hub: &Hub,
    is_complete: bool,
    barriers: &[(&UserClass, &Barrier)],
) -> Option<Answer> {
    if let Some(answer) = unblocked(context, hub, barriers) {
        return Some(answer);
    }
    (is_complete && !barriers.is_empty()).then(|| {
        let is_everywhere = barriers.iter().all(|(_, barrier)| barrier.state != BarrierState::Absent);
        let reason = if is_everywhere {
            Reason::new("barrier-everywhere", "every user server carries the init container")
        } else {
            Reason::new(
                "barrier-or-policy",
                "a policy denies the way to those user servers that carry no init container",
            )
        };
        Answer::yes(reason).because(barriers.iter().map(|(class, barrier)| of_barrier(class, barrier)))
    })
}

/// A class without the init container; a policy that isolates it may block the way in its place.
fn unblocked(context: &Context<'_>, hub: &Hub, barriers: &[(&UserClass, &Barrier)]) -> Option<Answer> {
    let absent = barriers.iter().filter(|(_, barrier)| barrier.state == BarrierState::Absent);
    let mut doubt = None;
    for (class, barrier) in absent {
        let path = match to_metadata(context, hub, class) {
            Ok(path) => path,
            Err(unknown) => {
                doubt.get_or_insert(Answer::unknown(unknown));
                continue;
            }
        };
        match path.answer.verdict {
            Verdict::Denied => {}
            Verdict::Allowed => {
                let reason = Reason::new(
                    "barrier-absent",
                    "user servers carry no init container that blocks it, and no policy restricts them there",
                );
                return Some(Answer::no(reason).because([of_barrier(class, barrier)]));
            }
            Verdict::CniDependent | Verdict::Unknown => {
                doubt.get_or_insert(Answer::unknown(path_unknown(path)));
            }
        }
    }
    doubt
}

fn path_unknown(path: Path) -> Unknown {
    let unclear = match path.fate {
        Fate::Unclear(unknown) => Some(unknown),
        _ => None,
    };
    unclear.or_else(|| path.answer.unknown.into_iter().next()).unwrap_or_else(|| {
        Reason::new("path-open", "whether a policy blocks it depends on the network plug-in").into()
    })
}

fn enforced(
    context: &Context<'_>,
    hub: &Hub,
    is_complete: bool,
    barriers: &[(&UserClass, &Barrier)],
) -> Option<Answer> {
    let mut doubt = None;
    let mut closed_by_policy = Vec::new();
    let is_safe = |barrier: &Barrier| barrier.is_effective() && barrier.undone_by.is_none();
    for (class, barrier) in barriers.iter().filter(|(_, barrier)| !is_safe(barrier)) {
        let path = to_metadata(context, hub, class);
        let answer = match path.as_ref().map(|path| &path.fate) {
            Ok(Fate::Closed) => {
                closed_by_policy.extend(path.iter().flat_map(|path| path.evidence(context, Some(hub))));
                continue;
            }
            Ok(Fate::LikelyClosed) => Answer::unknown(Reason::new(
                "policy-likely-enforced",
                "a policy closes it, and it is likely but not certain that policies are enforced",
            )),
            Ok(Fate::Unclear(unknown)) | Err(unknown) => Answer::unknown(unknown.clone()),
            Ok(Fate::Open) => unsafe_barrier(class, barrier),
        };
        if answer.mark == Mark::No {
            return Some(answer);
        }
        doubt.get_or_insert(answer);
    }
    doubt.or_else(|| {
        (is_complete && !barriers.is_empty()).then(|| {
            if closed_by_policy.is_empty() {
                Answer::yes(Reason::new(
                    "barrier-effective",
                    "the init container ended well in every user server",
                ))
                .because(barriers.iter().map(|(class, barrier)| of_barrier(class, barrier)))
            } else {
                Answer::yes(Reason::new("policy-effective", "a policy that is enforced closes it"))
                    .because(closed_by_policy)
            }
        })
    })
}

/// The answer for servers that no policy keeps from it.
fn unsafe_barrier(class: &UserClass, barrier: &Barrier) -> Answer {
    use BarrierState::{Absent, HostNetwork, OtherAddress, Stripped};
    let no = |id, template| Answer::no(Reason::new(id, template)).because([of_barrier(class, barrier)]);
    match &barrier.state {
        Stripped | HostNetwork | OtherAddress(_) => {
            no("barrier-not-effective", "the init container of some user servers does not block it")
        }
        Absent => no(
            "nothing-blocks",
            "user servers carry no init container that blocks it, and no policy that works keeps them from it",
        ),
        _ if barrier.is_effective() => no(
            "barrier-undone",
            "a container of some user servers may change the network too, so a user can undo the block",
        ),
        state => match &barrier.unknown {
            Some(unknown) => Answer::unknown(unknown.clone()),
            None if *state == BarrierState::Unconfirmed => Answer::unknown(Reason::new(
                "barrier-not-run-yet",
                "no server of some class has got past the init container yet",
            )),
            None => Answer::unknown(Reason::new(
                "barrier-unclear",
                "what the init container of some user servers does is not understood, or it ended with an error",
            )),
        },
    }
}

fn of_barrier(class: &UserClass, barrier: &Barrier) -> Evidence {
    if let Some(index) = barrier.index {
        let command = Arg::text(barrier.command.join(" "));
        return of_class(class, format!("spec.initContainers[{index}].command"), command);
    }
    let names = class.spec.init_containers.iter().map(|container| Arg::text(&container.name)).collect();
    of_class(class, "spec.initContainers[*].name", Arg::List(names))
}
