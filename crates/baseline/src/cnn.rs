//! Convolutional networks on one-hot bases, plain or under a recurrent layer.

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::pool::{MaxPool1d, MaxPool1dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig1d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor};
use dnabert_core::derive_seed;
use dnabert_model::{Dropout, Recurrent, RecurrentKind, Scorer, TokenBatch, initialize};

/// Two convolutions with pooling, and two linear layers, over rows of single bases: tokens of
/// k = 1, whose special tokens and padding are no base.
///
/// Between them, a recurrent layer may read the pooled places in both directions, as in the networks
/// that the paper of DNABERT compares itself with; else they are read as one vector.
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
    /// The recurrent layer that reads the pooled places, if any.
    pub recurrent: Option<RecurrentKind>,
}

/// Places that a filter of the second convolution sees, and places that each pooling joins.
const SECOND_WIDTH: usize = 7;
const POOLED: usize = 4;

/// The id of the first base where k is 1; the four bases are all there is behind it.
const FIRST_BASE: i64 = 5;

impl CnnConfig {
    /// 64 filters of 11 bases, a fifth of the units dropped: with half of them dropped, the network does
    /// not find the motif of the shipped TAp73-alpha set.
    pub fn new(length: usize, classes: usize) -> Self {
        Self { length, classes, filters: 64, width: 11, dropout: 0.2, recurrent: None }
    }

    /// A fresh network, weights drawn from `seed` (He et al. 2015, arXiv 1502.01852).
    pub fn init(&self, seed: u64, device: &Device) -> Cnn {
        let Self { length, classes, filters, width, dropout, recurrent } = *self;
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
        // A recurrent layer leaves one place.
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
