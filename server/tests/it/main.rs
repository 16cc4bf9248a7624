//! Tests of the whole program, in one binary.

mod busy;
mod cli;
mod conformance;
mod control_plane;
mod declared;
mod followed;
mod helm;
mod killed;
mod planted;
mod probing;
mod program;
mod released;
mod steady;
mod store;
