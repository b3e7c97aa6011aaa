#![no_main]
//! The whole way: any bytes that are a document.

mod pipeline;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(document) = pipeline::read("openapi", bytes) {
        pipeline::generate(&document);
    }
});
