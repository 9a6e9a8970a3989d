//! Sequences of any length through a network: tiles in batches, vectors averaged.

use burn::tensor::{Device, Tensor};
use dnabert_core::{Encoding, Sequence, Tiles, Tiling, TokenizeError, Tokenizer};
use dnabert_model::TokenBatch;

/// Batches whose rows are sorted by length together.
const WINDOW: usize = 16;

/// The one row of a short sequence, or overlapping rows of a long one.
pub(crate) fn rows<'a, T: Tokenizer>(
    tokenizer: &'a T,
    sequence: &'a Sequence,
    tiling: Tiling,
) -> Tiles<'a> {
    match tokenizer.encode(sequence) {
        Err(TokenizeError::TooLong { .. }) => tokenizer.tiles(sequence, tiling),
        Ok(row) if row.len() > tiling.max_tokens() => row.into_tiles(tiling),
        row => Box::new(std::iter::once(row)),
    }
}

/// How rows become tensors.
#[derive(Debug, Clone)]
pub(crate) struct Batching {
    pub(crate) tiling: Tiling,
    pub(crate) batch_size: usize,
    /// The length that every row is padded to; else that of the longest in its batch.
    pub(crate) padded_length: Option<usize>,
    pub(crate) device: Device,
}

impl Batching {
    /// One batch on the device.
    pub(crate) fn upload(&self, rows: &[&Encoding], pad: u32) -> TokenBatch {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let length = longest.max(self.padded_length.unwrap_or_default());
        TokenBatch::padded(rows, length, pad, &self.device)
    }

    /// Hands every batch to `take`, rows of all sequences in their order: the batch, and of each of its rows
    /// the sequence (by its place) and the tokens. No more than one batch of rows is held at once.
    pub(crate) fn each_batch<T: Tokenizer>(
        &self,
        sequences: &[Sequence],
        tokenizer: &T,
        mut take: impl FnMut(&TokenBatch, &[(usize, Encoding)]),
    ) -> Result<(), TokenizeError> {
        let pad = tokenizer.special_tokens().pad;
        let mut waiting: Vec<(usize, Encoding)> = Vec::new();
        let mut run = |waiting: &mut Vec<(usize, Encoding)>| {
            let rows: Vec<&Encoding> = waiting.iter().map(|(_, row)| row).collect();
            take(&self.upload(&rows, pad), waiting);
            waiting.clear();
        };
        for (index, sequence) in sequences.iter().enumerate() {
            for row in rows(tokenizer, sequence, self.tiling) {
                let failed = |source| TokenizeError::InBatch { index, source: Box::new(source) };
                waiting.push((index, row.map_err(failed)?));
                if waiting.len() == self.batch_size {
                    run(&mut waiting);
                }
            }
        }
        if !waiting.is_empty() {
            run(&mut waiting);
        }
        Ok(())
    }

    /// For each sequence the mean, over its rows, of the vectors that `pool` gives
    /// (`[rows, width]`), weighted by the tokens of each row that cover bases; no more than a few batches of rows are held at once.
    pub(crate) fn mean_over_rows<T: Tokenizer>(
        &self,
        sequences: &[Sequence],
        tokenizer: &T,
        pool: impl Fn(&TokenBatch) -> Tensor<2>,
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        let pad = tokenizer.special_tokens().pad;
        let mut means = vec![Mean::default(); sequences.len()];
        let mut waiting: Vec<(usize, Encoding)> = Vec::new();
        for (index, sequence) in sequences.iter().enumerate() {
            for row in rows(tokenizer, sequence, self.tiling) {
                let failed = |source| TokenizeError::InBatch { index, source: Box::new(source) };
                waiting.push((index, row.map_err(failed)?));
                if waiting.len() == WINDOW * self.batch_size {
                    self.run(&mut waiting, pad, &pool, &mut means);
                }
            }
        }
        self.run(&mut waiting, pad, &pool, &mut means);
        Ok(means.into_iter().map(Mean::finish).collect())
    }

    fn run(
        &self,
        waiting: &mut Vec<(usize, Encoding)>,
        pad: u32,
        pool: &impl Fn(&TokenBatch) -> Tensor<2>,
        means: &mut [Mean],
    ) {
        waiting.sort_by_key(|(_, row)| row.len());
        for chunk in waiting.chunks(self.batch_size) {
            let rows: Vec<&Encoding> = chunk.iter().map(|(_, row)| row).collect();
            let pooled = pool(&self.upload(&rows, pad));
            let [_, width] = pooled.dims();
            let values: Vec<f32> = pooled.into_data().iter::<f32>().collect();
            for ((index, row), vector) in chunk.iter().zip(values.chunks(width)) {
                means[*index].add(vector, row.spans.iter().flatten().count());
            }
        }
        waiting.clear();
    }
}

/// A running mean of vectors with weights.
#[derive(Debug, Clone, Default)]
struct Mean {
    sums: Vec<f64>,
    weight: f64,
}

impl Mean {
    fn add(&mut self, vector: &[f32], tokens: usize) {
        let weight = tokens as f64;
        self.sums.resize(vector.len(), 0.0);
        let sums = self.sums.iter_mut().zip(vector);
        sums.for_each(|(sum, &value)| *sum += weight * f64::from(value));
        self.weight += weight;
    }

    fn finish(self) -> Vec<f32> {
        self.sums.into_iter().map(|sum| (sum / self.weight) as f32).collect()
    }
}
