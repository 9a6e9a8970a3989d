//! Scaled dot-product attention over packed rows.

use std::ops::Range;

use rayon::prelude::*;

use crate::matrix::{Matrix, multiply};
use crate::{Level, softmax};

/// Queries that are held against all keys at once: their scores stay in the cache.
const QUERIES: usize = 128;

/// Multi-head attention of several sequences whose tokens stand one behind the other, without padding.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Queries, keys and values of every token side by side, `[tokens, 3 × hidden]`.
    pub projected: &'a [f32],
    /// The width of a state: heads × the width of one.
    pub hidden: usize,
    /// Heads.
    pub heads: usize,
    /// The tokens of each sequence, in order.
    pub sequences: &'a [Range<usize>],
    /// A term for each token as a key, added to its scores.
    pub bias: Option<&'a [f32]>,
    /// How many tokens of each sequence ask; the first ones. `None` for all.
    pub queries: Option<usize>,
}

/// The product of sizes, which is the size of something in memory: what it does not fit in is a mistake.
fn product(sizes: &[usize]) -> usize {
    let all = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
    all.filter(|all| isize::try_from(*all).is_ok()).expect("sizes of memory")
}

/// Elements that several threads write, each its own.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

#[allow(unsafe_code, reason = "threads write different columns of the same rows")]
// SAFETY: each task writes elements that no other one reads or writes; see `attention`.
unsafe impl Send for Shared {}
#[allow(unsafe_code, reason = "as above")]
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The pointer: a closure that calls this takes the whole struct, which may cross threads.
    fn get(self) -> *mut f32 {
        self.0
    }
}

/// Mixes the values of each sequence by the likeness of queries and keys; all cores of the current pool take part.
///
/// `context` becomes `[queries of all sequences, hidden]`. Where `weights` is given, `([sequences, heads, length, length], length)`, it gets
/// the attention weights; rows and columns behind a sequence's end are left as they are.
///
/// # Panics
///
/// If the slices do not hold what the shapes say, or sequences overlap.
#[allow(unsafe_code, reason = "products take pointers, and heads share rows")]
pub fn attention(
    level: Level,
    attention: &Attention<'_>,
    context: &mut [f32],
    weights: Option<(&mut [f32], usize)>,
) {
    let Attention { projected, hidden, heads, sequences, bias, queries } = *attention;
    assert!(heads > 0 && hidden.is_multiple_of(heads), "{hidden} columns for {heads} heads");
    let width = hidden / heads;
    let mut last = 0;
    let mut starts = Vec::with_capacity(sequences.len());
    let mut asking = 0;
    for tokens in sequences {
        assert!(
            last <= tokens.start && tokens.start < tokens.end,
            "sequences one behind the other"
        );
        last = tokens.end;
        starts.push(asking);
        asking += queries.map_or(tokens.len(), |first| first.min(tokens.len()));
    }
    assert!(
        product(&[last, 3, hidden]) <= projected.len(),
        "queries, keys and values of every token"
    );
    assert!(bias.is_none_or(|bias| bias.len() >= last), "a term for every token");
    assert_eq!(context.len(), product(&[asking, hidden]), "a row for every query");
    let place = weights.map(|(weights, length)| {
        let needed = product(&[sequences.len(), heads, length, length]);
        assert_eq!(weights.len(), needed, "weights of all sequences");
        assert!(sequences.iter().all(|tokens| tokens.len() <= length), "room for the longest");
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
            // Scores go where the weights are wanted, or into memory of this task.
            let (scores, pitch) = match &place {
                Some((weights, longest)) => {
                    let start = (task * longest + first) * longest;
                    let needed = (block - 1) * longest + length;
                    // SAFETY: rows `first..` of this sequence and head, which this task alone writes.
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
            // SAFETY: queries, keys and scores lie inside of their slices, as the assertions above say: query rows
            // first..first + block and all key rows of this sequence, columns of this head.
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
            // SAFETY: as above; of the context the rows of these queries and the columns of this head, which no
            // other task writes.
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
