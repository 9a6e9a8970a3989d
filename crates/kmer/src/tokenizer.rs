//! The k-mer tokenizer.

use std::ops::Range;

use dnabert_core::{
    AmbiguityPolicy, Encoding, EncodingReport, LengthPolicy, Sequence, SpecialTokens, Tiles,
    Tiling, TokenizeError, Tokenizer, is_base, shorten_pair,
};
use rayon::prelude::*;

use crate::{SPECIAL_TOKENS, Vocabulary, VocabularyError};

/// DNABERT's overlapping k-mer tokenizer.
///
/// ```
/// use dnabert_kmer::{KmerTokenizer, Sequence, Tokenizer};
///
/// let tokenizer = KmerTokenizer::new(3)?;
/// let sequence: Sequence = "ATGAC".parse()?;
/// let row = tokenizer.encode(&sequence)?;
/// let token = |&id: &u32| tokenizer.vocabulary().token(id);
/// let tokens: Vec<_> = row.ids.iter().filter_map(token).collect();
/// assert_eq!(tokens, ["[CLS]", "ATG", "TGA", "GAC", "[SEP]"]);
/// assert_eq!(tokenizer.decode(&row.ids)?, sequence);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct KmerTokenizer {
    vocabulary: Vocabulary,
    ambiguity: AmbiguityPolicy,
    length: LengthPolicy,
    /// Whether each piece of 510 k-mers gets its own special tokens.
    pieces: bool,
}

/// One k-mer of a sequence: its id and the position of its first base.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) id: u32,
    pub(crate) start: usize,
}

impl KmerTokenizer {
    /// A tokenizer for k-mers of length `k`, with the default policies, which lose nothing.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::UnsupportedK`] unless 1 ≤ k ≤ 8.
    pub fn new(k: usize) -> Result<Self, VocabularyError> {
        Vocabulary::new(k).map(Self::from)
    }

