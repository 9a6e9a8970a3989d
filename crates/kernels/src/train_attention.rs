//! Scaled dot-product attention in training: with dropout of its weights, and its gradient.

use std::ops::Range;

use rayon::prelude::*;

use crate::attention::{QUERIES, Shared, product};
use crate::level::for_each_level;
use crate::math::Arithmetic;
use crate::matrix::{Matrix, Store, multiply, multiply_onto};
use crate::sums::LANES;
use crate::{Attention, Kept, Level, softmax};

/// A dropout mask of attention weights.
#[derive(Debug, Clone, Copy)]
pub struct KeptWeights<'a> {
    /// The mask, `[sequences, heads, length, length]`.
    pub kept: Kept<'a>,
    /// The length of its rows: at least that of the longest sequence.
    pub length: usize,
}

/// The number of attention weights of these sequences: the sum of `heads × length × length`.
pub fn weight_count(sequences: &[Range<usize>], heads: usize) -> usize {
    sequences.iter().map(|tokens| product(&[heads, tokens.len(), tokens.len()])).sum()
}

/// Computes the attention of each sequence over itself, with dropout of the weights, on all cores
/// of the current thread pool. All tokens are queries.
///
/// `weights` receives what [`attention_gradient`] needs: the weights before dropout, and with a
/// negative sign where they were dropped.
///
/// # Shapes
///
/// - [`Attention::projected`]: `[tokens, 3 × hidden]`
/// - `weights`: for each sequence `[heads, length, length]`, one after the other: [`weight_count`]
///   elements
/// - `context`: `[tokens, hidden]`
///
/// # Panics
///
/// If a slice does not have its shape, the sequences are not all tokens in order, or only some
/// tokens are queries.
#[allow(unsafe_code, reason = "products take pointers, and heads share rows")]
pub fn train_attention(
    level: Level,
    attention: &Attention<'_>,
    dropout: Option<KeptWeights<'_>>,
    weights: &mut [f32],
    context: &mut [f32],
) {
    let Attention { projected, hidden, heads, sequences, bias, .. } = *attention;
    let tokens = check(attention);
    assert_eq!(context.len(), product(&[tokens, hidden]), "a row of the context for each token");
    if let Some(KeptWeights { kept, length }) = dropout {
        let needed = product(&[sequences.len(), heads, length, length]);
        assert_eq!(kept.mask.len(), needed, "a mask for each weight");
        assert!(sequences.iter().all(|tokens| tokens.len() <= length), "the mask is too small");
    }
    let (width, stride) = (hidden / heads, 3 * hidden);
    let scale = (width as f32).powf(-0.5);
    let context = Shared(context.as_mut_ptr());
    squares(weights, sequences, heads).into_par_iter().enumerate().for_each_init(
        Vec::new,
        |buffer: &mut Vec<f32>, (task, weights)| {
            let (sequence, column) = (task / heads, task % heads * width);
            let tokens = sequences[sequence].clone();
            let length = tokens.len();
            let own = &projected[tokens.start * stride..tokens.end * stride];
            for first in (0..length).step_by(QUERIES) {
                let block = QUERIES.min(length - first);
                let scores = &mut weights[first * length..(first + block) * length];
                // SAFETY: queries and keys are columns of this head in rows of this sequence, and
                // `scores` has a row of `length` elements for each query of the block.
                unsafe {
                    multiply(
                        [block, width, length],
                        &Matrix {
                            start: own.as_ptr().add(first * stride + column),
                            strides: [stride, 1],
                        },
                        &Matrix { start: own.as_ptr().add(hidden + column), strides: [1, stride] },
                        scale,
                        &Matrix { start: scores.as_mut_ptr(), strides: [length, 1] },
                    );
                }
                for row in scores.chunks_exact_mut(length) {
                    if let Some(bias) = bias {
                        let terms = &bias[tokens.clone()];
                        row.iter_mut().zip(terms).for_each(|(score, term)| *score += term);
                    }
                    softmax(level, row);
                }
                let dropped: &[f32] = match dropout {
                    None => scores,
                    Some(KeptWeights { kept, length: pitch }) => {
                        buffer.resize(scores.len(), 0.0);
                        let rows = scores.chunks_exact_mut(length);
                        let dropped = buffer.chunks_exact_mut(length);
                        for (query, (row, dropped)) in rows.zip(dropped).enumerate() {
                            let at = (task * pitch + first + query) * pitch;
                            let mask = &kept.mask[at..at + length];
                            drop_row(level, row, Kept { mask, factor: kept.factor }, dropped);
                        }
                        buffer
                    }
                };
                // SAFETY: as above. Only this task writes the columns of this head in the rows of
                // this sequence of the context.
                unsafe {
                    let place = (tokens.start + first) * hidden + column;
                    multiply(
                        [block, length, width],
                        &Matrix { start: dropped.as_ptr(), strides: [length, 1] },
                        &Matrix {
                            start: own.as_ptr().add(2 * hidden + column),
                            strides: [stride, 1],
                        },
                        1.0,
                        &Matrix { start: context.get().add(place), strides: [hidden, 1] },
                    );
                }
            }
        },
    );
}

