//! `schema/schema.json`: the models as data, and what two versions of it differ in.

pub mod diff;
pub mod document;
