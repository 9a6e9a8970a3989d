//! The reference implementation's own string functions and row layout, quirks included.
//!
//! For comparing with files that DNABERT's scripts wrote. Everything else in this crate is what
//! new work should use: [`KmerTokenizer`](crate::KmerTokenizer) drops no k-mer and adds no empty
//! piece.

use crate::SPECIAL_TOKENS;

/// K-mers per piece of a long row: 512 less `[CLS]` and `[SEP]`.
pub(crate) const PIECE: usize = 510;

/// All n − k + 1 k-mers of a sequence, joined by blanks.
pub fn seq2kmer(sequence: &str, k: usize) -> String {
    windows(sequence, k).join(" ")
}

/// The sequence of a k-mer sentence: the first letter of every k-mer but the last, then the last.
/// Overlaps are not checked; [`Sequence::from_kmers`](dnabert_core::Sequence::from_kmers) does.
pub fn kmer2seq(sentence: &str) -> String {
    let kmers: Vec<&str> = sentence.split(' ').collect();
    let Some((last, others)) = kmers.split_last() else {
        return String::new();
    };
    let firsts = others.iter().filter_map(|kmer| kmer.chars().next());
    firsts.collect::<String>() + last
}

/// Every `stride`-th k-mer of a line, the last one of all left out: with a stride of 1, what
/// every data file of the reference holds. Line breaks are taken out first.
///
/// # Panics
///
/// If `stride` is 0.
pub fn get_kmer_sentence(line: &str, k: usize, stride: usize) -> String {
    let sequence = line.replace('\n', "");
    let mut kmers = windows(&sequence, k);
    kmers.pop();
    kmers.into_iter().step_by(stride).collect::<Vec<_>>().join(" ")
}

/// The k-mers of a sequence, the last one included.
pub fn get_kmer_sequence(sequence: &str, k: usize) -> Vec<&str> {
    windows(sequence, k)
}

fn windows(sequence: &str, k: usize) -> Vec<&str> {
    debug_assert!(sequence.is_ascii());
    (k..=sequence.len()).map(|end| &sequence[end - k..end]).collect()
}

/// A row as the reference builds it from k-mer ids, with special tokens.
///
/// Below 510 ids it is `[CLS] x [SEP]`; else pieces of 510 each get their own pair of special
/// tokens, and an exact multiple of 510 gets an empty piece at its end. `max_length` first drops
/// ids at the right so that one pair of special tokens fits, then cuts the finished row.
pub fn row(ids: &[u32], max_length: Option<usize>) -> Vec<u32> {
    let kept = max_length.map_or(ids.len(), |maximum| ids.len().min(maximum.saturating_sub(2)));
    let ids = &ids[..kept];
    let mut row = Vec::with_capacity(ids.len() + 2);
    for piece in 0..=ids.len() / PIECE {
        let piece = &ids[piece * PIECE..ids.len().min((piece + 1) * PIECE)];
        row.push(SPECIAL_TOKENS.cls);
        row.extend_from_slice(piece);
        row.push(SPECIAL_TOKENS.sep);
    }
    row.truncate(max_length.unwrap_or(usize::MAX));
    row
}

/// `[CLS] a [SEP] b [SEP]` and its segment ids; the longer one loses its last id until
/// `max_length` fits, the second when both are equal.
pub fn pair_row(first: &[u32], second: &[u32], max_length: Option<usize>) -> (Vec<u32>, Vec<u32>) {
    let (mut first, mut second) = (first, second);
    while max_length.is_some_and(|maximum| first.len() + second.len() + 3 > maximum) {
        let longer = if first.len() > second.len() { &mut first } else { &mut second };
        let Some((_, shorter)) = longer.split_last() else {
            break;
        };
        *longer = shorter;
    }
    let row =
        [&[SPECIAL_TOKENS.cls][..], first, &[SPECIAL_TOKENS.sep], second, &[SPECIAL_TOKENS.sep]]
            .concat();
    let segments = [vec![0; first.len() + 2], vec![1; second.len() + 1]].concat();
    (row, segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_kmer_functions_differ_in_the_last_kmer() {
        assert_eq!(seq2kmer("ATGAC", 3), "ATG TGA GAC");
        assert_eq!(get_kmer_sentence("ATGAC", 3, 1), "ATG TGA");
        assert_eq!(get_kmer_sentence("ATGACCG", 3, 2), "ATG GAC");
        assert_eq!(kmer2seq("ATG TGA GAC"), "ATGAC");
        assert_eq!(seq2kmer("AT", 3), "");
    }

    #[test]
    fn an_exact_multiple_gets_an_empty_piece() {
        let row = row(&[9; PIECE], None);
        assert_eq!(row.len(), 514);
        assert_eq!(row[511..], [3, 2, 3]);
    }
}
