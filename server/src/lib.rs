//! The server.

pub mod clock;
pub mod cluster;
pub mod demo;
pub mod demo_api;
