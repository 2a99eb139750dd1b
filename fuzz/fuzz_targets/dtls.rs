//! See `whereto::fuzzing::dtls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::dtls(bytes));
