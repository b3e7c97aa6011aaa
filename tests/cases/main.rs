//! One test for each fixture, document and range of schedules.

mod corpus;
mod fixtures;
mod mutations;
mod round_trip;
mod simulation;
#[path = "../support/mod.rs"]
mod support;
