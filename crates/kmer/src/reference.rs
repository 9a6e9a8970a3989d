//! The string functions and the row layout of DNABERT's Python code, with its quirks.
//!
//! Use them to compare with files that DNABERT's scripts wrote. For new work use
//! [`KmerTokenizer`](crate::KmerTokenizer), which drops no k-mer and adds no empty piece.

use crate::SPECIAL_TOKENS;

/// K-mers in each piece of a long row: 512 minus `[CLS]` and `[SEP]`.
pub(crate) const PIECE: usize = 510;

/// All n − k + 1 k-mers of a sequence, separated by spaces.
///
/// ```
/// assert_eq!(dnabert_kmer::reference::seq2kmer("ATGAC", 3), "ATG TGA GAC");
/// ```
pub fn seq2kmer(sequence: &str, k: usize) -> String {
    windows(sequence, k).join(" ")
}

/// The sequence of a k-mer sentence: the first letter of every k-mer, and all of the last one.
///
/// Overlaps are not checked; [`Sequence::from_kmers`](crate::Sequence::from_kmers) checks them.
pub fn kmer2seq(sentence: &str) -> String {
    let kmers: Vec<&str> = sentence.split(' ').collect();
    let Some((last, others)) = kmers.split_last() else {
        return String::new();
    };
    let firsts = others.iter().filter_map(|kmer| kmer.chars().next());
    firsts.collect::<String>() + last
}

/// Every `stride`-th k-mer of a line, without the last k-mer; line breaks are removed first.
///
/// DNABERT's data files were written with a stride of 1, so they all lack their last k-mer.
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

/// All k-mers of a sequence, including the last one.
pub fn get_kmer_sequence(sequence: &str, k: usize) -> Vec<&str> {
    windows(sequence, k)
}

fn windows(sequence: &str, k: usize) -> Vec<&str> {
    debug_assert!(sequence.is_ascii());
    (k..=sequence.len()).map(|end| &sequence[end - k..end]).collect()
}

/// A row as DNABERT builds it from k-mer ids, with special tokens.
///
/// Fewer than 510 ids become `[CLS] x [SEP]`. More ids are cut into pieces of 510, each with its
/// own pair of special tokens; a multiple of 510 gets an empty piece at the end. `max_length` first
/// drops the last ids so that one pair of special tokens fits, then cuts the finished row.
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

/// A row `[CLS] a [SEP] b [SEP]` and its segment ids.
///
/// The longer sequence loses its last id until the row fits `max_length`; if both are equally long,
/// the second one does.
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
    fn only_get_kmer_sentence_drops_the_last_kmer() {
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
