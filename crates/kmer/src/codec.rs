//! The rank of a k-mer among all k-mers of its length, letters ordered A, T, C, G.

/// DNABERT's letter order.
const LETTERS: [u8; 4] = *b"ATCG";

/// The two-bit digit of a base, or `None` for any other letter.
const fn digit(letter: u8) -> Option<u32> {
    match letter {
        b'A' => Some(0),
        b'T' => Some(1),
        b'C' => Some(2),
        b'G' => Some(3),
        _ => None,
    }
}

/// The number of k-mers of length `k`.
pub(crate) const fn count(k: usize) -> u32 {
    1 << (2 * k)
}

/// The rank of `kmer`, or `None` where a letter is no base.
pub(crate) fn rank(kmer: &[u8]) -> Option<u32> {
    kmer.iter().try_fold(0, |rank, &letter| Some(rank * 4 + digit(letter)?))
}

/// The letters of the k-mer at `rank`.
pub(crate) fn letters(rank: u32, k: usize) -> impl Iterator<Item = u8> {
    (0..k).rev().map(move |place| LETTERS[((rank >> (2 * place)) & 3) as usize])
}

/// The rank of each k-mer of `sequence` from left to right, `None` where it covers a letter that
/// is no base. One shift per base, whatever k is.
pub(crate) fn ranks(sequence: &[u8], k: usize) -> impl Iterator<Item = Option<u32>> {
    let modulus = count(k) - 1;
    let mut rank = 0;
    let mut clean = 0; // bases since the last letter that is none
    let roll = move |&letter: &u8| {
        match digit(letter) {
            Some(digit) => {
                rank = ((rank << 2) | digit) & modulus;
                clean += 1;
            }
            None => clean = 0,
        }
        (clean >= k).then_some(rank)
    };
    sequence.iter().map(roll).skip(k - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_order_is_a_t_c_g() {
        let first: Vec<String> =
            (0..5).map(|rank| letters(rank, 3).map(char::from).collect()).collect();
        assert_eq!(first, ["AAA", "AAT", "AAC", "AAG", "ATA"]);
        assert_eq!(rank(b"GGG"), Some(63));
    }

    proptest! {
        #[test]
        fn rolling_equals_ranking_each_kmer(text in "[ACGTN]{0,60}", k in 1_usize..=8) {
            let rolled: Vec<_> = ranks(text.as_bytes(), k).collect();
            let each: Vec<_> = text.as_bytes().windows(k).map(rank).collect();
            prop_assert_eq!(rolled, each);
        }

        #[test]
        fn letters_inverts_rank(text in "[ACGT]{1,8}") {
            let rank = rank(text.as_bytes()).unwrap();
            prop_assert!(letters(rank, text.len()).eq(text.bytes()));
        }
    }
}