    /// Sets the policy for k-mers that cover an ambiguous letter.
    ///
    /// ```
    /// use dnabert_kmer::{AmbiguityPolicy, KmerTokenizer, Sequence, Tokenizer};
    ///
    /// let sequence: Sequence = "ATGNATGA".parse()?;
    /// let tokenizer = KmerTokenizer::new(3)?;
    /// assert!(tokenizer.encode(&sequence).is_err()); // the default is to reject
    ///
    /// let unknown = tokenizer.clone().with_ambiguity(AmbiguityPolicy::Unknown).encode(&sequence)?;
    /// assert_eq!(unknown.ids, [2, 12, 1, 1, 1, 12, 33, 3]);
    /// assert_eq!(unknown.report.unknown_tokens, 3);
    ///
    /// let split = tokenizer.with_ambiguity(AmbiguityPolicy::Split).encode(&sequence)?;
    /// assert_eq!(split.ids, [2, 12, 12, 33, 3]);
    /// assert_eq!(split.report.skipped_tokens, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_ambiguity(mut self, policy: AmbiguityPolicy) -> Self {
        self.ambiguity = policy;
        self
    }

    /// Sets the policy for rows that are too long.
    ///
    /// ```
    /// use dnabert_kmer::{KmerTokenizer, LengthPolicy, Sequence, Tiling, Tokenizer};
    ///
    /// let sequence: Sequence = "ACGT".repeat(200).parse()?; // 798 3-mers
    /// let tokenizer = KmerTokenizer::new(3)?;
    /// assert!(tokenizer.encode(&sequence).is_err()); // by default at most 512 tokens
    ///
    /// // Keep every base in overlapping rows, whatever the policy,
    /// let tiling = Tiling::new(512, 100);
    /// let rows: Vec<_> = tokenizer.tiles(&sequence, tiling).collect::<Result<_, _>>()?;
    /// assert_eq!(rows.len(), 2);
    ///
    /// // or drop the end.
    /// let row = tokenizer.with_length(LengthPolicy::Truncate(512)).encode(&sequence)?;
    /// assert_eq!((row.len(), row.report.truncated_tokens), (512, 288));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_length(mut self, policy: LengthPolicy) -> Self {
        self.length = policy;
        self
    }

    /// Puts `[CLS]` and `[SEP]` around each piece of 510 k-mers, as DNABERT's chunked heads need
    /// them.
    ///
    /// See [`reference::row`](crate::reference::row). Pairs are not cut into pieces.
    #[must_use]
    pub fn with_pieces(mut self) -> Self {
        self.pieces = true;
        self
    }

    /// The k-mer length.
    pub fn k(&self) -> usize {
        self.vocabulary.k()
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The policy for ambiguous letters.
    pub fn ambiguity(&self) -> AmbiguityPolicy {
        self.ambiguity
    }

    /// The policy for long rows.
    pub fn length(&self) -> LengthPolicy {
        self.length
    }

    /// The k-mers of `sequence` under the ambiguity policy.
    pub(crate) fn tokens(
        &self,
        sequence: &Sequence,
    ) -> Result<(Vec<Token>, EncodingReport), TokenizeError> {
        let letters = sequence.as_bytes();
        if let LengthPolicy::Reject(_) = self.length
            && !self.pieces
        {
            // Counted before any token is stored: a chromosome fails without filling the memory.
            let count = match self.ambiguity {
                AmbiguityPolicy::Split => self.vocabulary.ids(letters).flatten().count(),
                _ => (letters.len() + 1).saturating_sub(self.k()),
            };
            self.length.surplus(count + 2)?;
        }
        let mut report = EncodingReport::default();
        let mut ids = Vec::new();
        if self.vocabulary.push_ids(sequence, &mut ids) && !ids.is_empty() {
            let tokens = ids.into_iter().enumerate().map(|(start, id)| Token { id, start });
            return Ok((tokens.collect(), report));
        }
        let mut tokens = Vec::with_capacity((letters.len() + 1).saturating_sub(self.k()));
        for (start, id) in self.vocabulary.ids(letters).enumerate() {
            match (id, self.ambiguity) {
                (Some(id), _) => tokens.push(Token { id, start }),
                (None, AmbiguityPolicy::Reject) => return Err(ambiguous_base(sequence, start)),
                (None, AmbiguityPolicy::Split) => report.skipped_tokens += 1,
                (None, AmbiguityPolicy::Unknown) => {
                    report.unknown_tokens += 1;
                    tokens.push(Token { id: SPECIAL_TOKENS.unk, start });
                }
            }
        }
        if tokens.is_empty() {
            return Err(nothing_left(sequence, self.k()));
        }
        Ok((tokens, report))
    }

    /// The bases that a token covers.
    pub(crate) fn span(&self, token: Token) -> Range<usize> {
        token.start..token.start + self.k()
    }

    /// `[CLS] tokens [SEP]`.
    pub(crate) fn row(&self, tokens: &[Token], report: EncodingReport) -> Encoding {
        let length = tokens.len() + 2;
        let mut encoding = Encoding {
            ids: Vec::with_capacity(length),
            segment_ids: Vec::with_capacity(length),
            spans: Vec::with_capacity(length),
            report,
        };
        encoding.push(SPECIAL_TOKENS.cls, 0, None);
        self.push_segment(&mut encoding, tokens, 0);
        encoding
    }

    fn push_segment(&self, encoding: &mut Encoding, tokens: &[Token], segment_id: u32) {
        encoding.ids.extend(tokens.iter().map(|token| token.id));
        encoding.segment_ids.extend(std::iter::repeat_n(segment_id, tokens.len()));
        encoding.spans.extend(tokens.iter().map(|&token| Some(self.span(token))));
        encoding.push(SPECIAL_TOKENS.sep, segment_id, None);
    }
}

/// The error for the first ambiguous letter of the k-mer that starts at `start`.
pub(crate) fn ambiguous_base(sequence: &Sequence, start: usize) -> TokenizeError {
    let mut letters = sequence.as_bytes().iter().copied().enumerate().skip(start);
    let (position, letter) = letters.find(|&(_, letter)| !is_base(letter)).unwrap_or_default();
    TokenizeError::AmbiguousBase { letter: char::from(letter), position }
}

/// The error for a sequence that yields no k-mer.
pub(crate) fn nothing_left(sequence: &Sequence, k: usize) -> TokenizeError {
    let length = sequence.len();
    if length < k {
        TokenizeError::TooShort { length, minimum: k }
    } else {
        TokenizeError::NothingLeft { length }
    }
}

impl From<Vocabulary> for KmerTokenizer {
    fn from(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            ambiguity: AmbiguityPolicy::default(),
            length: LengthPolicy::default(),
            pieces: false,
        }
    }
}

