//! Layer normalisation.

use crate::level::for_each_level;
use crate::math::Arithmetic;

/// The parameters of a layer normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450).
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// The scale of each column.
    pub gamma: &'a [f32],
    /// The shift of each column.
    pub beta: &'a [f32],
    /// The term that is added to the variance.
    pub epsilon: f32,
}

/// The number of partial sums, which the compiler keeps in vector registers.
const LANES: usize = 32;

#[inline(always)]
fn sum_of<F: Fn(f32) -> f32>(row: &[f32], function: F) -> f32 {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += function(*value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += function(*value);
    }
    sums.iter().sum()
}

#[inline(always)]
fn add_norm_body<A: Arithmetic>(rows: &mut [f32], residual: Option<&[f32]>, norm: Norm<'_>) {
    let width = norm.gamma.len();
    assert!(width > 0 && norm.beta.len() == width, "each column needs a scale and a shift");
    assert!(rows.len().is_multiple_of(width), "the slice must be a whole number of rows");
    assert!(
        residual.is_none_or(|other| other.len() == rows.len()),
        "the residual must have as many elements as the rows"
    );
    let mut others = residual.map(|residual| residual.chunks_exact(width));
    for row in rows.chunks_exact_mut(width) {
        if let Some(other) = others.as_mut().and_then(Iterator::next) {
            row.iter_mut().zip(other).for_each(|(value, other)| *value += other);
        }
        let mean = sum_of(row, |value| value) / width as f32;
        let variance = sum_of(row, |value| (value - mean) * (value - mean)) / width as f32;
        let scale = 1.0 / (variance + norm.epsilon).sqrt();
        for ((value, gamma), beta) in row.iter_mut().zip(norm.gamma).zip(norm.beta) {
            *value = A::multiply_add((*value - mean) * scale, *gamma, *beta);
        }
    }
}

for_each_level! {
    /// Replaces `rows` by `norm(rows + residual)`, row by row; the width of a row is that of the
    /// norm.
    ///
    /// # Shapes
    ///
    /// - `rows` and `residual`: `[rows, width]`
    ///
    /// # Panics
    ///
    /// If the slices are not the same whole number of rows, or the norm has no column.
    pub fn add_norm(rows: &mut [f32], residual: Option<&[f32]>, norm: Norm<'_>) = add_norm_body
}
