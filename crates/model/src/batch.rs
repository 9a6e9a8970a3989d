//! Batches of token rows on the device.

use burn::tensor::{Device, Int, Tensor, TensorData};
use dnabert_core::Encoding;

/// Rows of token ids, padded on the right to one length.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_core::Encoding;
/// use dnabert_model::TokenBatch;
///
/// let row = |ids: &[u32]| {
///     let mut row = Encoding::default();
///     ids.iter().for_each(|&id| row.push(id, 0, None));
///     row
/// };
/// let (short, long) = (row(&[2, 9, 3]), row(&[2, 9, 33, 12, 3]));
/// let batch = TokenBatch::from_encodings(&[&short, &long], /* pad */ 0, &Device::flex());
/// assert_eq!(batch.dims(), [2, 5]);
/// let mask: Vec<f32> = batch.mask.unwrap().into_data().iter::<f32>().collect();
/// assert_eq!(mask[..5], [1.0, 1.0, 1.0, 0.0, 0.0]);
/// ```
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// Token ids, `[batch, length]`.
    pub ids: Tensor<2, Int>,
    /// Segment ids, `[batch, length]`; `None` if all are 0.
    pub segment_ids: Option<Tensor<2, Int>>,
    /// Mask, `[batch, length]`: 1 on real tokens and 0 on padding; `None` without padding.
    pub mask: Option<Tensor<2>>,
    /// Word vectors that replace those of the ids, `[batch, length, hidden]`, for attribution
    /// methods that change them. Everything else still uses the ids.
    pub word_vectors: Option<Tensor<3>>,
}

impl TokenBatch {
    /// Pads `encodings` to the longest of them and uploads them at once.
    ///
    /// # Panics
    ///
    /// If `encodings` is empty.
    pub fn from_encodings(encodings: &[&Encoding], pad: u32, device: &Device) -> Self {
        let length = encodings.iter().map(|row| row.len()).max().expect("a batch has rows");
        Self::padded(encodings, length, pad, device)
    }

    /// Pads `encodings` to `length` tokens and uploads them at once.
    ///
    /// # Panics
    ///
    /// If a row is longer than `length`.
    pub fn padded(encodings: &[&Encoding], length: usize, pad: u32, device: &Device) -> Self {
        let mut ids = Vec::with_capacity(encodings.len() * length);
        let mut segment_ids = Vec::with_capacity(ids.capacity());
        let mut mask = Vec::with_capacity(ids.capacity());
        for row in encodings {
            let padded = |values: &[u32], fill: u32| {
                let padding = std::iter::repeat_n(fill, length - values.len());
                values.iter().copied().chain(padding).map(|value| value as i32).collect::<Vec<_>>()
            };
            ids.extend(padded(&row.ids, pad));
            segment_ids.extend(padded(&row.segment_ids, 0));
            mask.extend((0..length).map(|place| f32::from(u8::from(place < row.len()))));
        }
        let shape = [encodings.len(), length];
        Self::from_rows(shape, ids, segment_ids, mask, device)
    }

    /// Uploads padded rows.
    ///
    /// Each vector holds `batch × length` values in row order; `mask` has 1 for real tokens and 0
    /// for padding.
    ///
    /// # Panics
    ///
    /// If a vector does not hold `batch × length` values.
    pub fn from_rows(
        shape: [usize; 2],
        ids: Vec<i32>,
        segment_ids: Vec<i32>,
        mask: Vec<f32>,
        device: &Device,
    ) -> Self {
        let segments = segment_ids.iter().any(|&id| id != 0);
        let padded = mask.contains(&0.0);
        Self {
            ids: Tensor::from_data(TensorData::new(ids, shape), device),
            segment_ids: segments
                .then(|| Tensor::from_data(TensorData::new(segment_ids, shape), device)),
            mask: padded.then(|| Tensor::from_data(TensorData::new(mask, shape), device)),
            word_vectors: None,
        }
    }

    /// Splits each row into rows of `length` tokens.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, n × length]`
    /// - output: `[batch × n, length]`
    ///
    /// # Panics
    ///
    /// If the row length is not a multiple of `length`.
    #[must_use]
    pub fn chunks(&self, length: usize) -> Self {
        let [rows, whole] = self.dims();
        let shape = [rows * whole / length, length];
        Self {
            ids: self.ids.clone().reshape(shape),
            segment_ids: self.segment_ids.clone().map(|ids| ids.reshape(shape)),
            mask: self.mask.clone().map(|mask| mask.reshape(shape)),
            word_vectors: self.word_vectors.clone().map(|vectors| {
                let [_, _, width] = vectors.dims();
                vectors.reshape([shape[0], shape[1], width])
            }),
        }
    }

    /// Returns batch size and row length.
    pub fn dims(&self) -> [usize; 2] {
        self.ids.dims()
    }
}
