//! See `whereto::fuzzing::dns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::dns(bytes));
