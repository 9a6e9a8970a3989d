//! Sequences in, attention to each base out.

use std::path::Path;

use burn::tensor::Device;
use dnabert_core::{Encoding, Sequence, Tiling, TokenizeError, Tokenizer};
use dnabert_interpret::{AttentionScores, Heads, Query, TrackBuilder};
use dnabert_model::{Bert, Checkpoint, Encoder};

use crate::tiled::{Batching, rows};
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
    heads: Heads,
    query: Query,
    batching: Batching,
}

/// Rows that one forward pass sees.
const BATCH_SIZE: usize = 16;

impl AttentionReader {
    /// Opens a model folder in the Hugging Face layout; heads are left aside. All heads of the last layer
    /// are read, and [`Query::Cls`].
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, PredictorError> {
        let folder = folder.as_ref();
        let checkpoint = Checkpoint::open(folder)?;
        let config = checkpoint.config();
        let tokenizer = AnyTokenizer::open(folder, config)?;
        let encoder = checkpoint.encoder(device)?.without_pooler();
        let heads = Heads::last(config.num_hidden_layers);
        let mut reader = Self::new(encoder, tokenizer, longest_row(config), heads, device.clone());
        reader.batching.padded_length = config.padded_length;
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
        Self { encoder, tokenizer, heads, query: Query::default(), batching }
    }

    /// The same reader of other layers and heads.
    #[must_use]
    pub fn with_heads(mut self, heads: Heads) -> Self {
        self.heads = heads;
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
    pub fn tracks(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        let mut tracks = vec![TrackBuilder::default(); sequences.len()];
        let mut waiting: Vec<(usize, Encoding)> = Vec::new();
        for (index, sequence) in sequences.iter().enumerate() {
            for row in rows(&self.tokenizer, sequence, self.batching.tiling) {
                let failed = |source| TokenizeError::InBatch { index, source: Box::new(source) };
                waiting.push((index, row.map_err(failed)?));
                if waiting.len() == self.batching.batch_size {
                    self.run(&mut waiting, &mut tracks);
                }
            }
        }
        if !waiting.is_empty() {
            self.run(&mut waiting, &mut tracks);
        }
        let tracks = tracks.into_iter().zip(sequences);
        Ok(tracks.map(|(track, sequence)| track.finish(sequence.len())).collect())
    }

    fn run(&self, waiting: &mut Vec<(usize, Encoding)>, tracks: &mut [TrackBuilder]) {
        let pad = self.tokenizer.special_tokens().pad;
        let rows: Vec<&Encoding> = waiting.iter().map(|(_, row)| row).collect();
        let batch = self.batching.upload(&rows, pad);
        let mut sink = AttentionScores::new(self.heads.clone(), self.query, batch.mask.clone());
        let _ = self.encoder.encode(&batch, &mut sink);
        let scores = sink.finish();
        for ((index, row), mut scores) in waiting.drain(..).zip(scores) {
            let tokens = row.len() as f32;
            scores.iter_mut().for_each(|score| *score *= tokens);
            tracks[index].add(&row, &scores);
        }
    }
}
