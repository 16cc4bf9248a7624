//! What happens when part of the facts is hidden: answers stay the same or become unknown.

use posture::gap::GapReason;
use posture::kind::Kind;
use posture::network::{Network, Protocol, Verdict};
use posture::testing::Fixture;

use super::agreement::{on_many_worlds, points};
use super::generated::{PORTS, World};
use super::reference::End;

/// The clusters in which one thing is hidden.
fn hidings(world: &World) -> Vec<(String, Fixture)> {
    let whole = || {
        let empty = Fixture::from_yaml("");
        Fixture { snapshot: world.snapshot(), ..empty }
    };
    let kinds = posture::network::KINDS.iter().map(|kind| (kind.to_string(), whole().without(*kind)));
    let in_namespace = [Kind::NetworkPolicy, Kind::CiliumNetworkPolicy, Kind::Pod]
        .into_iter()
        .map(|kind| (format!("{kind} in n1"), whole().with_gap(kind, Some("n1"), &GapReason::Forbidden)));
    kinds.chain(in_namespace).collect()
}

#[test]
fn hiding_something_changes_an_answer_to_unknown_only() {
    on_many_worlds(50, |world| {
        let ends = world.ends();
        let full = Network::new(&world.snapshot(), &world.enforcement());
        let full_points = points(world, &full);
        for (name, hidden) in hidings(world) {
            let network = Network::new(&hidden.snapshot, &world.enforcement());
            let hidden_points = points(world, &network);
            for (from, end) in ends.iter().enumerate() {
                for to in 0..ends.len() {
                    // Who asks about a pod has seen it.
                    let is_lost = |n: usize| {
                        matches!(ends[n], End::Pod(_))
                            && !matches!(hidden_points[n], posture::network::Point::Pod(_))
                    };
                    if is_lost(from) || end_is_lost_node(&ends[from], &hidden_points[from]) {
                        continue;
                    }
                    // Its first address asks about one family, the pod asks about all of its own.
                    let has_more = matches!(&ends[to], End::Pod(pod) if pod.addresses.len() > 1);
                    if has_more && is_lost(to) {
                        continue;
                    }
                    for port in [PORTS[0], PORTS[2]] {
                        let was = full.answer(&full_points[from], &full_points[to], Protocol::Tcp, port);
                        let is =
                            network.answer(&hidden_points[from], &hidden_points[to], Protocol::Tcp, port);
                        if is.verdict != Verdict::Unknown && is.verdict != was.verdict {
                            return Err(format!(
                                "without {name}: {end:?} to {:?} {port}: {was:?}, then {is:?}",
                                ends[to]
                            ));
                        }
                        if is.verdict == Verdict::Unknown && is.unknown.is_empty() {
                            return Err(format!("without {name}: no reason in {is:?}"));
                        }
                        if is.verdict != Verdict::Unknown && !is.unknown.is_empty() {
                            return Err(format!("without {name}: a reason too much in {is:?}"));
                        }
                    }
                }
            }
        }
        Ok(())
    });
}

fn end_is_lost_node(end: &End, point: &posture::network::Point) -> bool {
    matches!(end, End::Node(_)) && !matches!(point, posture::network::Point::Host(_))
}
