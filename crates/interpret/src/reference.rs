//! DNABERT's own attention scores, with its quirks, for comparisons.
//!
//! The scores of padding and of `[SEP]` may leak into the bases, and the right end is divided by
//! more tokens than cover it. Use [`TrackBuilder`](crate::TrackBuilder) for new work.

use crate::unit_norm;

/// Returns the row of `atten.npy` for one sequence: as many scores as tokens, scaled to norm 1.
///
/// `heads` holds for each head of the last layer the attention from `[CLS]` to each of the L
/// tokens, including padding.
///
/// # Panics
///
/// If `heads` is empty, if heads have different lengths, or unless 2 ≤ `k` ≤ L.
pub fn attention_scores(heads: &[&[f32]], k: usize) -> Vec<f64> {
    let length = heads.first().map_or(0, |head| head.len());
    assert!(2 <= k && k <= length, "k is {k}, and rows have {length} tokens");
    assert!(heads.iter().all(|head| head.len() == length), "heads of one row");
    let sum = |token: usize| heads.iter().map(|head| f64::from(head[token])).sum::<f64>();
    let mut tokens: Vec<f64> = (1..=length - k + 1).map(sum).collect();
    // The token before the first exact zero is [SEP]; its score is removed.
    if let Some(last) = tokens.windows(2).position(|pair| pair[1] == 0.0) {
        tokens[last] = 0.0;
    }
    let mut scores = mean_over_kmers(&tokens, k);
    unit_norm(&mut scores);
    scores
}

/// Returns for each base the mean over the k-mers that cover it: n k-mers have n + k − 1 bases.
///
/// # Panics
///
/// If `k` is 0.
pub fn mean_over_kmers(tokens: &[f64], k: usize) -> Vec<f64> {
    assert!(k > 0, "k-mers of no base");
    let bases = if tokens.is_empty() { 0 } else { tokens.len() + k - 1 };
    let score = |base: usize| {
        let covering = &tokens[(base + 1).saturating_sub(k)..(base + 1).min(tokens.len())];
        covering.iter().sum::<f64>() / covering.len() as f64
    };
    (0..bases).map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_covered_by_fewer_kmers() {
        assert_eq!(mean_over_kmers(&[1.0, 2.0, 3.0], 2), [1.0, 1.5, 2.5, 3.0]);
        assert!(mean_over_kmers(&[], 3).is_empty());
    }

    #[test]
    fn what_stands_before_padding_is_taken_out_and_zeros_stay_zeros() {
        // [CLS] x y [SEP] and padding; with k = 2 the list has four entries.
        let head = [9.0, 1.0, 1.0, 5.0, 0.0];
        let scores = attention_scores(&[&head], 2);
        // x, y, 0, 0 → bases 1, 1, 0.5, 0, 0
        let norm = 2.25_f64.sqrt();
        let expected = [1.0 / norm, 1.0 / norm, 0.5 / norm, 0.0, 0.0];
        assert!(scores.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{scores:?}");
        assert_eq!(attention_scores(&[&[0.0; 4]], 2), [0.0; 4]);
    }
}
