//! Sequences in, attention to each base out.

use std::path::Path;

use burn::tensor::Device;
use dnabert_core::{Attribution, Sequence, Tiling, TokenizeError, Tokenizer};
use dnabert_interpret::{AttentionScores, HeadScores, Heads, Query, Rollout, Tracks};
use dnabert_model::{Bert, BertConfig, Checkpoint, Encoder, Pooling, TokenBatch};

use crate::tiled::Batching;
use crate::tokenizer::longest_row;
use crate::{AnyTokenizer, PredictorError};

/// A network whose attention is read as one score for each base.
///
/// A score is the mean over the tokens that cover the base, times the tokens of the row: 1 is what even
/// attention would give, whatever the length of the sequence. Special tokens and padding have no base, so that
/// nothing of them is in it. Sequences that do not fit in one row are read in rows that overlap by a quarter.
#[derive(Debug)]
pub struct AttentionReader<E: Encoder = Bert, T = AnyTokenizer> {
    encoder: E,
    tokenizer: T,
    reading: Reading,
    query: Query,
    batching: Batching,
}

/// What of the attention is read.
#[derive(Debug, Clone)]
enum Reading {
    Heads(Heads),
    Rollout,
}

/// Rows that one forward pass sees.
const BATCH_SIZE: usize = 16;

impl AttentionReader {
    /// Opens a model folder in the Hugging Face layout; heads of classifiers are left aside. All heads of
    /// the last layer are read: by [`Query::Cls`] where the model classifies by `[CLS]`, as DNABERT does,
    /// else by [`Query::All`].
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, PredictorError> {
        let folder = folder.as_ref();
        Self::of(&Checkpoint::open(folder)?, folder, device)
    }

