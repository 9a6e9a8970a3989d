//! Bootstrap confidence intervals (Efron 1979, doi 10.1214/aos/1176344552).

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A 95 % confidence interval of a statistic.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ConfidenceInterval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// Returns the 95 % percentile interval of `statistic` over `resamples` bootstrap samples.
///
/// Each sample holds `count` indices below `count`, drawn with replacement. Samples for which
/// `statistic` returns `None` are skipped; the result is `None` if all are.
///
/// ```
/// use dnabert_train::bootstrap;
///
/// let is_right = [true, true, false, true, true, false, true, true];
/// let accuracy = |rows: &[usize]| {
///     let right = rows.iter().filter(|&&row| is_right[row]).count();
///     Some(right as f64 / rows.len() as f64)
/// };
/// let interval = bootstrap(is_right.len(), 1000, 1, accuracy).unwrap();
/// assert!(interval.low < 0.75 && 0.75 < interval.high);
/// ```
pub fn bootstrap(
    count: usize,
    resamples: usize,
    seed: u64,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<ConfidenceInterval> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut indices = vec![0; count];
    let mut values: Vec<f64> = (0..resamples)
        .filter_map(|_| {
            draw(&mut random, &mut indices);
            statistic(&indices)
        })
        .collect();
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Some(ConfidenceInterval { low: at(0.025), high: at(0.975) })
}

fn draw(random: &mut impl Rng, indices: &mut [usize]) {
    let count = indices.len();
    indices.fill_with(|| random.random_range(0..count));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_has_the_known_width() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i % 2)).collect();
        let mean = |indices: &[usize]| {
            Some(indices.iter().map(|&i| values[i]).sum::<f64>() / indices.len() as f64)
        };
        let interval = bootstrap(values.len(), 2000, 7, mean).unwrap();
        // standard error √(0.25/1000) = 0.0158, so 1.96 of them are 0.031
        assert!((interval.low - 0.469).abs() < 0.004, "{interval:?}");
        assert!((interval.high - 0.531).abs() < 0.004, "{interval:?}");
        assert_eq!(bootstrap(3, 10, 7, |_| None), None);
    }
}
