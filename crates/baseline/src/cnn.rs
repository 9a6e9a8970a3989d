//! A plain convolutional network on one-hot bases.

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::pool::{MaxPool1d, MaxPool1dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig1d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor};
use dnabert_core::derive_seed;
use dnabert_model::{Dropout, Scorer, TokenBatch, initialize};

/// Two convolutions with pooling, and two linear layers, over rows of single bases: tokens of
/// k = 1, whose special tokens and padding are no base.
#[derive(Module, Debug)]
pub struct Cnn {
    first: Conv1d,
    second: Conv1d,
    pool: MaxPool1d,
    dense: Linear,
    output: Linear,
    dropout: Dropout,
    #[module(skip)]
    length: usize,
}

/// The shape of a [`Cnn`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CnnConfig {
    /// Tokens of every row, special tokens included.
    pub length: usize,
    /// Classes.
    pub classes: usize,
    /// Filters of each convolution, and units of the first linear layer.
    pub filters: usize,
    /// Bases that a filter of the first convolution sees.
    pub width: usize,
    /// Dropout before each linear layer.
    pub dropout: f64,
}

/// Places that a filter of the second convolution sees, and places that each pooling joins.
const SECOND_WIDTH: usize = 7;
const POOLED: usize = 4;

/// The id of the first base where k is 1; the four bases are all there is behind it.
const FIRST_BASE: i64 = 5;

impl CnnConfig {
    /// 64 filters of 11 bases, half of the units dropped.
    pub fn new(length: usize, classes: usize) -> Self {
        Self { length, classes, filters: 64, width: 11, dropout: 0.5 }
    }

    /// A fresh network, weights drawn from `seed` (He et al. 2015, arXiv 1502.01852).
    pub fn init(&self, seed: u64, device: &Device) -> Cnn {
        let Self { length, classes, filters, width, dropout } = *self;
        let convolution = |channels, width, part| {
            let layer = Conv1dConfig::new(channels, filters, width)
                .with_padding(PaddingConfig1d::Same)
                .with_initializer(Initializer::Zeros)
                .init(device);
            initialize(layer, (2.0 / (channels * width) as f64).sqrt(), derive_seed(seed, &[part]))
        };
        let linear = |inputs: usize, outputs, part| {
            let layer = LinearConfig::new(inputs, outputs)
                .with_initializer(Initializer::Zeros)
                .init(device);
            initialize(layer, (2.0 / inputs as f64).sqrt(), derive_seed(seed, &[part]))
        };
        let places = length / POOLED / POOLED;
        Cnn {
            first: convolution(4, width, 0),
            second: convolution(filters, SECOND_WIDTH, 1),
            pool: MaxPool1dConfig::new(POOLED).with_stride(POOLED).init(),
            dense: linear(places.max(1) * filters, filters, 2),
            output: linear(filters, classes, 3),
            dropout: Dropout::new(dropout),
            length,
        }
    }
}

impl Cnn {
    /// Bases as four channels, `[batch, length]` → `[batch, 4, length]`; other tokens are zeros.
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

    /// # Panics
    ///
    /// If rows are longer than the network was made for.
    fn scores(&self, batch: &TokenBatch) -> Tensor<2> {
        let [rows, length] = batch.dims();
        assert!(length <= self.length, "{length} tokens, but the network takes {}", self.length);
        let hidden = self.pool.forward(relu(self.first.forward(Self::one_hot(&batch.ids))));
        let hidden = self.pool.forward(relu(self.second.forward(hidden))); // [batch, filters, places]
        let [_, filters, places] = hidden.dims();
        let flat = self.dropout.forward(hidden.reshape([rows, filters * places]));
        let dense = relu(self.dense.forward(flat));
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
        let scores = |seed| {
            let network = CnnConfig::new(40, 3).init(seed, &device);
            assert_eq!((network.labels(), network.padded_length(16)), (3, 40));
            network.scores(&batch).into_data()
        };
        assert_eq!(scores(1).shape().to_vec(), [2, 3]);
        assert_eq!(scores(1), scores(1));
        assert_ne!(scores(1), scores(2));
    }
}
