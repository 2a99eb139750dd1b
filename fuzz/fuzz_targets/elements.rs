//! See `whereto::fuzzing::elements`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::elements(bytes));
