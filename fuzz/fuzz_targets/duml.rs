//! See `whereto::fuzzing::duml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::duml(bytes));
