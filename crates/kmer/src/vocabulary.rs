//! The published vocabularies: five special tokens, then every k-mer in A T C G order.

use std::path::{Path, PathBuf};

use dnabert_core::{Sequence, SpecialTokens};

use crate::codec;

/// The ids of the special tokens in every DNABERT vocabulary.
pub const SPECIAL_TOKENS: SpecialTokens = SpecialTokens { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 };

/// The special tokens as `vocab.txt` spells them, in the order of their ids.
pub(crate) const SPECIAL_NAMES: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// The vocabulary of all k-mers of one length; ids and tokens are computed, not stored.
///
/// ```
/// use dnabert_kmer::Vocabulary;
///
/// let vocabulary = Vocabulary::new(6)?;
/// assert_eq!((vocabulary.k(), vocabulary.size()), (6, 4101));
/// assert_eq!(vocabulary.id("ATGACC"), Some(463));
/// assert_eq!(vocabulary.token(463).as_deref(), Some("ATGACC"));
/// assert_eq!(vocabulary.id("[MASK]"), Some(4));
/// # Ok::<(), dnabert_kmer::VocabularyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    k: usize,
}

/// Why a vocabulary cannot be created, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// A k outside 1 to 8.
    #[error("k is {0}, but must be between 1 and 8")]
    UnsupportedK(usize),
    /// A file that cannot be read or written.
    #[error("{}: the vocabulary cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file whose number of lines fits no k.
    #[error(
        "{}: {lines} tokens fit no k-mer length (expected 4^k + 5 tokens, k from 1 to 8)",
        path.display()
    )]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// Its number of tokens.
        lines: usize,
    },
    /// A line whose token is not the one that DNABERT has there.
    #[error("{}:{line}: found {found:?}, expected {expected:?}", path.display())]
    WrongToken {
        /// The file.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// The token on that line.
        found: String,
        /// The token that DNABERT's vocabulary has on that line.
        expected: String,
    },
}

impl Vocabulary {
    /// The vocabulary of k-mers of length `k`.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::UnsupportedK`] unless 1 ≤ k ≤ 8.
    pub fn new(k: usize) -> Result<Self, VocabularyError> {
        if (1..=8).contains(&k) { Ok(Self { k }) } else { Err(VocabularyError::UnsupportedK(k)) }
    }

    /// The k-mer length.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of ids: 4^k + 5.
    pub fn size(&self) -> usize {
        codec::count(self.k) as usize + SPECIAL_NAMES.len()
    }

    /// The id of `token`, a k-mer in upper case or a special token, or `None`.
    pub fn id(&self, token: &str) -> Option<u32> {
        if token.len() == self.k
            && let Some(rank) = codec::rank(token.as_bytes())
        {
            return Some(first_kmer() + rank);
        }
        SPECIAL_NAMES.iter().position(|name| *name == token).map(|id| id as u32)
    }

    /// The id of a k-mer in upper case.
    pub(crate) fn kmer_id(&self, letters: &[u8]) -> Option<u32> {
        (letters.len() == self.k)
            .then(|| codec::rank(letters))
            .flatten()
            .map(|rank| first_kmer() + rank)
    }

    /// The token of `id`, or `None` if it is outside the vocabulary.
    pub fn token(&self, id: u32) -> Option<String> {
        match SPECIAL_NAMES.get(id as usize) {
            Some(name) => Some((*name).to_owned()),
            None => self.kmer(id).map(|letters| letters.map(char::from).collect()),
        }
    }

    /// All tokens in the order of their ids.
    pub fn tokens(&self) -> impl Iterator<Item = String> {
        (0..self.size() as u32).filter_map(|id| self.token(id))
    }

    /// The ids of all k-mers.
    pub fn kmer_ids(&self) -> std::ops::Range<u32> {
        first_kmer()..self.size() as u32
    }

    /// Whether `id` is the id of a k-mer.
    pub fn is_kmer(&self, id: u32) -> bool {
        self.kmer_ids().contains(&id)
    }

    /// The letters of the k-mer with this id, or `None` if the id is not that of a k-mer.
    pub(crate) fn kmer(&self, id: u32) -> Option<impl Iterator<Item = u8> + use<>> {
        self.is_kmer(id).then(|| codec::letters(id - first_kmer(), self.k))
    }

