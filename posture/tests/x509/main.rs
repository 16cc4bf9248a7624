//! Certificates: what is read of them, in which order they stand, and where they are stored.

mod agreement;
mod chain;
mod invariants;
mod make;
mod many;
mod openssl;
mod pem;
mod programs;
mod reading;
mod stores;
