#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_patterns_fuzz::targets::generate(bytes));
