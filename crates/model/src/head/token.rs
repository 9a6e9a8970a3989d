//! The token classification head.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use crate::linear::linear;
use crate::{Bert, BertConfig, Dropout, Encoder, EncoderOutput, LayerSink, TokenBatch, initialize};

/// An encoder with a linear layer that gives one row of scores for each token.
#[derive(Module, Debug)]
pub struct TokenClassifier<E: Encoder> {
    /// The encoder.
    pub encoder: E,
    dropout: Dropout,
    classifier: Linear,
    #[module(skip)]
    row_length: Option<usize>,
}

impl BertConfig {
    /// Creates a token classifier with [`labels`](Self::labels) outputs and random weights from
    /// `seed`.
    ///
    /// # Panics
    ///
    /// If the config is not [valid](Self::validate).
    pub fn token_classifier(&self, seed: u64, device: &Device) -> TokenClassifier<Bert> {
        let module = TokenClassifier::over(Bert::zeros(self, false, device), self, device);
        initialize(module, self.initializer_range, seed)
    }
}

impl<E: Encoder> TokenClassifier<E> {
    /// Puts a head of zeros over `encoder`; [`initialize`](crate::initialize) draws its weights.
    pub fn over(encoder: E, config: &BertConfig, device: &Device) -> Self {
        let classifier = linear(encoder.hidden_size(), config.labels(), device);
        let dropout = Dropout::new(config.hidden_dropout_prob);
        Self { encoder, dropout, classifier, row_length: config.padded_length }
    }

    /// Returns the number of outputs for each token.
    pub fn labels(&self) -> usize {
        let [_, labels] = self.classifier.weight.dims();
        labels
    }

    /// Returns the length that rows must be padded to if the longest of them has `longest` tokens.
    pub fn padded_length(&self, longest: usize) -> usize {
        longest.max(self.row_length.unwrap_or_default())
    }

    /// Returns the scores (logits).
    ///
    /// # Shapes
    ///
    /// - ids of `batch`: `[batch, length]`
    /// - output: `[batch, length, labels]`
    pub fn forward(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<3> {
        let EncoderOutput { hidden, .. } = self.encoder.encode(batch, sink);
        self.classifier.forward(self.dropout.forward(hidden))
    }
}
