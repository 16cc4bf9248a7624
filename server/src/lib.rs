//! The binary `perijove`: collect, store, judge on time, serve.

pub mod backend;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod collector;
pub mod comparison;
pub mod config;
pub mod declared;
pub mod demo;
pub mod demo_api;
pub mod http;
pub mod keeper;
pub mod manifests;
pub mod probe;
pub mod store;
pub mod telemetry;
pub mod troubles;
pub mod watcher;
