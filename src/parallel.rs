//! Work on all cores, with the same outcome as on one.

use rayon::prelude::*;

/// What is made of each item, in their order; or what went wrong with the first of those that failed.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    make: impl Fn(&T) -> anyhow::Result<R> + Send + Sync,
) -> anyhow::Result<Vec<R>> {
    let made: Vec<anyhow::Result<R>> = items.par_iter().map(make).collect();
    made.into_iter().collect()
}
