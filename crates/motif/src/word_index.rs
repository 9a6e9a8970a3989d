//! Counts the sequences that contain words, for many words at once.
//!
//! At each base of a sequence, the 32 bases from there on are one number. For words of fewer than
//! eight bases, all words of that length are counted: a table by their bits needs no decision. A
//! longer word is found by its first eight bases, which few places have, and then by a comparison.

/// Bases of a beginning.
const BEGINNING: usize = 8;

/// The most bases of a number.
const MOST: usize = 32;

/// Many words, ready to be searched for.
pub(crate) struct WordIndex<'a> {
    /// The number of words.
    count: usize,
    short: Vec<ShortWords>,
    /// For each beginning, where its words start in `long`; one more at the end.
    starts: Vec<u32>,
    long: Vec<LongWord>,
    /// Words with other letters, or too long for a number.
    others: Vec<(usize, &'a [u8])>,
}

/// The words of one length below eight.
struct ShortWords {
    length: usize,
    /// The words, and their bits.
    words: Vec<(usize, usize)>,
}

/// A word of 8 to 32 bases.
struct LongWord {
    /// Its bases in the upper bits.
    bits: u64,
    /// The number of bits that it does not have.
    unused: u32,
    word: usize,
}

/// In how many sequences something was seen, and the last of them.
#[derive(Clone, Copy)]
struct Seen {
    last: u32,
    sequences: u32,
}

impl Seen {
    const NEVER: Self = Self { last: u32::MAX, sequences: 0 };

    /// Notes that it is in a sequence, without a branch.
    fn note(&mut self, sequence: u32) {
        self.sequences += u32::from(self.last != sequence);
        self.last = sequence;
    }
}

/// What [`BITS`] has for a letter that is not a base.
const OTHER: u8 = 4;

/// The two bits of each base.
const BITS: [u8; 256] = {
    let mut bits = [OTHER; 256];
    (bits[b'A' as usize], bits[b'C' as usize]) = (0, 1);
    (bits[b'G' as usize], bits[b'T' as usize]) = (2, 3);
    bits
};

/// The bases of a word in the upper bits of a number, if there are only bases, and few enough.
fn number_of(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > MOST {
        return None;
    }
    let add = |bits: u64, letter: &u8| match BITS[usize::from(*letter)] {
        OTHER => None,
        base => Some(bits << 2 | u64::from(base)),
    };
    Some(word.iter().try_fold(0, add)? << (64 - 2 * word.len()))
}

impl<'a> WordIndex<'a> {
    /// Words, which must differ.
    pub(crate) fn new(words: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut found =
            Self { count: 0, short: vec![], starts: vec![], long: vec![], others: vec![] };
        for (word, letters) in words.enumerate() {
            found.count += 1;
            let length = letters.len();
            let Some(bits) = number_of(letters) else {
                found.others.push((word, letters));
                continue;
            };
            let unused = 64 - 2 * length as u32;
            if length >= BEGINNING {
                found.long.push(LongWord { bits, unused, word });
                continue;
            }
            let bits = (bits >> unused) as usize;
            match found.short.iter_mut().find(|words| words.length == length) {
                Some(words) => words.words.push((word, bits)),
                None => found.short.push(ShortWords { length, words: vec![(word, bits)] }),
            }
        }
        found.long.sort_unstable_by_key(|word| (word.bits, word.unused));
        let mut next = 0;
        found.starts = (0..=1_u64 << (2 * BEGINNING))
            .map(|beginning| {
                let is_before = |word: &LongWord| word.bits >> (64 - 2 * BEGINNING) < beginning;
                while found.long.get(next).is_some_and(is_before) {
                    next += 1;
                }
                next as u32
            })
            .collect();
        found
    }

    /// How many of `sequences` contain each word.
    pub(crate) fn count<'s>(&self, sequences: impl Iterator<Item = &'s [u8]>) -> Vec<usize> {
        let mut seen = vec![Seen::NEVER; self.count];
        let table = |words: &ShortWords| vec![Seen::NEVER; 1 << (2 * words.length)];
        let mut tables: Vec<Vec<Seen>> = self.short.iter().map(table).collect();
        let mut numbers = Vec::new();
        for (row, sequence) in (0..).zip(sequences) {
            for bases in sequence.split(|letter| BITS[usize::from(*letter)] == OTHER) {
                // From the last base to the first: the number at index i knows i + 1 bases.
                numbers.resize(bases.len(), 0);
                let mut bits = 0_u64;
                for (number, letter) in numbers.iter_mut().zip(bases.iter().rev()) {
                    bits = bits >> 2 | u64::from(BITS[usize::from(*letter)]) << 62;
                    *number = bits;
                }
                for (ShortWords { length, .. }, table) in self.short.iter().zip(&mut tables) {
                    let unused = 64 - 2 * length;
                    for bits in numbers.get(length - 1..).unwrap_or_default() {
                        table[(bits >> unused) as usize].note(row);
                    }
                }
                let long = numbers.get(BEGINNING - 1..).unwrap_or_default();
                for (bases, bits) in (BEGINNING..).zip(long) {
                    self.note_long(*bits, bases, row, &mut seen);
                }
            }
            for (word, letters) in &self.others {
                // An empty word is in every sequence.
                let mut windows = sequence.windows(letters.len().max(1));
                if letters.is_empty() || windows.any(|window| window == *letters) {
                    seen[*word].note(row);
                }
            }
        }
        for (ShortWords { words, .. }, table) in self.short.iter().zip(&tables) {
            words.iter().for_each(|(word, bits)| seen[*word] = table[*bits]);
        }
        seen.into_iter().map(|seen| seen.sequences as usize).collect()
    }

    /// Notes the longer words at a place, of which so many bases are known.
    #[inline]
    fn note_long(&self, bits: u64, bases: usize, row: u32, seen: &mut [Seen]) {
        let beginning = (bits >> (64 - 2 * BEGINNING)) as usize;
        let words = self.starts[beginning] as usize..self.starts[beginning + 1] as usize;
        for word in &self.long[words] {
            let is_here = (bits ^ word.bits) >> word.unused == 0;
            if is_here && 64 - word.unused as usize <= 2 * bases {
                seen[word.word].note(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sequences_with_each_word_are_counted(
            sequences in prop::collection::vec("[ACGTN]{0,80}|[AC]{0,80}|A{0,80}", 0..4),
            words in prop::collection::btree_set("[ACGT]{1,12}|[AC]{1,9}|A{1,40}|[ACN]{1,3}", 0..30),
        ) {
            let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
            let sequences: Vec<&[u8]> = sequences.iter().map(String::as_bytes).collect();
            let found = WordIndex::new(words.iter().copied()).count(sequences.iter().copied());
            for (word, found) in words.iter().zip(found) {
                let has = |row: &&&[u8]| row.windows(word.len()).any(|window| window == *word);
                prop_assert_eq!(sequences.iter().filter(has).count(), found);
            }
        }
    }

    #[test]
    fn words_of_the_sequence_itself_are_found() {
        let sequence = "ACGTTGCAACGGTTTACGACGTTGCAACGGTTTACGACGT";
        let all: BTreeSet<&str> = (0..sequence.len())
            .flat_map(|start| (start + 1..=sequence.len()).map(move |end| &sequence[start..end]))
            .collect();
        let index = WordIndex::new(all.iter().map(|word| word.as_bytes()));
        assert_eq!(index.count([sequence.as_bytes()].into_iter()), vec![1; all.len()]);
    }
}
