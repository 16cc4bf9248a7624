//! What a panic may say: where it happened, never what it held. Its message may quote an object of a cluster.

use std::panic::{self, Location};

/// Replaces the message and the backtrace of every panic by one sentence.
pub fn keep_quiet() {
    panic::set_hook(Box::new(|info| super::tell(&sentence(info.location()))));
}

fn sentence(place: Option<&Location<'_>>) -> String {
    let place = place.map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    format!(
        "perijove: a fault of Perijove{place}; please report this line, it holds nothing of your cluster\n"
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set in the process that the test starts of itself.
    const PANICS: &str = "PERIJOVE_TEST_PANICS";

    #[test]
    fn a_panic_says_where_and_not_what_even_where_backtraces_are_asked_for() {
        if std::env::var_os(PANICS).is_some() {
            keep_quiet();
            panic!("hunter2 {:?}", ["hunter2"]);
        }
        let name = "cli::panics::tests::a_panic_says_where_and_not_what_even_where_backtraces_are_asked_for";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", name])
            .env(PANICS, "1")
            .env("RUST_BACKTRACE", "full")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(told.contains("perijove: a fault of Perijove at server/src/cli/panics.rs:"), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("stack backtrace"), "{told}");
    }
}
