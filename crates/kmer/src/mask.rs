//! Masking of contiguous k-mers (Ji et al. 2021, doi 10.1093/bioinformatics/btab083).
//!
//! Neighbouring k-mers share k − 1 bases, so the neighbours of a single hidden k-mer would reveal
//! it. DNABERT therefore draws centres at random, and hides a span of k neighbouring k-mers around
//! each.

use std::ops::Range;

use dnabert_core::{Encoding, MaskPlan, MaskedRow, SpecialTokens};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{SPECIAL_TOKENS, Vocabulary, VocabularyError};

/// Hides spans of k neighbouring k-mers.
///
/// As in BERT, of the hidden tokens a fraction of 0.8 becomes `[MASK]`, 0.1 becomes a random token,
/// and 0.1 is kept; the network predicts all of them. A kept token reveals the whole span, because
/// the k hidden k-mers have a single unknown base in common. [`by_span`](Self::by_span) and
/// [`masks_only`](Self::masks_only) avoid this.
///
/// ```
/// use dnabert_kmer::{KmerMasking, KmerTokenizer, MaskPlan, SPECIAL_TOKENS, Tokenizer};
///
/// let row = KmerTokenizer::new(3)?.encode(&"ACGTTGCA".repeat(8).parse()?)?;
/// let masked = KmerMasking::new(3, 0.15)?.masks_only().mask(&row, 42);
/// for (&place, &target) in masked.places.iter().zip(&masked.targets) {
///     assert_eq!((masked.ids[place], row.ids[place]), (SPECIAL_TOKENS.mask, target));
/// }
/// assert!(!masked.places.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KmerMasking {
    vocabulary: Vocabulary,
    centre: f64,
    eligible: Eligible,
    replacement: Replacement,
    apart: bool,
}

/// Which tokens can be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Eligible {
    /// K-mers only.
    #[default]
    Kmers,
    /// Every token except `[CLS]`, `[SEP]` and `[PAD]`, as in DNABERT's code; this includes
    /// `[UNK]`.
    NotRowMarks,
}

/// What replaces a hidden token that does not become `[MASK]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replacement {
    /// A random k-mer, or the token itself.
    #[default]
    Kmer,
    /// A random id, or the token itself, as in DNABERT's code; this includes special tokens.
    AnyId,
    /// Nothing: every hidden token becomes `[MASK]`.
    Never,
    /// The same for all tokens of a span: they all become `[MASK]`, all stay, or all spell a
    /// sequence in which the bases that no visible token covers are random, as if these were
    /// mutated.
    Span,
}

/// The random numbers for one token, each in [0, 1), and a random id.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draws {
    /// Decides whether the token is the centre of a span.
    pub centre: f64,
    /// Decides whether the token becomes `[MASK]`, if it is hidden.
    pub replace: f64,
    /// Decides whether the token becomes `word`, if it is hidden and does not become `[MASK]`.
    pub random: f64,
    /// The random id.
    pub word: u32,
}

impl KmerMasking {
    /// Hides about `fraction` of the tokens of a long row.
    ///
    /// The published models used 0.15, and 0.2 in the last part of training.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::UnsupportedK`].
    ///
    /// # Panics
    ///
    /// Unless 0 ≤ `fraction` < 1.
    pub fn new(k: usize, fraction: f64) -> Result<Self, VocabularyError> {
        assert!((0.0..1.0).contains(&fraction), "a fraction of {fraction} is not in [0, 1)");
        // A token stays visible if none of the k centres that would hide it is drawn.
        Self::with_centres(k, 1.0 - (1.0 - fraction).powf(1.0 / k as f64))
    }

    /// Draws each token as a centre with probability `centre`, which is DNABERT's
    /// `mlm_probability`.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::UnsupportedK`].
    pub fn with_centres(k: usize, centre: f64) -> Result<Self, VocabularyError> {
        let vocabulary = Vocabulary::new(k)?;
        let (eligible, replacement) = (Eligible::default(), Replacement::default());
        Ok(Self { vocabulary, centre, eligible, replacement, apart: false })
    }

