//! The byte-pair tokenizer.

use std::path::Path;

use dnabert_core::{
    AmbiguityPolicy, Encoding, LengthPolicy, Sequence, SpecialTokens, Tiles, Tiling, TokenizeError,
    Tokenizer, is_base, shorten_pair,
};
use rayon::prelude::*;

use crate::BpeError;

/// DNABERT-2's tokenizer: a vocabulary of frequent words, merged from bases.
///
/// Byte-pair encoding of words: Sennrich, Haddow and Birch 2016, doi 10.18653/v1/P16-1162.
#[derive(Debug, Clone)]
pub struct BpeTokenizer {
    inner: tokenizers::Tokenizer,
    special: SpecialTokens,
    ambiguity: AmbiguityPolicy,
    length: LengthPolicy,
}

impl BpeTokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// Settings of the file for truncation and padding are ignored: [`LengthPolicy`] truncates, and
    /// counts what it drops.
    ///
    /// # Errors
    ///
    /// [`BpeError`] with the file, and with the special token or base that is missing.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, BpeError> {
        let path = path.as_ref();
        let read = |source| BpeError::Read { path: path.into(), source };
        let mut inner = tokenizers::Tokenizer::from_file(path).map_err(read)?;
        inner.with_truncation(None).map_err(read)?;
        inner.with_padding(None);
        let id = |token: &'static str| {
            inner
                .token_to_id(token)
                .ok_or_else(|| BpeError::NoSpecialToken { path: path.into(), token })
        };
        let special = SpecialTokens {
            pad: id("[PAD]")?,
            unk: id("[UNK]")?,
            cls: id("[CLS]")?,
            sep: id("[SEP]")?,
            mask: id("[MASK]")?,
        };
        for base in ['A', 'C', 'G', 'T'] {
            if inner.token_to_id(&base.to_string()).is_none() {
                return Err(BpeError::NoBase { path: path.into(), base });
            }
        }
        let (ambiguity, length) = (AmbiguityPolicy::default(), LengthPolicy::default());
        Ok(Self { inner, special, ambiguity, length })
    }

    /// Writes a `tokenizer.json`; if it fails, an existing file is unchanged.
    ///
    /// # Errors
    ///
    /// [`BpeError::Write`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), BpeError> {
        let path = path.as_ref();
        self.inner
            .to_string(true)
            .map_err(std::io::Error::other)
            .and_then(|text| dnabert_core::file::write(path, text.as_bytes()))
            .map_err(|source| BpeError::Write { path: path.into(), source })
    }

    /// Sets the policy for ambiguous letters.
    ///
    /// Under [`AmbiguityPolicy::Split`] each ambiguous letter counts as one skipped token.
    #[must_use]
    pub fn with_ambiguity(mut self, policy: AmbiguityPolicy) -> Self {
        self.ambiguity = policy;
        self
    }

    /// Sets the policy for rows that are too long.
    #[must_use]
    pub fn with_length(mut self, policy: LengthPolicy) -> Self {
        self.length = policy;
        self
    }

    /// The policy for long rows.
    pub fn length(&self) -> LengthPolicy {
        self.length
    }

    /// The tokens of `sequence` under the ambiguity policy, without special tokens.
    fn tokens(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        let letters = sequence.as_bytes();
        let ambiguous = letters.iter().position(|&letter| !is_base(letter));
        if let (Some(position), AmbiguityPolicy::Reject) = (ambiguous, self.ambiguity) {
            let letter = char::from(letters[position]);
            return Err(TokenizeError::AmbiguousBase { letter, position });
        }
        if letters.is_empty() {
            return Err(TokenizeError::TooShort { length: 0, minimum: 1 });
        }
        let mut tokens = Encoding::default();
        let text = sequence.as_str();
        if self.ambiguity == AmbiguityPolicy::Split {
            let mut start = 0;
            for stretch in text.split(|letter: char| !is_base(letter as u8)) {
                self.push(stretch, start, &mut tokens);
                start += stretch.len() + 1;
            }
            let skipped_tokens = letters.iter().filter(|&&letter| !is_base(letter)).count();
            tokens.report.skipped_tokens = skipped_tokens;
        } else {
            self.push(text, 0, &mut tokens);
        }
        if tokens.is_empty() {
            return Err(TokenizeError::NothingLeft { length: letters.len() });
        }
        Ok(tokens)
    }

    /// Appends the tokens of `text`, which starts at base `start` of its sequence.
    fn push(&self, text: &str, start: usize, tokens: &mut Encoding) {
        if text.is_empty() {
            return;
        }
        // Letters are ASCII, so offsets in bytes are offsets in bases. Encoding can fail only
        // because of truncation settings, and there are none.
        let encoding = self.inner.encode(text, false).expect("no truncation is set");
        for (&id, &(from, to)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            tokens.report.unknown_tokens += usize::from(id == self.special.unk);
            tokens.push(id, 0, Some(start + from..start + to));
        }
    }

    /// `[CLS] tokens [SEP]` with only the first `kept` tokens.
    fn row(&self, tokens: Encoding, kept: usize) -> Encoding {
        let mut row = Encoding { report: tokens.report, ..Encoding::default() };
        row.push(self.special.cls, 0, None);
        self.push_segment(&mut row, tokens, kept, 0);
        row
    }

    fn push_segment(&self, row: &mut Encoding, tokens: Encoding, kept: usize, segment: u32) {
        row.report.truncated_tokens += tokens.len() - kept;
        for (id, span) in tokens.ids.into_iter().zip(tokens.spans).take(kept) {
            row.push(id, segment, span);
        }
        row.push(self.special.sep, segment, None);
    }
}

