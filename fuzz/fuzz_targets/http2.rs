//! See `whereto::fuzzing::http2`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::http2(bytes));
