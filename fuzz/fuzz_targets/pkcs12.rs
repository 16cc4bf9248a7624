//! Reads a PKCS#12 file. The body lies in `posture`, where tests run it too.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| posture::x509::invariants::pkcs12(bytes));
