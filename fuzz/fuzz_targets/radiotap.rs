//! See `whereto::fuzzing::radiotap`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::radiotap(bytes));
