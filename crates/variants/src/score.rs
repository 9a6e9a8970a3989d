//! Scores from the probabilities of two alleles.
//!
//! The first two are those of DNABERT's `SNP.py` (Ji et al. 2021, doi
//! 10.1093/bioinformatics/btab083).

use std::f64::consts::LN_2;

use dnabert_core::log_odds;

/// DNABERT's `diff`: the difference of the probabilities, alternate minus reference, times the larger
/// one.
///
/// ```
/// use dnabert_variants::score::difference;
///
/// assert!((difference(0.8, 0.3) + 0.4).abs() < 1e-12); // (0.3 − 0.8) × 0.8
/// ```
pub fn difference(reference: f64, alternate: f64) -> f64 {
    (alternate - reference) * reference.max(alternate)
}

/// DNABERT's `logOR`: log2 odds of the reference minus those of the alternate, so that a loss is
/// positive.
///
/// Probabilities are kept 1e-7 away from 0 and 1, so that the score is finite; DNABERT's is not.
///
/// ```
/// use dnabert_variants::score::log_odds_ratio;
///
/// assert!((log_odds_ratio(0.8, 0.5) - 2.0).abs() < 1e-9); // odds 4 and 1
/// assert!(log_odds_ratio(1.0, 0.0).is_finite());
/// ```
pub fn log_odds_ratio(reference: f64, alternate: f64) -> f64 {
    (log_odds(reference) - log_odds(alternate)) / LN_2
}

/// The empirical p-value of a score: the fraction of a background, with the score itself, that scores at
/// least as high (Phipson and Smyth 2010, doi 10.2202/1544-6115.1585). It is never 0.
///
/// `background` must be sorted in ascending order.
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
