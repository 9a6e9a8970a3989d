//! Sequences in, hidden states out.

use dnabert_core::{Encoding, Sequence, Stitcher, TokenizeError, Tokenizer};
use dnabert_model::{Bert, Encoder, Pooling};

use crate::AnyTokenizer;
use crate::reader::SequenceReader;

/// The last hidden states of an encoder: for tokens, bases, or whole sequences of any length.
///
/// Sequences that do not fit in one row of tokens are read in rows that overlap by a quarter.
#[derive(Debug)]
pub struct Embedder<E: Encoder = Bert, T = AnyTokenizer> {
    encoder: E,
    reader: SequenceReader<T>,
}

/// One row of tokens and its states.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenStates {
    /// The tokens; spans have the coordinates of the whole sequence.
    pub row: Encoding,
    /// One vector for each token, `[length × hidden]`.
    pub states: Vec<f32>,
}

impl<E: Encoder, T: Tokenizer> Embedder<E, T> {
    /// An embedder; `encoder` should come from [`valid`](burn::module::Module::valid), so that
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
        let mut batch = Vec::with_capacity(self.reader.batch_size());
        for row in self.reader.rows(sequence) {
            batch.push(row?);
            if batch.len() == self.reader.batch_size() {
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
