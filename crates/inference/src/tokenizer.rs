//! The tokenizer of a model folder.

use std::path::Path;

use dnabert_core::{
    AmbiguityPolicy, Encoding, LengthPolicy, Sequence, SpecialTokens, Tiles, Tiling, TokenizeError,
    Tokenizer,
};
use dnabert_kmer::{KmerTokenizer, Vocabulary};
use dnabert_model::BertConfig;

use crate::{ModelError, OwnTokenizer};

/// The tokenizer of a model, of any kind. Code that is generic over tokenizers need not know which.
///
/// ```
/// use dnabert_core::Tokenizer;
/// use dnabert_inference::AnyTokenizer;
/// use dnabert_model::BertConfig;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let config = BertConfig::read(format!("{folder}/config.json"))?;
/// let tokenizer = AnyTokenizer::open(folder, &config)?;
/// let row = tokenizer.encode(&"ACGTTGCA".parse()?)?;
/// println!("{} tokens, k = {:?}", row.len(), tokenizer.k());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one for each model")]
pub enum AnyTokenizer {
    /// DNABERT's k-mers.
    Kmer(KmerTokenizer),
    /// DNABERT-2's byte pairs.
    #[cfg(feature = "bpe")]
    Bpe(dnabert_bpe::BpeTokenizer),
    /// A user-defined tokenizer. It has no file: open a folder of its network by
    /// [`Model::open_with_tokenizer`](crate::Model::open_with_tokenizer).
    Own(OwnTokenizer),
}

impl AnyTokenizer {
    /// A user-defined tokenizer.
    pub fn own(tokenizer: impl Tokenizer + 'static) -> Self {
        Self::Own(OwnTokenizer::new(tokenizer))
    }

    /// Opens `vocab.txt` of a model folder or, if there is none, `tokenizer.json`. The longest row
    /// of the network is the limit.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be read, or whose ids do not match those of the
    /// network.
    pub fn open(folder: impl AsRef<Path>, config: &BertConfig) -> Result<Self, ModelError> {
        let folder = folder.as_ref();
        let json = folder.join("tokenizer.json");
        let vocabulary = folder.join("vocab.txt");
        let tokenizer = if vocabulary.exists() || !json.exists() {
            Self::Kmer(Vocabulary::read(vocabulary)?.into())
        } else {
            Self::open_bpe(&json)?
        };
        tokenizer.for_config(config)
    }

    /// The same tokenizer, with the longest row of a network as its limit.
    ///
    /// # Errors
    ///
    /// [`ModelError::VocabularySize`] if its ids do not match those of the network.
    pub fn for_config(self, config: &BertConfig) -> Result<Self, ModelError> {
        let (tokenizer, network) = (self.vocab_size(), config.vocab_size);
        if tokenizer != network {
            return Err(ModelError::VocabularySize { tokenizer, network });
        }
        Ok(self.with_length(LengthPolicy::Reject(config.longest_row())))
    }

    #[cfg(feature = "bpe")]
    fn open_bpe(path: &Path) -> Result<Self, ModelError> {
        Ok(Self::Bpe(dnabert_bpe::BpeTokenizer::read(path)?))
    }

    #[cfg(not(feature = "bpe"))]
    fn open_bpe(path: &Path) -> Result<Self, ModelError> {
        Err(ModelError::NoBpe { path: path.into() })
    }

    /// The same tokenizer with another policy for ambiguous letters. A user-defined tokenizer stays
    /// as it is.
    #[must_use]
    pub fn with_ambiguity(self, policy: AmbiguityPolicy) -> Self {
        match self {
            Self::Kmer(tokenizer) => Self::Kmer(tokenizer.with_ambiguity(policy)),
            #[cfg(feature = "bpe")]
            Self::Bpe(tokenizer) => Self::Bpe(tokenizer.with_ambiguity(policy)),
            own @ Self::Own(_) => own,
        }
    }

