//! Reads a Java keystore. The body lies in `posture`, where tests run it too.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| posture::x509::invariants::java(bytes));