impl Tokenizer for KmerTokenizer {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        let (mut tokens, mut report) = self.tokens(sequence)?;
        if self.pieces {
            return self.in_pieces(&tokens, report);
        }
        let surplus = self.length.surplus(tokens.len() + 2)?.min(tokens.len());
        tokens.truncate(tokens.len() - surplus);
        report.truncated_tokens = surplus;
        Ok(self.row(&tokens, report))
    }

    /// Encodes two sequences as one row. Under truncation the longer sequence loses its last k-mer
    /// until the pair fits, or the second one if both are equally long, as in DNABERT.
    fn encode_pair(&self, first: &Sequence, second: &Sequence) -> Result<Encoding, TokenizeError> {
        let (mut first, mut report) = self.tokens(first)?;
        let (mut second, second_report) = self.tokens(second)?;
        report += second_report;
        let surplus = self.length.surplus(first.len() + second.len() + 3)?;
        let [first_kept, second_kept] = shorten_pair([first.len(), second.len()], surplus);
        report.truncated_tokens = first.len() + second.len() - first_kept - second_kept;
        first.truncate(first_kept);
        second.truncate(second_kept);
        let mut encoding = self.row(&first, report);
        self.push_segment(&mut encoding, &second, 1);
        Ok(encoding)
    }

    fn tiles<'a>(&'a self, sequence: &'a Sequence, tiling: Tiling) -> Tiles<'a> {
        Box::new(self.walk(sequence, tiling))
    }

    /// Decodes a row of ids; a base that only unknown tokens cover becomes `N`.
    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        let SpecialTokens { pad, unk, cls, sep, .. } = SPECIAL_TOKENS;
        let opening = usize::from(ids.first() == Some(&cls));
        let closing = ids.iter().rposition(|&id| id != pad && id != sep).map_or(0, |last| last + 1);
        let inner = ids.get(opening..closing).unwrap_or_default();
        if inner.is_empty() {
            return Ok(Sequence::default());
        }
        let mut letters = vec![b'N'; inner.len() + self.k() - 1];
        for (place, &id) in inner.iter().enumerate().filter(|&(_, &id)| id != unk) {
            let position = place + opening;
            let Some(kmer) = self.vocabulary.kmer(id) else {
                return Err(match self.vocabulary.token(id) {
                    Some(_) => TokenizeError::Inconsistent { id, position },
                    None => {
                        let vocab_size = self.vocab_size();
                        TokenizeError::UnknownId { id, position, vocab_size }
                    }
                });
            };
            for (known, letter) in letters[place..].iter_mut().zip(kmer) {
                if *known != b'N' && *known != letter {
                    return Err(TokenizeError::Inconsistent { id, position });
                }
                *known = letter;
            }
        }
        let text = String::from_utf8(letters).expect("k-mers are ASCII");
        Ok(text.parse().expect("k-mers hold bases only"))
    }

    fn vocab_size(&self) -> usize {
        self.vocabulary.size()
    }

    fn special_tokens(&self) -> SpecialTokens {
        SPECIAL_TOKENS
    }

    /// Encodes on all cores, and returns the error of the first sequence that fails.
    fn encode_batch(&self, sequences: &[Sequence]) -> Result<Vec<Encoding>, TokenizeError> {
        let rows: Vec<_> = sequences.par_iter().map(|sequence| self.encode(sequence)).collect();
        rows.into_iter()
            .enumerate()
            .map(|(index, row)| {
                row.map_err(|source| TokenizeError::InBatch { index, source: Box::new(source) })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sequence(text: &str) -> Sequence {
        text.parse().unwrap()
    }

    #[test]
    fn a_pair_has_two_segments() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let pair = tokenizer.encode_pair(&sequence("ATGA"), &sequence("GGG")).unwrap();
        assert_eq!(pair.ids, [2, 12, 33, 3, 68, 3]);
        assert_eq!(pair.segment_ids, [0, 0, 0, 0, 1, 1]);
        assert_eq!(pair.spans[4], Some(0..3));
    }

    #[test]
    fn a_long_row_is_rejected_by_default_and_truncation_is_counted() {
        let long = sequence(&"ACGT".repeat(130)); // 518 3-mers
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let error = tokenizer.encode(&long).unwrap_err();
        assert_eq!(error, TokenizeError::TooLong { tokens: 520, maximum: 512 });

        let cut = tokenizer.clone().with_length(LengthPolicy::Truncate(512)).encode(&long).unwrap();
        assert_eq!((cut.len(), cut.report.truncated_tokens), (512, 8));
        assert_eq!(cut.ids.last(), Some(&SPECIAL_TOKENS.sep));

        let pair = tokenizer
            .with_length(LengthPolicy::Truncate(10))
            .encode_pair(&long, &sequence("ACGTA"))
            .unwrap();
        assert_eq!((pair.len(), pair.report.truncated_tokens), (10, 514));
    }

    #[test]
    fn ambiguous_bases_are_rejected_counted_or_left_out() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let text = sequence("ACGTNACGT");
        let error = tokenizer.encode(&text).unwrap_err();
        assert_eq!(error, TokenizeError::AmbiguousBase { letter: 'N', position: 4 });

        let split = tokenizer.clone().with_ambiguity(AmbiguityPolicy::Split);
        let row = split.encode(&text).unwrap();
        assert_eq!(row.report.skipped_tokens, 3);
        assert_eq!(row.spans[3], Some(5..8));
        let error = split.encode(&sequence("ACNAC")).unwrap_err();
        assert_eq!(error, TokenizeError::NothingLeft { length: 5 });
    }

    #[test]
    fn an_error_in_a_batch_has_the_index_of_the_sequence() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let error = tokenizer.encode_batch(&["ACG", "AC"].map(sequence)).unwrap_err();
        assert!(matches!(error, TokenizeError::InBatch { index: 1, .. }), "{error}");
    }

    #[test]
    fn ids_that_contradict_each_other_are_rejected() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let [acg, ggg] = ["ACG", "GGG"].map(|kmer| tokenizer.vocabulary().id(kmer).unwrap());
        let error = tokenizer.decode(&[2, acg, ggg, 3]).unwrap_err();
        assert_eq!(error, TokenizeError::Inconsistent { id: ggg, position: 2 });
        let error = tokenizer.decode(&[2, 99, 3]).unwrap_err();
        assert_eq!(error, TokenizeError::UnknownId { id: 99, position: 1, vocab_size: 69 });
        let error = tokenizer.decode(&[2, acg, 4, acg, 3]).unwrap_err();
        assert_eq!(error, TokenizeError::Inconsistent { id: 4, position: 2 });
        assert!(tokenizer.decode(&[2, 3, 0, 0]).unwrap().is_empty());
        assert!(tokenizer.decode(&[]).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn decode_inverts_encode(text in "[ACGT]{8,120}", k in 1_usize..=8) {
            let tokenizer = KmerTokenizer::new(k).unwrap();
            let row = tokenizer.encode(&sequence(&text)).unwrap();
            prop_assert!(row.report.is_lossless());
            prop_assert_eq!(tokenizer.decode(&row.ids).unwrap().to_string(), text);
        }

        #[test]
        fn every_token_spells_its_span(text in "[ACGTN]{8,120}", k in 1_usize..=8) {
            let tokenizer = KmerTokenizer::new(k).unwrap().with_ambiguity(AmbiguityPolicy::Unknown);
            let row = tokenizer.encode(&sequence(&text)).unwrap();
            let vocabulary = tokenizer.vocabulary();
            let mut unknown = 0;
            for (id, span) in row.ids.iter().zip(&row.spans) {
                let Some(span) = span.clone() else { continue };
                let kmer = &text[span];
                if kmer.contains('N') {
                    unknown += 1;
                    prop_assert_eq!(*id, SPECIAL_TOKENS.unk);
                } else {
                    prop_assert_eq!(vocabulary.id(kmer), Some(*id));
                }
            }
            prop_assert_eq!(row.report.unknown_tokens, unknown);
        }

        #[test]
        fn a_batch_equals_its_rows(texts in prop::collection::vec("[ACGT]{6,40}", 0..20)) {
            let tokenizer = KmerTokenizer::new(6).unwrap();
            let sequences: Vec<_> = texts.iter().map(|text| sequence(text)).collect();
            let batch = tokenizer.encode_batch(&sequences).unwrap();
            for (row, sequence) in batch.iter().zip(&sequences) {
                prop_assert_eq!(row, &tokenizer.encode(sequence).unwrap());
            }
        }
    }
}