    /// The id of each k-mer of `sequence`, or `None` if it covers an ambiguous letter.
    pub(crate) fn ids<'a>(
        &self,
        sequence: &'a [u8],
    ) -> impl Iterator<Item = Option<u32>> + use<'a> {
        codec::ranks(sequence, self.k).map(|rank| rank.map(|rank| first_kmer() + rank))
    }

    /// Appends the ids of all k-mers of `sequence` to `ids`, and returns true.
    ///
    /// If the sequence has an ambiguous letter, appends nothing and returns false. This is faster
    /// than a tokenizer, which also records the bases of each token.
    ///
    /// ```
    /// let vocabulary = dnabert_kmer::Vocabulary::new(3)?;
    /// let mut ids = Vec::new();
    /// assert!(vocabulary.push_ids(&"ACGT".parse()?, &mut ids));
    /// assert_eq!(ids, [vocabulary.id("ACG").unwrap(), vocabulary.id("CGT").unwrap()]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push_ids(&self, sequence: &Sequence, ids: &mut Vec<u32>) -> bool {
        codec::push_clean_ranks(sequence.as_bytes(), self.k, first_kmer(), ids)
    }

    /// Reads `vocab.txt`, infers k from the number of lines, and checks every line.
    ///
    /// ```
    /// use dnabert_kmer::Vocabulary;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("vocab.txt");
    /// Vocabulary::new(4)?.write(&path)?;
    /// assert_eq!(Vocabulary::read(&path)?.k(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`VocabularyError`] with the file, and with line and token if they differ from DNABERT's.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, VocabularyError> {
        let path = path.as_ref();
        let text = dnabert_core::text::read(path)
            .map_err(|source| VocabularyError::Io { path: path.into(), source })?;
        let lines = text.lines().count();
        let vocabulary = (1..=8)
            .map(|k| Self { k })
            .find(|vocabulary| vocabulary.size() == lines)
            .ok_or_else(|| VocabularyError::WrongSize { path: path.into(), lines })?;
        for (index, (found, expected)) in text.lines().zip(vocabulary.tokens()).enumerate() {
            if found != expected {
                let (line, found) = (index + 1, found.to_owned());
                return Err(VocabularyError::WrongToken {
                    path: path.into(),
                    line,
                    found,
                    expected,
                });
            }
        }
        Ok(vocabulary)
    }

    /// Writes `vocab.txt`, one token on each line; if it fails, an existing file is unchanged.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::Io`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), VocabularyError> {
        let path = path.as_ref();
        let text: String = self.tokens().map(|token| token + "\n").collect();
        dnabert_core::file::write(path, text.as_bytes())
            .map_err(|source| VocabularyError::Io { path: path.into(), source })
    }
}

const fn first_kmer() -> u32 {
    SPECIAL_NAMES.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_published_files() {
        let sizes = [3, 4, 5, 6].map(|k| Vocabulary::new(k).unwrap().size());
        assert_eq!(sizes, [69, 261, 1029, 4101]);
        assert!(matches!(Vocabulary::new(0), Err(VocabularyError::UnsupportedK(0))));
        assert!(matches!(Vocabulary::new(9), Err(VocabularyError::UnsupportedK(9))));
    }

    #[test]
    fn id_and_token_are_inverse() {
        let vocabulary = Vocabulary::new(4).unwrap();
        for id in 0..vocabulary.size() as u32 {
            assert_eq!(vocabulary.id(&vocabulary.token(id).unwrap()), Some(id));
        }
        assert_eq!(vocabulary.token(261), None);
        for token in ["ACG", "acgt", "ACGN", "[CLS", ""] {
            assert_eq!(vocabulary.id(token), None, "{token}");
        }
    }

    #[test]
    fn a_written_file_is_read_back_and_a_changed_one_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocab.txt");
        Vocabulary::new(2).unwrap().write(&path).unwrap();
        assert_eq!(Vocabulary::read(&path).unwrap().k(), 2);

        let acgt_order = std::fs::read_to_string(&path).unwrap().replace("AT\n", "AC\n");
        std::fs::write(&path, acgt_order).unwrap();
        let error = Vocabulary::read(&path).unwrap_err();
        assert!(error.to_string().ends_with(r#"vocab.txt:7: found "AC", expected "AT""#));

        std::fs::write(&path, "A\nC\n").unwrap();
        let error = Vocabulary::read(&path).unwrap_err();
        assert!(matches!(error, VocabularyError::WrongSize { lines: 2, .. }));
    }
}