    /// The same tokenizer with another policy for long rows.
    #[must_use]
    pub fn with_length(self, policy: LengthPolicy) -> Self {
        match self {
            Self::Kmer(tokenizer) => Self::Kmer(tokenizer.with_length(policy)),
            #[cfg(feature = "bpe")]
            Self::Bpe(tokenizer) => Self::Bpe(tokenizer.with_length(policy)),
            Self::Own(tokenizer) => Self::Own(tokenizer.with_length(policy)),
        }
    }

    /// The same tokenizer with rows for DNABERT's heads over chunks; see
    /// [`KmerTokenizer::with_pieces`]. Other tokenizers do not have such rows.
    #[must_use]
    pub fn with_pieces(self) -> Self {
        match self {
            Self::Kmer(tokenizer) => Self::Kmer(tokenizer.with_pieces()),
            other => other,
        }
    }

    /// The k-mer length; `None` for other tokens.
    pub fn k(&self) -> Option<usize> {
        match self {
            Self::Kmer(tokenizer) => Some(tokenizer.k()),
            _ => None,
        }
    }

    /// Writes the files that [`open`](Self::open) and Python transformers read into `folder`, which
    /// must exist. For a user-defined tokenizer, nothing is written.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be written.
    pub fn save(&self, config: &BertConfig, folder: impl AsRef<Path>) -> Result<(), ModelError> {
        let folder = folder.as_ref();
        match self {
            Self::Kmer(tokenizer) => {
                tokenizer.vocabulary().write(folder.join("vocab.txt"))?;
                let maximum = config.max_position_embeddings;
                let settings =
                    format!(r#"{{"do_lower_case": false, "model_max_length": {maximum}}}"#);
                write_text(folder, "tokenizer_config.json", &settings)?;
            }
            #[cfg(feature = "bpe")]
            Self::Bpe(tokenizer) => {
                tokenizer.write(folder.join("tokenizer.json"))?;
                let settings = r#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#;
                write_text(folder, "tokenizer_config.json", settings)?;
            }
            Self::Own(_) => return Ok(()),
        }
        let special = r#"{"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}"#;
        write_text(folder, "special_tokens_map.json", special)
    }

    fn inner(&self) -> &dyn Tokenizer {
        match self {
            Self::Kmer(tokenizer) => tokenizer,
            #[cfg(feature = "bpe")]
            Self::Bpe(tokenizer) => tokenizer,
            Self::Own(tokenizer) => tokenizer,
        }
    }
}

fn write_text(folder: &Path, file: &str, text: &str) -> Result<(), ModelError> {
    let path = folder.join(file);
    dnabert_core::file::write(&path, text.as_bytes())
        .map_err(|source| ModelError::Io { path, source })
}

impl From<KmerTokenizer> for AnyTokenizer {
    fn from(tokenizer: KmerTokenizer) -> Self {
        Self::Kmer(tokenizer)
    }
}

impl Tokenizer for AnyTokenizer {
    fn encode(&self, sequence: &Sequence) -> Result<Encoding, TokenizeError> {
        self.inner().encode(sequence)
    }

    fn encode_pair(&self, first: &Sequence, second: &Sequence) -> Result<Encoding, TokenizeError> {
        self.inner().encode_pair(first, second)
    }

    fn tiles<'a>(&'a self, sequence: &'a Sequence, tiling: Tiling) -> Tiles<'a> {
        self.inner().tiles(sequence, tiling)
    }

    fn decode(&self, ids: &[u32]) -> Result<Sequence, TokenizeError> {
        self.inner().decode(ids)
    }

    fn vocab_size(&self) -> usize {
        self.inner().vocab_size()
    }

    fn special_tokens(&self) -> SpecialTokens {
        self.inner().special_tokens()
    }

    fn encode_batch(&self, sequences: &[Sequence]) -> Result<Vec<Encoding>, TokenizeError> {
        self.inner().encode_batch(sequences)
    }
}
