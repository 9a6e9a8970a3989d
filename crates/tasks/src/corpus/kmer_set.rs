//! The set of k-mers of some sequences, on either strand.

use std::collections::HashSet;

use dnabert_core::Sequence;

/// The k-mers of some sequences and of their reverse complements, for k up to 31.
#[derive(Debug, Clone)]
pub struct KmerSet {
    k: usize,
    kmers: HashSet<u64>,
}

impl KmerSet {
    /// An empty set.
    ///
    /// # Panics
    ///
    /// If `k` is 0 or above 31.
    pub fn new(k: usize) -> Self {
        assert!((1..=31).contains(&k), "k is {k}; it must be from 1 to 31");
        Self { k, kmers: HashSet::new() }
    }

    /// The k-mer length.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of different k-mers; a k-mer and its reverse complement count once.
    pub fn len(&self) -> usize {
        self.kmers.len()
    }

    /// Whether the set has no k-mer.
    pub fn is_empty(&self) -> bool {
        self.kmers.is_empty()
    }

    /// Adds the k-mers of a sequence, without those that have an ambiguous letter.
    pub fn add(&mut self, sequence: &Sequence) {
        let mut window = Window::new(self.k);
        let kmers = sequence.as_bytes().iter().filter_map(|&letter| window.push(letter));
        self.kmers.extend(kmers);
    }

    /// Adds the k-mers of a sequence that are also in `among`. So the k-mers that two large collections
    /// share are found with only the smaller one in memory.
    ///
    /// # Panics
    ///
    /// If the k-mers of `among` have another length.
    pub fn add_shared(&mut self, sequence: &Sequence, among: &Self) {
        assert_eq!(self.k, among.k, "k-mers of two lengths");
        let mut window = Window::new(self.k);
        let kmers = sequence.as_bytes().iter().filter_map(|&letter| window.push(letter));
        self.kmers.extend(kmers.filter(|kmer| among.contains(*kmer)));
    }

    /// The number of k-mers of `sequence` that are in the set.
    pub fn shared(&self, sequence: &Sequence) -> usize {
        let mut window = Window::new(self.k);
        let kmers = sequence.as_bytes().iter().filter_map(|&letter| window.push(letter));
        kmers.filter(|kmer| self.kmers.contains(kmer)).count()
    }

    pub(super) fn contains(&self, kmer: u64) -> bool {
        self.kmers.contains(&kmer)
    }
}

/// The k-mer that ends at the current letter of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Window {
    k: usize,
    forward: u64,
    reverse: u64,
    /// Bases since the last ambiguous letter.
    clean: usize,
}

impl Window {
    pub(super) fn new(k: usize) -> Self {
        Self { k, forward: 0, reverse: 0, clean: 0 }
    }

    /// Reads the next letter; returns the number of the k-mer that ends there, which is the same for
    /// both strands.
    pub(super) fn push(&mut self, letter: u8) -> Option<u64> {
        let Some(digit) = digit(letter) else {
            self.clean = 0;
            return None;
        };
        let modulus = (1 << (2 * self.k)) - 1;
        self.forward = ((self.forward << 2) | digit) & modulus;
        self.reverse = (self.reverse >> 2) | ((3 - digit) << (2 * (self.k - 1)));
        self.clean += 1;
        (self.clean >= self.k).then(|| self.forward.min(self.reverse))
    }
}

/// A base as two bits; complementary bases add up to 3.
pub(super) const fn digit(letter: u8) -> Option<u64> {
    match letter {
        b'A' => Some(0),
        b'C' => Some(1),
        b'G' => Some(2),
        b'T' => Some(3),
        _ => None,
    }
}

/// The base of two bits.
pub(super) const fn letter(digit: u8) -> u8 {
    b"ACGT"[(digit & 3) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kmer_and_its_reverse_complement_are_one() {
        let sequence: Sequence = "ACGGTTNACGTAC".parse().unwrap();
        let mut set = KmerSet::new(5);
        set.add(&sequence);
        assert_eq!(set.len(), 4); // ACGGT CGGTT, ACGTA (= TACGT), CGTAC (= GTACG)
        assert_eq!(set.shared(&sequence), 4);
        assert_eq!(set.shared(&sequence.reverse_complement()), 4);
        assert_eq!(set.shared(&"ACGGA".parse().unwrap()), 0);
    }

    #[test]
    fn shared_kmers_are_found_on_either_strand() {
        let (mut known, mut shared) = (KmerSet::new(4), KmerSet::new(4));
        known.add(&"ACGGTT".parse().unwrap()); // ACGG CGGT GGTT
        shared.add_shared(&"TTTACCG".parse().unwrap(), &known); // ACCG is the reverse complement of CGGT
        assert_eq!((shared.len(), shared.shared(&"CGGTT".parse().unwrap())), (1, 1));
    }

    #[test]
    fn thirty_one_bases_fit() {
        let text = "ACGTTGCAAGGCTTATCCGATACGATTACAG"; // 31 bases
        let mut set = KmerSet::new(31);
        set.add(&text.parse().unwrap());
        assert_eq!(set.len(), 1);
        let other = text.replacen("AC", "CC", 1);
        assert_eq!(set.shared(&other.parse().unwrap()), 0);
    }
}