    /// Sets the choices of DNABERT's code: [`Eligible::NotRowMarks`] and [`Replacement::AnyId`].
    #[must_use]
    pub fn like_reference(mut self) -> Self {
        self.eligible = Eligible::NotRowMarks;
        self.replacement = Replacement::AnyId;
        self
    }

    /// Makes every hidden token `[MASK]`.
    #[must_use]
    pub fn masks_only(mut self) -> Self {
        self.replacement = Replacement::Never;
        self
    }

    /// Treats all tokens of a span alike: a fraction of 0.8 of the spans becomes `[MASK]`, in 0.1
    /// the bases that no visible token covers are replaced by random ones, and 0.1 is kept.
    ///
    /// No hidden token reveals another one then. The network also learns to judge whether the bases
    /// that it sees fit their context, which is what scoring variants needs.
    #[must_use]
    pub fn by_span(mut self) -> Self {
        self.replacement = Replacement::Span;
        self
    }

    /// Keeps at least one visible k-mer between any two spans, so that each span hides one base;
    /// hides about `fraction` of the tokens of a long row.
    #[must_use]
    pub fn apart(mut self, fraction: f64) -> Self {
        let k = self.vocabulary.k() as f64;
        self.centre = (fraction / (k * (1.0 - fraction))).min(1.0);
        self.apart = true;
        self
    }

    /// Hides tokens of a row by given random numbers, one [`Draws`] for each token.
    ///
    /// # Panics
    ///
    /// If the number of draws is not the number of tokens.
    pub fn apply(&self, ids: &[u32], draws: &[Draws]) -> MaskedRow {
        assert_eq!(ids.len(), draws.len(), "one draw for each token");
        let mut row = MaskedRow { ids: ids.to_vec(), ..MaskedRow::default() };
        let Some(last) = ids.iter().rposition(|&id| self.may_be_hidden(id)) else {
            return row;
        };
        let (before, after) = reach(self.vocabulary.k());
        let mut hidden = vec![false; ids.len()];
        for (place, draw) in draws.iter().enumerate() {
            if draw.centre < self.centre && self.may_be_hidden(ids[place]) {
                // Position 0 is [CLS]: a span is cut off there, and after the last k-mer.
                let first = place.saturating_sub(before).max(1);
                if self.apart && (hidden[first] || hidden[first - 1]) {
                    continue;
                }
                hidden[first..=(place + after).min(last)].fill(true);
            }
        }
        if self.eligible == Eligible::Kmers {
            for (place, hidden) in hidden.iter_mut().enumerate() {
                *hidden &= self.may_be_hidden(ids[place]);
            }
        }
        row.places = (0..ids.len()).filter(|&place| hidden[place]).collect();
        row.targets = row.places.iter().map(|&place| ids[place]).collect();
        if self.replacement == Replacement::Span {
            for span in row.places.chunk_by(|a, b| a + 1 == *b) {
                self.replace_span(&mut row.ids, ids, span[0]..span[span.len() - 1] + 1, draws);
            }
            return row;
        }
        for &place in &row.places {
            let draw = draws[place];
            if draw.replace < 0.8 || self.replacement == Replacement::Never {
                row.ids[place] = SPECIAL_TOKENS.mask;
            } else if draw.random < 0.5 {
                row.ids[place] = draw.word;
            }
        }
        row
    }

    /// Replaces all tokens of a span alike, by the draws of its first token.
    fn replace_span(&self, new: &mut [u32], ids: &[u32], span: Range<usize>, draws: &[Draws]) {
        let Draws { replace, random, .. } = draws[span.start];
        if replace < 0.8 {
            new[span].fill(SPECIAL_TOKENS.mask);
        } else if random < 0.5 {
            let k = self.vocabulary.k();
            let mut bases = Vec::with_capacity(span.len() + k - 1);
            for kmer in ids[span.clone()].iter().filter_map(|&id| self.vocabulary.token(id)) {
                bases.truncate(bases.len().saturating_sub(k - 1));
                bases.extend(kmer.bytes());
            }
            // A visible neighbour shares k - 1 bases with the first, or last, token of the span.
            let is_kmer =
                |place: Option<&u32>| place.is_some_and(|&id| self.vocabulary.is_kmer(id));
            let first = if is_kmer(ids[..span.start].last()) { k - 1 } else { 0 };
            let last = bases.len() - if is_kmer(ids.get(span.end)) { k - 1 } else { 0 };
            for place in first..last {
                let draw = draws[(span.start + place).min(draws.len() - 1)];
                bases[place] = b"ACGT"[draw.word as usize % 4];
            }
            for (place, kmer) in span.zip(bases.windows(k)) {
                new[place] = self.vocabulary.kmer_id(kmer).unwrap_or(ids[place]);
            }
        }
    }

