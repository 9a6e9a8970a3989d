//! Sequences that belong together since they share a stretch of bases.

use std::collections::HashMap;

use dnabert_core::{Sequence, derive_seed};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The cluster of each sequence: sequences that share a `k`-mer of plain bases, on either strand,
/// are in one, and so are those that others join. Clusters are numbered from 0 as they appear.
///
/// Memory grows with the bases of all sequences.
///
/// # Panics
///
/// If `k` is 0.
///
/// ```
/// use dnabert_core::Sequence;
///
/// let sequences = ["AACCGGTA", "CCCCCCCC", "TTACCGGT"].map(|text| text.parse().unwrap());
/// // TTACCGGT is ACCGGTAA on the other strand.
/// assert_eq!(dnabert_tasks::clusters(&sequences, 6), [0, 1, 0]);
/// ```
pub fn clusters<'a>(sequences: impl IntoIterator<Item = &'a Sequence>, k: usize) -> Vec<usize> {
    assert!(k > 0, "no k-mer");
    let mut parents: Vec<usize> = Vec::new();
    let mut first_with = HashMap::<Vec<u8>, usize>::new();
    for (index, sequence) in sequences.into_iter().enumerate() {
        parents.push(index);
        let reverse = sequence.reverse_complement();
        let (forward, reverse) = (sequence.as_bytes(), reverse.as_bytes());
        for (start, kmer) in forward.windows(k).enumerate() {
            if !kmer.iter().all(|letter| b"ACGT".contains(letter)) {
                continue;
            }
            let end = forward.len() - start;
            let key = kmer.min(&reverse[end - k..end]);
            match first_with.get(key) {
                Some(&other) => join(&mut parents, index, other),
                None => {
                    first_with.insert(key.to_vec(), index);
                }
            }
        }
    }
    let mut numbers = HashMap::new();
    (0..parents.len())
        .map(|index| {
            let root = root(&mut parents, index);
            let next = numbers.len();
            *numbers.entry(root).or_insert(next)
        })
        .collect()
}

/// The first sequence of a cluster; the way there is shortened.
fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

fn join(parents: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parents, one), root(parents, other));
    parents[one.max(other)] = one.min(other);
}

/// Deals whole clusters to bins that are to hold these fractions of the rows, and as far as clusters
/// allow of each class; gives the bin of each row. `seed` decides between clusters of one size.
pub(crate) fn deal(
    clusters: &[usize],
    labels: &[usize],
    fractions: &[f64],
    seed: u64,
) -> Vec<usize> {
    let classes = labels.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); clusters.iter().max().map_or(0, |last| last + 1)];
    clusters.iter().enumerate().for_each(|(row, &cluster)| members[cluster].push(row));
    members.retain(|cluster| !cluster.is_empty());
    members.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // The largest first, so that the small ones can even out what they left.
    members.sort_by_key(|cluster: &Vec<usize>| std::cmp::Reverse(cluster.len()));
    let mut filled = vec![vec![0_usize; classes]; fractions.len()];
    let mut bins = vec![0; clusters.len()];
    for cluster in members {
        let mut own = vec![0_usize; classes];
        cluster.iter().for_each(|&row| own[labels[row]] += 1);
        // How full a bin would be with this cluster, by the classes that the cluster has.
        let load = |bin: usize| -> f64 {
            let rows: usize =
                own.iter().zip(&filled[bin]).map(|(own, there)| own * (there + own)).sum();
            rows as f64 / fractions[bin]
        };
        // Where several are as empty, the seed decides: large clusters, too, lie now here, now there.
        let turn = derive_seed(seed, &[cluster[0] as u64]);
        let order = |bin: usize| derive_seed(turn, &[bin as u64]);
        let least = |&a: &usize, &b: &usize| {
            load(a).total_cmp(&load(b)).then_with(|| order(a).cmp(&order(b)))
        };
        let bin = (0..fractions.len()).min_by(least);
        let bin = bin.unwrap_or_default();
        filled[bin].iter_mut().zip(own).for_each(|(there, own)| *there += own);
        cluster.into_iter().for_each(|row| bins[row] = bin);
    }
    bins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_are_filled_by_their_shares_and_clusters_stay_whole() {
        // 100 rows alone, and ten clusters of ten; every third row is of class 1.
        let clusters: Vec<usize> =
            (0..200).map(|row| if row < 100 { row } else { 100 + row / 10 }).collect();
        let labels: Vec<usize> = (0..200).map(|row| usize::from(row % 3 == 0)).collect();
        let numbers: Vec<usize> = {
            let mut seen = HashMap::new();
            let number = |cluster: &usize| {
                let next = seen.len();
                *seen.entry(*cluster).or_insert(next)
            };
            clusters.iter().map(number).collect()
        };
        let bins = deal(&numbers, &labels, &[0.8, 0.1, 0.1], 1);
        for (bin, rows) in [(0, 150..=170), (1, 15..=25), (2, 15..=25)] {
            let of_bin = || (0..200).filter(|&row| bins[row] == bin);
            assert!(rows.contains(&of_bin().count()), "{bin}: {}", of_bin().count());
            let fraction = of_bin().map(|row| labels[row]).sum::<usize>() as f64;
            assert!((fraction / of_bin().count() as f64 - 1.0 / 3.0).abs() < 0.1);
        }
        for cluster in bins[100..].chunks(10) {
            assert!(cluster.iter().all(|bin| *bin == cluster[0]));
        }
        assert_ne!(bins, deal(&numbers, &labels, &[0.8, 0.1, 0.1], 2));
    }

    proptest! {
        #[test]
        fn two_that_share_a_kmer_are_together(
            texts in prop::collection::vec("[ACGT]{1,12}", 1..12), k in 1_usize..6,
        ) {
            let sequences: Vec<Sequence> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let found = clusters(&sequences, k);
            let shares = |one: &Sequence, other: &Sequence| {
                one.as_bytes().windows(k).any(|a| other.as_bytes().windows(k).any(|b| a == b))
            };
            // By hand: the least numbers that sharing lets spread.
            let mut spread: Vec<usize> = (0..sequences.len()).collect();
            for _ in 0..sequences.len() {
                for (i, one) in sequences.iter().enumerate() {
                    for (j, other) in sequences.iter().enumerate() {
                        if shares(one, other) || shares(one, &other.reverse_complement()) {
                            spread[i] = spread[i].min(spread[j]);
                        }
                    }
                }
            }
            for i in 0..sequences.len() {
                for j in 0..sequences.len() {
                    prop_assert_eq!(found[i] == found[j], spread[i] == spread[j]);
                }
            }
        }
    }
}
