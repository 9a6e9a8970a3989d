//! Log odds that are finite for every probability.

/// Networks compute in single precision, which cannot tell probabilities closer to 1 than this from
/// 1.
const SURE: f64 = 1e-7;

/// ln p / (1 − p), where p is first clamped to [1e-7, 1 − 1e-7].
///
/// ```
/// use dnabert_core::log_odds;
///
/// assert_eq!(log_odds(0.5), 0.0);
/// assert!(log_odds(1.0).is_finite() && (log_odds(0.0) + log_odds(1.0)).abs() < 1e-6);
/// ```
pub fn log_odds(probability: f64) -> f64 {
    let p = probability.clamp(SURE, 1.0 - SURE);
    (p / (1.0 - p)).ln()
}
