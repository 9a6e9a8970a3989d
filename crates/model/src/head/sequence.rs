//! The head for one row of scores per sequence, short or in chunks.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::linear::linear;
use crate::recurrent::Recurrent;
use crate::{
    Bert, BertConfig, Dropout, Encoder, LayerSink, Pooling, RecurrentKind, TokenBatch, initialize,
};

/// One vector of scores per row: classes, labels, or numbers.
///
/// A row longer than the chunk length that the network was made with is cut into chunks; the
/// encoder sees each alone, from position 0, and the head sees their pooled vectors together.
#[derive(Module, Debug)]
pub struct SequenceClassifier<E: Encoder> {
    /// The network below.
    pub encoder: E,
    dropout: Dropout,
    /// DNABERT's recurrent head over chunks (`BertForLongSequenceClassification`).
    rnn: Option<Recurrent>,
    /// The first layer of DNABERT's head over concatenated chunks
    /// (`BertForLongSequenceClassificationCat`).
    classifier1: Option<Linear>,
    classifier: Linear,
    #[module(skip)]
    pooling: Pooling,
    #[module(skip)]
    chunk_length: Option<usize>,
    #[module(skip)]
    chunk_count: Option<usize>,
    #[module(skip)]
    row_length: Option<usize>,
}

/// How the vectors of chunks become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Their mean: the way of the code beside the published models, and of a plain classifier.
    Average,
    /// The summed final states of recurrent layers.
    Recurrent {
        /// LSTM or GRU.
        kind: RecurrentKind,
        /// Their number.
        layers: usize,
    },
    /// A linear layer and ReLU over all of them side by side.
    Concatenated {
        /// Their number.
        count: usize,
    },
}

impl BertConfig {
    /// A fresh classifier with [`labels`](Self::labels) outputs, weights drawn from `seed`.
    pub fn sequence_classifier(&self, seed: u64, device: &Device) -> SequenceClassifier<Bert> {
        let pooler = self.pooling == Pooling::Cls;
        let module = SequenceClassifier::over(Bert::zeros(self, pooler, device), self, device);
        initialize(module, self.initializer_range, seed)
    }
}

impl<E: Encoder> SequenceClassifier<E> {
    /// A head of zeros over `encoder`; [`initialize`](crate::initialize) draws its weights.
    pub fn over(encoder: E, config: &BertConfig, device: &Device) -> Self {
        Self::over_chunks(encoder, Chunks::Average, config, device)
    }

    /// As [`over`](Self::over), with a head over chunks as long as the table of positions.
    pub(crate) fn over_chunks(
        encoder: E,
        chunks: Chunks,
        config: &BertConfig,
        device: &Device,
    ) -> Self {
        let hidden = encoder.hidden_size();
        let rnn = match chunks {
            Chunks::Recurrent { kind, layers } => {
                Some(Recurrent::new(kind, layers, hidden, device))
            }
            _ => None,
        };
        let classifier1 = match chunks {
            Chunks::Concatenated { count } => Some(linear(count * hidden, hidden, device)),
            _ => None,
        };
        let chunk_count = match chunks {
            Chunks::Average => None,
            Chunks::Recurrent { .. } => Some(config.split.unwrap_or(1)),
            Chunks::Concatenated { count } => Some(count),
        };
        Self {
            encoder,
            chunk_count,
            dropout: Dropout::new(config.hidden_dropout_prob),
            rnn,
            classifier1,
            classifier: linear(hidden, config.labels(), device),
            pooling: config.pooling,
            chunk_length: config.max_tokens(),
            row_length: config.padded_length,
        }
    }

    /// The number of outputs.
    pub fn labels(&self) -> usize {
        let [_, labels] = self.classifier.weight.dims();
        labels
    }

    /// The number of chunks that DNABERT's chunked heads ask for: the second layer's input, or
    /// `split` of the config; `None` for a head that takes rows of any length up to one chunk, and
    /// whole chunks beyond.
    pub fn chunk_count(&self) -> Option<usize> {
        self.chunk_count
    }

    /// Whether the chunks' vectors stand side by side before the last layers.
    pub(crate) fn concatenates(&self) -> bool {
        self.classifier1.is_some()
    }

    /// The length that rows must be padded to, where the longest of them has `longest` tokens.
    pub fn padded_length(&self, longest: usize) -> usize {
        let longest = longest.max(self.row_length.unwrap_or_default());
        match (self.chunk_length, self.chunk_count) {
            (Some(chunk), Some(count)) => longest.max(chunk * count),
            (Some(chunk), None) if longest > chunk => longest.next_multiple_of(chunk),
            _ => longest,
        }
    }

    /// Scores (logits), `[batch, labels]`.
    ///
    /// # Panics
    ///
    /// If rows are longer than a chunk and no whole number of chunks, or not the number that
    /// [`chunk_count`](Self::chunk_count) asks for.
    pub fn forward(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        let [rows, length] = batch.dims();
        let chunk = match self.chunk_length {
            Some(chunk) if length > chunk || self.chunk_count.is_some() => chunk,
            _ => return self.classify(self.pool(batch, sink)),
        };
        assert!(length % chunk == 0, "{length} tokens are no whole number of chunks of {chunk}");
        let pooled = self.pool(&batch.chunks(chunk), sink); // [batch × chunks, hidden]
        let [_, hidden] = pooled.dims();
        self.classify_chunks(pooled.reshape([rows, length / chunk, hidden]))
    }

    /// One vector for each row, `[batch, hidden]`.
    pub fn pool(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        self.pooling.pool(&self.encoder.encode(batch, sink), batch.mask.as_ref())
    }

    /// Scores from the pooled vectors of chunks, `[batch, chunks, hidden]` → `[batch, labels]`.
    ///
    /// # Panics
    ///
    /// If their number is not the one that [`chunk_count`](Self::chunk_count) asks for.
    pub fn classify_chunks(&self, pooled: Tensor<3>) -> Tensor<2> {
        let [rows, chunks, hidden] = pooled.dims();
        if let Some(recurrent) = &self.rnn {
            return self.classify(recurrent.forward(pooled));
        }
        let Some(first) = &self.classifier1 else {
            return self.classify(pooled.mean_dim(1).squeeze_dim::<2>(1));
        };
        let side_by_side = pooled.reshape([rows, chunks * hidden]);
        self.classify(relu(first.forward(self.dropout.forward(side_by_side))))
    }

    /// Scores from pooled vectors, `[batch, hidden]` → `[batch, labels]`.
    pub fn classify(&self, pooled: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(self.dropout.forward(pooled))
    }
}
