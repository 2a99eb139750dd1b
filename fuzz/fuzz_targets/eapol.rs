//! See `whereto::fuzzing::eapol`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::eapol(bytes));
