//! Tests of the whole program, in one binary.

mod control_plane;
mod store;
