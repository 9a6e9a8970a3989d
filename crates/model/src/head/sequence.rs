//! The head that gives one row of scores per sequence, for a single row or several chunks.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use crate::linear::linear;
use crate::recurrent::Recurrent;
use crate::{
    Bert, BertConfig, Dropout, Encoder, LayerSink, Pooling, RecurrentKind, TokenBatch, initialize,
};

/// A sequence classifier: one vector of scores per row, for classes, labels, or numbers.
///
/// A row that is longer than the chunk length of the network is cut into chunks. The encoder reads
/// each chunk separately, from position 0, and the head reads their pooled vectors together.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_core::Encoding;
/// use dnabert_model::{BertConfig, TokenBatch};
///
/// let device = Device::flex();
/// let config = BertConfig {
///     num_hidden_layers: 1,
///     hidden_size: 12,
///     num_attention_heads: 2,
///     intermediate_size: 24,
///     ..BertConfig::new(69)
/// };
/// let model = config.with_labels(&["no", "yes"]).sequence_classifier(/* seed */ 1, &device);
///
/// let mut row = Encoding::default();
/// [2, 12, 33, 3].into_iter().for_each(|id| row.push(id, 0, None));
/// let batch = TokenBatch::from_encodings(&[&row, &row], /* pad */ 0, &device);
/// assert_eq!(model.forward(&batch, &mut ()).dims(), [2, 2]); // [batch, labels]
/// ```
#[derive(Module, Debug)]
pub struct SequenceClassifier<E: Encoder> {
    /// The encoder.
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
    pooled_parts: usize,
    #[module(skip)]
    chunk_length: Option<usize>,
    #[module(skip)]
    chunk_count: Option<usize>,
    #[module(skip)]
    row_length: Option<usize>,
}

/// How the vectors of chunks are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Their mean, as in the code of the published models, and in a plain classifier.
    Average,
    /// The summed final states of recurrent layers.
    Recurrent {
        /// LSTM or GRU.
        kind: RecurrentKind,
        /// Number of layers.
        layers: usize,
    },
    /// A linear layer and ReLU over all vectors, concatenated.
    Concatenated {
        /// Number of chunks.
        count: usize,
    },
}

impl BertConfig {
    /// A new classifier with [`labels`](Self::labels) outputs, with weights drawn from `seed`.
    pub fn sequence_classifier(&self, seed: u64, device: &Device) -> SequenceClassifier<Bert> {
        let pooler = self.pooling == Pooling::Cls;
        let module = SequenceClassifier::over(Bert::zeros(self, pooler, device), self, device);
        initialize(module, self.initializer_range, seed).with_head_scaled_for_parts()
    }
}

