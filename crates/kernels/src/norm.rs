//! Layer normalisation.

use crate::Kept;
use crate::level::for_each_level;
use crate::math::Arithmetic;
use crate::sums::{sum_of, sum_of_products};

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

/// The mean of a row, and the scale that gives it the variance 1.
#[inline(always)]
fn standardize(row: &[f32], epsilon: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = sum_of(row, |value| value) / count;
    let variance = sum_of(row, |value| (value - mean) * (value - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
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
        let (mean, scale) = standardize(row, norm.epsilon);
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

#[inline(always)]
fn train_norm_body<A: Arithmetic>(
    rows: &mut [f32],
    residual: &[f32],
    kept: Option<Kept<'_>>,
    norm: Norm<'_>,
    normalized: &mut [f32],
    scales: &mut [f32],
) {
    let width = norm.gamma.len();
    assert!(width > 0 && norm.beta.len() == width, "each column needs a scale and a shift");
    let count = rows.len();
    assert!(count.is_multiple_of(width), "the slice must be a whole number of rows");
    assert!(
        residual.len() == count && normalized.len() == count && scales.len() == count / width,
        "a residual and a normalised value for each element, and a scale for each row"
    );
    match kept {
        Some(Kept { mask, factor }) => {
            assert_eq!(mask.len(), count, "a mask for each element");
            for ((value, other), kept) in rows.iter_mut().zip(residual).zip(mask) {
                *value = *value * (f32::from(*kept) * factor) + other;
            }
        }
        None => rows.iter_mut().zip(residual).for_each(|(value, other)| *value += other),
    }
    let saved = normalized.chunks_exact_mut(width).zip(scales);
    for (row, (normalized, saved)) in rows.chunks_exact_mut(width).zip(saved) {
        let (mean, scale) = standardize(row, norm.epsilon);
        *saved = scale;
        for (((value, normalized), gamma), beta) in
            row.iter_mut().zip(normalized).zip(norm.gamma).zip(norm.beta)
        {
            *normalized = (*value - mean) * scale;
            *value = A::multiply_add(*normalized, *gamma, *beta);
        }
    }
}

for_each_level! {
    /// As [`add_norm`], with dropout of `rows` before the sum. Also writes what
    /// [`norm_gradient`] needs: the normalised rows, before the scale and shift of the columns, and
    /// the scale of each row.
    ///
    /// # Shapes
    ///
    /// - `rows`, `residual`, the mask, and `normalized`: `[rows, width]`
    /// - `scales`: `[rows]`
    ///
    /// # Panics
    ///
    /// If a slice does not have its shape.
    pub fn train_norm(
        rows: &mut [f32],
        residual: &[f32],
        kept: Option<Kept<'_>>,
        norm: Norm<'_>,
        normalized: &mut [f32],
        scales: &mut [f32],
    ) = train_norm_body
}

#[inline(always)]
fn norm_gradient_body<A: Arithmetic>(
    rows: &mut [f32],
    normalized: &[f32],
    scales: &[f32],
    gamma: &[f32],
    gamma_gradient: &mut [f32],
    beta_gradient: &mut [f32],
) {
    let width = gamma.len();
    assert!(
        width > 0 && gamma_gradient.len() == width && beta_gradient.len() == width,
        "each column needs a scale and gradients"
    );
    assert!(
        rows.len() == normalized.len() && rows.len() == scales.len() * width,
        "a normalised value for each element, and a scale for each row"
    );
    let saved = normalized.chunks_exact(width).zip(scales);
    for (row, (normalized, scale)) in rows.chunks_exact_mut(width).zip(saved) {
        for (((value, normalized), gamma), (gamma_gradient, beta_gradient)) in row
            .iter_mut()
            .zip(normalized)
            .zip(gamma)
            .zip(gamma_gradient.iter_mut().zip(beta_gradient.iter_mut()))
        {
            *beta_gradient += *value;
            *gamma_gradient = A::multiply_add(*value, *normalized, *gamma_gradient);
            *value *= gamma;
        }
        let mean = sum_of(row, |value| value) / width as f32;
        let along = sum_of_products(row, normalized) / width as f32;
        for (value, normalized) in row.iter_mut().zip(normalized) {
            *value = (*value - A::multiply_add(*normalized, along, mean)) * scale;
        }
    }
}

for_each_level! {
    /// Replaces the gradient of the output of [`train_norm`], `rows`, by that of the sum that was
    /// normalised, and adds to the gradients of the norm.
    ///
    /// # Shapes
    ///
    /// - `rows` and `normalized`: `[rows, width]`
    /// - `scales`: `[rows]`
    /// - `gamma` and the gradients of the norm: `[width]`
    ///
    /// # Panics
    ///
    /// If a slice does not have its shape.
    pub fn norm_gradient(
        rows: &mut [f32],
        normalized: &[f32],
        scales: &[f32],
        gamma: &[f32],
        gamma_gradient: &mut [f32],
        beta_gradient: &mut [f32],
    ) = norm_gradient_body
}