    /// As [`open`](Self::open), of a checkpoint whose config may have been changed; the tokenizer is that
    /// of `folder`.
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn of(
        checkpoint: &Checkpoint,
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<Self, PredictorError> {
        let encoder = checkpoint.encoder(device)?;
        Self::over(encoder, checkpoint.config(), folder, device)
    }

    /// A model of the same shape that has learned nothing, its weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file.
    pub fn untrained(
        folder: impl AsRef<Path>,
        seed: u64,
        device: &Device,
    ) -> Result<Self, PredictorError> {
        let folder = folder.as_ref();
        let checkpoint = Checkpoint::open(folder)?;
        let encoder = checkpoint.config().init(seed, device);
        Self::over(encoder, checkpoint.config(), folder, device)
    }

    fn over(
        encoder: Bert,
        config: &BertConfig,
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<Self, PredictorError> {
        let tokenizer = AnyTokenizer::open(folder, config)?;
        let heads = Heads::last(config.num_hidden_layers);
        let encoder = encoder.without_pooler();
        let mut reader = Self::new(encoder, tokenizer, longest_row(config), heads, device.clone());
        reader.batching.padded_length = config.padded_length;
        if config.pooling != Pooling::Cls {
            reader.query = Query::All;
        }
        Ok(reader)
    }
}

impl<E: Encoder, T: Tokenizer> AttentionReader<E, T> {
    /// A reader with rows of at most `longest` tokens; `encoder` should come from
    /// [`valid`](burn::module::Module::valid), so that dropout is off.
    ///
    /// # Panics
    ///
    /// If `longest` is less than 3.
    pub fn new(encoder: E, tokenizer: T, longest: usize, heads: Heads, device: Device) -> Self {
        let tiling = Tiling::new(longest, longest.saturating_sub(2) / 4);
        let batching = Batching { tiling, batch_size: BATCH_SIZE, padded_length: None, device };
        let (reading, query) = (Reading::Heads(heads), Query::default());
        Self { encoder, tokenizer, reading, query, batching }
    }

    /// The same reader of other layers and heads.
    #[must_use]
    pub fn with_heads(mut self, heads: Heads) -> Self {
        self.reading = Reading::Heads(heads);
        self
    }

    /// The same reader of [attention rollout](Rollout), in place of heads.
    #[must_use]
    pub fn with_rollout(mut self) -> Self {
        self.reading = Reading::Rollout;
        self
    }

    /// The same reader of another query.
    #[must_use]
    pub fn with_query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// The same reader with its tokenizer changed, such as by another policy for ambiguous letters.
    #[must_use]
    pub fn map_tokenizer(mut self, change: impl FnOnce(T) -> T) -> Self {
        self.tokenizer = change(self.tokenizer);
        self
    }

    /// The same reader with other rows for long sequences.
    #[must_use]
    pub fn with_tiling(mut self, tiling: Tiling) -> Self {
        self.batching.tiling = tiling;
        self
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        &self.tokenizer
    }

    /// The scores of the bases of each sequence; 0 where no token covers a base. Memory holds one batch of
    /// rows, besides the scores.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that cannot be read.
    ///
    /// # Panics
    ///
    /// If the network has none of the layers, or not all of the heads.
    pub fn tracks(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        let mut tracks = Tracks::default();
        self.batching.each_batch(sequences, &self.tokenizer, |batch, rows| {
            for ((index, row), mut scores) in rows.iter().zip(self.scores(batch)) {
                times(&mut scores, row.len());
                tracks.add(*index, sequences[*index].len(), row, &scores);
            }
        })?;
        Ok(tracks.finish(sequences.iter().map(Sequence::len)))
    }

    /// As [`tracks`](Self::tracks), of every head of every layer by itself: `[sequence][head][base]`, the
    /// heads of the first layer first.
    ///
    /// # Errors
    ///
    /// As [`tracks`](Self::tracks).
    pub fn head_tracks(&self, sequences: &[Sequence]) -> Result<Vec<Vec<Vec<f64>>>, TokenizeError> {
        let mut tracks: Vec<Tracks> = Vec::new();
        self.batching.each_batch(sequences, &self.tokenizer, |batch, rows| {
            let mut sink = HeadScores::new(self.query, batch.mask.clone());
            let _ = self.encoder.encode(batch, &mut sink);
            for ((index, row), heads) in rows.iter().zip(sink.finish()) {
                tracks.resize(heads.len(), Tracks::default());
                for (tracks, mut scores) in tracks.iter_mut().zip(heads) {
                    times(&mut scores, row.len());
                    tracks.add(*index, sequences[*index].len(), row, &scores);
                }
            }
        })?;
        let mut found: Vec<Vec<Vec<f64>>> = vec![Vec::new(); sequences.len()];
        for head in tracks {
            let tracks = head.finish(sequences.iter().map(Sequence::len));
            found.iter_mut().zip(tracks).for_each(|(own, track)| own.push(track));
        }
        Ok(found)
    }

    /// Scores of tokens, `[batch][length]`.
    fn scores(&self, batch: &TokenBatch) -> Vec<Vec<f32>> {
        let scores = match &self.reading {
            Reading::Heads(heads) => {
                let mut sink = AttentionScores::new(heads.clone(), self.query, batch.mask.clone());
                let _ = self.encoder.encode(batch, &mut sink);
                sink.finish()
            }
            Reading::Rollout => {
                let mut sink = Rollout::new(self.query, batch.mask.clone());
                let _ = self.encoder.encode(batch, &mut sink);
                sink.finish()
            }
        };
        assert!(!scores.is_empty(), "the network has no layer of {:?}", self.reading);
        scores
    }
}

/// Makes even attention over a row of `tokens` 1.
fn times(scores: &mut [f32], tokens: usize) {
    scores.iter_mut().for_each(|score| *score *= tokens as f32);
}

impl<E: Encoder, T: Tokenizer> Attribution for AttentionReader<E, T> {
    type Error = TokenizeError;

    /// [`tracks`](AttentionReader::tracks).
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        self.tracks(sequences)
    }
}