impl<E: Encoder> SequenceClassifier<E> {
    /// A head of zeros on `encoder`; [`initialize`](crate::initialize) draws its weights.
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
        let reads_parts = chunks == Chunks::Average && config.pooling != Pooling::Cls;
        let pooled_parts = if reads_parts { config.pooled_parts.get() } else { 1 };
        Self {
            encoder,
            chunk_count,
            dropout: Dropout::new(config.hidden_dropout_prob),
            rnn,
            classifier1,
            classifier: linear(pooled_parts * hidden, config.labels(), device),
            pooling: config.pooling,
            pooled_parts,
            chunk_length: config.max_tokens(),
            row_length: config.padded_length,
        }
    }

    /// The same network, with the initial weights of the head divided by the square root of the
    /// number of parts that it reads. So its first scores are not larger than those of a head on
    /// one part.
    pub(crate) fn with_head_scaled_for_parts(mut self) -> Self {
        if self.pooled_parts > 1 {
            let share = (self.pooled_parts as f32).sqrt().recip();
            let weights = self.classifier.weight.val().into_data();
            let scaled = weights.iter::<f32>().map(|weight| weight * share).collect();
            let shape = self.classifier.weight.dims();
            set(&mut self.classifier.weight, TensorData::new(scaled, shape));
        }
        self
    }

    /// The number of outputs.
    pub fn labels(&self) -> usize {
        let [_, labels] = self.classifier.weight.dims();
        labels
    }

    /// The number of chunks that DNABERT's chunked heads require: from the second layer's input, or
    /// from `split` of the config. `None` for a head that reads rows of any length up to one chunk,
    /// and any whole number of chunks.
    pub fn chunk_count(&self) -> Option<usize> {
        self.chunk_count
    }

    /// Whether the vectors of chunks are concatenated before the last layers.
    pub(crate) fn concatenates(&self) -> bool {
        self.classifier1.is_some()
    }

    /// The length that rows must be padded to, if the longest of them has `longest` tokens.
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
    /// If rows are longer than a chunk and their length is not a whole number of chunks, or not the
    /// number that [`chunk_count`](Self::chunk_count) requires.
    pub fn forward(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        match (self.chunk_length, self.chunk_count) {
            (Some(chunk), Some(_)) => self.classify_chunks(self.pool_chunks(batch, chunk, sink)),
            _ => self.classify(self.average_pool(batch, sink)),
        }
    }

    /// One vector for each row, `[batch, parts × hidden]`, pooled in
    /// [`pooled_parts`](BertConfig::pooled_parts). This is the input of
    /// [`classify`](Self::classify).
    pub fn pool(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        match self.pooling {
            Pooling::Cls => self.encoder.encode_pooled(batch, sink),
            pooling => {
                let states = self.encoder.encode(batch, sink);
                pooling.pool_parts(self.pooled_parts, &states, batch.mask.as_ref())
            }
        }
    }

    /// As [`pool`](Self::pool), for rows of any length. For rows longer than a chunk, the mean over
    /// their chunks.
    ///
    /// # Panics
    ///
    /// If rows are longer than a chunk and their length is not a whole number of chunks.
    pub fn average_pool(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        let [_, length] = batch.dims();
        match self.chunk_length.filter(|&chunk| length > chunk) {
            Some(chunk) => self.pool_chunks(batch, chunk, sink).mean_dim(1).squeeze_dim::<2>(1),
            None => self.pool(batch, sink),
        }
    }

    /// As [`pool`](Self::pool), for each chunk: `[batch, chunks, width]`.
    fn pool_chunks(&self, batch: &TokenBatch, chunk: usize, sink: &mut dyn LayerSink) -> Tensor<3> {
        let [rows, length] = batch.dims();
        assert!(length % chunk == 0, "{length} tokens are no whole number of chunks of {chunk}");
        let pooled = self.pool(&batch.chunks(chunk), sink); // [batch × chunks, hidden]
        let [_, hidden] = pooled.dims();
        pooled.reshape([rows, length / chunk, hidden])
    }

    /// Width of the vectors that the head reads.
    pub fn head_width(&self) -> usize {
        let [width, _] = self.classifier.weight.dims();
        width
    }

    /// The same network with another head: for each output [`head_width`](Self::head_width)
    /// weights, and a bias.
    ///
    /// # Panics
    ///
    /// If their number differs from that of the head.
    #[must_use]
    pub fn with_head(mut self, weights: &[Vec<f32>], biases: &[f32]) -> Self {
        let (width, labels) = (self.head_width(), self.labels());
        assert!(weights.len() == labels && biases.len() == labels, "{labels} outputs");
        assert!(weights.iter().all(|row| row.len() == width), "{width} weights for each output");
        let columns = (0..width).flat_map(|input| weights.iter().map(move |row| row[input]));
        let table = TensorData::new(columns.collect(), [width, labels]);
        set(&mut self.classifier.weight, table);
        if let Some(bias) = &mut self.classifier.bias {
            set(bias, TensorData::new(biases.to_vec(), [labels]));
        }
        self
    }

    /// The same network with a head whose weights are drawn from N(0, `standard_deviation`²); its
    /// biases are 0.
    ///
    /// # Panics
    ///
    /// If `standard_deviation` is negative or not finite.
    #[must_use]
    pub fn with_random_head(self, standard_deviation: f64, seed: u64) -> Self {
        let classifier = initialize(self.classifier, standard_deviation, seed);
        Self { classifier, ..self }.with_head_scaled_for_parts()
    }

    /// Scores from the vectors of chunks, which [`pool`](Self::pool) gives, `[batch, chunks,
    /// width]` → `[batch, labels]`.
    ///
    /// # Panics
    ///
    /// If their number is not the one that [`chunk_count`](Self::chunk_count) requires.
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

    /// Scores from the vectors that [`pool`](Self::pool) gives, `[batch, width]` → `[batch,
    /// labels]`.
    pub fn classify(&self, pooled: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(self.dropout.forward(pooled))
    }
}

/// Replaces the values of a parameter.
fn set<const D: usize>(parameter: &mut Param<Tensor<D>>, values: TensorData) {
    *parameter = parameter.clone().map(|old| Tensor::from_data(values, &old.device()));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use std::num::NonZeroUsize;

    use super::*;

    /// One layer of width 4 over ten ids.
    fn tiny() -> BertConfig {
        BertConfig {
            hidden_size: 4,
            num_attention_heads: 1,
            num_hidden_layers: 1,
            intermediate_size: 4,
            ..BertConfig::new(10)
        }
    }

    #[test]
    fn a_head_over_parts_starts_small_and_learns() {
        let device = Device::flex();
        let config = BertConfig {
            hidden_dropout_prob: 0.0,
            pooling: Pooling::Mean,
            pooled_parts: NonZeroUsize::new(4).unwrap(),
            ..tiny()
        };
        let learning = Device::flex().autodiff();
        let weights = |config: &BertConfig, device: &Device| {
            let model = config.sequence_classifier(1, device);
            let weights = model.classifier.weight.val().into_data();
            (model, weights.iter::<f32>().collect::<Vec<f32>>())
        };
        let (_, of_one) =
            weights(&BertConfig { pooled_parts: NonZeroUsize::MIN, ..config.clone() }, &device);
        let (model, of_four) = weights(&config, &learning);
        assert_eq!(model.head_width(), 16);
        assert!((of_four[0] - of_one[0] / 2.0).abs() < 1e-6, "{of_four:?} {of_one:?}");
        let ids = vec![2, 7, 8, 9, 6, 5, 4, 3];
        let batch = TokenBatch::from_rows([1, 8], ids, vec![0; 8], vec![1.0; 8], &learning);
        let model = model.train();
        let gradients = model.forward(&batch, &mut ()).sum().backward();
        let gradient = model.classifier.weight.val().grad(&gradients).unwrap();
        assert!(gradient.abs().min().into_scalar::<f32>() > 0.0, "every part is read");
    }
}
