//! The documented JSON that `scan` and `check` print, the table for a terminal, and the exit code.

mod drift;
mod fail_on;
mod json;
mod table;

pub use drift::{DriftReport, effect_in_words, upgrade_in_words};
pub use fail_on::{FailOn, ParseFailOnError};
pub use json::{Report, SCHEMA, to_json};
pub use table::table;
