//! One step of AdamW in one pass over memory, and the norm of a gradient.

use rayon::prelude::*;

use crate::Level;
use crate::level::for_each_level;
use crate::math::Arithmetic;
use crate::sums::sum_of_products;

/// The number of elements that one core reads at a time.
const PIECE: usize = 1 << 16;

/// A step of AdamW as BERT takes it (Loshchilov and Hutter 2019, arXiv 1711.05101): no correction
/// of epsilon, and decay after the update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWStep {
    /// Decay rate of the first moment.
    pub beta_1: f32,
    /// Decay rate of the second moment.
    pub beta_2: f32,
    /// The constant that is added to the square root of the second moment.
    pub epsilon: f32,
    /// The learning rate, corrected for the bias of both moments.
    pub rate: f32,
    /// The factor of the weights after the update; 1 for no decay.
    pub kept: f32,
}

/// Updates weights and moments by a gradient, on all cores of the current thread pool.
///
/// # Panics
///
/// If the slices have different lengths.
pub fn adamw(
    level: Level,
    step: AdamWStep,
    weights: &mut [f32],
    gradient: &[f32],
    moments: [&mut [f32]; 2],
) {
    let count = weights.len();
    let [first, second] = moments;
    assert!(
        gradient.len() == count && first.len() == count && second.len() == count,
        "a gradient and two moments for each weight"
    );
    weights
        .par_chunks_mut(PIECE)
        .zip(gradient.par_chunks(PIECE))
        .zip(first.par_chunks_mut(PIECE).zip(second.par_chunks_mut(PIECE)))
        .for_each(|((weights, gradient), (first, second))| {
            adamw_piece(level, step, weights, gradient, first, second);
        });
}

/// Adds `values` to `sums`, on all cores of the current thread pool.
///
/// # Panics
///
/// If the slices have different lengths.
pub fn add(level: Level, sums: &mut [f32], values: &[f32]) {
    assert_eq!(sums.len(), values.len(), "a value for each sum");
    let pieces = sums.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE));
    pieces.for_each(|(sums, values)| add_piece(level, sums, values));
}

#[inline(always)]
fn add_body<A: Arithmetic>(sums: &mut [f32], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

for_each_level! {
    fn add_piece(sums: &mut [f32], values: &[f32]) = add_body
}

#[inline(always)]
fn adamw_body<A: Arithmetic>(
    step: AdamWStep,
    weights: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let AdamWStep { beta_1, beta_2, epsilon, rate, kept } = step;
    let (new_1, new_2) = (1.0 - beta_1, 1.0 - beta_2);
    let moments = first.iter_mut().zip(second);
    // Products and sums are rounded one by one, as in tensor operations.
    for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
        *first = *first * beta_1 + gradient * new_1;
        *second = *second * beta_2 + gradient * gradient * new_2;
        *weight = (*weight - *first / (second.sqrt() + epsilon) * rate) * kept;
    }
}

for_each_level! {
    fn adamw_piece(
        step: AdamWStep,
        weights: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) = adamw_body
}

/// The sum of squares, on all cores of the current thread pool. The result does not depend on their
/// number.
pub fn sum_of_squares(level: Level, values: &[f32]) -> f64 {
    let pieces: Vec<f64> = values
        .par_chunks(PIECE)
        .map(|piece| {
            let mut sum = 0.0;
            squares(level, piece, &mut sum);
            f64::from(sum)
        })
        .collect();
    pieces.iter().sum()
}

#[inline(always)]
fn squares_body<A: Arithmetic>(values: &[f32], sum: &mut f32) {
    *sum = sum_of_products(values, values);
}

for_each_level! {
    fn squares(values: &[f32], sum: &mut f32) = squares_body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_takes_the_same_step() {
        let step = AdamWStep { beta_1: 0.9, beta_2: 0.99, epsilon: 1e-8, rate: 0.125, kept: 0.5 };
        for level in Level::available() {
            let mut weights = vec![1.0; 70_000];
            let (mut first, mut second) = (vec![0.5; 70_000], vec![4.0; 70_000]);
            let gradient = vec![2.0; 70_000];
            adamw(level, step, &mut weights, &gradient, [&mut first, &mut second]);
            let (m, v) = (0.5 * 0.9 + 2.0 * (1.0 - 0.9_f32), 4.0 * 0.99 + 4.0 * (1.0 - 0.99_f32));
            let expected = (1.0 - m / (v.sqrt() + 1e-8) * 0.125) * 0.5;
            for at in [0, 65_535, 65_536, 69_999] {
                assert_eq!((weights[at], first[at], second[at]), (expected, m, v));
            }
        }
    }

    #[test]
    fn squares_are_summed_in_pieces() {
        let values: Vec<f32> = (0..200_001).map(|i| (i % 7) as f32 - 3.0).collect();
        let exact: f64 = values.iter().map(|value| f64::from(*value).powi(2)).sum();
        for level in Level::available() {
            assert!((sum_of_squares(level, &values) - exact).abs() < 1e-6 * exact);
            assert_eq!(sum_of_squares(level, &[]), 0.0);
        }
    }
}
