//! Reads the hidden states of a network.

use dnabert_core::{Encoding, Sequence, Stitcher, TokenizeError, Tokenizer};
use dnabert_model::{Bert, Encoder, Pooling};

use crate::AnyTokenizer;
use crate::BatchSize;
use crate::reader::SequenceReader;

/// The last hidden states of an encoder: for tokens, bases, or whole sequences of any length.
///
/// Sequences that do not fit in one row of tokens are read in rows that overlap by a quarter.
///
/// ```
/// use dnabert_inference::{Model, device};
/// use dnabert_model::Pooling;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/small-4");
/// let embedder = Model::open(folder, &device(None)?)?.embedder();
/// let sequences = ["ACGTTGCAACGT".parse()?, "TTTTACGTGGGACC".parse()?];
/// let vectors = embedder.sequences(&sequences, Pooling::Mean)?;
/// assert_eq!(vectors.len(), 2);
/// assert_eq!(vectors[0].len(), embedder.hidden_size());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Embedder<E: Encoder = Bert, T = AnyTokenizer> {
    encoder: E,
    reader: SequenceReader<T>,
}

/// One row of tokens and its hidden states.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenStates {
    /// The tokens. Their spans are positions in the whole sequence.
    pub row: Encoding,
    /// One vector for each token, `[length × hidden]`.
    pub states: Vec<f32>,
}

impl<E: Encoder, T: Tokenizer> Embedder<E, T> {
    /// An embedder. `encoder` should come from [`valid`](burn::module::Module::valid), so that
    /// dropout is off.
    pub fn new(encoder: E, reader: SequenceReader<T>) -> Self {
        Self { encoder, reader }
    }

    /// Width of the vectors.
    pub fn hidden_size(&self) -> usize {
        self.encoder.hidden_size()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        self.reader.tokenizer()
    }

    /// How many rows are in a forward pass.
    pub fn batch_size(&self) -> BatchSize {
        self.reader.batch_size()
    }

    /// Calls `take` with the states of every token, row by row. Special tokens are included, and
    /// tokens that two rows share are given twice. Only one batch of rows is in memory (with byte
    /// pairs, also the ids of the whole sequence).
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for a sequence that cannot be read. Some rows may already have been given.
    pub fn tokens(
        &self,
        sequence: &Sequence,
        mut take: impl FnMut(&TokenStates),
    ) -> Result<(), TokenizeError> {
        let mut batch = Vec::new();
        for row in self.reader.rows(sequence) {
            batch.push(row?);
            if self.reader.is_full(batch.iter()) {
                self.run(&mut batch, &mut take);
            }
        }
        if !batch.is_empty() {
            self.run(&mut batch, &mut take);
        }
        Ok(())
    }

    /// Calls `take` for every base, from left to right, with its position and its vector. The
    /// vector is the mean over all tokens that cover the base, `None` where no token does.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for a sequence that cannot be read. Some bases may already have been
    /// given.
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
            // Rows come from left to right: no later row covers a base before this one.
            stitcher.finish(first.start, &mut take);
            stitcher.add(first, state);
            covering.for_each(|(span, state)| stitcher.add(span, state));
        })?;
        stitcher.finish(sequence.len(), take);
        Ok(())
    }

    /// One vector for each sequence: the mean of the pooled states of its rows, weighted by their
    /// number of tokens.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that fails.
    pub fn sequences(
        &self,
        sequences: &[Sequence],
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        self.reader.mean_over_rows(sequences, |batch| {
            pooling.pool(&self.encoder.encode(batch, &mut ()), batch.mask.as_ref())
        })
    }

    fn run(&self, batch: &mut Vec<Encoding>, take: &mut impl FnMut(&TokenStates)) {
        let rows: Vec<&Encoding> = batch.iter().collect();
        let inputs = self.reader.upload(&rows);
        let hidden = self.encoder.encode(&inputs, &mut ()).hidden;
        let [_, length, width] = hidden.dims();
        let values: Vec<f32> = hidden.into_data().iter::<f32>().collect();
        for (row, states) in batch.drain(..).zip(values.chunks(length * width)) {
            let states = states[..row.len() * width].to_vec();
            take(&TokenStates { row, states });
        }
    }
}
