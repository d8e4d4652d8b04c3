//! The target `facts` of `thalweg_sim::fuzz` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| thalweg_sim::fuzz::feed("facts", bytes));
