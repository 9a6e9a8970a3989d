//! How the probabilities of two alleles differ.

use std::f64::consts::LN_2;

use dnabert_core::log_odds;

/// DNABERT's `diff`: the difference of the probabilities, alternate less reference, times the greater.
pub fn difference(reference: f64, alternate: f64) -> f64 {
    (alternate - reference) * reference.max(alternate)
}

/// DNABERT's `logOR`: log2 odds of the reference less those of the alternate, so that a loss is positive.
/// Probabilities are kept 1e-7 away from 0 and 1, so that it is finite (there it is not).
pub fn log_odds_ratio(reference: f64, alternate: f64) -> f64 {
    (log_odds(reference) - log_odds(alternate)) / LN_2
}

/// The share of a background that scores at least as much, counting the scored one itself: an empirical
/// p-value, never 0 (Phipson and Smyth 2010, doi 10.2202/1544-6115.1585). The background is sorted, the least first.
///
/// ```
/// use dnabert_variants::score::empirical_p_value;
///
/// assert_eq!(empirical_p_value(5.0, &[1.0, 2.0, 9.0]), 0.5);
/// ```
pub fn empirical_p_value(score: f64, background: &[f64]) -> f64 {
    let below = background.partition_point(|other| *other < score);
    (background.len() - below + 1) as f64 / (background.len() + 1) as f64
}
