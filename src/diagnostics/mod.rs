//! Problems in what the user gave us. They are collected, not thrown one by one, so that a run reports all.

mod codes;
pub mod github;
mod pointer;
mod print;
mod problem;
mod words;

pub use codes::{Code, Reason, Severity};
pub use pointer::{child, push_token};
pub use print::{Format, Located, clean, print};
pub use problem::{Input, Problem, Problems};
pub use words::{closest, count, one_of};
