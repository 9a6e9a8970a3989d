//! Where inner states leave the network.

use burn::tensor::Tensor;

/// Receives attention weights and hidden states while the encoder runs, layer by layer.
///
/// Nothing is kept by the encoder: a sink takes what it [`wants`](Self::wants_attention) and lets
/// go of the rest. (Twelve layers of twelve heads over 512 tokens are 151 MB for one sequence.)
/// The unit type `()` wants nothing, which is the ordinary forward pass.
pub trait LayerSink {
    /// Whether [`attention`](Self::attention) is to be called for `layer` (from 0).
    fn wants_attention(&self, _layer: usize) -> bool {
        false
    }

    /// Takes the attention weights of `layer`, `[batch, heads, query, key]`.
    ///
    /// While training they are after dropout, and rows need not sum to one. Rows of padding mean nothing: on flex they
    /// are zeros where padding is masked.
    fn attention(&mut self, _layer: usize, _weights: Tensor<4>) {}

    /// Whether [`hidden`](Self::hidden) is to be called for `depth`.
    fn wants_hidden(&self, _depth: usize) -> bool {
        false
    }

    /// Takes hidden states `[batch, length, hidden]`: the embeddings at depth 0, then the output
    /// of layer i at depth i + 1. States of padding mean nothing.
    fn hidden(&mut self, _depth: usize, _states: Tensor<3>) {}
}

impl LayerSink for () {}
