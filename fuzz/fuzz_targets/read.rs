#![no_main]
//! Reading: any bytes, as JSON and as YAML.

use sync_patterns_fuzz::{reading, with_room};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    with_room(|| {
        reading::read("openapi.json", bytes);
        reading::read("openapi.yaml", bytes);
    });
});
