//! See `whereto::fuzzing::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::http(bytes));
