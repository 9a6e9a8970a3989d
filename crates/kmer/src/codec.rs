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

/// The rank of `kmer`, or `None` if a letter is not a base.
pub(crate) fn rank(kmer: &[u8]) -> Option<u32> {
    kmer.iter().try_fold(0, |rank, &letter| Some(rank * 4 + digit(letter)?))
}

/// The letters of the k-mer at `rank`.
pub(crate) fn letters(rank: u32, k: usize) -> impl Iterator<Item = u8> {
    (0..k).rev().map(move |place| LETTERS[((rank >> (2 * place)) & 3) as usize])
}

/// The rank of each k-mer of `sequence` from left to right, or `None` if a letter of the k-mer is
/// not a base. Takes one shift for each base, independent of k.
pub(crate) fn ranks(sequence: &[u8], k: usize) -> impl Iterator<Item = Option<u32>> {
    let modulus = count(k) - 1;
    let mut rank = 0;
    let mut clean = 0; // bases since the last letter that is not a base
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

/// Letters processed at once, few enough for the intermediate ranks to stay in the L1 cache.
const BLOCK: usize = 1024;

/// The greatest k.
const LONGEST: usize = 8;

/// Appends the rank of every k-mer of `sequence`, plus `first`, to `ranks`, and returns true. If a
/// letter of the sequence is not a base, appends nothing and returns false.
///
/// The rank of 2, 4 or 8 bases is computed from the ranks of its two halves, for all positions side
/// by side, which the compiler turns into vector instructions. Any k is a sum of these lengths.
pub(crate) fn push_clean_ranks(
    sequence: &[u8],
    k: usize,
    first: u32,
    ranks: &mut Vec<u32>,
) -> bool {
    let Some(count) = (sequence.len() + 1).checked_sub(k) else { return true };
    if !is_clean(sequence) {
        return false;
    }
    ranks.reserve(count);
    // Ranks of 1, 2, 4 and 8 bases at every position of a block.
    let mut powers = [[0_u16; BLOCK + LONGEST]; 4];
    let mut block_ranks = [0_u16; BLOCK];
    for start in (0..count).step_by(BLOCK) {
        let places = BLOCK.min(count - start);
        let letters = &sequence[start..start + places + k - 1];
        for (digit, letter) in powers[0].iter_mut().zip(letters) {
            // Bits 1 and 2 of an ASCII letter give A 0, C 1, T 2, G 3. With the two bits exchanged:
            // A 0, T 1, C 2, G 3.
            let two = (letter >> 1) & 3;
            *digit = u16::from((two >> 1) | ((two & 1) << 1));
        }
        for power in 1..4 {
            let half = 1 << (power - 1);
            if 2 * half > k {
                break;
            }
            let (below, above) = powers.split_at_mut(power);
            let below = &below[power - 1][..letters.len()];
            let pairs = below.iter().zip(&below[half..]);
            for (rank, (left, right)) in above[0].iter_mut().zip(pairs) {
                *rank = (left << (2 * half)) | right;
            }
        }
        let ranks_here = &mut block_ranks[..places];
        ranks_here.fill(0);
        let mut done = 0;
        for power in (0..4).rev().filter(|power| k >> power & 1 == 1) {
            let length = 1 << power;
            for (rank, part) in ranks_here.iter_mut().zip(&powers[power][done..]) {
                // k = 8 has a single part, so no bit is shifted out of the 16.
                *rank = (u32::from(*rank) << (2 * length)) as u16 | part;
            }
            done += length;
        }
        ranks.extend(ranks_here.iter().map(|rank| u32::from(*rank) + first));
    }
    true
}

/// Whether every letter is A, C, G or T.
fn is_clean(sequence: &[u8]) -> bool {
    let is_other = |letter: &u8| {
        let letter = *letter;
        u8::from((letter != b'A') & (letter != b'C') & (letter != b'G') & (letter != b'T'))
    };
    // The inner loop has no early exit, so that the compiler vectorises it.
    sequence
        .chunks(4096)
        .all(|chunk| chunk.iter().fold(0, |others, letter| others | is_other(letter)) == 0)
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
        fn clean_ranks_are_those_of_rolling(text in "[ACGT]{0,60}", k in 1_usize..=8, times in 1_usize..60) {
            let long = text.repeat(times);
            let mut ranks = vec![7];
            prop_assert!(push_clean_ranks(long.as_bytes(), k, 5, &mut ranks));
            let rolled: Vec<u32> = super::ranks(long.as_bytes(), k).map(|rank| rank.unwrap() + 5).collect();
            prop_assert_eq!(&ranks[1..], &rolled[..]);
            let unclean = format!("{long}N{text}");
            prop_assert!(unclean.len() < k || !push_clean_ranks(unclean.as_bytes(), k, 5, &mut ranks));
            prop_assert_eq!(ranks.len(), rolled.len() + 1);
        }

        #[test]
        fn letters_inverts_rank(text in "[ACGT]{1,8}") {
            let rank = rank(text.as_bytes()).unwrap();
            prop_assert!(letters(rank, text.len()).eq(text.bytes()));
        }
    }
}