impl Tokenizer for BpeTokenizer {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        let tokens = self.tokens(sequence)?;
        let surplus = self.length.surplus(tokens.len() + 2)?;
        let kept = tokens.len().saturating_sub(surplus);
        Ok(self.row(tokens, kept))
    }

    fn encode_pair(&self, first: &Sequence, second: &Sequence) -> Result<Encoding, TokenizeError> {
        let (first, second) = (self.tokens(first)?, self.tokens(second)?);
        let surplus = self.length.surplus(first.len() + second.len() + 3)?;
        let [first_kept, second_kept] = shorten_pair([first.len(), second.len()], surplus);
        let report = second.report;
        let mut row = self.row(first, first_kept);
        row.report += report;
        self.push_segment(&mut row, second, second_kept, 1);
        Ok(row)
    }

    /// Encodes the whole sequence at once, because a merge may span any position; only the rows are
    /// made one at a time.
    fn tiles<'a>(&'a self, sequence: &'a Sequence, tiling: Tiling) -> Tiles<'a> {
        match self.tokens(sequence) {
            Ok(tokens) => {
                let kept = tokens.len();
                self.row(tokens, kept).into_tiles(tiling)
            }
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    /// Decodes a row of ids; unknown tokens become `N`.
    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        let SpecialTokens { pad, unk, cls, sep, .. } = self.special;
        let opening = usize::from(ids.first() == Some(&cls));
        let closing = ids.iter().rposition(|&id| id != pad && id != sep).map_or(0, |last| last + 1);
        let mut letters = String::new();
        for (place, &id) in ids.get(opening..closing).unwrap_or_default().iter().enumerate() {
            let position = place + opening;
            match self.inner.id_to_token(id) {
                _ if id == unk => letters.push('N'),
                Some(token) if token.bytes().all(is_base) => letters.push_str(&token),
                Some(_) => return Err(TokenizeError::Inconsistent { id, position }),
                None => {
                    let vocab_size = self.vocab_size();
                    return Err(TokenizeError::UnknownId { id, position, vocab_size });
                }
            }
        }
        Ok(letters.parse().expect("tokens hold bases, and unknown tokens are N"))
    }

    fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    fn special_tokens(&self) -> SpecialTokens {
        self.special
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
