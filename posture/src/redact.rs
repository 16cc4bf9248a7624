//! What is kept of an object: everything else is dropped while decoding.
