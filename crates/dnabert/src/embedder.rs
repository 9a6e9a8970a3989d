//! Sequences in, hidden states out.

use std::path::Path;

use burn::tensor::Device;
use dnabert_core::{Encoding, Sequence, Stitcher, Tiling, TokenizeError, Tokenizer};
use dnabert_model::{Bert, Checkpoint, Encoder, Pooling};

use crate::tiled::{Batching, rows};
use crate::tokenizer::longest_row;
use crate::{AnyTokenizer, PredictorError};

/// The last hidden states of an encoder: for tokens, bases, or whole sequences of any length.
///
/// Sequences that do not fit in one row of tokens are read in rows that overlap by a quarter.
#[derive(Debug)]
pub struct Embedder<E: Encoder = Bert, T = AnyTokenizer> {
    encoder: E,
    tokenizer: T,
    batching: Batching,
}

/// One row of tokens and its states.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenStates {
    /// The tokens; spans have the coordinates of the whole sequence.
    pub row: Encoding,
    /// One vector for each token, `[length × hidden]`.
    pub states: Vec<f32>,
}

/// Rows that one forward pass sees.
const BATCH_SIZE: usize = 16;

impl Embedder {
    /// Opens a model folder in the Hugging Face layout; heads and pooler are left aside, so that
    /// [`Pooling::Cls`] means the state of `[CLS]` itself.
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, PredictorError> {
        let folder = folder.as_ref();
        Self::of(&Checkpoint::open(folder)?, folder, device)
    }

    /// As [`open`](Self::open), of a checkpoint whose config may have been changed; the tokenizer
    /// is that of `folder`.
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn of(
        checkpoint: &Checkpoint,
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<Self, PredictorError> {
        let tokenizer = AnyTokenizer::open(folder, checkpoint.config())?;
        let encoder = checkpoint.encoder(device)?.without_pooler();
        let longest = longest_row(checkpoint.config());
        let mut embedder = Self::new(encoder, tokenizer, longest, device.clone());
        embedder.batching.padded_length = checkpoint.config().padded_length;
        Ok(embedder)
    }
}

impl<E: Encoder, T: Tokenizer> Embedder<E, T> {
    /// An embedder with rows of at most `longest` tokens; `encoder` should come from
    /// [`valid`](burn::module::Module::valid), so that dropout is off.
    ///
    /// # Panics
    ///
    /// If `longest` is less than 3.
    pub fn new(encoder: E, tokenizer: T, longest: usize, device: Device) -> Self {
        let tiling = Tiling::new(longest, longest.saturating_sub(2) / 4);
        let batching = Batching { tiling, batch_size: BATCH_SIZE, padded_length: None, device };
        Self { encoder, tokenizer, batching }
    }

    /// The same embedder with its tokenizer changed, such as by another policy for ambiguous
    /// letters.
    #[must_use]
    pub fn map_tokenizer(mut self, change: impl FnOnce(T) -> T) -> Self {
        self.tokenizer = change(self.tokenizer);
        self
    }

    /// The same embedder with another number of rows in a forward pass: more for a GPU.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn with_batch_size(mut self, batch_size: usize) -> Self {
        assert!(batch_size > 0, "batches of no row");
        self.batching.batch_size = batch_size;
        self
    }

    /// The same embedder with other rows for long sequences.
    #[must_use]
    pub fn with_tiling(mut self, tiling: Tiling) -> Self {
        self.batching.tiling = tiling;
        self
    }

    /// Width of the vectors.
    pub fn hidden_size(&self) -> usize {
        self.encoder.hidden_size()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        &self.tokenizer
    }

    /// Hands the states of every token to `take`, row after row; special tokens included, and
    /// tokens that two rows share given twice. Memory holds one batch of rows (with byte
    /// pairs, the ids of the whole sequence too).
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for a sequence that cannot be read; some rows may have been given.
    pub fn tokens(
        &self,
        sequence: &Sequence,
        mut take: impl FnMut(&TokenStates),
    ) -> Result<(), TokenizeError> {
        let mut batch = Vec::with_capacity(self.batching.batch_size);
        for row in rows(&self.tokenizer, sequence, self.batching.tiling) {
            batch.push(row?);
            if batch.len() == self.batching.batch_size {
                self.run(&mut batch, &mut take);
            }
        }
        if !batch.is_empty() {
            self.run(&mut batch, &mut take);
        }
        Ok(())
    }

    /// Hands the vector of every base to `take`, from left to right: its position, and the mean
    /// over all tokens that cover it, `None` where no token does.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for a sequence that cannot be read; some bases may have been given.
    pub fn bases(
        &self,
        sequence: &Sequence,
        mut take: impl FnMut(usize, Option<&[f32]>),
    ) -> Result<(), TokenizeError> {
        let width = self.hidden_size();
        let mut stitcher = Stitcher::new(width);
        self.tokens(sequence, |TokenStates { row, states }| {
            let spans = row.spans.iter().zip(states.chunks(width));
            let mut covering = spans.filter_map(|(span, state)| Some((span.clone()?, state)));
            let Some((first, state)) = covering.next() else {
                return;
            };
            // Rows come from left to right: no later one reaches back before this one.
            stitcher.finish(first.start, &mut take);
            stitcher.add(first, state);
            covering.for_each(|(span, state)| stitcher.add(span, state));
        })?;
        stitcher.finish(sequence.len(), take);
        Ok(())
    }

    /// One vector for each sequence: the mean of its rows' pooled states, weighted by their tokens.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that fails.
    pub fn sequences(
        &self,
        sequences: &[Sequence],
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        self.batching.mean_over_rows(sequences, &self.tokenizer, |batch| {
            pooling.pool(&self.encoder.encode(batch, &mut ()), batch.mask.as_ref())
        })
    }

    fn run(&self, batch: &mut Vec<Encoding>, take: &mut impl FnMut(&TokenStates)) {
        let pad = self.tokenizer.special_tokens().pad;
        let rows: Vec<&Encoding> = batch.iter().collect();
        let inputs = self.batching.upload(&rows, pad);
        let hidden = self.encoder.encode(&inputs, &mut ()).hidden;
        let [_, length, width] = hidden.dims();
        let values: Vec<f32> = hidden.into_data().iter::<f32>().collect();
        for (row, states) in batch.drain(..).zip(values.chunks(length * width)) {
            let states = states[..row.len() * width].to_vec();
            take(&TokenStates { row, states });
        }
    }
}
