//! See `whereto::fuzzing::http3`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::http3(bytes));
