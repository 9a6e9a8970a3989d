//! DNA sequences, and the policy for letters other than upper-case `A C G T`.

use std::fmt;

/// A DNA sequence in upper-case IUPAC letters (`ACGT` and `RYSWKMBDHVN`).
///
/// A sequence holds no other letter, so code that takes one need not check letters again.
///
/// ```
/// use dnabert_core::Sequence;
///
/// let sequence: Sequence = "ATGACN".parse()?;
/// assert_eq!((sequence.len(), sequence.ambiguous()), (6, 1));
/// assert_eq!(sequence.reverse_complement().to_string(), "NGTCAT");
/// assert_eq!(sequence.slice(0..3).to_string(), "ATG");
/// assert_eq!(sequence.gc_content(), Some(0.4)); // N is not counted
/// assert!("AT-AC".parse::<Sequence>().is_err());
/// # Ok::<(), dnabert_core::SequenceError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Sequence {
    letters: Vec<u8>,
}

/// What to do with a lower-case letter, or with `U`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LetterRule {
    /// Convert it (`a` → `A`, `U` → `T`).
    #[default]
    Convert,
    /// Replace it by `N`; lower case often marks repeats (soft-masking).
    Mask,
    /// Reject the sequence.
    Reject,
}

/// What to do with ambiguous IUPAC letters (`N`, `R`, `Y`, …) when reading text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmbiguityRule {
    /// Keep them; the tokenizer has its own policy for tokens that cover them.
    #[default]
    Keep,
    /// Reject the sequence.
    Reject,
}

/// The rules by which text becomes a [`Sequence`]; letters outside IUPAC are always rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetterPolicy {
    /// The rule for lower-case letters.
    pub lower_case: LetterRule,
    /// The rule for `U`.
    pub uracil: LetterRule,
    /// The rule for ambiguous letters.
    pub ambiguous: AmbiguityRule,
}

impl LetterPolicy {
    /// The policy that accepts only upper-case `A C G T`.
    pub const STRICT: Self = Self {
        lower_case: LetterRule::Reject,
        uracil: LetterRule::Reject,
        ambiguous: AmbiguityRule::Reject,
    };
}

/// How many letters each rule of a [`LetterPolicy`] applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetterReport {
    /// Lower-case letters.
    pub lower_case: usize,
    /// Letters `U`, converted to `T` or masked.
    pub uracil: usize,
    /// Ambiguous letters in the result, including masked ones.
    pub ambiguous: usize,
}

/// Why text is not a DNA sequence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceError {
    /// A character that is not an IUPAC letter.
    #[error("invalid base {letter:?} at position {position}")]
    InvalidLetter {
        /// The character found.
        letter: char,
        /// 0-based position in characters.
        position: usize,
    },
    /// A letter that the policy rejects.
    #[error("{kind} letter {letter:?} at position {position} is rejected by the letter policy")]
    Refused {
        /// `lower-case`, `uracil` or `ambiguous`.
        kind: &'static str,
        /// The character found.
        letter: char,
        /// 0-based position in characters.
        position: usize,
    },
    /// A k-mer of a k-mer sentence differs in length from the first one.
    #[error("k-mer {index} ({kmer:?}) has {found} letters, but the first has {expected}")]
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
    /// Two neighbouring k-mers of a k-mer sentence do not overlap by k − 1 letters.
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
    /// Reads `text` under `policy`, and reports how many letters the policy applied to.
    ///
    /// ```
    /// use dnabert_core::{LetterPolicy, LetterRule, Sequence};
    ///
    /// let policy = LetterPolicy { lower_case: LetterRule::Mask, ..LetterPolicy::default() };
    /// let (sequence, report) = Sequence::read("ACGTacgtACGT", &policy)?;
    /// assert_eq!(sequence.to_string(), "ACGTNNNNACGT");
    /// assert_eq!(report.lower_case, 4);
    /// # Ok::<(), dnabert_core::SequenceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SequenceError`] with letter and position, for letters that are not IUPAC or that the
    /// policy rejects.
    pub fn read(text: &str, policy: &LetterPolicy) -> Result<(Self, LetterReport), SequenceError> {
        let mut report = LetterReport::default();
        let letters = text
            .chars()
            .enumerate()
            .map(|(position, letter)| read_letter(letter, position, policy, &mut report))
            .collect::<Result<Vec<u8>, _>>()?;
        Ok((Self { letters }, report))
    }

    /// Joins overlapping k-mers that are separated by white space.
    ///
    /// ```
    /// use dnabert_core::{LetterPolicy, Sequence};
    ///
    /// let (sequence, _) = Sequence::from_kmers("ATG TGA GAC", &LetterPolicy::default())?;
    /// assert_eq!(sequence.to_string(), "ATGAC");
    /// # Ok::<(), dnabert_core::SequenceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SequenceError`] for k-mers that differ in length or do not overlap, and for letters as in
    /// [`read`](Self::read).
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

    /// Whether the sequence has no base.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// The bases in `range` as a new sequence.
    ///
    /// # Panics
    ///
    /// If `range` reaches past the end.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        Self { letters: self.letters[range].to_vec() }
    }

    /// The sequence with the bases in `range` replaced by `letters`.
    ///
    /// An empty range makes an insertion, and empty letters make a deletion.
    ///
    /// ```
    /// use dnabert_core::Sequence;
    ///
    /// let sequence: Sequence = "ACGT".parse()?;
    /// assert_eq!(sequence.replace(1..3, &"T".parse()?).to_string(), "ATT");
    /// # Ok::<(), dnabert_core::SequenceError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the range lies outside the sequence.
    #[must_use]
    pub fn replace(&self, range: std::ops::Range<usize>, letters: &Self) -> Self {
        let parts = [&self.letters[..range.start], &letters.letters, &self.letters[range.end..]];
        Self { letters: parts.concat() }
    }

    /// The other strand, read 5′ to 3′; an ambiguous letter becomes its complement (`R` ↔ `Y`).
    pub fn reverse_complement(&self) -> Self {
        Self { letters: self.letters.iter().rev().map(|&letter| complement(letter)).collect() }
    }

    /// The number of letters that are not `A C G T`.
    pub fn ambiguous(&self) -> usize {
        self.letters.iter().filter(|&&letter| !is_base(letter)).count()
    }

    /// The fraction of `G` and `C` among the unambiguous bases, or `None` if there are none.
    pub fn gc_content(&self) -> Option<f64> {
        let gc = self.letters.iter().filter(|letter| matches!(letter, b'G' | b'C')).count();
        let bases = self.len() - self.ambiguous();
        (bases > 0).then(|| gc as f64 / bases as f64)
    }
}

impl std::str::FromStr for Sequence {
    type Err = SequenceError;

    /// Accepts upper-case IUPAC letters only; use [`Sequence::read`] for other policies.
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

/// The letters of overlapping k-mers: all of the first k-mer, then the last letter of each other.
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
    fn an_error_names_the_letter_and_its_position() {
        let error = Sequence::read("ACNT", &LetterPolicy::STRICT).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ambiguous letter 'N' at position 2 is rejected by the letter policy"
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
    fn gc_content_ignores_ambiguous_letters() {
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
