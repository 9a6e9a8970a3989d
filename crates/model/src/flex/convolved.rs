//! The convolution over packed rows.

use dnabert_kernels::{self as kernels, Level};
use rayon::prelude::*;

use super::packed::Packed;
use super::param::{FlexParamLinear, FlexParamNorm};
use super::{activate, block_of};
use crate::{Activation, Convolution};

/// The parameters of a convolution.
pub(super) struct FlexParamConvolution {
    dense: FlexParamLinear,
    norm: FlexParamNorm,
    activation: Activation,
}

impl FlexParamConvolution {
    pub(super) fn of(convolution: &Convolution, epsilon: f64) -> Option<Self> {
        Some(Self {
            dense: FlexParamLinear::of(&convolution.dense)?,
            norm: FlexParamNorm::of(&convolution.layer_norm, epsilon)?,
            activation: convolution.activation,
        })
    }

    /// Computes [`Convolution::forward`] on packed states.
    pub(super) fn forward(&self, level: Level, states: &[f32], packed: &Packed) -> Vec<f32> {
        let norm = self.norm.norm();
        let hidden = norm.gamma.len();
        let weights = self.dense.weights();
        let width = weights.input() / hidden;
        // Zeros stand before the first row, between rows and after the last, so no window covers
        // two rows. Padding is zeros, too.
        let beyond = width / 2;
        let begins = |row: usize, token: usize| (token + (row + 1) * beyond) * hidden;
        let mut apart = vec![0.0; states.len() + (packed.rows.len() + 1) * beyond * hidden];
        for (row, tokens) in packed.rows.iter().enumerate() {
            if !packed.is_padding(tokens) {
                let own = &states[tokens.start * hidden..tokens.end * hidden];
                apart[begins(row, tokens.start)..][..own.len()].copy_from_slice(own);
            }
        }
        let mut output = vec![0.0; states.len()];
        let block = block_of(packed.places.len());
        let mut pieces = Vec::new();
        let mut rest = output.as_mut_slice();
        for (row, tokens) in packed.rows.iter().enumerate() {
            for first in tokens.clone().step_by(block) {
                let count = block.min(tokens.end - first);
                let (piece, behind) = std::mem::take(&mut rest).split_at_mut(count * hidden);
                pieces.push((begins(row, first) - beyond * hidden, first, piece));
                rest = behind;
            }
        }
        pieces.into_par_iter().for_each(|(start, first, piece)| {
            let count = piece.len() / hidden;
            kernels::convolve(level, &apart[start..], [count, hidden], &weights, piece, hidden);
            activate(level, self.activation, piece);
            let own = &states[first * hidden..][..piece.len()];
            kernels::add_norm(level, piece, Some(own), norm);
        });
        output
    }
}
