//! The four questions about the block of the cloud's metadata server.

use super::{Answer, Control, ControlName, of_class};
use crate::check::policies::{no_foreign, nothing_blocks_egress};
use crate::check::{Context, Evidence};
use crate::derived::selection::selecting;
use crate::derived::{Barrier, BarrierState};
use crate::hub::{Hub, UserClass};
use crate::text::{Arg, Reason};

/// The image puller's init container that fetches the image of the barrier.
const PULLED: &str = "image-pull-metadata-block";

/// Asks the four questions. Policies that deny the way are the second barrier; which way they deny is not evaluated here.
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
        applied: answer(&|| applied(context, servers.is_ok(), &barriers)),
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

fn applied(context: &Context<'_>, is_complete: bool, barriers: &[(&UserClass, &Barrier)]) -> Option<Answer> {
    if let Some(answer) = unblocked(context, barriers) {
        return Some(answer);
    }
    (is_complete && !barriers.is_empty()).then(|| {
        Answer::yes(Reason::new("barrier-everywhere", "every user server carries the init container"))
            .because(barriers.iter().map(|(class, barrier)| of_barrier(class, barrier)))
    })
}

/// A class without the init container; a policy that isolates it may still block the way.
fn unblocked(context: &Context<'_>, barriers: &[(&UserClass, &Barrier)]) -> Option<Answer> {
    let absent = barriers.iter().filter(|(_, barrier)| barrier.state == BarrierState::Absent);
    let mut doubt = None;
    for (class, barrier) in absent {
        match selecting(context.snapshot, &class.namespace, &class.labels).has_egress() {
            Ok(false) if let Err(unknown) = no_foreign(context.snapshot, &class.namespace) => {
                doubt.get_or_insert(Answer::unknown(unknown));
            }
            Ok(false) => {
                let reason = Reason::new(
                    "barrier-absent",
                    "user servers carry no init container that blocks it, and no policy restricts them",
                );
                return Some(Answer::no(reason).because([of_barrier(class, barrier)]));
            }
            Ok(true) => {
                doubt.get_or_insert(Answer::unknown(Reason::new(
                    "policy-path-not-evaluated",
                    "user servers carry no init container that blocks it; policies restrict them, but their path is not evaluated",
                )));
            }
            Err(gap) => {
                doubt.get_or_insert(Answer::unknown(gap));
            }
        }
    }
    doubt
}

fn enforced(
    context: &Context<'_>,
    hub: &Hub,
    is_complete: bool,
    barriers: &[(&UserClass, &Barrier)],
) -> Option<Answer> {
    let broken = barriers.iter().find(|(_, barrier)| {
        use BarrierState::{HostNetwork, OtherAddress, Stripped};
        matches!(barrier.state, Stripped | HostNetwork | OtherAddress(_))
    });
    if let Some((class, barrier)) = broken {
        let reason =
            Reason::new("barrier-not-effective", "the init container of some user servers does not block it");
        return Some(Answer::no(reason).because([of_barrier(class, barrier)]));
    }
    let mut absent = barriers.iter().filter(|(_, barrier)| barrier.state == BarrierState::Absent);
    let unblocked = absent.clone().find(|(class, _)| nothing_blocks_egress(context, hub, class).is_ok());
    if let Some((class, barrier)) = unblocked {
        let reason = "user servers carry no init container that blocks it, and no policy that works keeps them from it";
        return Some(Answer::no(Reason::new("nothing-blocks", reason)).because([of_barrier(class, barrier)]));
    }
    if let Some(Err(unknown)) = absent.next().map(|(class, _)| nothing_blocks_egress(context, hub, class)) {
        return Some(Answer::unknown(unknown));
    }
    if let Some((_, barrier)) = barriers.iter().find(|(_, barrier)| !barrier.is_effective()) {
        return Some(match &barrier.unknown {
            Some(unknown) => Answer::unknown(unknown.clone()),
            None if barrier.state == BarrierState::Unconfirmed => Answer::unknown(Reason::new(
                "barrier-not-run-yet",
                "no server of some class has got past the init container yet",
            )),
            None => Answer::unknown(Reason::new(
                "barrier-unclear",
                "what the init container of some user servers does is not understood, or it ended with an error",
            )),
        });
    }
    if let Some((class, barrier)) = barriers.iter().find(|(_, barrier)| barrier.undone_by.is_some()) {
        let reason =
            "a container of some user servers may change the network too, so a user can undo the block";
        return Some(Answer::no(Reason::new("barrier-undone", reason)).because([of_barrier(class, barrier)]));
    }
    (is_complete && !barriers.is_empty()).then(|| {
        Answer::yes(Reason::new("barrier-effective", "the init container ended well in every user server"))
            .because(barriers.iter().map(|(class, barrier)| of_barrier(class, barrier)))
    })
}

fn of_barrier(class: &UserClass, barrier: &Barrier) -> Evidence {
    if let Some(index) = barrier.index {
        let command = Arg::text(barrier.command.join(" "));
        return of_class(class, format!("spec.initContainers[{index}].command"), command);
    }
    let names = class.spec.init_containers.iter().map(|container| Arg::text(&container.name)).collect();
    of_class(class, "spec.initContainers[*].name", Arg::List(names))
}
