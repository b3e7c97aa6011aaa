//! The generated files, given to compilers, the formatter and Node; and what hostile documents make of them.

mod hostile;
mod npm_harness;
#[path = "../support/mod.rs"]
mod support;
mod typescript;
