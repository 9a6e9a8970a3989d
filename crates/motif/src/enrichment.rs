//! Tests of enrichment, and their correction for multiple testing.

/// The probability of at least `found` positives among `drawn` sequences that are drawn at random,
/// without replacement, from `all` sequences with `positives` positives.
///
/// This is the p-value of Fisher's one-sided exact test (Fisher 1922, doi 10.2307/2340521).
///
/// # Panics
///
/// If `positives` or `drawn` exceeds `all`.
///
/// ```
/// use dnabert_motif::hypergeometric_tail;
///
/// // 2 of 4 sequences are positive. Of 2 drawn, both are positive with probability 1/6.
/// assert!((hypergeometric_tail(4, 2, 2, 2) - 1.0 / 6.0).abs() < 1e-12);
/// ```
pub fn hypergeometric_tail(all: usize, positives: usize, drawn: usize, found: usize) -> f64 {
    tail([all, positives, drawn, found], ln_choose)
}

/// Sequences that are drawn from the same set again and again: the logarithms of
/// [`hypergeometric_tail`] are computed once.
pub(crate) struct Drawing {
    all: usize,
    positives: usize,
    /// For all sequences, the positives, and the others: the logarithms of the numbers of ways to
    /// choose 0, 1, … of them, up to half.
    ways: [(usize, Vec<f64>); 3],
}

impl Drawing {
    pub(crate) fn new(all: usize, positives: usize) -> Self {
        let ways = |n: usize| {
            let mut sum = 0.0;
            let sums = (0..=n / 2).map(|k| {
                let before = sum;
                sum += ln_step(n, k);
                before
            });
            (n, sums.collect())
        };
        Self { all, positives, ways: [all, positives, all - positives].map(ways) }
    }

    /// The same number as [`hypergeometric_tail`].
    pub(crate) fn tail(&self, drawn: usize, found: usize) -> f64 {
        tail([self.all, self.positives, drawn, found], |n, k| {
            let of_n = self.ways.iter().find(|(other, _)| *other == n);
            of_n.map_or_else(|| ln_choose(n, k), |(_, ways)| ways[k.min(n - k)])
        })
    }
}

fn tail(
    [all, positives, drawn, found]: [usize; 4],
    ln_choose: impl Fn(usize, usize) -> f64,
) -> f64 {
    assert!(positives <= all && drawn <= all, "{positives} and {drawn} of {all}");
    let least = (positives + drawn).saturating_sub(all);
    let most = positives.min(drawn);
    if found <= least {
        return 1.0;
    }
    if found > most {
        return 0.0;
    }
    // The first term is computed by logarithms, the others by the ratio of neighbouring terms.
    let ln_first = ln_choose(positives, found) + ln_choose(all - positives, drawn - found)
        - ln_choose(all, drawn);
    let (mut term, mut sum) = (1.0, 0.0);
    for x in found..=most {
        sum += term;
        let up = (positives - x) as f64 * (drawn - x) as f64;
        let down = (x + 1) as f64 * (all + x + 1 - positives - drawn) as f64;
        term *= up / down;
        if up < down && term < sum * 1e-18 {
            break; // the remaining terms decrease, and are too small to change the sum
        }
    }
    (ln_first + f64::ln(sum)).exp().min(1.0)
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).map(|i| ln_step(n, i)).sum()
}

/// The logarithm of how many times as many ways there are to choose `k + 1` of `n` as to choose `k`.
fn ln_step(n: usize, k: usize) -> f64 {
    ((n - k) as f64 / (k + 1) as f64).ln()
}

/// P-values adjusted for multiple testing, in the order of `p_values` (Benjamini and Hochberg 1995,
/// doi 10.1111/j.2517-6161.1995.tb02031.x).
///
/// Among the tests whose adjusted value is at most q, the expected proportion of false discoveries
/// is at most q.
///
/// ```
/// let adjusted = dnabert_motif::benjamini_hochberg(&[0.01, 0.04, 0.03]);
/// assert!((adjusted[0] - 0.03).abs() < 1e-12 && (adjusted[2] - 0.04).abs() < 1e-12);
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let count = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut least = 1.0_f64;
    for (turn, &index) in order.iter().enumerate() {
        let rank = p_values.len() - turn;
        least = least.min(p_values[index] / (rank as f64 / count));
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tail_is_the_sum_over_all_larger_counts(
            positives in 0_usize..9, negatives in 0_usize..9, drawn in 0_usize..9, found in 0_usize..9,
        ) {
            let all = positives + negatives;
            prop_assume!(drawn <= all);
            let choose = |n: usize, k: usize| -> f64 {
                if k > n { return 0.0 }
                (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
            };
            let expected: f64 = (found..=drawn)
                .map(|x| choose(positives, x) * choose(negatives, drawn - x) / choose(all, drawn))
                .sum();
            let tail = hypergeometric_tail(all, positives, drawn, found);
            prop_assert!((tail - expected).abs() < 1e-12, "{} {}", tail, expected);
            prop_assert_eq!(Drawing::new(all, positives).tail(drawn, found), tail);
        }

        #[test]
        fn adjusted_values_keep_the_order_and_are_not_smaller(
            p_values in prop::collection::vec(0.0_f64..1.0, 1..40),
        ) {
            let adjusted = benjamini_hochberg(&p_values);
            for (i, (&p, &q)) in p_values.iter().zip(&adjusted).enumerate() {
                prop_assert!(q >= p && q <= 1.0);
                for j in 0..i {
                    prop_assert!((p_values[j] <= p) == (adjusted[j] <= q) || adjusted[j] == q);
                }
            }
        }
    }
}
