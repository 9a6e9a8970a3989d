//! BERT: embeddings, layers, pooler.

use burn::module::{Module, ModuleDisplay};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};

use crate::bias::AttentionBias;
#[cfg(feature = "flex")]
use crate::flex;
use crate::layer::Layer;
use crate::linear::linear;
use crate::{BertConfig, BertEmbeddings, Family, LayerSink, MaskMode, TokenBatch, initialize};

/// A network from token rows to hidden states; heads are generic over it.
pub trait Encoder: Module + ModuleDisplay {
    /// Width of the hidden states.
    fn hidden_size(&self) -> usize;

    /// Encodes token rows; inner states go to `sink` as they arise. States of padding mean nothing.
    fn encode(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> EncoderOutput;

    /// [`EncoderOutput::pooled`] alone, `[batch, hidden]`: work for states that nobody reads may be left out.
    fn encode_pooled(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        self.encode(batch, sink).pooled
    }
}

/// What an [`Encoder`] gives back.
#[derive(Debug, Clone)]
pub struct EncoderOutput {
    /// Last hidden states, `[batch, length, hidden]`.
    pub hidden: Tensor<3>,
    /// One vector per row, `[batch, hidden]`: the pooler's, or the `[CLS]` state without one.
    pub pooled: Tensor<2>,
}

/// The `[CLS]` state through a linear layer and tanh.
#[derive(Module, Debug)]
pub struct Pooler {
    dense: Linear,
}

/// A BERT encoder of either [`Family`]: DNABERT's or DNABERT-2's.
#[derive(Module, Debug)]
pub struct Bert {
    pub(crate) embeddings: BertEmbeddings,
    pub(crate) encoder: LayerStack,
    pub(crate) pooler: Option<Pooler>,
    #[module(skip)]
    mask_mode: MaskMode,
    /// Heads, and what layer normalisation adds to the variance.
    #[cfg(feature = "flex")]
    #[module(skip)]
    shape: (usize, f64),
    /// Heads that take linear position biases; absent where positions have a table.
    #[module(skip)]
    alibi_heads: Option<usize>,
}

/// The layers; a struct of its own since checkpoints name it (`encoder.layer.0`).
#[derive(Module, Debug)]
pub(crate) struct LayerStack {
    pub(crate) layer: Vec<Layer>,
}

impl BertConfig {
    /// A fresh encoder with pooler, weights drawn from `seed`.
    ///
    /// # Panics
    ///
    /// If the config does not [`validate`](Self::validate).
    pub fn init(&self, seed: u64, device: &Device) -> Bert {
        initialize(Bert::zeros(self, true, device), self.initializer_range, seed)
    }
}

impl Bert {
    /// An encoder whose weights are still to be filled.
    ///
    /// # Panics
    ///
    /// If `config` does not validate.
    pub(crate) fn zeros(config: &BertConfig, pooler: bool, device: &Device) -> Self {
        config.validate().expect("a valid config");
        let layer = (0..config.num_hidden_layers).map(|_| Layer::new(config, device)).collect();
        let dense = || linear(config.hidden_size, config.hidden_size, device);
        Self {
            embeddings: BertEmbeddings::new(config, device),
            encoder: LayerStack { layer },
            pooler: pooler.then(|| Pooler { dense: dense() }),
            mask_mode: config.mask_mode,
            #[cfg(feature = "flex")]
            shape: (config.num_attention_heads, config.layer_norm_eps),
            alibi_heads: (config.family() == Family::MosaicBert)
                .then_some(config.num_attention_heads),
        }
    }

    /// The kind of network.
    pub fn family(&self) -> Family {
        if self.alibi_heads.is_some() { Family::MosaicBert } else { Family::Bert }
    }

    #[cfg(feature = "flex")]
    pub(crate) fn mask_mode(&self) -> MaskMode {
        self.mask_mode
    }

    #[cfg(feature = "flex")]
    pub(crate) fn shape(&self) -> (usize, f64) {
        self.shape
    }

    /// Whether the `[CLS]` state goes through a pooler.
    pub fn has_pooler(&self) -> bool {
        self.pooler.is_some()
    }

    /// The same encoder without its pooler: [`EncoderOutput::pooled`] is the `[CLS]` state.
    #[must_use]
    pub fn without_pooler(mut self) -> Self {
        self.pooler = None;
        self
    }

    /// The vectors of words, `[batch, length]` → `[batch, length, hidden]`: what is embedded before
    /// positions, segments and normalisation.
    pub fn word_vectors(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        self.embeddings.word_embeddings.forward(ids)
    }

    /// The table of word embeddings, `[vocabulary, hidden]`.
    pub fn word_embeddings(&self) -> Tensor<2> {
        self.embeddings.word_embeddings.weight.val()
    }
}

impl Pooler {
    /// `tanh(dense([CLS]))`, `[batch, length, hidden]` → `[batch, hidden]`.
    pub fn forward(&self, hidden: &Tensor<3>) -> Tensor<2> {
        self.of_first(first_token(hidden))
    }

    /// `tanh(dense(first))`, `[batch, hidden]`.
    pub(crate) fn of_first(&self, first: Tensor<2>) -> Tensor<2> {
        self.dense.forward(first).tanh()
    }
}

/// `[batch, length, hidden]` → the first token's `[batch, hidden]`.
fn first_token(hidden: &Tensor<3>) -> Tensor<2> {
    let [batch, _, width] = hidden.dims();
    hidden.clone().slice([0..batch, 0..1]).reshape([batch, width])
}

impl Encoder for Bert {
    fn hidden_size(&self) -> usize {
        let [_, hidden] = self.embeddings.word_embeddings.weight.dims();
        hidden
    }

    /// # Panics
    ///
    /// If the rows are longer than the table of positions.
    fn encode(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> EncoderOutput {
        #[cfg(feature = "flex")]
        if let Some(output) = flex::encode(self, batch, flex::Wanted::All, sink) {
            return output;
        }
        let dims @ [rows, length] = batch.dims();
        let width = self.hidden_size();
        let unflatten = |rows_of_tokens: Tensor<2>| rows_of_tokens.reshape([rows, length, width]);
        let bias = AttentionBias::new(batch, self.mask_mode, self.alibi_heads);
        let embedded = self.embeddings.forward(batch);
        let mut states = embedded.reshape([rows * length, width]);
        if sink.wants_hidden(0) {
            sink.hidden(0, unflatten(states.clone()));
        }
        for (index, layer) in self.encoder.layer.iter().enumerate() {
            let (output, weights) = layer.forward(states, dims, &bias);
            states = output;
            if sink.wants_attention(index) {
                sink.attention(index, weights);
            }
            if sink.wants_hidden(index + 1) {
                sink.hidden(index + 1, unflatten(states.clone()));
            }
        }
        let mut hidden = unflatten(states);
        if let (Some(_), Some(mask)) = (self.alibi_heads, &batch.mask) {
            // MosaicBERT computes real tokens only and fills the rest with zeros.
            hidden = hidden * mask.clone().unsqueeze_dim::<3>(2);
        }
        let pooled = match &self.pooler {
            Some(pooler) => pooler.forward(&hidden),
            None => first_token(&hidden),
        };
        EncoderOutput { hidden, pooled }
    }

    #[cfg(feature = "flex")]
    fn encode_pooled(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        match flex::encode(self, batch, flex::Wanted::First, sink) {
            Some(output) => output.pooled,
            None => self.encode(batch, sink).pooled,
        }
    }
}
