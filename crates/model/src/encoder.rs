//! The BERT encoder: embeddings, layers and pooler.

#[cfg(feature = "flex")]
use std::sync::Arc;

use burn::module::{Module, ModuleDisplay};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};

use crate::attention::{Needed, first_token};
use crate::bias::AttentionBias;
#[cfg(feature = "flex")]
use crate::flex;
use crate::layer::Layer;
use crate::linear::linear;
use crate::{BertConfig, BertEmbeddings, Family, LayerSink, MaskMode, TokenBatch, initialize};

/// A network that turns token rows into hidden states; heads are generic over it.
pub trait Encoder: Module + ModuleDisplay {
    /// Returns the width of the hidden states.
    fn hidden_size(&self) -> usize;

    /// Encodes token rows; `sink` receives the inner states as they are computed.
    ///
    /// The states of padding are undefined.
    ///
    /// # Shapes
    ///
    /// - ids of `batch`: `[batch, length]`
    /// - [`hidden`](EncoderOutput::hidden): `[batch, length, hidden]`
    /// - [`pooled`](EncoderOutput::pooled): `[batch, hidden]`
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use dnabert_core::Encoding;
    /// use dnabert_model::{BertConfig, Encoder, LayerSink, TokenBatch};
    ///
    /// /// Keeps the attention weights of the first layer.
    /// #[derive(Default)]
    /// struct FirstLayer(Option<Tensor<4>>);
    ///
    /// impl LayerSink for FirstLayer {
    ///     fn wants_attention(&self, layer: usize) -> bool {
    ///         layer == 0
    ///     }
    ///     fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
    ///         self.0 = Some(weights);
    ///     }
    /// }
    ///
    /// let device = Device::flex();
    /// let config = BertConfig {
    ///     hidden_size: 12,
    ///     num_hidden_layers: 2,
    ///     num_attention_heads: 3,
    ///     intermediate_size: 24,
    ///     ..BertConfig::new(69)
    /// };
    /// let mut row = Encoding::default();
    /// [2, 12, 33, 3].into_iter().for_each(|id| row.push(id, 0, None));
    /// let batch = TokenBatch::from_encodings(&[&row], /* pad */ 0, &device);
    ///
    /// let mut sink = FirstLayer::default();
    /// let output = config.init(1, &device).encode(&batch, &mut sink);
    /// assert_eq!(output.hidden.dims(), [1, 4, 12]);
    /// assert_eq!(sink.0.unwrap().dims(), [1, 3, 4, 4]); // [batch, heads, query, key]
    /// ```
    fn encode(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> EncoderOutput;

    /// Returns [`EncoderOutput::pooled`] alone, `[batch, hidden]`; states that it does not need may
    /// not be computed.
    fn encode_pooled(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        self.encode(batch, sink).pooled
    }

    /// Returns whether the weights are packed for prediction
    /// ([`with_precision`](Bert::with_precision)), so that they can be neither trained nor saved.
    fn is_packed(&self) -> bool {
        false
    }
}

/// The output of an [`Encoder`].
#[derive(Debug, Clone)]
pub struct EncoderOutput {
    /// The last hidden states, `[batch, length, hidden]`.
    pub hidden: Tensor<3>,
    /// One vector for each row, `[batch, hidden]`: the output of the pooler, or the `[CLS]` state
    /// without a pooler.
    pub pooled: Tensor<2>,
}

/// Which of the last states are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The states of all tokens.
    All,
    /// The state of the first token of each row.
    First,
}

/// BERT's pooler: a linear layer and tanh over the `[CLS]` state.
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
    /// The number of heads and the epsilon of layer normalisation.
    #[cfg(feature = "flex")]
    #[module(skip)]
    shape: (usize, f64),
    /// The layers and the convolution, where their weights are packed; the others are then gone.
    #[cfg(feature = "flex")]
    #[module(skip)]
    pub(crate) packed_weights: Option<Arc<flex::PackedNetwork>>,
    /// The number of heads with linear position biases; `None` with a position table.
    #[module(skip)]
    alibi_heads: Option<usize>,
}

/// The layers; a separate struct because checkpoints name it (`encoder.layer.0`).
#[derive(Module, Debug)]
pub(crate) struct LayerStack {
    pub(crate) layer: Vec<Layer>,
}

impl BertConfig {
    /// Creates an encoder with a pooler and random weights from `seed`.
    ///
    /// # Panics
    ///
    /// If the config is not [valid](Self::validate).
    pub fn init(&self, seed: u64, device: &Device) -> Bert {
        initialize(Bert::zeros(self, true, device), self.initializer_range, seed)
    }
}

