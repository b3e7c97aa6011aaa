//! Problems in what the user gave us. They are collected, not thrown one by one, so that a run reports all.

mod codes;
pub mod github;
mod phrases;
mod pointer;
mod print;
mod problem;
mod summary;

pub use codes::{Code, Reason, Severity};
pub use phrases::{all_of, closest, count, one_of};
pub use pointer::{child, push_token};
pub use print::{Format, Located, clean, print};
pub use problem::{Input, Problem, Problems, Summary};
pub use summary::{Told, told};
