//! How the probabilities of two alleles differ.

/// Probabilities nearer to 0 or 1 are not told apart from it in single precision.
const SURE: f64 = 1e-7;

fn log2_odds(p: f64) -> f64 {
    let p = p.clamp(SURE, 1.0 - SURE);
    (p / (1.0 - p)).log2()
}

/// DNABERT's `diff`: the difference of the probabilities, alternate less reference, times the greater.
pub fn difference(reference: f64, alternate: f64) -> f64 {
    (alternate - reference) * reference.max(alternate)
}

/// DNABERT's `logOR`: log2 odds of the reference less those of the alternate, so that a loss is positive.
/// Probabilities are kept 1e-7 away from 0 and 1, so that it is finite (there it is not).
pub fn log_odds_ratio(reference: f64, alternate: f64) -> f64 {
    log2_odds(reference) - log2_odds(alternate)
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
