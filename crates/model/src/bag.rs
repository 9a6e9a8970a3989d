//! Which tokens a row has, and where.

use burn::tensor::{Device, Int, Tensor};

use crate::TokenBatch;

/// What a bag of tokens counts: its tokens, runs of them, and where they stand.
///
/// A run of n k-mers, each of which overlaps the one before by all but a base, is one k + n − 1-mer. It stands where its first
/// token stands. Tokens that do not overlap, or are special, make no run. Places stand at equal distances from the first
/// token of a row to its last; what stands between two of them counts for both, the more the nearer it is, and in all 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bag {
    ids: usize,
    longest_run: usize,
    places: usize,
}

/// Ids below this one are special tokens, and the first k-mer's id.
const FIRST_KMER: usize = 5;

/// More columns than these are no table to fit.
const MOST_COLUMNS: usize = 1 << 22;

impl Bag {
    /// A bag of tokens with ids below `ids` and of runs of up to `longest_run` of them, at `places` places; `None` where
    /// longer runs than 1 are asked for and the ids are not those of the five special tokens and all k-mers, or there are
    /// more than four million columns.
    ///
    /// # Panics
    ///
    /// If a run or the number of places is 0.
    pub fn new(ids: usize, longest_run: usize, places: usize) -> Option<Self> {
        assert!(longest_run > 0 && places > 0, "a run of one token, at one place, at least");
        let kmers = ids.saturating_sub(FIRST_KMER);
        let are_kmers =
            kmers >= 4 && kmers.is_power_of_two() && kmers.trailing_zeros().is_multiple_of(2);
        // Eleven bases alone have as many columns as there may be.
        let bag = Self { ids, longest_run, places };
        let can_be = longest_run == 1 || are_kmers && longest_run <= 12;
        let columns = if can_be { bag.entries().checked_mul(places) } else { None };
        columns.is_some_and(|columns| columns <= MOST_COLUMNS).then_some(bag)
    }

    /// The number of places.
    pub fn places(self) -> usize {
        self.places
    }

    /// The number of different tokens and runs.
    pub fn entries(self) -> usize {
        self.first(self.longest_run + 1)
    }

    /// The number of different tokens and runs at each place: entry e at place p is column e × places + p.
    pub fn columns(self) -> usize {
        self.entries() * self.places
    }

    /// The columns of a row of real tokens, and how often each is there, as a share of the row's tokens.
    pub fn shares(self, ids: &[u32]) -> Vec<(usize, f64)> {
        let share = 1.0 / ids.len() as f64;
        let last = ids.len().saturating_sub(1).max(1) as f64;
        let mut found = Vec::new();
        for token in 0..ids.len() {
            let at = (self.places - 1) as f64 * token as f64 / last;
            let (place, beyond) = (at as usize, at.fract());
            for entry in self.runs(&ids[token..]) {
                let mut add = |place: usize, weight: f64| {
                    if weight > 0.0 {
                        found.push((entry * self.places + place, weight * share));
                    }
                };
                add(place, 1.0 - beyond);
                add(place + 1, beyond);
            }
        }
        found.sort_unstable_by_key(|&(column, _)| column);
        let mut joined: Vec<(usize, f64)> = Vec::with_capacity(found.len());
        for (column, share) in found {
            match joined.last_mut() {
                Some((last, sum)) if *last == column => *sum += share,
                _ => joined.push((column, share)),
            }
        }
        joined
    }

    /// The entries of the token that `ids` begin with and of the runs that it begins.
    fn runs(self, ids: &[u32]) -> Vec<usize> {
        let mut entries = Vec::with_capacity(self.longest_run);
        let Some(&first) = ids.first().filter(|&&id| (id as usize) < self.ids) else {
            return entries;
        };
        entries.push(first as usize);
        let mut codes = ids.iter().map_while(|&id| (id as usize).checked_sub(FIRST_KMER));
        let Some(mut last) = codes.next() else { return entries };
        let mut run = last;
        for (more, code) in (1..self.longest_run).zip(codes) {
            if last % self.overlaps() != code / 4 {
                break;
            }
            run = run * 4 + code % 4;
            entries.push(self.first(more + 1) + run);
            last = code;
        }
        entries
    }

    /// The number of words of all but one base of a k-mer.
    fn overlaps(self) -> usize {
        (self.ids.saturating_sub(FIRST_KMER) / 4).max(1)
    }

    /// The first entry of runs of `length` tokens.
    fn first(self, length: usize) -> usize {
        let kmers = self.ids.saturating_sub(FIRST_KMER);
        let longer = (1..length.saturating_sub(1)).map(|more| kmers << (2 * more));
        if length == 1 { 0 } else { self.ids + longer.sum::<usize>() }
    }

    /// For each length of run, the entries of the runs that begin with each token, `[batch, length]`, and 1 where there is
    /// such a run and else 0; `None` for single tokens, which there are everywhere.
    pub(crate) fn entries_of(
        self,
        ids: &Tensor<2, Int>,
    ) -> Vec<(Tensor<2, Int>, Option<Tensor<2>>)> {
        let [rows, length] = ids.dims();
        let mut entries = vec![(ids.clone(), None)];
        let codes = ids.clone().sub_scalar(FIRST_KMER as i64);
        let overlaps = self.overlaps() as i64;
        // Whether each token but the first goes on where the one before ends.
        let mut runs = codes.clone();
        let mut is_run = codes.clone().greater_equal_elem(0);
        for more in 1..self.longest_run.min(length) {
            let count = length - more;
            let part = |codes: &Tensor<2, Int>, from| codes.clone().narrow(1, from, count);
            let (last, next) = (part(&codes, more - 1), part(&codes, more));
            let goes_on = last.remainder_scalar(overlaps).equal(next.clone().div_scalar(4));
            let goes_on = goes_on.bool_and(next.clone().greater_equal_elem(0));
            is_run = is_run.narrow(1, 0, count).bool_and(goes_on);
            let joined = part(&runs, 0).mul_scalar(4) + next.remainder_scalar(4);
            runs = joined.mask_fill(is_run.clone().bool_not(), 0);
            let found = runs.clone().add_scalar(self.first(more + 1) as i64);
            let padded = |kept: Tensor<2, Int>| {
                let rest = Tensor::<2, Int>::zeros([rows, more], &kept.device());
                Tensor::cat(vec![kept, rest], 1)
            };
            entries.push((padded(found), Some(padded(is_run.clone().int()).float())));
        }
        entries
    }

