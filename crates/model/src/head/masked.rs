//! The masked-LM head.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Device, Tensor};

use crate::embedding::layer_norm;
use crate::layer::activate;
use crate::linear::linear;
use crate::{
    Activation, Bert, BertConfig, Encoder, EncoderOutput, LayerSink, MlmBias, TokenBatch,
    initialize,
};

/// BERT with the masked-LM head; the decoder is the transposed word embedding (tied weights).
#[derive(Module, Debug)]
pub struct MaskedLanguageModel {
    /// The encoder.
    pub encoder: Bert,
    cls: PreTrainingHeads,
}

/// Holds the prediction head under its name in checkpoints (`cls.predictions`).
#[derive(Module, Debug)]
pub(crate) struct PreTrainingHeads {
    predictions: PredictionHead,
}

/// The transform and the output bias of the masked-LM head.
#[derive(Module, Debug)]
pub(crate) struct PredictionHead {
    transform: Transform,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    mlm_bias: MlmBias,
}

/// The linear layer, activation and layer normalisation before the decoder.
#[derive(Module, Debug)]
pub(crate) struct Transform {
    dense: Linear,
    layer_norm: LayerNorm,
    #[module(skip)]
    activation: Activation,
}

impl BertConfig {
    /// Creates a masked language model with random weights from `seed`.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use dnabert_core::Encoding;
    /// use dnabert_model::{BertConfig, TokenBatch};
    ///
    /// let device = Device::flex();
    /// let config = BertConfig {
    ///     hidden_size: 12,
    ///     num_hidden_layers: 2,
    ///     num_attention_heads: 3,
    ///     intermediate_size: 24,
    ///     ..BertConfig::new(69)
    /// };
    /// let model = config.masked_language_model(1, &device);
    /// let mut row = Encoding::default();
    /// [2, 12, 4, 3].into_iter().for_each(|id| row.push(id, 0, None)); // 4 is [MASK]
    /// let batch = TokenBatch::from_encodings(&[&row], /* pad */ 0, &device);
    /// let scores = model.forward(&batch, &mut ());
    /// assert_eq!(scores.dims(), [1, 4, 69]); // [batch, length, vocabulary]
    /// ```
    ///
    /// # Panics
    ///
    /// If the config is not [valid](Self::validate).
    pub fn masked_language_model(&self, seed: u64, device: &Device) -> MaskedLanguageModel {
        let module = MaskedLanguageModel::over(Bert::zeros(self, true, device), self, device);
        initialize(module, self.initializer_range, seed)
    }
}

impl MaskedLanguageModel {
    pub(crate) fn over(encoder: Bert, config: &BertConfig, device: &Device) -> Self {
        let transform = Transform {
            dense: linear(config.hidden_size, config.hidden_size, device),
            layer_norm: layer_norm(config, device),
            activation: config.hidden_act,
        };
        let bias = Param::from_tensor(Tensor::zeros([config.vocab_size], device));
        let predictions = PredictionHead { transform, bias, mlm_bias: config.mlm_bias };
        Self { encoder, cls: PreTrainingHeads { predictions } }
    }

    /// Returns the scores of all vocabulary entries for each token.
    ///
    /// # Shapes
    ///
    /// - ids of `batch`: `[batch, length]`
    /// - output: `[batch, length, vocabulary]`
    pub fn forward(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<3> {
        let EncoderOutput { hidden, .. } = self.encoder.encode(batch, sink);
        let [rows, length, width] = hidden.dims();
        let scores = self.predict(hidden.reshape([rows * length, width]));
        let [_, vocabulary] = scores.dims();
        scores.reshape([rows, length, vocabulary])
    }

    /// Returns the scores of all vocabulary entries from the hidden states of selected tokens.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[tokens, hidden]`
    /// - output: `[tokens, vocabulary]`
    pub fn predict(&self, hidden: Tensor<2>) -> Tensor<2> {
        let head = &self.cls.predictions;
        let transformed = head.transform.forward(hidden);
        let decoder = self.encoder.word_embeddings().transpose();
        let bias = match head.mlm_bias {
            MlmBias::Single => head.bias.val(),
            MlmBias::Double => head.bias.val().mul_scalar(2.0),
        };
        transformed.matmul(decoder) + bias.unsqueeze()
    }
}

impl Transform {
    /// Computes `LayerNorm(activation(dense(hidden)))`, `[tokens, hidden]`.
    pub(crate) fn forward(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.layer_norm.forward(activate(self.activation, self.dense.forward(hidden)))
    }
}
