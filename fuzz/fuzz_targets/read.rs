#![no_main]
//! Reading: any bytes, as JSON and as YAML.

#[allow(dead_code)]
mod pipeline;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    pipeline::read("openapi.json", bytes);
    pipeline::read("openapi.yaml", bytes);
});
