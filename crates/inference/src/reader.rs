//! Reads sequences of any length as batches of token rows. Every view of a model uses it.

use burn::tensor::{Device, Tensor};
use dnabert_core::{Encoding, Sequence, Tiles, Tiling, TokenizeError, Tokenizer};
use dnabert_model::{BertConfig, TokenBatch};

use crate::BatchSize;
use crate::backend::is_cpu;

/// Lengths of rows on a GPU are multiples of it.
const LENGTHS: usize = 32;

/// How sequences become batches of token rows on a device: the tokenizer, the tiling of long
/// sequences, and the number of rows in a forward pass.
///
/// A sequence that does not fit in one row is divided into several, which overlap by a quarter
/// unless [`with_tiling`](Self::with_tiling) sets another overlap.
///
/// ```
/// use dnabert_inference::{SequenceReader, device};
/// use dnabert_kmer::KmerTokenizer;
///
/// let reader = SequenceReader::new(KmerTokenizer::new(3)?, /* tokens */ 10, device(None)?);
/// let sequence = "ACGTTGCAACGTTGCAACGT".parse()?; // 18 3-mers
/// assert_eq!(reader.rows(&sequence).count(), 3); // of up to 8 3-mers, which overlap by 2
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SequenceReader<T> {
    tokenizer: T,
    tiling: Tiling,
    batch_size: BatchSize,
    /// The length that every row is padded to. With `None`, rows are padded to the longest in their
    /// batch.
    padded_length: Option<usize>,
    device: Device,
}

impl<T> SequenceReader<T> {
    /// A reader with rows of at most `longest` tokens, 32 in a forward pass.
    ///
    /// # Panics
    ///
    /// If `longest` is less than 3.
    pub fn new(tokenizer: T, longest: usize, device: Device) -> Self {
        let tiling = Tiling::new(longest, longest.saturating_sub(2) / 4);
        Self { tokenizer, tiling, batch_size: BatchSize::Rows(32), padded_length: None, device }
    }

    /// A reader for a network of `config`. Rows have at most the length that the network can read,
    /// and are padded as the config says.
    pub fn for_config(tokenizer: T, config: &BertConfig, device: Device) -> Self {
        let reader = Self::new(tokenizer, config.longest_row(), device);
        reader.with_padded_length(config.padded_length)
    }

    /// The same reader with another number of rows in a forward pass.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn with_batch_size(mut self, batch_size: impl Into<BatchSize>) -> Self {
        self.batch_size = batch_size.into().checked();
        self
    }

    /// The same reader with other tiles for long sequences.
    #[must_use]
    pub fn with_tiling(mut self, tiling: Tiling) -> Self {
        self.tiling = tiling;
        self
    }

    /// The same reader with all rows padded to a length.
    #[must_use]
    pub fn with_padded_length(mut self, padded_length: Option<usize>) -> Self {
        self.padded_length = padded_length;
        self
    }

    /// The same reader with another tokenizer, made from this one.
    #[must_use]
    pub fn map_tokenizer<U>(self, change: impl FnOnce(T) -> U) -> SequenceReader<U> {
        let Self { tokenizer, tiling, batch_size, padded_length, device } = self;
        SequenceReader { tokenizer: change(tokenizer), tiling, batch_size, padded_length, device }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        &self.tokenizer
    }

    /// Rows in a forward pass.
    pub fn batch_size(&self) -> BatchSize {
        self.batch_size
    }

    /// The device of the batches.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The same reader on another device.
    #[must_use]
    pub(crate) fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }
}

impl<T: Tokenizer> SequenceReader<T> {
    /// The one row of a short sequence, or the overlapping rows of a long one.
    pub fn rows<'a>(&'a self, sequence: &'a Sequence) -> Tiles<'a> {
        match self.tokenizer.encode(sequence) {
            Err(TokenizeError::TooLong { .. }) => self.tokenizer.tiles(sequence, self.tiling),
            Ok(row) if row.len() > self.tiling.max_tokens() => row.into_tiles(self.tiling),
            row => Box::new(std::iter::once(row)),
        }
    }

    /// One batch on the device, `[rows, length]`.
    ///
    /// A GPU compiles and tunes its kernels for every shape. So that there are few, rows there have
    /// a multiple of 32 tokens, unless the length of rows is given or too short, and a batch has a
    /// power of two of rows: the last row is then repeated, and what follows the rows that were
    /// given means nothing.
    pub fn upload(&self, rows: &[&Encoding]) -> TokenBatch {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let pad = self.tokenizer.special_tokens().pad;
        match rows.last() {
            Some(last) if !is_cpu(&self.device) => {
                let [count, length] = self.shape_on_gpu(rows.len(), longest);
                let mut rows = rows.to_vec();
                rows.resize(count, last);
                TokenBatch::padded(&rows, length, pad, &self.device)
            }
            _ => {
                let length = longest.max(self.padded_length.unwrap_or_default());
                TokenBatch::padded(rows, length, pad, &self.device)
            }
        }
    }

