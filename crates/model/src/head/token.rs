//! The head for one class per token.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use crate::linear::linear;
use crate::{Bert, BertConfig, Dropout, Encoder, EncoderOutput, LayerSink, TokenBatch, initialize};

/// One vector of scores per token.
#[derive(Module, Debug)]
pub struct TokenClassifier<E: Encoder> {
    /// The network below.
    pub encoder: E,
    dropout: Dropout,
    classifier: Linear,
    #[module(skip)]
    row_length: Option<usize>,
}

impl BertConfig {
    /// A fresh token classifier with [`labels`](Self::labels) outputs, weights drawn from `seed`.
    pub fn token_classifier(&self, seed: u64, device: &Device) -> TokenClassifier<Bert> {
        let module = TokenClassifier::over(Bert::zeros(self, false, device), self, device);
        initialize(module, self.initializer_range, seed)
    }
}

impl<E: Encoder> TokenClassifier<E> {
    /// A head of zeros over `encoder`; [`initialize`](crate::initialize) draws its weights.
    pub fn over(encoder: E, config: &BertConfig, device: &Device) -> Self {
        let classifier = linear(encoder.hidden_size(), config.labels(), device);
        let dropout = Dropout::new(config.hidden_dropout_prob);
        Self { encoder, dropout, classifier, row_length: config.padded_length }
    }

    /// The number of outputs for each token.
    pub fn labels(&self) -> usize {
        let [_, labels] = self.classifier.weight.dims();
        labels
    }

    /// The length that rows must be padded to, where the longest of them has `longest` tokens.
    pub fn padded_length(&self, longest: usize) -> usize {
        longest.max(self.row_length.unwrap_or_default())
    }

    /// Scores (logits), `[batch, length, labels]`.
    pub fn forward(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<3> {
        let EncoderOutput { hidden, .. } = self.encoder.encode(batch, sink);
        self.classifier.forward(self.dropout.forward(hidden))
    }
}