impl Bert {
    /// Creates an encoder whose weights are not filled yet.
    ///
    /// # Panics
    ///
    /// If `config` is not valid.
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
            #[cfg(feature = "flex")]
            packed_weights: None,
            alibi_heads: (config.family() == Family::MosaicBert)
                .then_some(config.num_attention_heads),
        }
    }

    /// Returns the family of the network.
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

    /// Returns whether the encoder has a pooler.
    pub fn has_pooler(&self) -> bool {
        self.pooler.is_some()
    }

    /// Removes the pooler: [`EncoderOutput::pooled`] is then the `[CLS]` state.
    #[must_use]
    pub fn without_pooler(mut self) -> Self {
        self.pooler = None;
        self
    }

    /// The output of the pooler, or the `[CLS]` state without one, from the states of the first
    /// tokens, `[batch, hidden]`.
    fn pool(&self, first: Tensor<2>) -> Tensor<2> {
        match &self.pooler {
            Some(pooler) => pooler.of_first(first),
            None => first,
        }
    }

    /// Runs embeddings and layers by burn's operations, or by the kernels for training.
    ///
    /// # Shapes
    ///
    /// - output: `[batch × length, hidden]`, or `[batch, hidden]` of the first tokens
    fn run(&self, batch: &TokenBatch, wanted: Wanted, sink: &mut dyn LayerSink) -> Tensor<2> {
        #[cfg(feature = "flex")]
        assert!(
            self.packed_weights.is_none(),
            "weights in {} are for prediction, with padding at the end of rows",
            self.precision()
        );
        let dims @ [rows, length] = batch.dims();
        let width = self.hidden_size();
        let unflatten = |states: Tensor<2>| states.reshape([rows, length, width]);
        let mut states = self.embeddings.forward(batch).reshape([rows * length, width]);
        if sink.wants_hidden(0) {
            sink.hidden(0, unflatten(states.clone()));
        }
        #[cfg(feature = "flex")]
        if let Some(last) = flex::train_layers(self, batch, &states, sink) {
            return if wanted == Wanted::First { first_token(&unflatten(last)) } else { last };
        }
        let bias = AttentionBias::new(batch, self.mask_mode, self.alibi_heads);
        let last = self.encoder.layer.len() - 1;
        let is_watched = sink.wants_attention(last) || sink.wants_hidden(last + 1);
        for (index, layer) in self.encoder.layer.iter().enumerate() {
            let weights = sink.wants_attention(index);
            let first_only = wanted == Wanted::First && index == last && !is_watched;
            let (output, weights) =
                layer.forward(&states, dims, &bias, Needed { first_only, weights });
            states = output;
            if let Some(weights) = weights {
                sink.attention(index, weights);
            }
            if sink.wants_hidden(index + 1) {
                sink.hidden(index + 1, unflatten(states.clone()));
            }
        }
        match wanted {
            Wanted::First if is_watched => first_token(&unflatten(states)),
            _ => states,
        }
    }

    /// Returns the word vectors of `ids`, before positions, segments and normalisation are added.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[batch, length]`
    /// - output: `[batch, length, hidden]`
    pub fn word_vectors(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        self.embeddings.word_embeddings.forward(ids)
    }

    /// Returns the table of word embeddings, `[vocabulary, hidden]`.
    pub fn word_embeddings(&self) -> Tensor<2> {
        self.embeddings.word_embeddings.weight.val()
    }
}

impl Pooler {
    /// Computes `tanh(dense([CLS]))`.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[batch, length, hidden]`
    /// - output: `[batch, hidden]`
    pub fn forward(&self, hidden: &Tensor<3>) -> Tensor<2> {
        self.of_first(first_token(hidden))
    }

    /// Computes `tanh(dense(first))`, `[batch, hidden]`.
    pub(crate) fn of_first(&self, first: Tensor<2>) -> Tensor<2> {
        self.dense.forward(first).tanh()
    }
}

impl Encoder for Bert {
    fn hidden_size(&self) -> usize {
        let [_, hidden] = self.embeddings.word_embeddings.weight.dims();
        hidden
    }

    /// # Panics
    ///
    /// If the rows are longer than the position table. With packed weights
    /// ([`with_precision`](Bert::with_precision)), also on an autodiff device, for word vectors of
    /// the caller, and for padding that is not at the end of a row.
    fn encode(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> EncoderOutput {
        #[cfg(feature = "flex")]
        if let Some(output) = flex::encode(self, batch, Wanted::All, sink) {
            return output;
        }
        let [rows, length] = batch.dims();
        let states = self.run(batch, Wanted::All, sink);
        let mut hidden = states.reshape([rows, length, self.hidden_size()]);
        if let (Some(_), Some(mask)) = (self.alibi_heads, &batch.mask) {
            // MosaicBERT computes only real tokens and fills the rest with zeros.
            hidden = hidden * mask.clone().unsqueeze_dim::<3>(2);
        }
        let pooled = self.pool(first_token(&hidden));
        EncoderOutput { hidden, pooled }
    }

    fn encode_pooled(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        #[cfg(feature = "flex")]
        if let Some(output) = flex::encode(self, batch, Wanted::First, sink) {
            return output.pooled;
        }
        self.pool(self.run(batch, Wanted::First, sink))
    }

    #[cfg(feature = "flex")]
    fn is_packed(&self) -> bool {
        self.packed_weights.is_some()
    }
}
