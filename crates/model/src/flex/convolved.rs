//! The convolution over packed rows.

use dnabert_kernels::{self as kernels, Buffer, Level, Norm, PackedRows};
use rayon::prelude::*;

use super::packed::Packed;
use super::param::{FlexParamLinear, FlexParamNorm};
use super::predict::Product;
use super::{activate, block_of};
use crate::{Activation, Convolution};

/// The parameters of a convolution.
pub(super) struct FlexParamConvolution {
    pub(super) dense: FlexParamLinear,
    pub(super) norm: FlexParamNorm,
    pub(super) activation: Activation,
}

/// A convolution, with weights in f32 or packed.
pub(super) struct PredictConvolution<'a> {
    pub(super) dense: Product<'a>,
    pub(super) norm: Norm<'a>,
    pub(super) activation: Activation,
}

impl FlexParamConvolution {
    pub(super) fn of(convolution: &Convolution, epsilon: f64) -> Option<Self> {
        Some(Self {
            dense: FlexParamLinear::of(&convolution.dense)?,
            norm: FlexParamNorm::of(&convolution.layer_norm, epsilon)?,
            activation: convolution.activation,
        })
    }

    pub(super) fn predict(&self) -> PredictConvolution<'_> {
        PredictConvolution {
            dense: Product::Whole(self.dense.weights()),
            norm: self.norm.norm(),
            activation: self.activation,
        }
    }
}

impl PredictConvolution<'_> {
    /// Computes [`Convolution::forward`] on packed states.
    pub(super) fn forward(&self, level: Level, states: &[f32], packed: &Packed) -> Buffer {
        let norm = self.norm;
        let hidden = norm.gamma.len();
        let width = self.dense.input() / hidden;
        // Zeros stand before the first row, between rows and after the last, so no window covers
        // two rows. Padding is zeros, too.
        let beyond = width / 2;
        let begins = |row: usize, token: usize| (token + (row + 1) * beyond) * hidden;
        let mut apart = Buffer::new(states.len() + (packed.rows.len() + 1) * beyond * hidden);
        apart.fill(0.0);
        for (row, tokens) in packed.rows.iter().enumerate() {
            if !packed.is_padding(tokens) {
                let own = &states[tokens.start * hidden..tokens.end * hidden];
                apart[begins(row, tokens.start)..][..own.len()].copy_from_slice(own);
            }
        }
        let mut output = Buffer::new(states.len());
        let block = block_of(packed.places.len());
        let mut pieces = Vec::new();
        let mut rest = &mut *output;
        for (row, tokens) in packed.rows.iter().enumerate() {
            for first in tokens.clone().step_by(block) {
                let count = block.min(tokens.end - first);
                let (piece, behind) = std::mem::take(&mut rest).split_at_mut(count * hidden);
                pieces.push((begins(row, first) - beyond * hidden, first, piece));
                rest = behind;
            }
        }
        pieces.into_par_iter().for_each_init(PackedRows::default, |rows, (start, first, piece)| {
            let windows = [piece.len() / hidden, hidden];
            match &self.dense {
                Product::Whole(weights) => {
                    kernels::convolve(level, &apart[start..], windows, weights, piece, hidden);
                }
                Product::Packed(weights) => {
                    weights.pack_windows(level, &apart[start..], windows, rows);
                    weights.multiply(level, rows, piece, hidden);
                }
            }
            activate(level, self.activation, piece);
            let own = &states[first * hidden..][..piece.len()];
            kernels::add_norm(level, piece, Some(own), norm);
        });
        output
    }
}
