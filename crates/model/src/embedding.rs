//! Word, position and segment embeddings.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig};
use burn::tensor::{Device, Tensor};

use crate::{BertConfig, Convolution, Dropout, TokenBatch};

/// The normalised sum of word, position and segment embeddings, optionally followed by a
/// [`Convolution`].
///
/// MosaicBERT has no position embeddings, and DNABERT has no convolution.
#[derive(Module, Debug)]
pub struct BertEmbeddings {
    pub(crate) word_embeddings: Embedding,
    pub(crate) position_embeddings: Option<Embedding>,
    pub(crate) token_type_embeddings: Embedding,
    pub(crate) layer_norm: LayerNorm,
    pub(crate) dropout: Dropout,
    pub(crate) convolution: Option<Convolution>,
}

impl BertEmbeddings {
    /// Creates embeddings of zeros in the shape of `config`.
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        let table = |rows| {
            EmbeddingConfig::new(rows, config.hidden_size)
                .with_initializer(Initializer::Zeros)
                .init(device)
        };
        Self {
            word_embeddings: table(config.vocab_size),
            position_embeddings: config.max_tokens().map(table),
            token_type_embeddings: table(config.type_vocab_size),
            layer_norm: layer_norm(config, device),
            dropout: Dropout::new(config.hidden_dropout_prob),
            convolution: config
                .convolution_width
                .map(|width| Convolution::new(width, config, device)),
        }
    }

    /// Embeds token rows.
    ///
    /// # Shapes
    ///
    /// - ids of `batch`: `[batch, length]`
    /// - output: `[batch, length, hidden]`
    ///
    /// # Panics
    ///
    /// If the rows are longer than the position table.
    pub fn forward(&self, batch: &TokenBatch) -> Tensor<3> {
        let [_, length] = batch.dims();
        let words = match &batch.word_vectors {
            Some(vectors) => vectors.clone(),
            None => self.word_embeddings.forward(batch.ids.clone()),
        };
        let mut rest = match &batch.segment_ids {
            Some(ids) => self.token_type_embeddings.forward(ids.clone()),
            None => self.token_type_embeddings.weight.val().narrow(0, 0, 1).unsqueeze::<3>(),
        };
        if let Some(positions) = &self.position_embeddings {
            let table = positions.weight.val();
            let [maximum, _] = table.dims();
            assert!(length <= maximum, "{length} tokens, but the model has {maximum} positions");
            // [1 or batch, length, hidden]
            rest = table.narrow(0, 0, length).unsqueeze::<3>() + rest;
        }
        let sum = words + rest;
        let embedded = self.dropout.forward(self.layer_norm.forward(sum));
        match &self.convolution {
            Some(convolution) => convolution.forward(embedded, batch.mask.as_ref()),
            None => embedded,
        }
    }
}

/// Creates layer normalisation over the hidden units.
pub(crate) fn layer_norm(config: &BertConfig, device: &Device) -> LayerNorm {
    LayerNormConfig::new(config.hidden_size).with_epsilon(config.layer_norm_eps).init(device)
}