    /// Whether these rows are a batch: one row more would be too many.
    pub(crate) fn is_full<'a>(&self, rows: impl ExactSizeIterator<Item = &'a Encoding>) -> bool {
        let count = rows.len();
        count >= self.rows_in_batch(rows.map(Encoding::len).max().unwrap_or_default())
    }

    /// The largest number of rows of `length` tokens in a batch.
    pub(crate) fn rows_in_batch(&self, length: usize) -> usize {
        let [_, length] = self.shape_on_gpu(1, length);
        let rows = self.batch_size.rows(length);
        match self.batch_size {
            // Below the power of two to which the rows would be filled up.
            BatchSize::Tokens(_) => 1 << rows.ilog2(),
            BatchSize::Rows(_) => rows,
        }
    }

    /// The rows and the length of a batch with so many rows, the longest of `longest` tokens.
    fn shape_on_gpu(&self, rows: usize, longest: usize) -> [usize; 2] {
        let length = match self.padded_length {
            Some(length) => length.max(longest),
            None => longest.next_multiple_of(LENGTHS).min(self.tiling.max_tokens().max(longest)),
        };
        let most = match self.batch_size {
            BatchSize::Rows(most) => most.max(rows),
            BatchSize::Tokens(_) => usize::MAX,
        };
        [rows.next_power_of_two().min(most), length]
    }

    /// Calls `take` with every batch. Rows are in the order of the sequences. `take` gets the batch
    /// and, for each of its rows, the index of the sequence and the tokens. Only one batch of rows
    /// is in memory.
    pub(crate) fn each_batch(
        &self,
        sequences: &[Sequence],
        mut take: impl FnMut(&TokenBatch, &[(usize, Encoding)]),
    ) -> Result<(), TokenizeError> {
        let mut waiting: Vec<(usize, Encoding)> = Vec::new();
        let mut run = |waiting: &mut Vec<(usize, Encoding)>| {
            let rows: Vec<&Encoding> = waiting.iter().map(|(_, row)| row).collect();
            take(&self.upload(&rows), waiting);
            waiting.clear();
        };
        for (index, sequence) in sequences.iter().enumerate() {
            for row in self.rows(sequence) {
                waiting.push((index, row.map_err(in_batch(index))?));
                if self.is_full(waiting.iter().map(|(_, row)| row)) {
                    run(&mut waiting);
                }
            }
        }
        if !waiting.is_empty() {
            run(&mut waiting);
        }
        Ok(())
    }

    /// The mean vector of each sequence. `pool` gives a vector for each row (`[rows, width]`), and
    /// each row is weighted by its number of tokens that cover bases. Only a few batches of rows
    /// are in memory.
    pub(crate) fn mean_over_rows(
        &self,
        sequences: &[Sequence],
        pool: impl Fn(&TokenBatch) -> Tensor<2>,
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        let mut means = vec![Mean::default(); sequences.len()];
        let mut waiting: Vec<(usize, Encoding)> = Vec::new();
        let mut tokens = 0;
        for (index, sequence) in sequences.iter().enumerate() {
            for row in self.rows(sequence) {
                let row = row.map_err(in_batch(index))?;
                tokens += row.len();
                waiting.push((index, row));
                if self.batch_size.is_window(waiting.len(), tokens) {
                    self.run(&mut waiting, &pool, &mut means);
                    tokens = 0;
                }
            }
        }
        self.run(&mut waiting, &pool, &mut means);
        Ok(means.into_iter().map(Mean::finish).collect())
    }

    fn run(
        &self,
        waiting: &mut Vec<(usize, Encoding)>,
        pool: &impl Fn(&TokenBatch) -> Tensor<2>,
        means: &mut [Mean],
    ) {
        waiting.sort_by_key(|(_, row)| std::cmp::Reverse(row.len()));
        // All batches are started before the first is read back, so that a GPU never waits.
        let mut started = Vec::new();
        let mut rest = &waiting[..];
        while let Some((_, longest)) = rest.first() {
            // As many rows as fit with the length of the first one, the longest.
            let rows = self.rows_in_batch(longest.len()).min(rest.len());
            let (chunk, after) = rest.split_at(rows);
            let rows: Vec<&Encoding> = chunk.iter().map(|(_, row)| row).collect();
            started.push((chunk, pool(&self.upload(&rows))));
            rest = after;
        }
        for (chunk, pooled) in started {
            let [_, width] = pooled.dims();
            let values: Vec<f32> = pooled.into_data().iter::<f32>().collect();
            for ((index, row), vector) in chunk.iter().zip(values.chunks(width)) {
                means[*index].add(vector, row.spans.iter().flatten().count());
            }
        }
        waiting.clear();
    }
}

/// Adds the index of the sequence to an error.
pub(crate) fn in_batch(index: usize) -> impl Fn(TokenizeError) -> TokenizeError {
    move |source| TokenizeError::InBatch { index, source: Box::new(source) }
}

/// A weighted running mean of vectors.
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

#[cfg(test)]
mod tests {
    use dnabert_kmer::KmerTokenizer;

    use super::*;

    #[test]
    fn batches_on_a_gpu_have_few_shapes() {
        let tokenizer = KmerTokenizer::new(3).unwrap();
        let device = crate::device(None).unwrap();
        let reader = SequenceReader::new(tokenizer, 100, device).with_batch_size(24);
        assert_eq!(reader.rows_in_batch(33), 24);
        assert_eq!(reader.shape_on_gpu(5, 33), [8, 64]);
        assert_eq!(reader.shape_on_gpu(8, 64), [8, 64]);
        // Neither more rows than a batch has, nor more tokens than the network reads.
        assert_eq!(reader.shape_on_gpu(17, 97), [24, 100]);
        let by_tokens = reader.clone().with_batch_size(BatchSize::Tokens(1024));
        assert_eq!(by_tokens.rows_in_batch(33), 16, "of 64 tokens each");
        assert_eq!(by_tokens.rows_in_batch(97), 8, "of 100 tokens each");
        assert_eq!(by_tokens.shape_on_gpu(5, 97), [8, 100]);
        let reader = reader.with_padded_length(Some(50));
        assert_eq!(reader.shape_on_gpu(1, 33), [1, 50]);
        assert_eq!(reader.shape_on_gpu(1, 60), [1, 60]);
    }
}
