//! See `whereto::fuzzing::quic`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::quic(bytes));
