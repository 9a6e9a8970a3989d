//! DNA sequences and the policy for letters that are not plain `A C G T`.

use std::fmt;

/// A DNA sequence in upper-case IUPAC letters (`ACGT` and `RYSWKMBDHVN`).
///
/// No other byte can get in, so nothing downstream has to check letters again.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Sequence {
    letters: Vec<u8>,
}

/// What to do with a letter that has an obvious reading: lower case, or `U` for `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LetterRule {
    /// Read it as its plain counterpart (`a` → `A`, `U` → `T`).
    #[default]
    Convert,
    /// Read it as `N`, as repeat-masked (soft-masked) bases often are.
    Mask,
    /// Refuse the sequence.
    Reject,
}

/// What to do with ambiguous IUPAC letters (`N`, `R`, `Y`, …) while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmbiguityRule {
    /// Keep them; the tokenizer has a policy of its own for tokens that cover them.
    #[default]
    Keep,
    /// Refuse the sequence.
    Reject,
}

/// The rules under which text becomes a [`Sequence`]; letters outside IUPAC are always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetterPolicy {
    /// Rule for lower-case letters.
    pub lower_case: LetterRule,
    /// Rule for `U`.
    pub uracil: LetterRule,
    /// Rule for ambiguous letters.
    pub ambiguous: AmbiguityRule,
}

impl LetterPolicy {
    /// The policy that takes upper-case `A C G T` only.
    pub const STRICT: Self = Self {
        lower_case: LetterRule::Reject,
        uracil: LetterRule::Reject,
        ambiguous: AmbiguityRule::Reject,
    };
}

/// How many letters each rule of a [`LetterPolicy`] touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetterReport {
    /// Lower-case letters.
    pub lower_case: usize,
    /// `U` read as `T` or masked.
    pub uracil: usize,
    /// Ambiguous letters in the result, masked ones included.
    pub ambiguous: usize,
}

/// Why text is not a DNA sequence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceError {
    /// A character that stands for no base.
    #[error("invalid base {letter:?} at position {position}")]
    InvalidLetter {
        /// The character found.
        letter: char,
        /// 0-based position in characters.
        position: usize,
    },
    /// A letter that the policy refuses.
    #[error("{kind} letter {letter:?} at position {position} is refused by the letter policy")]
    Refused {
        /// `lower-case`, `uracil` or `ambiguous`.
        kind: &'static str,
        /// The character found.
        letter: char,
        /// 0-based position in characters.
        position: usize,
    },
    /// A k-mer in a k-mer sentence has another length than the first one.
    #[error("k-mer {index} ({kmer:?}) has {found} letters where the first has {expected}")]
    UnevenKmer {
        /// 0-based index of the k-mer.
        index: usize,
        /// The k-mer found.
        kmer: String,
        /// Its length.
        found: usize,
        /// The length of the first k-mer.
        expected: usize,
    },
    /// Two neighbouring k-mers of a k-mer sentence do not overlap in k − 1 letters.
    #[error("k-mer {index} ({kmer:?}) does not overlap the one before it ({previous:?})")]
    BrokenOverlap {
        /// 0-based index of the second k-mer.
        index: usize,
        /// The second k-mer.
        kmer: String,
        /// The first k-mer.
        previous: String,
    },
}

impl Sequence {
    /// Reads `text` under `policy` and tells how many letters the policy touched.
    ///
    /// # Errors
    ///
    /// [`SequenceError`] with letter and position, for letters outside IUPAC or refused ones.
    pub fn read(text: &str, policy: &LetterPolicy) -> Result<(Self, LetterReport), SequenceError> {
        let mut report = LetterReport::default();
        let letters = text
            .chars()
            .enumerate()
            .map(|(position, letter)| read_letter(letter, position, policy, &mut report))
            .collect::<Result<Vec<u8>, _>>()?;
        Ok((Self { letters }, report))
    }

    /// Joins overlapping k-mers separated by white space (`"ATG TGA GAC"` → `ATGAC`).
    ///
    /// # Errors
    ///
    /// [`SequenceError`] for uneven or non-overlapping k-mers and for letters as in [`read`](Self::read).
    pub fn from_kmers(
        sentence: &str,
        policy: &LetterPolicy,
    ) -> Result<(Self, LetterReport), SequenceError> {
        Self::read(&join_kmers(sentence)?, policy)
    }

