//! Convolutional networks on one-hot bases, with an optional recurrent layer.

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::pool::{MaxPool1d, MaxPool1dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig1d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor};
use dnabert_core::derive_seed;
use serde::{Deserialize, Serialize};

use dnabert_model::{Dropout, Recurrent, RecurrentKind, Scorer, TokenBatch, initialize};

/// A network of two convolutions with max pooling, and two linear layers.
///
/// It reads rows of k = 1 tokens as one-hot bases; special tokens and padding are zeros. Optionally
/// a bidirectional recurrent layer reads the pooled positions, as in the networks that the DNABERT
/// paper compares with; otherwise they are flattened to one vector.
#[derive(Module, Debug)]
pub struct Cnn {
    first: Conv1d,
    second: Conv1d,
    pool: MaxPool1d,
    recurrent: Option<Recurrent>,
    dense: Linear,
    output: Linear,
    dropout: Dropout,
    #[module(skip)]
    length: usize,
}

/// The shape of a [`Cnn`].
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_baseline::CnnConfig;
/// use dnabert_core::Tokenizer;
/// use dnabert_kmer::KmerTokenizer;
/// use dnabert_model::{Scorer, TokenBatch};
///
/// let device = Device::flex();
/// let network = CnnConfig { filters: 12, ..CnnConfig::new(40, 2) }.init(1, &device);
/// let row = KmerTokenizer::new(1)?.encode(&"ATCGATTTACGGAT".parse()?)?;
/// let batch = TokenBatch::padded(&[&row], network.padded_length(row.len()), 0, &device);
/// assert_eq!(network.scores(&batch).dims(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CnnConfig {
    /// Tokens in each row, including special tokens.
    pub length: usize,
    /// Number of classes.
    pub classes: usize,
    /// Filters of each convolution and units of the first linear layer.
    pub filters: usize,
    /// Width of the first convolution's filters, in bases.
    pub width: usize,
    /// Dropout rate before each linear layer.
    pub dropout: f64,
    /// The recurrent layer over the pooled positions, if any.
    pub recurrent: Option<RecurrentKind>,
    /// The standard deviation of initial weights, times the square root of the inputs of a unit.
    #[serde(default = "he")]
    pub gain: f64,
}

/// The gain that keeps the scale of activations from layer to layer (He et al. 2015, arXiv
/// 1502.01852).
fn he() -> f64 {
    std::f64::consts::SQRT_2
}

/// Width of the second convolution's filters, and the number of positions in each pooling window.
const SECOND_WIDTH: usize = 7;
const POOLED: usize = 4;

/// The id of the first base for k = 1; the four bases have consecutive ids.
const FIRST_BASE: i64 = 5;

impl CnnConfig {
    /// A network with 64 filters of 11 bases and dropout of 0.2.
    ///
    /// With dropout of 0.5 the network does not find the motif of the shipped TAp73-alpha data set.
    pub fn new(length: usize, classes: usize) -> Self {
        Self { length, classes, filters: 64, width: 11, dropout: 0.2, recurrent: None, gain: he() }
    }

    /// Creates a network with random weights from `seed`.
    pub fn init(&self, seed: u64, device: &Device) -> Cnn {
        let Self { length, classes, filters, width, dropout, recurrent, gain } = *self;
        let convolution = |channels, width, part| {
            let layer = Conv1dConfig::new(channels, filters, width)
                .with_padding(PaddingConfig1d::Same)
                .with_initializer(Initializer::Zeros)
                .init(device);
            initialize(layer, gain / ((channels * width) as f64).sqrt(), derive_seed(seed, &[part]))
        };
        let linear = |inputs: usize, outputs, part| {
            let layer = LinearConfig::new(inputs, outputs)
                .with_initializer(Initializer::Zeros)
                .init(device);
            initialize(layer, gain / (inputs as f64).sqrt(), derive_seed(seed, &[part]))
        };
        // A recurrent layer reduces the positions to one.
        let places = recurrent.map_or(length / POOLED / POOLED, |_| 1);
        let recurrent = recurrent.map(|kind| {
            let layer = Recurrent::new(kind, 1, filters, device);
            initialize(layer, (1.0 / filters as f64).sqrt(), derive_seed(seed, &[4]))
        });
        Cnn {
            first: convolution(4, width, 0),
            second: convolution(filters, SECOND_WIDTH, 1),
            pool: MaxPool1dConfig::new(POOLED).with_stride(POOLED).init(),
            recurrent,
            dense: linear(places.max(1) * filters, filters, 2),
            output: linear(filters, classes, 3),
            dropout: Dropout::new(dropout),
            length,
        }
    }
}

