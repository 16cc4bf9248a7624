//! The evaluator of network policies: against the expected results of every generation of the chart, against a second evaluator that goes
//! through pairs of pods, and with parts of the facts hidden.

mod admin;
mod agreement;
mod generated;
mod hidden;
mod reference;
mod rules;
mod scene;
mod vectors;