    /// The letters as upper-case ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.letters
    }

    /// The letters as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters).unwrap_or_default() // letters are ASCII
    }

    /// The number of bases.
    pub fn len(&self) -> usize {
        self.letters.len()
    }

    /// Whether there is no base.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// The bases in `range` as a sequence of their own.
    ///
    /// # Panics
    ///
    /// If `range` reaches past the end.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        Self { letters: self.letters[range].to_vec() }
    }

    /// The sequence with other letters in the place of `range`: a substitution, an insertion (where the
    /// range is empty) or a deletion (where `letters` is).
    ///
    /// # Panics
    ///
    /// If the range lies outside of the sequence.
    ///
    /// ```
    /// use dnabert_core::Sequence;
    ///
    /// let sequence: Sequence = "ACGT".parse()?;
    /// assert_eq!(sequence.replace(1..3, &"T".parse()?).to_string(), "ATT");
    /// # Ok::<(), dnabert_core::SequenceError>(())
    /// ```
    #[must_use]
    pub fn replace(&self, range: std::ops::Range<usize>, letters: &Self) -> Self {
        let parts = [&self.letters[..range.start], &letters.letters, &self.letters[range.end..]];
        Self { letters: parts.concat() }
    }

    /// The other strand, read 5′ to 3′; ambiguous letters become their complements (`R` ↔ `Y`).
    pub fn reverse_complement(&self) -> Self {
        Self { letters: self.letters.iter().rev().map(|&letter| complement(letter)).collect() }
    }

    /// The number of letters that are not `A C G T`.
    pub fn ambiguous(&self) -> usize {
        self.letters.iter().filter(|&&letter| !is_base(letter)).count()
    }

    /// The share of `G` and `C` among the unambiguous bases, or `None` where there is none.
    pub fn gc_content(&self) -> Option<f64> {
        let gc = self.letters.iter().filter(|letter| matches!(letter, b'G' | b'C')).count();
        let bases = self.len() - self.ambiguous();
        (bases > 0).then(|| gc as f64 / bases as f64)
    }
}

impl std::str::FromStr for Sequence {
    type Err = SequenceError;

    /// Reads upper-case IUPAC letters only; use [`Sequence::read`] for other policies.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let policy = LetterPolicy { ambiguous: AmbiguityRule::Keep, ..LetterPolicy::STRICT };
        Self::read(text, &policy).map(|(sequence, _)| sequence)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequence({self})")
    }
}

/// Whether `letter` is one of `A C G T` in upper case.
pub const fn is_base(letter: u8) -> bool {
    matches!(letter, b'A' | b'C' | b'G' | b'T')
}

const AMBIGUOUS: &[u8] = b"NRYSWKMBDHV";

fn read_letter(
    letter: char,
    position: usize,
    policy: &LetterPolicy,
    report: &mut LetterReport,
) -> Result<u8, SequenceError> {
    let invalid = SequenceError::InvalidLetter { letter, position };
    let refused = |kind| SequenceError::Refused { kind, letter, position };
    let Ok(mut byte) = u8::try_from(letter) else {
        return Err(invalid);
    };
    if byte.is_ascii_lowercase() {
        byte.make_ascii_uppercase();
        if byte != b'U' && !is_base(byte) && !AMBIGUOUS.contains(&byte) {
            return Err(invalid);
        }
        report.lower_case += 1;
        match policy.lower_case {
            LetterRule::Convert => {}
            LetterRule::Mask => byte = b'N',
            LetterRule::Reject => return Err(refused("lower-case")),
        }
    }
    if byte == b'U' {
        report.uracil += 1;
        byte = match policy.uracil {
            LetterRule::Convert => b'T',
            LetterRule::Mask => b'N',
            LetterRule::Reject => return Err(refused("uracil")),
        };
    }
    if is_base(byte) {
        return Ok(byte);
    }
    if !AMBIGUOUS.contains(&byte) {
        return Err(invalid);
    }
    report.ambiguous += 1;
    match policy.ambiguous {
        AmbiguityRule::Keep => Ok(byte),
        AmbiguityRule::Reject => Err(refused("ambiguous")),
    }
}