impl Cnn {
    /// Returns the bases as four channels; other tokens are zeros.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[batch, length]`
    /// - output: `[batch, 4, length]`
    fn one_hot(ids: &Tensor<2, Int>) -> Tensor<3> {
        let channels = (0..4).map(|base| ids.clone().equal_elem(FIRST_BASE + base).float());
        Tensor::stack(channels.collect(), 1)
    }
}

impl Scorer for Cnn {
    fn labels(&self) -> usize {
        let [_, labels] = self.output.weight.dims();
        labels
    }

    fn padded_length(&self, longest: usize) -> usize {
        longest.max(self.length)
    }

    /// Returns the class scores (logits).
    ///
    /// # Shapes
    ///
    /// - rows of `batch`: `[batch, length]`
    /// - output: `[batch, classes]`
    ///
    /// # Panics
    ///
    /// If rows are longer than [`CnnConfig::length`].
    fn scores(&self, batch: &TokenBatch) -> Tensor<2> {
        let [rows, length] = batch.dims();
        assert!(length <= self.length, "{length} tokens, but the network takes {}", self.length);
        let hidden = self.pool.forward(relu(self.first.forward(Self::one_hot(&batch.ids))));
        // [batch, filters, positions]
        let hidden = self.pool.forward(relu(self.second.forward(hidden)));
        let flat = match &self.recurrent {
            Some(recurrent) => recurrent.forward(hidden.swap_dims(1, 2)),
            None => {
                let [_, filters, places] = hidden.dims();
                hidden.reshape([rows, filters * places])
            }
        };
        let dense = relu(self.dense.forward(self.dropout.forward(flat)));
        self.output.forward(self.dropout.forward(dense))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use dnabert_core::Tokenizer;
    use dnabert_kmer::KmerTokenizer;

    use super::*;

    #[test]
    fn the_bases_of_k_1_are_the_four_channels() {
        let device = Device::flex();
        let row = KmerTokenizer::new(1).unwrap().encode(&"ATCG".parse().unwrap()).unwrap();
        let ids = row.ids.iter().map(|&id| id as i32).collect();
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, 6]), &device);
        let hot: Vec<f32> = Cnn::one_hot(&ids).into_data().iter::<f32>().collect();
        for (channel, values) in hot.chunks(6).enumerate() {
            let expected: Vec<f32> =
                (0..6).map(|place| f32::from(u8::from(place == channel + 1))).collect();
            assert_eq!(values, expected, "channel {channel}");
        }
    }

    #[test]
    fn a_row_has_one_score_for_each_class_and_a_seed_its_own_weights() {
        let device = Device::flex();
        let row =
            KmerTokenizer::new(1).unwrap().encode(&"ATCGATTTACGGAT".parse().unwrap()).unwrap();
        let batch = TokenBatch::padded(&[&row, &row], 40, 0, &device);
        for recurrent in [None, Some(RecurrentKind::Lstm), Some(RecurrentKind::Gru)] {
            let scores = |seed| {
                let config = CnnConfig { recurrent, ..CnnConfig::new(40, 3) };
                let network = config.init(seed, &device);
                assert_eq!((network.labels(), network.padded_length(16)), (3, 40));
                network.scores(&batch).into_data()
            };
            assert_eq!(scores(1).shape().to_vec(), [2, 3]);
            assert_eq!(scores(1), scores(1));
            assert_ne!(scores(1), scores(2), "{recurrent:?}");
        }
    }
}
