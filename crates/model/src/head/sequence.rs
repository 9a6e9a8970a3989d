//! The head for one row of scores per sequence, short or in chunks.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::linear::linear;
use crate::pooling::mean;
use crate::recurrent::Recurrent;
use crate::{
    Bag, Bert, BertConfig, Dropout, Encoder, LayerSink, Pooling, RecurrentKind, TokenBatch,
    initialize,
};

/// One vector of scores per row: classes, labels, or numbers.
///
/// A row longer than the chunk length that the network was made with is cut into chunks; the
/// encoder sees each alone, from position 0, and the head sees their pooled vectors together.
///
/// With [`bag_of_tokens`](BertConfig::bag_of_tokens) the scores are a sum: those of the pooled
/// states, and the mean over the row of a score that each token has for each output. So the
/// classifier can express any linear model of the shares of its tokens, with which few training rows
/// go far, and the network is left to find what shares do not tell (the wide and the deep part of
/// Cheng et al. 2016, arXiv 1606.07792). Runs of tokens and their places may count, too ([`Bag`]).
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
    /// A score of each entry at each place for each output, `[entries, places × labels]`.
    bag_of_tokens: Option<Embedding>,
    #[module(skip)]
    pooling: Pooling,
    #[module(skip)]
    pooled_parts: usize,
    #[module(skip)]
    bag: Option<Bag>,
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
        initialize(module, self.initializer_range, seed).with_head_scaled_for_parts()
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
        let reads_bag = config.bag_of_tokens && chunks == Chunks::Average;
        let bag = config.bag().filter(|_| reads_bag);
        let reads_parts = chunks == Chunks::Average && config.pooling != Pooling::Cls;
        let pooled_parts = if reads_parts { config.pooled_parts.get() } else { 1 };
        Self {
            encoder,
            bag_of_tokens: bag.map(|bag| table(bag, config.labels(), device)),
            bag,
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

    /// The same network, whose head's weights, just drawn, are made smaller by the root of the number of parts that it
    /// reads: its first scores are no larger than those over one part.
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
        match (self.chunk_length, self.chunk_count) {
            (Some(chunk), Some(_)) => self.classify_chunks(self.pool_chunks(batch, chunk, sink)),
            _ => self.classify(self.average_pool(batch, sink)),
        }
    }

    /// One vector for each row, `[batch, parts × hidden]`: what [`classify`](Self::classify) reads, pooled in
    /// [`pooled_parts`](BertConfig::pooled_parts). With a bag of tokens its scores stand behind the states,
    /// `[batch, parts × hidden + labels]`.
    pub fn pool(&self, batch: &TokenBatch, sink: &mut dyn LayerSink) -> Tensor<2> {
        let mask = batch.mask.as_ref();
        let states = match self.pooling {
            Pooling::Cls => self.encoder.encode_pooled(batch, sink),
            pooling => {
                pooling.pool_parts(self.pooled_parts, &self.encoder.encode(batch, sink), mask)
            }
        };
        match self.run_scores(batch).into_iter().reduce(|a, b| a + b) {
            Some(scores) => Tensor::cat(vec![states, mean(scores, mask).squeeze_dim::<2>(1)], 1),
            None => states,
        }
    }

    /// What each token adds to the scores before the mean over the row is taken, `[batch, length, labels]`; what a run of
    /// tokens adds is shared by them. `None` without a bag of tokens.
    pub fn token_scores(&self, batch: &TokenBatch) -> Option<Tensor<3>> {
        let shared = |(more, scores): (usize, Tensor<3>)| {
            let [rows, length, labels] = scores.dims();
            let share = scores.div_scalar((more + 1) as f64);
            (0..=more).map(move |later| {
                let before = Tensor::zeros([rows, later, labels], &share.device());
                let scores = share.clone().narrow(1, 0, length - later);
                if later == 0 { scores } else { Tensor::cat(vec![before, scores], 1) }
            })
        };
        self.run_scores(batch).into_iter().enumerate().flat_map(shared).reduce(|a, b| a + b)
    }

    /// For each length of run, from 1, what the run that begins with each token adds, `[batch, length, labels]`.
    fn run_scores(&self, batch: &TokenBatch) -> Vec<Tensor<3>> {
        let (Some(bag), Some(table)) = (self.bag, &self.bag_of_tokens) else { return Vec::new() };
        let [rows, length] = batch.dims();
        let weights = (bag.places() > 1).then(|| bag.place_weights(batch).unsqueeze_dim::<4>(3));
        let scores = |(entries, are_runs): (Tensor<2, Int>, Option<Tensor<2>>)| {
            let scores = table.forward(entries);
            let scores = match &weights {
                None => scores,
                Some(weights) => {
                    let scores = scores.reshape([rows, length, bag.places(), self.labels()]);
                    (scores * weights.clone()).sum_dim(2).squeeze_dim::<3>(2)
                }
            };
            match are_runs {
                None => scores,
                Some(are_runs) => scores * are_runs.unsqueeze_dim::<3>(2),
            }
        };
        bag.entries_of(&batch.ids).into_iter().map(scores).collect()
    }

    /// As [`pool`](Self::pool), of rows of any length: for those longer than a chunk the mean over
    /// their chunks.
    ///
    /// # Panics
    ///
    /// If rows are longer than a chunk and no whole number of chunks.
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

    /// Width of the states that the head reads, and its bag of tokens, if it has one.
    pub fn head_inputs(&self) -> (usize, Option<Bag>) {
        let [hidden, _] = self.classifier.weight.dims();
        (hidden, self.bag)
    }

    /// The same network under another head: for each output the weights of
    /// [`head_inputs`](Self::head_inputs), those of states first and then those of the bag's columns, and a bias.
    ///
    /// # Panics
    ///
    /// If there are not as many as the head has.
    #[must_use]
    pub fn with_head(mut self, weights: &[Vec<f32>], biases: &[f32]) -> Self {
        let (hidden, bag) = self.head_inputs();
        let labels = self.labels();
        let all = hidden + bag.map_or(0, Bag::columns);
        assert!(weights.len() == labels && biases.len() == labels, "{labels} outputs");
        assert!(weights.iter().all(|row| row.len() == all), "{hidden} units and {bag:?}");
        let table = |inputs: std::ops::Range<usize>, shape: [usize; 2]| {
            let columns = inputs.flat_map(|input| weights.iter().map(move |row| row[input]));
            TensorData::new(columns.collect(), shape)
        };
        set(&mut self.classifier.weight, table(0..hidden, [hidden, labels]));
        if let Some(bias) = &mut self.classifier.bias {
            set(bias, TensorData::new(biases.to_vec(), [labels]));
        }
        if let Some(bag) = &mut self.bag_of_tokens {
            let shape = bag.weight.dims();
            set(&mut bag.weight, table(hidden..all, shape));
        }
        self
    }

    /// The same network with a bag of tokens beside it: its scores are those that it has, times 1 − `share`, and those of the
    /// bag, for each output a weight of each column and a bias, times `share`.
    ///
    /// # Panics
    ///
    /// If the network has a bag already or reads chunks as DNABERT does, or there are not as many weights.
    #[must_use]
    pub fn with_bag(mut self, bag: Bag, weights: &[Vec<f32>], biases: &[f32], share: f32) -> Self {
        assert!(self.bag.is_none() && self.chunk_count.is_none(), "a plain head without a bag");
        let own = self.classifier.weight.val().into_data();
        let [hidden, labels] = self.classifier.weight.dims();
        let own: Vec<f32> = own.iter::<f32>().collect();
        let own_biases: Vec<f32> = match &self.classifier.bias {
            Some(bias) => bias.val().into_data().iter::<f32>().collect(),
            None => vec![0.0; labels],
        };
        let of_states = |label: usize| (0..hidden).map(move |unit| unit * labels + label);
        let both: Vec<Vec<f32>> = (0..labels)
            .map(|label| {
                let states = of_states(label).map(|at| (1.0 - share) * own[at]);
                states.chain(weights[label].iter().map(|weight| share * weight)).collect()
            })
            .collect();
        let biases: Vec<f32> =
            own_biases.iter().zip(biases).map(|(a, b)| (1.0 - share) * a + share * b).collect();
        let device = self.classifier.weight.val().device();
        self.bag_of_tokens = Some(table(bag, labels, &device));
        self.bag = Some(bag);
        self.with_head(&both, &biases)
    }

    /// Scores from the vectors of chunks that [`pool`](Self::pool) gives, `[batch, chunks, width]` →
    /// `[batch, labels]`.
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

    /// Scores from the vectors that [`pool`](Self::pool) gives, `[batch, width]` →
    /// `[batch, labels]`.
    pub fn classify(&self, pooled: Tensor<2>) -> Tensor<2> {
        if self.bag_of_tokens.is_none() {
            return self.classifier.forward(self.dropout.forward(pooled));
        }
        let [hidden, labels] = self.classifier.weight.dims();
        let (states, scores) =
            (pooled.clone().narrow(1, 0, hidden), pooled.narrow(1, hidden, labels));
        self.classifier.forward(self.dropout.forward(states)) + scores
    }
}

