//! Gradients of a linear layer: of its input, its weights and its bias.

use crate::level::for_each_level;
use crate::linear::{Weights, last_of};
use crate::math::Arithmetic;
use crate::matrix::{Matrix, Store, add_product, multiply_onto};

/// Computes the gradient of the input of [`linear`](crate::linear()), `output × weightsᵀ`, on one
/// thread.
///
/// # Shapes
///
/// - `output`: the gradient of the output, `[rows, output]`, with `stride` elements from row to row
/// - `input`: the gradient of the input, `[rows, input]`; the result is added if `store` says so
///
/// # Panics
///
/// If `input` is not a whole number of rows, or `output` is too small.
#[allow(unsafe_code, reason = "a product takes pointers")]
pub fn input_gradient(
    output: &[f32],
    stride: usize,
    weights: &Weights<'_>,
    input: &mut [f32],
    store: Store,
) {
    let rows = input.len() / weights.input();
    assert_eq!(rows * weights.input(), input.len(), "the input must be a whole number of rows");
    if rows == 0 {
        return;
    }
    check_rows(output, rows, weights.output(), stride);
    let [down, right] = weights.strides();
    // SAFETY: the assertions above check that `input` and `output` hold their last elements, and
    // `Weights::new` checked the weights. Input and output are different slices.
    unsafe {
        multiply_onto(
            [rows, weights.output(), weights.input()],
            &Matrix { start: output.as_ptr(), strides: [stride, 1] },
            &Matrix { start: weights.values().as_ptr(), strides: [right, down] },
            1.0,
            &Matrix { start: input.as_mut_ptr(), strides: [weights.input(), 1] },
            store,
        );
    }
}

/// Computes the gradient of the weights of [`linear`](crate::linear()), `inputᵀ × output`, on all
/// cores of the current thread pool.
///
/// # Shapes
///
/// - `input`: `[rows, input]`, where each row starts `step` elements after the one before: less
///   than `input` for the windows of a convolution
/// - `output`: the gradient of the output, `[rows, output]`, with `stride` elements from row to row
/// - `weights`: the gradient of the weights, `[input, output]`
///
/// # Panics
///
/// If a slice is too small.
#[allow(unsafe_code, reason = "a product takes pointers")]
pub fn weight_gradient(
    input: &[f32],
    [rows, step]: [usize; 2],
    output: &[f32],
    stride: usize,
    weights: &mut [f32],
    [inputs, outputs]: [usize; 2],
) {
    assert_eq!(weights.len(), inputs * outputs, "the gradient has the shape of the weights");
    if rows == 0 {
        weights.fill(0.0);
        return;
    }
    let step = if rows == 1 { 0 } else { step };
    let end = last_of([rows, inputs], [step, 1]);
    assert!(end < input.len(), "{} values, but the last row ends at index {end}", input.len());
    check_rows(output, rows, outputs, stride);
    // SAFETY: the assertions above check that all slices hold their last elements. They are
    // different slices.
    unsafe {
        add_product(
            [inputs, rows, outputs],
            &Matrix { start: input.as_ptr(), strides: [1, step] },
            &Matrix { start: output.as_ptr(), strides: [stride, 1] },
            &Matrix { start: weights.as_mut_ptr(), strides: [outputs, 1] },
            Store::Replace,
        );
    }
}

fn check_rows(values: &[f32], rows: usize, columns: usize, stride: usize) {
    assert!(stride >= columns || rows == 1, "rows of {columns} elements overlap");
    let last = last_of([rows, columns], [stride, 1]);
    assert!(last < values.len(), "{} values, but the last row ends at index {last}", values.len());
}

#[inline(always)]
fn column_sums_body<A: Arithmetic>(rows: &[f32], stride: usize, sums: &mut [f32]) {
    assert!(sums.len() <= stride, "rows of {} elements overlap", sums.len());
    for row in rows.chunks(stride) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

for_each_level! {
    /// Adds the first columns of every row to `sums`: the gradient of the bias of
    /// [`linear`](crate::linear()).
    ///
    /// # Shapes
    ///
    /// - `rows`: `[rows, columns]`, with `stride` elements from row to row
    /// - `sums`: `[columns]`
    ///
    /// # Panics
    ///
    /// If there are more columns than `stride`.
    pub fn column_sums(rows: &[f32], stride: usize, sums: &mut [f32]) = column_sums_body
}
