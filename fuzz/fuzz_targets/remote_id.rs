//! See `whereto::fuzzing::remote_id`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::remote_id(bytes));
