//! See `whereto::fuzzing::tls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::tls(bytes));
