//! See `whereto::fuzzing::identifiers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::identifiers(bytes));