/// Scores of zero for what `bag` counts.
fn table(bag: Bag, labels: usize, device: &Device) -> Embedding {
    EmbeddingConfig::new(bag.entries(), bag.places() * labels)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

/// Gives a parameter other values.
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
        assert_eq!(model.head_inputs(), (16, None));
        assert!((of_four[0] - of_one[0] / 2.0).abs() < 1e-6, "{of_four:?} {of_one:?}");
        let ids = vec![2, 7, 8, 9, 6, 5, 4, 3];
        let batch = TokenBatch::from_rows([1, 8], ids, vec![0; 8], vec![1.0; 8], &learning);
        let model = model.train();
        let gradients = model.forward(&batch, &mut ()).sum().backward();
        let gradient = model.classifier.weight.val().grad(&gradients).unwrap();
        assert!(gradient.abs().min().into_scalar::<f32>() > 0.0, "every part is read");
    }

    #[test]
    fn a_bag_of_tokens_adds_the_mean_score_of_the_real_tokens() {
        let device = Device::flex();
        let config = BertConfig { bag_of_tokens: true, ..tiny() };
        let model = config.sequence_classifier(1, &device);
        assert_eq!(model.head_inputs(), (4, Bag::new(10, 1, 1)));
        // Units count for nothing, token 7 for the second output.
        let mut weights = vec![vec![0.0; 14]; 2];
        weights[1][4 + 7] = 3.0;
        let model = model.with_head(&weights, &[0.5, 0.0]);
        let ids = vec![2, 7, 8, 3, 2, 7, 3, 0];
        let mask = vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let batch = TokenBatch::from_rows([2, 4], ids, vec![0; 8], mask, &device);
        let scores: Vec<f32> = model.forward(&batch, &mut ()).into_data().iter::<f32>().collect();
        for (found, expected) in scores.into_iter().zip([0.5, 0.75, 0.5, 1.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_bag_beside_a_network_adds_its_share() {
        let device = Device::flex();
        let model = tiny().sequence_classifier(1, &device);
        let ids = vec![2, 7, 8, 3];
        let batch = TokenBatch::from_rows([1, 4], ids, vec![0; 4], vec![1.0; 4], &device);
        let scores = |model: &SequenceClassifier<Bert>| -> Vec<f32> {
            model.forward(&batch, &mut ()).into_data().iter::<f32>().collect()
        };
        let own = scores(&model);
        let mut weights = vec![vec![0.0; 10]; 2];
        weights[0][8] = 4.0;
        let bag = Bag::new(10, 1, 1).unwrap();
        let found = scores(&model.with_bag(bag, &weights, &[0.0, 8.0], 0.25));
        for (found, expected) in found.iter().zip([0.75 * own[0] + 0.25, 0.75 * own[1] + 2.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_bag_at_several_places_asks_where_a_token_stands() {
        let device = Device::flex();
        let bag_places = NonZeroUsize::new(2).unwrap();
        let config = BertConfig { bag_of_tokens: true, bag_places, ..tiny() };
        let model = config.sequence_classifier(1, &device);
        assert_eq!(model.head_inputs(), (4, Bag::new(10, 1, 2)));
        // Token 7 counts 1 for the first output at the start of a row, and 4 for the second at its end.
        let mut weights = vec![vec![0.0; 24]; 2];
        weights[0][4 + 2 * 7] = 1.0;
        weights[1][4 + 2 * 7 + 1] = 4.0;
        let model = model.with_head(&weights, &[0.0, 0.0]);
        let ids = vec![2, 7, 8, 3, 7, 8, 7, 0];
        let mask = vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let batch = TokenBatch::from_rows([2, 4], ids, vec![0; 8], mask, &device);
        let scores: Vec<f32> = model.forward(&batch, &mut ()).into_data().iter::<f32>().collect();
        // A third of the way along four tokens; at both ends of three.
        let expected = [2.0 / 3.0 / 4.0, 4.0 / 3.0 / 4.0, 1.0 / 3.0, 4.0 / 3.0];
        for (found, expected) in scores.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{scores:?}");
        }
    }
}
