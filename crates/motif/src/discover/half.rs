//! The two halves of the data.

use dnabert_core::{Sequence, derive_seed};

use super::{Data, Discovery};
use crate::scan::Scanner;

/// A sequence, with a mark for each base that is searched.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its index among all positives or negatives.
    pub(super) place: usize,
    /// Its bases, with N for masked sites of earlier motifs.
    pub(super) sequence: Sequence,
    /// Whether each base lies in a high-scoring stretch.
    pub(super) high: Vec<bool>,
}

/// The positives and negatives of one half.
#[derive(Debug, Clone)]
pub(super) struct Half {
    pub(super) positives: Vec<Row>,
    pub(super) negatives: Vec<Row>,
}

/// Splits sequences into two halves. A negative gets the stretches of a positive, so that the same
/// number of bases is searched in both.
pub(super) fn split(data: &Data<'_>, settings: &Discovery) -> [Half; 2] {
    [0, 1].map(|half| {
        let of_half = |kind: u64, place: usize| side(settings.seed, kind, place) == half;
        take(data, 0, of_half, settings)
    })
}

/// All sequences as one half; the indices of positives start at `first`.
pub(super) fn whole(data: &Data<'_>, first: usize, settings: &Discovery) -> Half {
    take(data, first, |_, _| true, settings)
}

fn take(
    data: &Data<'_>,
    first: usize,
    takes: impl Fn(u64, usize) -> bool,
    settings: &Discovery,
) -> Half {
    let mut half = Half { positives: Vec::new(), negatives: Vec::new() };
    for (place, row) in data.positives.iter().enumerate().filter(|(place, _)| takes(0, *place)) {
        assert_eq!(
            row.sequence.len(),
            row.scores.len(),
            "positive {place} must have one score for each base"
        );
        let high = high(row.scores, settings.min_stretch);
        half.positives.push(Row { place: first + place, sequence: row.sequence.clone(), high });
    }
    for (place, sequence) in data.negatives.iter().enumerate().filter(|(place, _)| takes(1, *place))
    {
        let lender = half.negatives.len() % half.positives.len().max(1);
        let Some(lender) = half.positives.get(lender) else { continue };
        let mut high = lender.high.to_vec();
        high.resize(sequence.len(), false);
        half.negatives.push(Row { place, sequence: (*sequence).clone(), high });
    }
    half
}

/// The half of a sequence. Four consecutive rows stay together, because tables often list a
/// sequence, its reverse complement and its neighbours one after the other.
fn side(seed: u64, kind: u64, place: usize) -> usize {
    // Of each pair of groups, one goes to each half.
    let group = place / 4;
    let flip = derive_seed(seed, &[kind, group as u64 / 2]) & 1;
    (group & 1) ^ flip as usize
}

/// Bases above the mean of their sequence, in runs of at least `min_stretch`.
fn high(scores: &[f64], min_stretch: usize) -> Vec<bool> {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let mut high: Vec<bool> = scores.iter().map(|&score| score > mean).collect();
    let mut start = 0;
    while start < high.len() {
        let run = high[start..].iter().take_while(|above| **above).count();
        if run < min_stretch {
            high[start..start + run].fill(false);
        }
        start += run + 1;
    }
    high
}

/// The fraction of the threshold from which on weak sites are masked too.
const WEAK: f64 = 0.7;

impl Half {
    pub(super) fn is_empty(&self) -> bool {
        self.positives.is_empty() || self.negatives.is_empty()
    }

    /// Replaces the sites of a motif, including weak ones, by N.
    pub(super) fn mask(&mut self, scanner: &Scanner, threshold: f64) {
        let threshold = if threshold > 0.0 { WEAK * threshold } else { threshold };
        let mask: Sequence = "N".repeat(scanner.width()).parse().expect("N is a valid letter");
        for row in self.positives.iter_mut().chain(&mut self.negatives) {
            for hit in scanner.hits(&row.sequence, threshold) {
                row.sequence = row.sequence.replace(hit.start..hit.start + scanner.width(), &mask);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_are_not_high() {
        let found = high(&[0.0, 5.0, 0.0, 5.0, 5.0, 5.0, 0.0, 5.0, 5.0], 2);
        assert_eq!(found, [false, false, false, true, true, true, false, true, true]);
        assert!(high(&[1.0; 5], 1).iter().all(|high| !high));
        assert!(high(&[], 1).is_empty());
    }

    #[test]
    fn halves_have_equal_size_for_every_seed() {
        for seed in 0..20 {
            let first = (0..104).filter(|&place| side(seed, 0, place) == 0).count();
            assert_eq!(first, 52);
        }
        let of = |seed| (0..64).map(|place| side(seed, 0, place)).collect::<Vec<_>>();
        assert_ne!(of(1), of(2));
    }
}
