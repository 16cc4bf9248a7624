//! The documented JSON that `scan` and `check` print.
