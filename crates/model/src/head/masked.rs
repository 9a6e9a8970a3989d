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

/// BERT with the masked-LM head, whose decoder is the word embedding itself (tied).
#[derive(Module, Debug)]
pub struct MaskedLanguageModel {
    /// The network below.
    pub encoder: Bert,
    cls: PreTrainingHeads,
}

/// Holds the prediction head under the name that checkpoints use (`cls.predictions`).
#[derive(Module, Debug)]
pub(crate) struct PreTrainingHeads {
    predictions: PredictionHead,
}

/// Transform and output bias of the masked-LM head.
#[derive(Module, Debug)]
pub(crate) struct PredictionHead {
    transform: Transform,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    mlm_bias: MlmBias,
}

/// Linear layer, activation and layer normalisation before the decoder.
#[derive(Module, Debug)]
pub(crate) struct Transform {
    dense: Linear,
    layer_norm: LayerNorm,
    #[module(skip)]
    activation: Activation,
}

impl BertConfig {
    /// A fresh masked language model, weights drawn from `seed`.
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

    /// Scores over the vocabulary, `[batch, length, vocabulary]`.
    pub fn forward(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<3> {
        let EncoderOutput { hidden, .. } = self.encoder.encode(batch, sink);
        let [rows, length, width] = hidden.dims();
        let scores = self.predict(hidden.reshape([rows * length, width]));
        let [_, vocabulary] = scores.dims();
        scores.reshape([rows, length, vocabulary])
    }

    /// Scores over the vocabulary from hidden states, `[tokens, hidden]` → `[tokens, vocabulary]`:
    /// for those tokens only that are asked for.
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
    /// `LayerNorm(activation(dense(hidden)))`, `[tokens, hidden]`.
    pub(crate) fn forward(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.layer_norm.forward(activate(self.activation, self.dense.forward(hidden)))
    }
}
