//! Scaled dot-product attention over packed rows (Vaswani et al. 2017, arXiv 1706.03762).

use std::ops::Range;

use rayon::prelude::*;

use crate::matrix::{Matrix, multiply};
use crate::{Level, softmax};

/// The number of queries in one block, small enough for their scores to stay in the cache.
pub(crate) const QUERIES: usize = 128;

/// The input of multi-head attention: several sequences whose tokens follow one another without
/// padding.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// The query, key and value of every token side by side, `[tokens, 3 × hidden]`.
    pub projected: &'a [f32],
    /// The width of a hidden state: the number of heads times the width of one head.
    pub hidden: usize,
    /// The number of heads.
    pub heads: usize,
    /// The range of tokens of each sequence, in ascending order.
    pub sequences: &'a [Range<usize>],
    /// A term for each key token that is added to its scores, if any.
    pub bias: Option<&'a [f32]>,
    /// The number of tokens at the start of each sequence that are queries; `None` for all.
    pub queries: Option<usize>,
}

/// The number of elements of an array with these sizes.
pub(crate) fn product(sizes: &[usize]) -> usize {
    let all = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
    all.filter(|all| isize::try_from(*all).is_ok()).expect("the array fits in memory")
}

/// A pointer through which several threads write different elements.
#[derive(Clone, Copy)]
pub(crate) struct Shared(pub(crate) *mut f32);

#[allow(unsafe_code, reason = "threads write different columns of the same rows")]
// SAFETY: each task writes only elements that no other task reads or writes; see `attention`.
unsafe impl Send for Shared {}
#[allow(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The pointer. A closure that calls this method captures the whole struct, which is Send and
    /// Sync; one that reads the field captures the bare pointer.
    pub(crate) fn get(self) -> *mut f32 {
        self.0
    }
}

/// Computes the attention of each sequence over itself, on all cores of the current thread pool.
///
/// If `weights` is given, as a slice and the length of the longest row, the slice receives the
/// attention weights. Elements after the end of a sequence are not written.
///
/// ```
/// use dnabert_kernels::{Attention, Level, attention};
///
/// // One sequence of two tokens, one head of width 1. Equal keys give equal weights.
/// let projected = [1.0, 0.0, 4.0, 1.0, 0.0, 8.0]; // query, key and value of each token
/// let input = Attention {
///     projected: &projected, hidden: 1, heads: 1, sequences: &[0..2], bias: None, queries: None,
/// };
/// let mut context = [0.0; 2];
/// attention(Level::detected(), &input, &mut context, None);
/// assert_eq!(context, [6.0, 6.0]);
/// ```
///
/// # Shapes
///
/// - [`Attention::projected`]: `[tokens, 3 × hidden]`
/// - `context`: `[queries of all sequences, hidden]`
/// - `weights`: `([sequences, heads, length, length], length)`
///
/// # Panics
///
/// If a slice does not have its shape, `hidden` is not a multiple of `heads`, or sequences overlap.
#[allow(unsafe_code, reason = "products take pointers, and heads share rows")]
pub fn attention(
    level: Level,
    attention: &Attention<'_>,
    context: &mut [f32],
    weights: Option<(&mut [f32], usize)>,
) {
    let Attention { projected, hidden, heads, sequences, bias, queries } = *attention;
    assert!(
        heads > 0 && hidden.is_multiple_of(heads),
        "a hidden size of {hidden} is not a multiple of {heads} heads"
    );
    let width = hidden / heads;
    let mut last = 0;
    let mut starts = Vec::with_capacity(sequences.len());
    let mut asking = 0;
    for tokens in sequences {
        assert!(
            last <= tokens.start && tokens.start < tokens.end,
            "sequences must not be empty or overlap"
        );
        last = tokens.end;
        starts.push(asking);
        asking += queries.map_or(tokens.len(), |first| first.min(tokens.len()));
    }
    assert!(
        product(&[last, 3, hidden]) <= projected.len(),
        "every token needs a query, a key and a value"
    );
    assert!(bias.is_none_or(|bias| bias.len() >= last), "every token needs a bias term");
    assert_eq!(
        context.len(),
        product(&[asking, hidden]),
        "the context needs one row for each query"
    );
    let place = weights.map(|(weights, length)| {
        let needed = product(&[sequences.len(), heads, length, length]);
        assert_eq!(weights.len(), needed, "the weights need a square for each sequence and head");
        assert!(
            sequences.iter().all(|tokens| tokens.len() <= length),
            "the weights are too small for the longest sequence"
        );
        (Shared(weights.as_mut_ptr()), length)
    });
    let context = Shared(context.as_mut_ptr());
    let tasks = sequences.len() * heads;
    (0..tasks).into_par_iter().for_each_init(Vec::new, |scores: &mut Vec<f32>, task| {
        let (sequence, head) = (task / heads, task % heads);
        let tokens = sequences[sequence].clone();
        let length = tokens.len();
        let count = queries.map_or(length, |first| first.min(length));
        let stride = 3 * hidden;
        let own = &projected[tokens.start * stride..tokens.end * stride];
        let column = head * width;
        let scale = (width as f32).powf(-0.5);
        for first in (0..count).step_by(QUERIES) {
            let block = QUERIES.min(count - first);
            // Scores are written to the requested weights, or to a buffer of this task.
            let (scores, pitch) = match &place {
                Some((weights, longest)) => {
                    let start = (task * longest + first) * longest;
                    let needed = (block - 1) * longest + length;
                    // SAFETY: these are rows `first..` of this sequence and head, which only this
                    // task writes, and which the assertion on the length of `weights` includes.
                    let rows =
                        unsafe { std::slice::from_raw_parts_mut(weights.get().add(start), needed) };
                    (rows, *longest)
                }
                None => {
                    if scores.len() < block * length {
                        scores.resize(block * length, 0.0);
                    }
                    (&mut scores[..block * length], length)
                }
            };
            // SAFETY: by the assertions above, queries, keys and scores lie inside their slices:
            // the query rows first..first + block and all key rows of this sequence, with the
            // columns of this head.
            unsafe {
                let [queries, keys] =
                    [first * stride + column, hidden + column].map(|at| own.as_ptr().add(at));
                multiply(
                    [block, width, length],
                    &Matrix { start: queries, strides: [stride, 1] },
                    &Matrix { start: keys, strides: [1, stride] },
                    scale,
                    &Matrix { start: scores.as_mut_ptr(), strides: [pitch, 1] },
                );
            }
            for row in scores.chunks_mut(pitch) {
                let row = &mut row[..length];
                if let Some(bias) = bias {
                    let terms = &bias[tokens.clone()];
                    row.iter_mut().zip(terms).for_each(|(score, term)| *score += term);
                }
                softmax(level, row);
            }
            // SAFETY: as above. Only this task writes the rows of these queries and the columns of
            // this head in the context.
            unsafe {
                let place = (starts[sequence] + first) * hidden + column;
                multiply(
                    [block, length, width],
                    &Matrix { start: scores.as_ptr(), strides: [pitch, 1] },
                    &Matrix { start: own.as_ptr().add(2 * hidden + column), strides: [stride, 1] },
                    1.0,
                    &Matrix { start: context.get().add(place), strides: [hidden, 1] },
                );
            }
        }
    });
}
