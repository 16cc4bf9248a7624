//! The catalogue of checks, held to its rules: as a registry, and against the fixtures beside each check.

mod fixtures;
mod flaws;
mod registry;
mod support;
