//! The pages: each a function from what the backend answers to a page.

mod access;
mod certificates;
mod check;
mod checklist;
mod drift;
mod gaps;
mod history;
mod message;
mod overview;
mod parts;
mod reach;
mod surround;

pub use access::{access, parse_access};
pub use certificates::{
    certificate, certificate_words, certificates, new_feed, no_certificate, parse_certificates, renewer_word,
};
pub use check::check;
pub use checklist::{checklist, parse_filter};
pub use drift::{drift, parse_drift};
pub use gaps::gaps;
pub use history::{history, parse_history};
pub use message::{error, signed_out, spent_link};
pub use overview::overview;
pub use reach::{parse_reach, reach};
