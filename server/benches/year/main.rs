//! A year of one cluster: 10,000 objects, a scan every five minutes, the churn of a busy term; then how large it is, and how fast.
//!
//! `make FILE DAYS` plays the history through the store's own commits, `measure FILE DAYS` asks every page of now and of then. Each prints
//! lines of a unit, a number and a text; `cargo xtask bench year` reads them.

mod measure;
mod play;
mod world;

use std::path::Path;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The hub's namespace.
const HUB: &str = "jhub";

/// What the cluster is called.
const CLUSTER: &str = "year";

/// Minutes between scans.
const EVERY: i64 = 5;

/// Scans of a day.
const SCANS: i64 = 24 * 60 / EVERY;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [task, file, days] = words.as_slice() else {
        // `cargo test --benches` and `cargo bench` without a case come here too.
        println!("nothing to do; run `cargo xtask bench year`");
        return;
    };
    let days: i64 = days.parse().expect("the last argument is a number of days");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    match task.as_str() {
        "make" => runtime.block_on(play::play(Path::new(file), days)),
        "measure" => runtime.block_on(measure::measure(Path::new(file), days)),
        other => panic!("`{other}` is neither make nor measure"),
    }
}

/// Prints one measurement.
fn tell(unit: &str, number: u128, what: &str) {
    println!("{unit} {number} {what}");
}
