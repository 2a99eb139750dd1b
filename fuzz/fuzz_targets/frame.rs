//! See `whereto::fuzzing::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::frame(bytes));
