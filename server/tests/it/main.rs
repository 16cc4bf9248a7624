//! Tests of the whole program, in one binary.

mod conformance;
mod control_plane;
mod program;
mod store;
