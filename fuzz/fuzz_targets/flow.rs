//! See `whereto::fuzzing::flow`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::flow(bytes));
