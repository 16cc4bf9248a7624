//! The binary `perijove`: collect, store, judge on time, serve.

pub mod clock;
pub mod cluster;
pub mod collector;
pub mod demo;
pub mod demo_api;
pub mod store;
