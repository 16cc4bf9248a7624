//! The evaluator and the second one agree on clusters made at random.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p posture --test network agreement` looks further.

use std::cell::Cell;
use std::net::IpAddr;

use posture::network::{Network, Point, Protocol, Verdict};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::generated::{OUTSIDE, PORTS, World, world};
use super::reference::{End, sends, verdict};

const ASKED: [Protocol; 2] = [Protocol::Tcp, Protocol::Udp];

/// What `proptest` runs where its variable is not set.
const UNASKED: u32 = 256;

/// Runs a test on this many clusters, or on as many as the variable says.
pub(crate) fn on_many_worlds(usual: u32, test: impl Fn(&World) -> Result<(), String>) {
    let config = Config::default();
    let cases = if config.cases == UNASKED { usual } else { config.cases };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..config });
    let outcome = runner.run(&world(), |world| test(&world).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// The ends as the evaluator knows them, in the order of [`World::ends`].
pub(crate) fn points(world: &World, network: &Network) -> Vec<Point> {
    world
        .ends()
        .iter()
        .map(|end| match end {
            End::Pod(pod) => network.point_at(pod.addresses[0]),
            End::Node(node) => network.point_at(node.address),
            End::Outside(address) => network.point_at(*address),
        })
        .collect()
}

#[test]
fn both_evaluators_agree_on_every_pair_of_ends() {
    let asked = Cell::new(0_u32);
    let seen = Cell::new([0_u32; 4]);
    on_many_worlds(400, |world| {
        let snapshot = world.snapshot();
        let network = Network::new(&snapshot, &world.enforcement());
        let (ends, points) = (world.ends(), points(world, &network));
        let (policies, plugins) = (world.policies(), world.plugins());
        for (from, from_point) in ends.iter().zip(&points) {
            for (to, to_point) in ends.iter().zip(&points) {
                for (protocol, port) in ASKED.iter().flat_map(|p| PORTS.map(|port| (*p, port))) {
                    let expected = verdict(&policies, &plugins, from, to, (protocol, port));
                    let answer = network.answer(from_point, to_point, protocol, port);
                    asked.set(asked.get() + 1);
                    let mut counts = seen.get();
                    counts[answer.verdict as usize] += 1;
                    seen.set(counts);
                    if answer.verdict != expected {
                        return Err(format!(
                            "{from:?} to {to:?} {port}/{protocol}: expected {expected:?}, found {answer:?}"
                        ));
                    }
                }
            }
        }
        Ok(())
    });
    assert!(asked.get() >= 100_000, "only {} questions", asked.get());
    assert!(seen.get().iter().all(|count| *count > 30), "some verdict is rare: {:?}", seen.get());
}

#[test]
fn what_is_said_of_a_class_holds_for_each_of_its_pods() {
    on_many_worlds(100, |world| {
        let snapshot = world.snapshot();
        let network = Network::new(&snapshot, &world.enforcement());
        let counted: usize = network.classes().iter().map(|class| class.pods.len()).sum();
        if counted != world.pods.iter().filter(|pod| !pod.host_network).count() {
            return Err(format!("{counted} pods in classes"));
        }
        let others: Vec<_> =
            points(world, &network).into_iter().filter(|point| !matches!(point, Point::Host(_))).collect();
        for class in network.classes() {
            let whole = Point::Pod(class.point.clone());
            for pod in &class.pods {
                let alone = network.pod(pod);
                for other in &others {
                    for port in PORTS {
                        let asked = |one: &Point| {
                            let answer = |from, to| network.answer(from, to, Protocol::Tcp, port);
                            (answer(one, other), answer(other, one))
                        };
                        if asked(&whole) != asked(&alone) {
                            return Err(format!("{} and its class differ", pod.metadata.name));
                        }
                    }
                }
            }
        }
        Ok(())
    });
}

#[test]
fn openings_hold_exactly_the_addresses_that_are_reached() {
    on_many_worlds(100, |world| {
        let snapshot = world.snapshot();
        let network = Network::new(&snapshot, &world.enforcement());
        let (policies, plugins) = (world.policies(), world.plugins());
        for (end, point) in world.ends().iter().zip(points(world, &network)) {
            let openings = network.reachable_addresses(&point);
            let more = ["10.0.0.2", "10.0.1.4", "10.255.0.0", "255.255.255.255", "fd00::4", "::1"];
            for text in OUTSIDE.iter().chain(&more) {
                let address: IpAddr = text.parse().unwrap();
                for (protocol, port) in
                    Protocol::ALL.iter().flat_map(|p| [1, 80, 82, 443, 65_535].map(|n| (*p, n)))
                {
                    let outcomes: Vec<_> = plugins
                        .iter()
                        .map(|plugin| sends(&policies, *plugin, end, address, (protocol, port)))
                        .collect();
                    let expected = match (outcomes.contains(&true), outcomes.contains(&false)) {
                        (true, true) => Some(Verdict::Unknown),
                        (true, false) => Some(Verdict::Allowed),
                        _ => None,
                    };
                    let mut found = openings
                        .iter()
                        .filter(|opening| opening.addresses.contains(address))
                        .flat_map(|opening| &opening.ports)
                        .filter(|ports| ports.contains(protocol, port));
                    let verdict = found.next().map(|ports| ports.verdict);
                    if verdict != expected || found.next().is_some() {
                        return Err(format!(
                            "{end:?} to {text} {port}/{protocol}: {verdict:?}, not {expected:?}"
                        ));
                    }
                }
            }
        }
        Ok(())
    });
}