/// IUPAC complement (Cornish-Bowden 1985, doi 10.1093/nar/13.9.3021).
const fn complement(letter: u8) -> u8 {
    match letter {
        b'A' => b'T',
        b'T' => b'A',
        b'C' => b'G',
        b'G' => b'C',
        b'R' => b'Y',
        b'Y' => b'R',
        b'K' => b'M',
        b'M' => b'K',
        b'B' => b'V',
        b'V' => b'B',
        b'D' => b'H',
        b'H' => b'D',
        other => other, // N, S and W are their own complements
    }
}

/// The letters of overlapping k-mers: all of the first, then the last letter of each next one.
fn join_kmers(sentence: &str) -> Result<String, SequenceError> {
    let mut kmers = sentence.split_whitespace();
    let Some(mut previous) = kmers.next() else {
        return Ok(String::new());
    };
    let k = previous.chars().count();
    let mut joined = String::from(previous);
    for (index, kmer) in kmers.enumerate().map(|(i, kmer)| (i + 1, kmer)) {
        let found = kmer.chars().count();
        if found != k {
            return Err(SequenceError::UnevenKmer { index, kmer: kmer.into(), found, expected: k });
        }
        if !previous.chars().skip(1).eq(kmer.chars().take(k - 1)) {
            return Err(SequenceError::BrokenOverlap {
                index,
                kmer: kmer.into(),
                previous: previous.into(),
            });
        }
        joined.extend(kmer.chars().last());
        previous = kmer;
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_letter_rule_is_counted() {
        let policy = LetterPolicy { lower_case: LetterRule::Mask, ..LetterPolicy::default() };
        let (sequence, report) = Sequence::read("ACgtUNR", &policy).unwrap();
        assert_eq!(sequence.to_string(), "ACNNTNR");
        assert_eq!(report, LetterReport { lower_case: 2, uracil: 1, ambiguous: 4 });
    }

    #[test]
    fn a_refused_letter_is_named_with_its_place() {
        let error = Sequence::read("ACNT", &LetterPolicy::STRICT).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ambiguous letter 'N' at position 2 is refused by the letter policy"
        );
        for text in ["AC-GT", "ACéGT", "ACjGT"] {
            let error = Sequence::read(text, &LetterPolicy::default()).unwrap_err();
            assert!(matches!(error, SequenceError::InvalidLetter { position: 2, .. }), "{error}");
        }
    }

    #[test]
    fn kmers_must_overlap_and_be_even() {
        let policy = LetterPolicy::default();
        assert_eq!(Sequence::from_kmers("ATG TGA GAC", &policy).unwrap().0.to_string(), "ATGAC");
        assert!(Sequence::from_kmers("  ", &policy).unwrap().0.is_empty());
        assert!(matches!(
            Sequence::from_kmers("ATG GAC", &policy),
            Err(SequenceError::BrokenOverlap { index: 1, .. })
        ));
        assert!(matches!(
            Sequence::from_kmers("ATG TGAC", &policy),
            Err(SequenceError::UnevenKmer { index: 1, found: 4, expected: 3, .. })
        ));
    }

    #[test]
    fn gc_content_leaves_ambiguous_letters_out() {
        assert_eq!("GCATNN".parse::<Sequence>().unwrap().gc_content(), Some(0.5));
        assert_eq!("NN".parse::<Sequence>().unwrap().gc_content(), None);
    }

    proptest! {
        #[test]
        fn reverse_complement_twice_is_the_identity(text in "[ACGTRYSWKMBDHVN]{0,80}") {
            let sequence: Sequence = text.parse().unwrap();
            prop_assert_eq!(sequence.reverse_complement().reverse_complement(), sequence);
        }

        #[test]
        fn reading_never_panics_and_keeps_the_length(text in ".{0,60}") {
            if let Ok((sequence, _)) = Sequence::read(&text, &LetterPolicy::default()) {
                prop_assert_eq!(sequence.len(), text.chars().count());
            }
            let _ = Sequence::from_kmers(&text, &LetterPolicy::default());
        }
    }
}
