//! See `whereto::fuzzing::ieee80211`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| whereto::fuzzing::ieee80211(bytes));
