//! Random sequences that keep some statistics of a given one.
//!
//! Shuffles keep the counts of dinucleotides (Altschul and Erickson 1985, doi
//! 10.1093/oxfordjournals.molbev.a040370); substitution keeps some pieces (Oubounyt et al. 2019, doi
//! 10.3389/fgene.2019.00286).

use dnabert_core::Sequence;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::sequence_of;

/// A random sequence with the same counts of dinucleotides and the same first and last base
/// (Altschul and Erickson 1985, doi 10.1093/oxfordjournals.molbev.a040370).
///
/// Bases are the nodes and dinucleotides the edges of a graph; a walk that uses each edge once spells
/// such a sequence. All such sequences are equally likely.
///
/// ```
/// use dnabert_tasks::build::shuffle_dinucleotides;
/// use rand::SeedableRng;
///
/// let sequence = "ACAGATACCA".parse()?;
/// let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let shuffled = shuffle_dinucleotides(&sequence, &mut random).to_string();
/// assert_eq!(shuffled.matches("CA").count(), 2);
/// assert!(shuffled.starts_with('A') && shuffled.ends_with('A'));
/// # Ok::<(), dnabert_core::SequenceError>(())
/// ```
pub fn shuffle_dinucleotides(sequence: &Sequence, random: &mut impl Rng) -> Sequence {
    let letters = sequence.as_bytes();
    let (Some(&first), Some(&last)) = (letters.first(), letters.last()) else {
        return sequence.clone();
    };
    let mut edges: Vec<Vec<u8>> = vec![Vec::new(); 256];
    for pair in letters.windows(2) {
        edges[usize::from(pair[0])].push(pair[1]);
    }
    let nodes: Vec<u8> = (0..=255).filter(|&node| !edges[usize::from(node)].is_empty()).collect();
    // Each node but the last reserves one edge to leave by at the end. These edges must lead to the
    // last node.
    loop {
        for &node in &nodes {
            let from = &mut edges[usize::from(node)];
            let chosen = random.random_range(0..from.len());
            let end = from.len() - 1;
            from.swap(chosen, end);
        }
        let leads = |mut node: u8| {
            for _ in 0..=nodes.len() {
                if node == last {
                    return true;
                }
                match edges[usize::from(node)].last() {
                    Some(&next) => node = next,
                    None => return false,
                }
            }
            false
        };
        if nodes.iter().all(|&node| leads(node)) {
            break;
        }
    }
    for &node in &nodes {
        let from = &mut edges[usize::from(node)];
        let kept = if node == last { from.len() } else { from.len() - 1 };
        from[..kept].shuffle(random);
    }
    let mut turn = vec![0; 256];
    let mut walk = vec![first];
    let mut node = first;
    while let Some(&next) = edges[usize::from(node)].get(turn[usize::from(node)]) {
        turn[usize::from(node)] += 1;
        walk.push(next);
        node = next;
    }
    sequence_of(&walk).unwrap_or_else(|_| sequence.clone()) // cannot fail: letters of a sequence
}

/// Divides a sequence into `pieces` and replaces all bases of `replaced` of them by random ones.
///
/// The negatives of the promoter sets of DeePromoter and DNABERT are made so, with 20 and 12
/// (Oubounyt et al. 2019, doi 10.3389/fgene.2019.00286).
///
/// # Panics
///
/// If `pieces` is 0 or `replaced` is above `pieces`.
pub fn substitute_pieces(
    sequence: &Sequence,
    pieces: usize,
    replaced: usize,
    random: &mut impl Rng,
) -> Sequence {
    assert!(pieces > 0 && replaced <= pieces, "{replaced} of {pieces} pieces");
    let mut letters = sequence.as_bytes().to_vec();
    let len = letters.len();
    let mut order: Vec<usize> = (0..pieces).collect();
    order.shuffle(random);
    for &piece in &order[..replaced] {
        for letter in &mut letters[piece * len / pieces..(piece + 1) * len / pieces] {
            *letter = b"ACGT"[random.random_range(0..4)];
        }
    }
    sequence_of(&letters).unwrap_or_else(|_| sequence.clone()) // cannot fail: bases and letters of a sequence
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn pairs(sequence: &Sequence) -> BTreeMap<Vec<u8>, usize> {
        let mut counts = BTreeMap::new();
        for pair in sequence.as_bytes().windows(2) {
            *counts.entry(pair.to_vec()).or_default() += 1;
        }
        counts
    }

    proptest! {
        #[test]
        fn dinucleotides_and_ends_are_kept(text in "[ACGT]{1,120}", seed: u64) {
            let sequence: Sequence = text.parse().unwrap();
            let shuffled = shuffle_dinucleotides(&sequence, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(pairs(&shuffled), pairs(&sequence));
            prop_assert_eq!(shuffled.as_bytes().first(), sequence.as_bytes().first());
            prop_assert_eq!(shuffled.as_bytes().last(), sequence.as_bytes().last());
        }
    }

    #[test]
    fn all_shuffles_are_equally_likely() {
        // ACAGATA consists of three loops from A (by C, G and T), in any order: six sequences.
        let sequence: Sequence = "ACAGATA".parse().unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut counts = BTreeMap::<String, usize>::new();
        for _ in 0..6000 {
            *counts
                .entry(shuffle_dinucleotides(&sequence, &mut random).to_string())
                .or_default() += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn eight_of_twenty_pieces_are_kept() {
        let sequence: Sequence = "ACGTTGCAGT".repeat(30).parse().unwrap();
        let made = substitute_pieces(&sequence, 20, 12, &mut ChaCha8Rng::seed_from_u64(3));
        let pieces = sequence.as_bytes().chunks(15).zip(made.as_bytes().chunks(15));
        assert_eq!(pieces.filter(|(old, new)| old == new).count(), 8);
    }
}
