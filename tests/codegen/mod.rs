//! The generated files, given to compilers, the formatter and Node; and what hostile documents make of them.

mod hostile;
mod npm_harness;
mod typescript;
