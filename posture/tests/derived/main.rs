//! What is derived from a cluster: hubs of every generation of the chart, HTTPS, enforcement, barriers, rights and controls.

mod access_table;
mod barriers;
mod certificates;
mod clouds;
mod controls;
mod discovery;
mod enforcement;
mod escalation;
mod gaps;
mod questions;
mod reference;
mod rights;
mod scenes;
mod servers;
mod tls;
mod tokens;
mod versions;
