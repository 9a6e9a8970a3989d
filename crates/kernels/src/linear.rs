//! Products of rows with weights.

use crate::Level;
use crate::level::for_each_level;
use crate::math::Arithmetic;
use crate::matrix::{Matrix, multiply};

/// A matrix of weights, `[input, output]`, in row-major or column-major order, and an optional
/// bias.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    values: &'a [f32],
    input: usize,
    output: usize,
    strides: [usize; 2],
    bias: Option<&'a [f32]>,
}

impl<'a> Weights<'a> {
    /// Weights whose element `[i, o]` is `values[i * strides[0] + o * strides[1]]`.
    ///
    /// # Panics
    ///
    /// If the matrix is empty, its last element lies outside `values`, or the bias does not have
    /// `output` elements.
    pub fn new(
        values: &'a [f32],
        [input, output]: [usize; 2],
        strides: [usize; 2],
        bias: Option<&'a [f32]>,
    ) -> Self {
        assert!(input > 0 && output > 0, "a matrix of {input} × {output} is empty");
        // Strides along a single row or column are never used.
        let strides =
            [if input == 1 { 0 } else { strides[0] }, if output == 1 { 0 } else { strides[1] }];
        let last = last_of([input, output], strides);
        assert!(
            last < values.len(),
            "{} values, but the last element of the matrix has index {last}",
            values.len()
        );
        assert!(
            bias.is_none_or(|bias| bias.len() == output),
            "the bias needs one element for each output"
        );
        Self { values, input, output, strides, bias }
    }

    /// The number of input columns.
    pub fn input(&self) -> usize {
        self.input
    }

    /// The number of output columns.
    pub fn output(&self) -> usize {
        self.output
    }

    pub(crate) fn bias(&self) -> Option<&[f32]> {
        self.bias
    }

    /// The weight from an input to an output.
    pub fn at(&self, input: usize, output: usize) -> f32 {
        self.values[input * self.strides[0] + output * self.strides[1]]
    }

    pub(crate) fn values(&self) -> &[f32] {
        self.values
    }

    pub(crate) fn strides(&self) -> [usize; 2] {
        self.strides
    }
}

/// The index of the last element of a matrix, or `usize::MAX`, which is outside any slice, on
/// overflow.
pub(crate) fn last_of([rows, columns]: [usize; 2], strides: [usize; 2]) -> usize {
    let down = (rows - 1).checked_mul(strides[0]);
    let right = (columns - 1).checked_mul(strides[1]);
    down.zip(right).and_then(|(down, right)| down.checked_add(right)).unwrap_or(usize::MAX)
}

/// Computes `input × weights + bias` on one thread.
///
/// Rows of the output start `stride` elements apart; elements between rows are not written.
///
/// # Shapes
///
/// - `input`: `[rows, input]`
/// - `output`: `[rows, output]`, with `stride` elements from row to row
///
/// # Panics
///
/// If `input` is not a whole number of rows, or `output` is too small.
pub fn linear(
    level: Level,
    input: &[f32],
    weights: &Weights<'_>,
    output: &mut [f32],
    stride: usize,
) {
    let rows = input.len() / weights.input;
    assert_eq!(rows * weights.input, input.len(), "the input must be a whole number of rows");
    convolve(level, input, [rows, weights.input], weights, output, stride);
}

/// As [`linear`], for windows that may overlap: each of the `rows` windows starts `step` elements
/// after the window before.
///
/// # Panics
///
/// If the last window ends after `input`, or `output` is too small.
#[allow(unsafe_code, reason = "a product takes pointers")]
pub fn convolve(
    level: Level,
    input: &[f32],
    [rows, step]: [usize; 2],
    weights: &Weights<'_>,
    output: &mut [f32],
    stride: usize,
) {
    if rows == 0 {
        return;
    }
    let step = if rows == 1 { 0 } else { step };
    let end = last_of([rows, weights.input], [step, 1]);
    assert!(end < input.len(), "{} values, but the last window ends at index {end}", input.len());
    let stride = if rows == 1 { weights.output } else { stride };
    let last = last_of([rows, weights.output], [stride, 1]);
    assert!(stride >= weights.output && last < output.len(), "the output is too small");
    // SAFETY: the assertions above check that `input` and `output` hold their last elements, and
    // `Weights::new` checked the weights. Input and output are different slices.
    unsafe {
        multiply(
            [rows, weights.input, weights.output],
            &Matrix { start: input.as_ptr(), strides: [step, 1] },
            &Matrix { start: weights.values.as_ptr(), strides: weights.strides },
            1.0,
            &Matrix { start: output.as_mut_ptr(), strides: [stride, 1] },
        );
    }
    if let Some(bias) = weights.bias {
        add_bias(level, &mut output[..=last], stride, bias);
    }
}

#[inline(always)]
fn add_bias_body<A: Arithmetic>(rows: &mut [f32], stride: usize, bias: &[f32]) {
    for row in rows.chunks_mut(stride) {
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
    }
}

for_each_level! {
    /// Adds a bias to the first columns of every row.
    fn add_bias(rows: &mut [f32], stride: usize, bias: &[f32]) = add_bias_body
}
