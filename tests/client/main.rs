//! The generated client end to end: in Node, with Electric alone, and in Chromium.

mod browser;
mod electric;
mod suites;
#[path = "../support/mod.rs"]
mod support;
