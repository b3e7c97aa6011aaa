//! A folder that a run writes to.

use std::path::Path;

use crate::codegen::Files;
use crate::output::Plan;

/// A folder that is written to.
#[derive(Debug)]
pub struct Target<'a> {
    pub folder: &'a Path,
    pub files: &'a Files,
    pub plan: Plan,
}
