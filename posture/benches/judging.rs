//! How long it takes to judge 10,000 objects with all checks: a hub of chart 4.4.0 and its users' servers.
//!
//! Prints one line for each part, which ends with the median in microseconds; `cargo xtask bench` reads that.

use std::hint::black_box;
use std::time::{Duration, Instant};

use posture::check::Recall;
use posture::derived::derive;
use posture::judge::judge;
use posture::testing::Fixture;

const BASES: &[&str] = &[
    include_str!("../tests/bases/chart-4.4.0.yaml"),
    include_str!("../tests/bases/policies-4.4.0.yaml"),
    include_str!("../tests/bases/calico.yaml"),
    include_str!("../tests/bases/nodes-bare.yaml"),
    include_str!("../tests/bases/rbac-defaults.yaml"),
];

const USER: &str = include_str!("../tests/bases/user-4.4.0.yaml");
const OBJECTS: usize = 10_000;
const ROUNDS: usize = 15;

fn main() {
    let mut text = BASES.join("\n---\n");
    let others = text.matches("\nkind: ").count();
    for number in others..OBJECTS {
        text.push_str("\n---\n");
        text.push_str(&server_of(&format!("student-{number:05}")));
    }
    let fixture = Fixture::from_yaml(&text);
    let mut deriving = Vec::with_capacity(ROUNDS);
    let mut judging = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let start = Instant::now();
        let derived = black_box(derive(&fixture.snapshot, &fixture.settings, fixture.now));
        deriving.push(start.elapsed());
        let recall = Recall::default();
        black_box(judge(&fixture.snapshot, &derived, &recall, &fixture.settings, fixture.now));
        judging.push(start.elapsed());
    }
    println!("{OBJECTS} objects, what checks share {}", median(&mut deriving).as_micros());
    println!("{OBJECTS} objects, that and all checks {}", median(&mut judging).as_micros());
}

/// The server of a person in place of Ada, whose name is part of the word metadata too.
fn server_of(person: &str) -> String {
    ["-ada", ": ada", "/ada"]
        .iter()
        .fold(USER.to_owned(), |text, found| text.replace(found, &found.replace("ada", person)))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
