//! Activations in double precision.

/// x Φ(x).
pub(crate) fn true_gelu(x: f64) -> f64 {
    x * 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// GELU by tanh, accurate in both tails.
pub(crate) fn true_gelu_tanh(x: f64) -> f64 {
    let twice = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    x / (1.0 + (-twice * (x + 0.044_715 * x * x * x)).exp())
}
