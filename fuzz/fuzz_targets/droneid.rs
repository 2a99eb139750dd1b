//! See `whereto::fuzzing::droneid`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::droneid(bytes));
