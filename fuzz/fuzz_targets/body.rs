//! See `whereto::fuzzing::body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::body(bytes));
