//! Functions of one number without branches or calls, so that the compiler vectorises loops over
//! them.

use std::f32::consts::LOG2_E;

/// How a product and a sum are computed.
pub(crate) trait Arithmetic {
    /// `a × b + c`.
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;

    /// The rounding error of `product`, which is `a × b` rounded.
    fn lost(a: f32, b: f32, product: f32) -> f32;
}

/// One instruction with one rounding.
pub(crate) struct Fused;

impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn lost(a: f32, b: f32, product: f32) -> f32 {
        a.mul_add(b, -product)
    }
}

/// Two instructions, for processors where a fused one would be a call of the C library.
pub(crate) struct Baseline;

impl Arithmetic for Baseline {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    /// Splits each factor into halves of 12 bits (Dekker 1971, doi 10.1007/BF01397083).
    #[inline(always)]
    fn lost(a: f32, b: f32, product: f32) -> f32 {
        let halves = |x: f32| {
            let high = f32::from_bits(x.to_bits() & 0xffff_f000);
            (high, x - high)
        };
        let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
        ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    }
}

/// Below this, eˣ is subnormal, and 0 is returned.
const LOWEST: f32 = -87.336_54;

/// Above this, eˣ is infinite.
const HIGHEST: f32 = 88.722_84;

/// 1.5 × 2²³: adding it to a number below 2²² rounds that number to an integer.
const ROUNDER: f32 = 12_582_912.0;

/// ln 2 in two parts; the first has few bits, so its multiples are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// e to the power of x.
#[inline(always)]
pub(crate) fn exp<A: Arithmetic>(x: f32) -> f32 {
    let clamped = x.clamp(LOWEST, HIGHEST);
    // x = n ln 2 + rest, |rest| ≤ ln 2 / 2.
    let shifted = A::multiply_add(clamped, LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let rest = A::multiply_add(n, -LN_2[0], clamped);
    let rest = A::multiply_add(n, -LN_2[1], rest);
    // The Taylor series to the seventh power; the remainder is 5e-9 relative to 1.
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        sum = A::multiply_add(sum, rest, coefficient);
    }
    let sum = A::multiply_add(sum * rest, rest, rest) + 1.0;
    // The low bits of `shifted` are n. 2^n takes two factors, since n can be 128, which is not a
    // valid exponent.
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32);
    let half = n >> 1;
    let power = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    let value = sum * power(half) * power(n - half);
    let value = if x < LOWEST { 0.0 } else { value };
    let value = if x > HIGHEST { f32::INFINITY } else { value };
    if x.is_nan() { x } else { value }
}

/// The scaled upper tail Φ(−x) e^(x²/2) / t with t = 1 / (1 + 0.4 x), x ≥ 0, as a polynomial in 2 t
/// − 1: a minimax fit with a relative error of at most 6e-9.
const TAIL: [f32; 11] = [
    0.282_662_66,
    0.173_476_85,
    0.052_794_788,
    -0.003_695_253,
    -0.006_554_265_5,
    0.000_646_235_25,
    0.001_007_157_1,
    -0.000_288_206_4,
    -0.000_116_265_32,
    7.501_183e-5,
    -8.704_48e-6,
];

/// The upper tail Φ(−x) of the normal distribution times e^(x²/2), for x ≥ 0.
#[inline(always)]
fn scaled_tail<A: Arithmetic>(x: f32) -> f32 {
    let t = 1.0 / A::multiply_add(x, 0.4, 1.0);
    let u = A::multiply_add(2.0, t, -1.0);
    let mut sum = TAIL[10];
    for coefficient in TAIL[..10].iter().rev() {
        sum = A::multiply_add(sum, u, *coefficient);
    }
    sum * t
}

/// `x Φ(x)`: GELU with the distribution function of the normal distribution (Hendrycks and Gimpel
/// 2016, arXiv 1606.08415). Both tails have a small relative error; 1 + erf would cancel in the
/// left tail.
#[inline(always)]
pub(crate) fn gelu<A: Arithmetic>(x: f32) -> f32 {
    let size = x.abs();
    // If the square is large, its rounding error matters.
    let square = size * size;
    let lost = A::lost(size, size, square);
    let bell = exp::<A>(-0.5 * square);
    let bell = A::multiply_add(-0.5 * lost, bell, bell);
    let tail = scaled_tail::<A>(size) * bell;
    // Above 2⁶³ the square is infinite, and its rounding error is NaN.
    let tail = if size > 14.0 { 0.0 } else { tail };
    let probability = if x < 0.0 { tail } else { 1.0 - tail };
    let value = x * probability;
    // −∞ × 0 is NaN, and the limit is −0.
    let value = if x == f32::NEG_INFINITY { -0.0 } else { value };
    if x.is_nan() { x } else { value }
}

/// GELU by tanh: `x (1 + tanh u) / 2 = x / (1 + e^(−2u))` with `u = √(2/π) (x + 0.044715 x³)`. The
/// error is largest in the left tail, where the exponent is large and its rounding error matters.
#[inline(always)]
pub(crate) fn gelu_tanh<A: Arithmetic>(x: f32) -> f32 {
    // 2 √(2/π)
    const TWICE: f32 = 1.595_769;
    // Above 20 the value is x or 0 in any case.
    let size = x.abs().min(20.0);
    let inner = A::multiply_add(0.044_715 * (size * size), size, size);
    let small = exp::<A>(-TWICE * inner);
    let sigmoid = if x < 0.0 { small } else { 1.0 } / (1.0 + small);
    let value = x * sigmoid;
    // −∞ × 0 is NaN, and the limit is −0.
    let value = if x == f32::NEG_INFINITY { -0.0 } else { value };
    if x.is_nan() { x } else { value }
}

/// `Φ(x) + x φ(x)`: the derivative of [`gelu`].
#[inline(always)]
pub(crate) fn gelu_slope<A: Arithmetic>(x: f32) -> f32 {
    /// 1 / √(2π)
    const DENSITY: f32 = 0.398_942_3;
    let size = x.abs();
    let bell = exp::<A>(-0.5 * (size * size));
    let tail = scaled_tail::<A>(size) * bell;
    let probability = if x < 0.0 { tail } else { 1.0 - tail };
    let slope = A::multiply_add(x * DENSITY, bell, probability);
    // The square of a large number is infinite; the limits are 0 and 1.
    let slope = if size > 14.0 { probability } else { slope };
    if x.is_nan() { x } else { slope }
}

/// The derivative of [`gelu_tanh`].
#[inline(always)]
pub(crate) fn gelu_tanh_slope<A: Arithmetic>(x: f32) -> f32 {
    // 2 √(2/π)
    const TWICE: f32 = 1.595_769;
    let size = x.abs().min(20.0);
    let square = size * size;
    let inner = A::multiply_add(0.044_715 * square, size, size);
    let small = exp::<A>(-TWICE * inner);
    let whole = 1.0 / (1.0 + small);
    let sigmoid = if x < 0.0 { small * whole } else { whole };
    // σ (1 − σ) u' x, the same on both sides of 0.
    let steep = small * whole * whole * TWICE * A::multiply_add(3.0 * 0.044_715, square, 1.0);
    let slope = A::multiply_add(steep, size.copysign(x), sigmoid);
    if x.is_nan() { x } else { slope }
}
