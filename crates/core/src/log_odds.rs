//! Log odds that stay finite.

/// Probabilities nearer to 0 or 1 are not told apart from it in single precision, in which networks compute.
const SURE: f64 = 1e-7;

/// ln p / (1 − p), with p kept 1e-7 away from 0 and 1.
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
