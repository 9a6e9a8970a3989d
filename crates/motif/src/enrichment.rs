//! Whether words are in more positives than chance puts there.

/// P(X ≥ `found`) where X counts the positives among `drawn` sequences that are taken at random, without
/// putting back, from `all`, of which `positives` are: Fisher's one-sided exact test.
///
/// # Panics
///
/// If there are more positives, or more drawn, than all.
///
/// ```
/// use dnabert_motif::hypergeometric_tail;
///
/// // Both of 2 drawn from 4, of which 2 are positive: 1 in 6.
/// assert!((hypergeometric_tail(4, 2, 2, 2) - 1.0 / 6.0).abs() < 1e-12);
/// ```
pub fn hypergeometric_tail(all: usize, positives: usize, drawn: usize, found: usize) -> f64 {
    assert!(positives <= all && drawn <= all, "{positives} and {drawn} of {all}");
    let least = (positives + drawn).saturating_sub(all);
    let most = positives.min(drawn);
    if found <= least {
        return 1.0;
    }
    if found > most {
        return 0.0;
    }
    // The first term by logarithms; the ratio of two terms next to each other is a small fraction.
    let ln_first = ln_choose(positives, found) + ln_choose(all - positives, drawn - found)
        - ln_choose(all, drawn);
    let (mut term, mut sum) = (1.0, 0.0);
    for x in found..=most {
        sum += term;
        let up = (positives - x) as f64 * (drawn - x) as f64;
        let down = (x + 1) as f64 * (all + x + 1 - positives - drawn) as f64;
        term *= up / down;
        if up < down && term < sum * 1e-18 {
            break; // terms fall from here on, and none of them changes the sum
        }
    }
    (ln_first + f64::ln(sum)).exp().min(1.0)
}

/// ln of the number of ways to choose `k` of `n`.
fn ln_choose(n: usize, k: usize) -> f64 {
    let k = k.min(n - k);
    (0..k).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum()
}

/// Adjusted p-values that keep the share of false discoveries below the cutoff that is put on them
/// (Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x), in the order given.
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
        fn tails_are_sums_over_all_draws(
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
        }

        #[test]
        fn adjusted_values_keep_the_order_and_are_no_smaller(
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
