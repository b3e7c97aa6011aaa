//! Works on all cores, with the same outcome as on one. On two cores that takes a fifth off generating from GitHub's
//! document (84 to 69 ms), and a twelfth off InvenTree's.

use rayon::prelude::*;

/// What is made of each item, in their order.
pub fn each<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    items.par_iter().map(make).collect()
}

/// What is made of each item, in their order; or what went wrong with the first of those that failed.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    make: impl Fn(&T) -> anyhow::Result<R> + Send + Sync,
) -> anyhow::Result<Vec<R>> {
    each(items, make).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_one_after_the_other() {
        let numbers: Vec<u32> = (0..1000).collect();
        assert_eq!(map(&numbers, |number| Ok(number * 2)).unwrap(), numbers.iter().map(|n| n * 2).collect::<Vec<_>>());
        let odd = |number: &u32| if *number > 600 { Err(anyhow::anyhow!("{number}")) } else { Ok(()) };
        assert_eq!(map(&numbers, odd).unwrap_err().to_string(), "601");
    }
}