    fn may_be_hidden(&self, id: u32) -> bool {
        let SpecialTokens { pad, cls, sep, .. } = SPECIAL_TOKENS;
        match self.eligible {
            Eligible::Kmers => self.vocabulary.is_kmer(id),
            Eligible::NotRowMarks => ![pad, cls, sep].contains(&id),
        }
    }
}

/// How many k-mers a span extends before and after its centre; with the centre, k in all.
const fn reach(k: usize) -> (usize, usize) {
    ((k - 1) / 2, k / 2)
}

impl MaskPlan for KmerMasking {
    fn mask(&self, row: &Encoding, seed: u64) -> MaskedRow {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let ids = match self.replacement {
            Replacement::AnyId => 0..self.vocabulary.size() as u32,
            _ => self.vocabulary.kmer_ids(),
        };
        let draws: Vec<Draws> = (0..row.len())
            .map(|_| Draws {
                centre: random.random(),
                replace: random.random(),
                random: random.random(),
                word: random.random_range(ids.clone()),
            })
            .collect();
        self.apply(&row.ids, &draws)
    }
}

#[cfg(test)]
mod tests {
    use dnabert_core::{Sequence, Tokenizer};
    use proptest::prelude::*;

    use super::*;
    use crate::KmerTokenizer;

    #[test]
    fn spans_have_the_offsets_of_the_paper() {
        let spans: Vec<_> = (3..=6).map(reach).collect();
        assert_eq!(spans, [(1, 1), (1, 2), (2, 2), (2, 3)]);
    }

    #[test]
    fn the_requested_fraction_is_hidden_and_replaced_as_in_bert() {
        let text: String = (0..500).map(|i| ["A", "C", "G", "T"][i * i % 13 % 4]).collect();
        let sequence: Sequence = text.parse().unwrap();
        for k in 3..=6 {
            let row = KmerTokenizer::new(k).unwrap().encode(&sequence).unwrap();
            let masking = KmerMasking::new(k, 0.15).unwrap();
            let (mut hidden, mut masked, mut kept) = (0, 0, 0);
            for seed in 0..200 {
                let found = masking.mask(&row, seed);
                hidden += found.places.len();
                for (&place, &target) in found.places.iter().zip(&found.targets) {
                    masked += usize::from(found.ids[place] == SPECIAL_TOKENS.mask);
                    kept += usize::from(found.ids[place] == target);
                }
            }
            let fraction = hidden as f64 / (200 * (row.len() - 2)) as f64;
            assert!((fraction - 0.15).abs() < 0.01, "{fraction} for k = {k}");
            let [masked, kept] = [masked, kept].map(|count| count as f64 / hidden as f64);
            assert!((masked - 0.8).abs() < 0.02 && (kept - 0.1).abs() < 0.02, "{masked} {kept}");
        }
    }

    #[test]
    fn masks_only_hides_the_same_positions() {
        let text: String = (0..300).map(|i| ["A", "C", "G", "T"][i * i % 7 % 4]).collect();
        let row = KmerTokenizer::new(4).unwrap().encode(&text.parse().unwrap()).unwrap();
        let masking = KmerMasking::new(4, 0.3).unwrap();
        let (usual, masks_only) = (masking.mask(&row, 5), masking.masks_only().mask(&row, 5));
        assert_eq!((&usual.places, &usual.targets), (&masks_only.places, &masks_only.targets));
        assert!(
            masks_only.places.iter().all(|&place| masks_only.ids[place] == SPECIAL_TOKENS.mask)
        );
    }

