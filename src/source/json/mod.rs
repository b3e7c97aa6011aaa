//! JSON: parsed once, and scanned again for the places of problems.

mod locate;
mod parse;
mod scan;

pub use locate::locate;
pub use parse::parse;
