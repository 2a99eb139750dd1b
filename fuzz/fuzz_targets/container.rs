//! See `whereto::fuzzing::container`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::container(bytes));
