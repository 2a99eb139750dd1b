//! See `whereto::fuzzing::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::records(bytes));
