//! Token rows on the device.

use burn::tensor::{Device, Int, Tensor, TensorData};
use dnabert_core::Encoding;

/// Rows of token ids, padded at the right to one length.
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// Token ids, `[batch, length]`.
    pub ids: Tensor<2, Int>,
    /// Segment ids, `[batch, length]`; `None` where all are 0.
    pub segment_ids: Option<Tensor<2, Int>>,
    /// 1 on real tokens and 0 on padding, `[batch, length]`; `None` where nothing is padded.
    pub mask: Option<Tensor<2>>,
    /// Word vectors that stand in for those of the ids, `[batch, length, hidden]`: for explanations that
    /// change them. Everything else is still read from the ids.
    pub word_vectors: Option<Tensor<3>>,
}

impl TokenBatch {
    /// Pads `encodings` to the longest of them and uploads once.
    ///
    /// # Panics
    ///
    /// If `encodings` is empty.
    pub fn from_encodings(encodings: &[&Encoding], pad: u32, device: &Device) -> Self {
        let length = encodings.iter().map(|row| row.len()).max().expect("a batch has rows");
        Self::padded(encodings, length, pad, device)
    }

    /// Pads `encodings` to `length` tokens and uploads once.
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

    /// Uploads rows that are padded already: ids, segment ids, and 1 or 0 for real or padding,
    /// each `batch × length` values in row order.
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

    /// The same tokens in rows of `length`: `[batch, n × length]` → `[batch × n, length]`.
    ///
    /// # Panics
    ///
    /// If the rows are no whole number of chunks long.
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

    /// Batch and length.
    pub fn dims(&self) -> [usize; 2] {
        self.ids.dims()
    }
}
