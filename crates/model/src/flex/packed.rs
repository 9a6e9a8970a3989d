//! Token rows without padding.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use crate::bias::PADDING;
use crate::{MaskMode, TokenBatch};

/// The tokens of several rows, one after the other.
pub(super) struct Packed {
    /// The index of each packed token in the batch, `row × length + position`.
    pub(super) places: Vec<usize>,
    /// The range of tokens of each row.
    pub(super) rows: Vec<Range<usize>>,
    /// The attention bias of each token as a key.
    pub(super) bias: Option<Vec<f32>>,
}

impl Packed {
    /// Returns `None` unless real tokens come first in every row.
    pub(super) fn of(batch: &TokenBatch, mode: MaskMode) -> Option<Self> {
        let [rows, length] = batch.dims();
        let mask: Option<Vec<f32>> =
            batch.mask.clone().map(|mask| mask.into_data().iter::<f32>().collect());
        let mut packed =
            Self { places: Vec::with_capacity(rows * length), rows: Vec::new(), bias: None };
        for row in 0..rows {
            let mut real = length;
            if let (MaskMode::Padding, Some(mask)) = (mode, &mask) {
                let mask = &mask[row * length..(row + 1) * length];
                real = mask.iter().take_while(|value| **value == 1.0).count();
                if mask[real..].iter().any(|value| *value != 0.0) {
                    return None;
                }
            }
            let start = packed.places.len();
            if real == 0 {
                // Every key of this row gets the padding bias. It changes the weights only by
                // rounding, as in the reference, which adds it in f32.
                packed.bias.get_or_insert_with(|| vec![0.0; rows * length])[start..start + length]
                    .fill(PADDING);
                real = length;
            }
            packed.places.extend((0..real).map(|place| row * length + place));
            packed.rows.push(start..start + real);
        }
        if mode == MaskMode::Head {
            packed.bias = mask;
        }
        Some(packed)
    }

    /// Returns whether these tokens of a row are masked padding.
    pub(super) fn is_padding(&self, tokens: &Range<usize>) -> bool {
        self.bias.as_ref().is_some_and(|bias| bias.get(tokens.start) == Some(&PADDING))
    }

    /// Returns the states of the first token of each row.
    pub(super) fn first(&self, states: &[f32], hidden: usize) -> Vec<f32> {
        let starts = self.rows.iter().map(|tokens| tokens.start * hidden);
        starts.flat_map(|start| &states[start..start + hidden]).copied().collect()
    }

    /// Returns the states in batch order, `[batch, length, hidden]`; padding gets zeros.
    pub(super) fn unpack(
        &self,
        states: Vec<f32>,
        [rows, length]: [usize; 2],
        hidden: usize,
        device: &Device,
    ) -> Tensor<3> {
        let all = if self.places.len() == rows * length {
            states
        } else {
            let mut all = vec![0.0; rows * length * hidden];
            for (row, tokens) in self.rows.iter().enumerate() {
                let own = &states[tokens.start * hidden..tokens.end * hidden];
                all[row * length * hidden..][..own.len()].copy_from_slice(own);
            }
            all
        };
        Tensor::from_data(TensorData::new(all, [rows, length, hidden]), device)
    }
}
