//! Access to the inner states of a network.

use burn::tensor::Tensor;

/// Receives attention weights and hidden states while the encoder runs, layer by layer.
///
/// The encoder keeps no inner states. A sink takes those that it [wants](Self::wants_attention);
/// all others are dropped. (Twelve layers of twelve heads over 512 tokens are 151 MB for one
/// sequence.) The unit type `()` wants nothing: it is the sink of an ordinary forward pass.
/// [`Encoder::encode`](crate::Encoder::encode) has an example.
pub trait LayerSink {
    /// Returns whether [`attention`](Self::attention) is called for `layer` (from 0).
    fn wants_attention(&self, _layer: usize) -> bool {
        false
    }

    /// Receives the attention weights of `layer`, `[batch, heads, query, key]`.
    ///
    /// During training they are taken after dropout, so rows may not sum to one. Rows of padding
    /// are undefined; on flex they are zeros if padding is masked.
    fn attention(&mut self, _layer: usize, _weights: Tensor<4>) {}

    /// Returns whether [`hidden`](Self::hidden) is called for `depth`.
    fn wants_hidden(&self, _depth: usize) -> bool {
        false
    }

    /// Receives hidden states, `[batch, length, hidden]`: the embeddings at depth 0, then the
    /// output of layer i at depth i + 1.
    ///
    /// States of padding are undefined.
    fn hidden(&mut self, _depth: usize, _states: Tensor<3>) {}
}

impl LayerSink for () {}