/// Computes the gradient of the queries, keys and values of [`train_attention`], on all cores of
/// the current thread pool.
///
/// `weights` are those that it wrote, and `factor` is that of the weights that dropout kept, or 1.
///
/// # Shapes
///
/// - `context`: the gradient of the context, `[tokens, hidden]`
/// - `gradient`: the gradient of [`Attention::projected`], `[tokens, 3 × hidden]`
///
/// # Panics
///
/// As [`train_attention`].
#[allow(unsafe_code, reason = "products take pointers, and heads share rows")]
pub fn attention_gradient(
    level: Level,
    attention: &Attention<'_>,
    weights: &[f32],
    factor: f32,
    context: &[f32],
    gradient: &mut [f32],
) {
    let Attention { projected, hidden, heads, sequences, .. } = *attention;
    let tokens = check(attention);
    assert_eq!(context.len(), product(&[tokens, hidden]), "a row of the context for each token");
    assert_eq!(gradient.len(), product(&[tokens, 3, hidden]), "a gradient for each projection");
    assert_eq!(weights.len(), weight_count(sequences, heads), "all attention weights");
    let (width, stride) = (hidden / heads, 3 * hidden);
    let scale = (width as f32).powf(-0.5);
    let mut starts = Vec::with_capacity(sequences.len());
    let mut start = 0;
    for tokens in sequences {
        starts.push(start);
        start += heads * tokens.len() * tokens.len();
    }
    let gradient = Shared(gradient.as_mut_ptr());
    (0..sequences.len() * heads).into_par_iter().for_each_init(
        || (Vec::new(), Vec::new()),
        |(dropped, slopes): &mut (Vec<f32>, Vec<f32>), task| {
            let (sequence, head) = (task / heads, task % heads);
            let (tokens, column) = (sequences[sequence].clone(), head * width);
            let length = tokens.len();
            let own = &projected[tokens.start * stride..tokens.end * stride];
            let weights = &weights[starts[sequence] + head * length * length..][..length * length];
            for first in (0..length).step_by(QUERIES) {
                let block = QUERIES.min(length - first);
                let weights = &weights[first * length..(first + block) * length];
                dropped.resize(weights.len(), 0.0);
                slopes.resize(weights.len(), 0.0);
                let store = if first == 0 { Store::Replace } else { Store::Add };
                let row = |start: *const f32| Matrix { start, strides: [length, 1] };
                let across = |start: *const f32| Matrix { start, strides: [1, length] };
                let head_rows = |at: usize| {
                    // SAFETY: the offset is that of a column of this head, in rows of this sequence.
                    let start = unsafe { own.as_ptr().add(at + column) };
                    Matrix { start, strides: [stride, 1] }
                };
                let target = |at: usize| {
                    // SAFETY: as above, in the gradient, which has the shape of `projected`.
                    let start = unsafe { gradient.get().add(tokens.start * stride + at + column) };
                    Matrix { start, strides: [stride, 1] }
                };
                // SAFETY: rows of this sequence, columns of this head.
                let outer = unsafe {
                    let start = context.as_ptr().add((tokens.start + first) * hidden + column);
                    Matrix { start, strides: [hidden, 1] }
                };
                // SAFETY: all products are of rows of this sequence and columns of this head, which
                // only this task writes, and of the two buffers, which have `block` rows of
                // `length` elements.
                unsafe {
                    // The gradient of the weights after dropout.
                    let values =
                        Matrix { start: head_rows(2 * hidden).start, strides: [1, stride] };
                    let place = Matrix { start: slopes.as_mut_ptr(), strides: [length, 1] };
                    multiply([block, width, length], &outer, &values, 1.0, &place);
                }
                let rows = weights.chunks_exact(length).zip(dropped.chunks_exact_mut(length));
                for ((weights, dropped), slopes) in rows.zip(slopes.chunks_exact_mut(length)) {
                    softmax_gradient(level, weights, factor, dropped, slopes);
                }
                // SAFETY: as above.
                unsafe {
                    let sizes = [length, block, width];
                    let dropped = across(dropped.as_ptr());
                    multiply_onto(sizes, &dropped, &outer, 1.0, &target(2 * hidden), store);
                    let queries = head_rows(first * stride);
                    let slopes_across = across(slopes.as_ptr());
                    multiply_onto(sizes, &slopes_across, &queries, scale, &target(hidden), store);
                    let slopes = row(slopes.as_ptr());
                    let place = target(first * stride);
                    multiply([block, length, width], &slopes, &head_rows(hidden), scale, &place);
                }
            }
        },
    );
}