    #[test]
    fn a_span_is_hidden_mutated_or_left_as_a_whole() {
        let text: String = (0..400).map(|i| ["A", "C", "G", "T"][i * i % 11 % 4]).collect();
        let tokenizer = KmerTokenizer::new(4).unwrap();
        let row = tokenizer.encode(&text.parse().unwrap()).unwrap();
        let masking = KmerMasking::new(4, 0.2).unwrap().by_span();
        let (mut masked, mut kept, mut mutated) = (0, 0, 0);
        for seed in 0..300 {
            let found = masking.mask(&row, seed);
            for span in found.places.chunk_by(|a, b| a + 1 == *b) {
                let ids = &found.ids[span[0]..=span[span.len() - 1]];
                if ids.contains(&SPECIAL_TOKENS.mask) {
                    assert!(ids.iter().all(|&id| id == SPECIAL_TOKENS.mask));
                    masked += 1;
                } else if ids == &row.ids[span[0]..=span[span.len() - 1]] {
                    kept += 1;
                } else {
                    mutated += 1;
                }
            }
            // The visible tokens still spell one sequence: neighbours agree in k - 1 bases.
            let tokens = |id| tokenizer.vocabulary().token(id).unwrap();
            for (a, b) in found.ids.iter().zip(&found.ids[1..]) {
                if *a >= 5 && *b >= 5 {
                    assert_eq!(tokens(*a)[1..], tokens(*b)[..3]);
                }
            }
        }
        let all = f64::from(masked + kept + mutated);
        assert!((f64::from(masked) / all - 0.8).abs() < 0.02, "{masked} of {all}");
        // A random base equals the old one in a quarter of the cases.
        assert!((0.06..0.09).contains(&(f64::from(mutated) / all)), "{mutated} of {all}");
    }

    #[test]
    fn spans_that_are_kept_apart_hide_one_base_each() {
        let text: String = (0..500).map(|i| ["A", "C", "G", "T"][i * i % 17 % 4]).collect();
        for k in [3, 4, 6] {
            let row = KmerTokenizer::new(k).unwrap().encode(&text.parse().unwrap()).unwrap();
            let masking = KmerMasking::new(k, 0.15).unwrap().apart(0.6);
            let mut hidden = 0;
            for seed in 0..100 {
                let places = masking.mask(&row, seed).places;
                hidden += places.len();
                for span in places.chunk_by(|a, b| a + 1 == *b) {
                    let at_the_end = span[0] == 1 || span.contains(&(row.len() - 2));
                    assert!(span.len() == k || at_the_end && span.len() < k, "{span:?}");
                }
            }
            let fraction = hidden as f64 / (100 * (row.len() - 2)) as f64;
            assert!((fraction - 0.6).abs() < 0.02, "{fraction} for k = {k}");
        }
    }

    #[test]
    fn a_row_without_kmers_is_unchanged() {
        let row = Encoding { ids: vec![2, 3, 0], ..Encoding::default() };
        let masking = KmerMasking::new(3, 0.9).unwrap();
        assert_eq!(masking.mask(&row, 1), MaskedRow { ids: row.ids, ..MaskedRow::default() });
    }

    proptest! {
        #[test]
        fn only_kmers_are_hidden_and_only_hidden_tokens_change(
            ids in prop::collection::vec(0_u32..69, 1..80), seed: u64,
        ) {
            let row = Encoding { ids, ..Encoding::default() };
            let found = KmerMasking::new(3, 0.3).unwrap().mask(&row, seed);
            prop_assert_eq!(found.ids.len(), row.len());
            let mut restored = found.ids.clone();
            for (&place, &target) in found.places.iter().zip(&found.targets) {
                prop_assert!(target >= 5);
                prop_assert!(found.ids[place] == SPECIAL_TOKENS.mask || found.ids[place] >= 5);
                restored[place] = target;
            }
            prop_assert_eq!(restored, row.ids);
        }
    }
}
