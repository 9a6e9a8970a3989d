//! Clusters of similar sequences, and how they are dealt to splits.

use std::collections::HashMap;

use dnabert_core::{Example, Sequence, derive_seed};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The cluster of each sequence, numbered from 0 in order of first appearance.
///
/// Two sequences that share a `k`-mer of plain bases, on either strand, are in one cluster, and so
/// are all that are linked through others (single-linkage clustering). A sequence without such a
/// k-mer, because it is shorter or has too many ambiguous letters, is in one cluster with its exact
/// duplicates and their reverse complements.
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
/// // TTACCGGT is the reverse complement of ACCGGTAA.
/// assert_eq!(dnabert_tasks::clusters(&sequences, 6), [0, 1, 0]);
/// ```
pub fn clusters<'a>(sequences: impl IntoIterator<Item = &'a Sequence>, k: usize) -> Vec<usize> {
    row_clusters(sequences.into_iter().map(std::iter::once), k)
}

/// The cluster of each example, as [`clusters`]; both sequences of a pair count.
pub(crate) fn example_clusters(examples: &[Example], k: usize) -> Vec<usize> {
    let rows = examples.iter();
    row_clusters(rows.map(|example| std::iter::once(&example.sequence).chain(&example.pair)), k)
}

/// The cluster of each row, which may have several sequences.
fn row_clusters<'a, R: IntoIterator<Item = &'a Sequence>>(
    rows: impl IntoIterator<Item = R>,
    k: usize,
) -> Vec<usize> {
    assert!(k > 0, "k is 0");
    let mut parents: Vec<usize> = Vec::new();
    // Only the strand in the file is stored; both strands are looked up.
    let mut first_with = HashMap::<&'a [u8], usize>::new();
    for (row, sequences) in rows.into_iter().enumerate() {
        parents.push(row);
        for sequence in sequences {
            let reverse = sequence.reverse_complement();
            let (forward, reverse) = (sequence.as_bytes(), reverse.as_bytes());
            let mut add = |word: &'a [u8], reverse: &[u8]| {
                let known = first_with.get(word).or_else(|| first_with.get(reverse));
                match known.copied() {
                    Some(other) => join(&mut parents, row, other),
                    None => drop(first_with.insert(word, row)),
                }
            };
            let mut has_kmer = false;
            for (start, kmer) in forward.windows(k).enumerate() {
                if kmer.iter().all(|letter| b"ACGT".contains(letter)) {
                    let end = forward.len() - start;
                    add(kmer, &reverse[end - k..end]);
                    has_kmer = true;
                }
            }
            if !has_kmer {
                add(forward, reverse);
            }
        }
    }
    let mut numbers = HashMap::new();
    (0..parents.len())
        .map(|row| {
            let root = root(&mut parents, row);
            let next = numbers.len();
            *numbers.entry(root).or_insert(next)
        })
        .collect()
}

/// The first row of a cluster; shortens the path to it.
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

/// Deals whole clusters to bins, so that the bins hold about these fractions of the rows of each
/// class, as far as the clusters allow. Returns the bin of each row. `seed` breaks ties.
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
    // The largest first, so that the small ones can balance the bins at the end.
    members.sort_by_key(|cluster: &Vec<usize>| std::cmp::Reverse(cluster.len()));
    let mut filled = vec![vec![0_usize; classes]; fractions.len()];
    let mut bins = vec![0; clusters.len()];
    for cluster in members {
        let mut own = vec![0_usize; classes];
        cluster.iter().for_each(|&row| own[labels[row]] += 1);
        // How full the bin would be with this cluster, weighted by the classes of the cluster.
        let load = |bin: usize| -> f64 {
            let rows: usize =
                own.iter().zip(&filled[bin]).map(|(own, there)| own * (there + own)).sum();
            rows as f64 / fractions[bin]
        };
        // The seed breaks ties, so that large clusters, too, change their bin with the seed.
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
    use dnabert_core::LetterPolicy;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_hold_their_fractions_and_clusters_stay_whole() {
        // 100 clusters of one row and ten of ten rows; every third row is of class 1.
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

    #[test]
    fn sequences_without_a_kmer_are_with_their_duplicates_only() {
        let sequences =
            ["ACGG", "ACGA", "CCGT", "ACGG", "NNACGNNACG", "NNACGNNACG", "ACGGACGT", "ACGTNNNN"];
        let sequences = sequences.map(|text| Sequence::read(text, &LetterPolicy::default()));
        let sequences = sequences.map(|read| read.unwrap().0);
        // CCGT is the reverse complement of ACGG.
        assert_eq!(clusters(&sequences, 5), [0, 1, 0, 0, 2, 2, 3, 4]);
    }

    #[test]
    fn both_sequences_of_a_pair_count() {
        let example = |sequence: &str, pair: &str| Example {
            name: String::new(),
            sequence: sequence.parse().unwrap(),
            pair: Some(pair.parse().unwrap()),
            label: 0,
        };
        let rows =
            [example("AAAAAC", "CCAGTC"), example("TGTGTG", "GACTGG"), example("ACGCAC", "CAGT")];
        // GACTGG is the reverse complement of CCAGTC; no k-mer spans both sequences of a pair.
        assert_eq!(example_clusters(&rows, 5), [0, 0, 1]);
    }

    proptest! {
        #[test]
        fn sequences_that_share_a_kmer_are_in_one_cluster(
            texts in prop::collection::vec("[ACGT]{1,12}", 1..12), k in 1_usize..6,
        ) {
            let sequences: Vec<Sequence> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let found = clusters(&sequences, k);
            let shares = |one: &Sequence, other: &Sequence| {
                let is_short = one.len() < k;
                (is_short && one == other)
                    || one.as_bytes().windows(k).any(|a| other.as_bytes().windows(k).any(|b| a == b))
            };
            // By brute force: each sequence takes the least number of those it shares a k-mer with.
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
