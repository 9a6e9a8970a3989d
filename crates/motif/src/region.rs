//! Stretches of bases with high scores.

use std::ops::Range;

/// The runs of at least `min_len` bases whose scores exceed the mean of all scores, and ten times
/// the lowest score.
///
/// This is the rule of DNABERT's `find_motifs.py`.
///
/// ```
/// use dnabert_motif::high_regions;
///
/// let scores = [0.01, 0.5, 0.6, 0.7, 0.01, 0.9, 0.01];
/// assert_eq!(high_regions(&scores, 2), [1..4]);
/// ```
pub fn high_regions(scores: &[f64], min_len: usize) -> Vec<Range<usize>> {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let least = least_of(scores);
    let is_high = |score: f64| (score > mean) & (score > 10.0 * least);
    let mut regions = Vec::new();
    // Without a branch on the scores: processors often predict it wrongly.
    let mut run = 0;
    for (base, high) in scores.iter().map(|&score| is_high(score)).chain([false]).enumerate() {
        let before = run;
        run = if high { run + 1 } else { 0 };
        if !high && before >= min_len.max(1) {
            regions.push(base - before..base);
        }
    }
    regions
}

/// The lowest score, in several parts that do not wait for one another.
fn least_of(scores: &[f64]) -> f64 {
    let (whole, rest) = scores.as_chunks::<8>();
    let mut least = [f64::INFINITY; 8];
    for chunk in whole {
        least.iter_mut().zip(chunk).for_each(|(least, score)| *least = least.min(*score));
    }
    least.into_iter().chain(rest.iter().copied()).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_run_can_reach_the_end_and_equal_scores_have_none() {
        let regions = high_regions(&[0.01, 0.01, 0.5, 0.5], 2);
        assert_eq!((regions.len(), regions[0].clone()), (1, 2..4));
        assert!(high_regions(&[0.3; 10], 1).is_empty());
        assert!(high_regions(&[], 1).is_empty());
    }

    proptest! {
        #[test]
        fn regions_are_maximal_runs_of_high_bases(
            scores in prop::collection::vec(0.0_f64..1.0, 1..50), min_len in 1_usize..6,
        ) {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
            let high = |base: usize| {
                scores.get(base).is_some_and(|&score| score > mean && score > 10.0 * least)
            };
            let regions = high_regions(&scores, min_len);
            for region in &regions {
                prop_assert!(region.len() >= min_len && region.clone().all(high));
                prop_assert!(!high(region.end) && (region.start == 0 || !high(region.start - 1)));
            }
            let covered: usize = regions.iter().map(ExactSizeIterator::len).sum();
            prop_assert!(covered <= scores.len());
        }
    }
}
