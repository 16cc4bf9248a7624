//! Build and test automation.
fn main() {}