/// Checks the input; returns the number of tokens.
fn check(attention: &Attention<'_>) -> usize {
    let Attention { projected, hidden, heads, sequences, bias, queries } = *attention;
    assert!(
        heads > 0 && hidden.is_multiple_of(heads),
        "a hidden size of {hidden} is not a multiple of {heads} heads"
    );
    assert!(queries.is_none(), "all tokens are queries");
    let mut last = 0;
    for tokens in sequences {
        assert!(tokens.start == last && tokens.end > last, "sequences are all tokens in order");
        last = tokens.end;
    }
    assert_eq!(projected.len(), product(&[last, 3, hidden]), "queries, keys and values");
    assert!(bias.is_none_or(|bias| bias.len() >= last), "every token needs a bias term");
    last
}

/// Splits the weights into the squares of each sequence and head.
fn squares<'a>(
    mut weights: &'a mut [f32],
    sequences: &[Range<usize>],
    heads: usize,
) -> Vec<&'a mut [f32]> {
    assert_eq!(weights.len(), weight_count(sequences, heads), "a place for each weight");
    let mut squares = Vec::with_capacity(sequences.len() * heads);
    for tokens in sequences {
        for _ in 0..heads {
            let (square, rest) = weights.split_at_mut(tokens.len() * tokens.len());
            squares.push(square);
            weights = rest;
        }
    }
    squares
}

#[inline(always)]
fn drop_row_body<A: Arithmetic>(row: &mut [f32], kept: Kept<'_>, dropped: &mut [f32]) {
    for ((weight, dropped), mask) in row.iter_mut().zip(dropped).zip(kept.mask) {
        *dropped = *weight * (f32::from(*mask) * kept.factor);
        *weight = if *mask == 0 { -*weight } else { *weight };
    }
}

for_each_level! {
    /// Writes the weights after dropout, and marks the dropped ones by their sign.
    fn drop_row(row: &mut [f32], kept: Kept<'_>, dropped: &mut [f32]) = drop_row_body
}

#[inline(always)]
fn softmax_gradient_body<A: Arithmetic>(
    weights: &[f32],
    factor: f32,
    dropped: &mut [f32],
    slopes: &mut [f32],
) {
    // The sign marks dropped weights, also those that are 0.
    let kept = |weight: f32| if weight.is_sign_negative() { 0.0 } else { factor };
    let mut sums = [0.0; LANES];
    let chunks = weights.chunks(LANES).zip(dropped.chunks_mut(LANES)).zip(slopes.chunks_mut(LANES));
    for ((weights, dropped), slopes) in chunks {
        for (((weight, dropped), slope), sum) in
            weights.iter().zip(dropped).zip(slopes).zip(&mut sums)
        {
            let kept = kept(*weight);
            *dropped = *weight * kept;
            *slope *= kept;
            *sum = A::multiply_add(weight.abs(), *slope, *sum);
        }
    }
    let sum: f32 = sums.iter().sum();
    for (weight, slope) in weights.iter().zip(slopes) {
        *slope = weight.abs() * (*slope - sum);
    }
}

for_each_level! {
    /// Writes the weights after dropout, and replaces the gradient of these by that of the scores
    /// before the softmax.
    fn softmax_gradient(
        weights: &[f32],
        factor: f32,
        dropped: &mut [f32],
        slopes: &mut [f32],
    ) = softmax_gradient_body
}