    /// How much each token counts for each place, `[1 or batch, length, places]`; what padding counts means nothing.
    pub(crate) fn place_weights(self, batch: &TokenBatch) -> Tensor<3> {
        let [_, length] = batch.dims();
        place_weights(self.places, length, batch.mask.as_ref(), &batch.ids.device())
    }
}

/// As [`Bag::place_weights`]; `mask` is 1 on real tokens and 0 on padding, absent where nothing is padded.
fn place_weights(
    places: usize,
    length: usize,
    mask: Option<&Tensor<2>>,
    device: &Device,
) -> Tensor<3> {
    // Whole numbers until the last step: half precision would round the places of tokens.
    let count = |count: usize| Tensor::<1, Int>::arange(0..count as i64, device);
    let steps = match mask {
        None => Tensor::full([1, 1], length.saturating_sub(1).max(1) as i64, device),
        Some(mask) => mask.clone().int().sum_dim(1).sub_scalar(1).clamp_min(1),
    };
    let tokens = count(length).unsqueeze::<2>().mul_scalar((places - 1) as i64);
    let [rows, _] = steps.dims();
    let anchors = count(places).reshape([1, 1, places as i32]);
    let anchors = anchors * steps.clone().reshape([rows as i32, 1, 1]);
    let distance = (tokens.unsqueeze_dim::<3>(2) - anchors).abs(); // in tokens, times places − 1
    let steps = steps.reshape([rows as i32, 1, 1]);
    let near = (steps.clone() - distance).clamp_min(0);
    near.float() / steps.float()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::*;

    #[test]
    fn what_stands_between_two_places_counts_for_both() {
        let device = Device::flex();
        let mask = Tensor::from_data([[1.0; 5], [1.0, 1.0, 1.0, 0.0, 0.0]], &device);
        let found = |mask: Option<&Tensor<2>>| -> Vec<f32> {
            place_weights(3, 5, mask, &device).into_data().iter::<f32>().collect()
        };
        let five = [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 1.0];
        assert_eq!(found(None), five);
        let masked = found(Some(&mask));
        assert_eq!(masked[..15], five);
        assert_eq!(masked[15..24], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(place_weights(1, 1, None, &device).into_scalar::<f32>(), 1.0, "one token");
    }

    #[test]
    fn runs_of_kmers_are_longer_kmers() {
        // k = 1: A, T, C, G are 5 to 8.
        let bag = Bag::new(9, 3, 1).unwrap();
        assert_eq!(bag.entries(), 9 + 16 + 64);
        // [CLS] T C [SEP]: four tokens, one run of two; TC is 1 × 4 + 2.
        assert_eq!(
            bag.shares(&[2, 6, 7, 3]),
            [(2, 0.25), (3, 0.25), (6, 0.25), (7, 0.25), (9 + 6, 0.25)]
        );
        let found = bag.shares(&[6, 7, 8]);
        let third = 1.0 / 3.0;
        let expected =
            [(6, third), (7, third), (8, third), (9 + 6, third), (9 + 11, third), (25 + 27, third)];
        assert_eq!(found, expected);
        assert_eq!((Bag::new(10, 2, 1), Bag::new(6, 2, 1)), (None, None), "no k-mers");
        assert!(Bag::new(10, 1, 1).is_some());
        assert_eq!((Bag::new(69, 40, 1), Bag::new(69, 8, 512)), (None, None), "too many");
    }

    #[test]
    fn tensors_hold_the_same_entries() {
        let bag = Bag::new(21, 3, 4).unwrap();
        // TTGC, [MASK], and AACA: 2-mers of which AT and TT do not go on from one another.
        let ids = vec![2, 10, 13, 17, 4, 5, 7, 13, 9, 3];
        let tensor = Tensor::<1, Int>::from_data(&ids[..], &Device::flex()).reshape([1, 10]);
        let weights: Vec<f64> =
            place_weights(4, 10, None, &Device::flex()).into_data().iter::<f64>().collect();
        let mut sums = vec![0.0; bag.columns()];
        for (entries, are_runs) in bag.entries_of(&tensor) {
            let are_runs = are_runs.unwrap_or_else(|| Tensor::ones([1, 10], &Device::flex()));
            let are_runs: Vec<f64> = are_runs.into_data().iter::<f64>().collect();
            for (token, entry) in entries.into_data().iter::<i64>().enumerate() {
                for place in 0..4 {
                    sums[entry as usize * 4 + place] +=
                        are_runs[token] * weights[token * 4 + place] / 10.0;
                }
            }
        }
        let row: Vec<u32> = ids.iter().map(|&id: &i64| id as u32).collect();
        let mut expected = vec![0.0; bag.columns()];
        bag.shares(&row).into_iter().for_each(|(column, share)| expected[column] += share);
        let runs = expected[21 * 4..].iter().sum::<f64>() * 10.0;
        assert!((1.0..12.0).contains(&runs), "{runs} runs");
        for (column, (found, expected)) in sums.iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() < 1e-6, "{column}: {found} {expected}");
        }
    }
}
