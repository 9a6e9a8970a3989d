//! A network whose head also reads counts of k-mers. Both are trained together.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Initializer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use dnabert_baseline::{FIRST_KMER, NgramFeatures};
use dnabert_model::{Encoder, Scorer, SequenceClassifier, TokenBatch};

/// A classifier with a sum of two scores: that of the network, and the mean over the row of a
/// learned score of each token for each output.
///
/// So it can represent any linear model of k-mer fractions, which works well with few training
/// rows. The network can then learn what k-mer fractions do not show. These are the deep and the
/// wide part of Cheng et al. 2016 (arXiv 1606.07792). A sequence must fit in one row of tokens.
#[derive(Module, Debug)]
pub(crate) struct WithNgrams<E: Encoder> {
    pub(crate) network: SequenceClassifier<E>,
    /// The score of each entry in each bin for each output, `[entries, bins × labels]`.
    scores: Embedding,
    #[module(skip)]
    features: NgramFeatures,
}

impl<E: Encoder> WithNgrams<E> {
    /// The network, with k-mer scores of zero.
    pub(crate) fn new(
        network: SequenceClassifier<E>,
        features: NgramFeatures,
        device: &Device,
    ) -> Self {
        let width = features.position_bins() * network.labels();
        let scores = EmbeddingConfig::new(features.entries(), width)
            .with_initializer(Initializer::Zeros)
            .init(device);
        Self { network, scores, features }
    }

    /// The same with other scores: for each output, one weight for each column.
    pub(crate) fn with_weights(mut self, weights: &[Vec<f32>]) -> Self {
        let columns = 0..self.features.columns();
        let values = columns.flat_map(|column| weights.iter().map(move |row| row[column]));
        let values = TensorData::new(values.collect(), self.scores.weight.dims());
        let weight: Param<Tensor<2>> = self.scores.weight.clone();
        self.scores.weight = weight.map(|old| Tensor::from_data(values, &old.device()));
        self
    }

    /// For each output, one weight for each column.
    pub(crate) fn weights(&self) -> Vec<Vec<f32>> {
        let labels = self.network.labels();
        let values: Vec<f32> = self.scores.weight.val().into_data().iter::<f32>().collect();
        let row = |label: usize| values.chunks(labels).map(|column| column[label]).collect();
        (0..labels).map(row).collect()
    }

    /// The mean score of the tokens and runs of a row, `[batch, labels]`.
    fn ngram_scores(&self, batch: &TokenBatch) -> Tensor<2> {
        let [rows, length] = batch.dims();
        let (bins, labels) = (self.features.position_bins(), self.network.labels());
        let mask = batch.mask.as_ref();
        let weights = (bins > 1)
            .then(|| bin_weights(bins, length, mask, &batch.ids.device()).unsqueeze_dim::<4>(3));
        let scores = |(entries, are_runs): (Tensor<2, Int>, Option<Tensor<2>>)| {
            let scores = self.scores.forward(entries);
            let scores = match &weights {
                None => scores,
                Some(weights) => {
                    let scores = scores.reshape([rows, length, bins, labels]);
                    (scores * weights.clone()).sum_dim(2).squeeze_dim::<3>(2)
                }
            };
            match are_runs {
                None => scores,
                Some(are_runs) => scores * are_runs.unsqueeze_dim::<3>(2),
            }
        };
        let sum = entries(self.features, &batch.ids).into_iter().map(scores).reduce(|a, b| a + b);
        let sum = sum.expect("single tokens are always counted");
        let mean = match mask {
            None => sum.mean_dim(1),
            Some(mask) => {
                let mask = mask.clone().unsqueeze_dim::<3>(2);
                (sum * mask.clone()).sum_dim(1) / mask.sum_dim(1)
            }
        };
        mean.squeeze_dim::<2>(1)
    }
}

impl<E: Encoder> Scorer for WithNgrams<E> {
    fn labels(&self) -> usize {
        self.network.labels()
    }

    fn padded_length(&self, longest: usize) -> usize {
        self.network.padded_length(longest)
    }

    fn scores(&self, batch: &TokenBatch) -> Tensor<2> {
        self.network.scores(batch) + self.ngram_scores(batch)
    }
}

/// For each length of run, the entry of the run that starts at each token, `[batch, length]`, and a
/// mask that is 1 where there is such a run and 0 elsewhere. The mask is `None` for single tokens,
/// which are runs of length one everywhere.
fn entries(
    features: NgramFeatures,
    ids: &Tensor<2, Int>,
) -> Vec<(Tensor<2, Int>, Option<Tensor<2>>)> {
    let [rows, length] = ids.dims();
    let mut entries = vec![(ids.clone(), None)];
    let codes = ids.clone().sub_scalar(FIRST_KMER as i64);
    let overlaps = features.overlaps() as i64;
    // Whether each token but the first continues the one before it.
    let mut runs = codes.clone();
    let mut is_run = codes.clone().greater_equal_elem(0);
    for more in 1..features.max_n().min(length) {
        let count = length - more;
        let part = |codes: &Tensor<2, Int>, from| codes.clone().narrow(1, from, count);
        let (last, next) = (part(&codes, more - 1), part(&codes, more));
        let goes_on = last.remainder_scalar(overlaps).equal(next.clone().div_scalar(4));
        let goes_on = goes_on.bool_and(next.clone().greater_equal_elem(0));
        is_run = is_run.narrow(1, 0, count).bool_and(goes_on);
        let joined = part(&runs, 0).mul_scalar(4) + next.remainder_scalar(4);
        runs = joined.mask_fill(is_run.clone().bool_not(), 0);
        let found = runs.clone().add_scalar(features.first(more + 1) as i64);
        let padded = |kept: Tensor<2, Int>| {
            let rest = Tensor::<2, Int>::zeros([rows, more], &kept.device());
            Tensor::cat(vec![kept, rest], 1)
        };
        entries.push((padded(found), Some(padded(is_run.clone().int()).float())));
    }
    entries
}

/// The weight of each token for each bin, `[1 or batch, length, bins]`. `mask` is 1 on real tokens
/// and 0 on padding, and is absent where nothing is padded. The weights of padding have no meaning.
fn bin_weights(bins: usize, length: usize, mask: Option<&Tensor<2>>, device: &Device) -> Tensor<3> {
    // Whole numbers until the last step: half precision would round the positions of tokens.
    let count = |count: usize| Tensor::<1, Int>::arange(0..count as i64, device);
    let steps = match mask {
        None => Tensor::full([1, 1], length.saturating_sub(1).max(1) as i64, device),
        Some(mask) => mask.clone().int().sum_dim(1).sub_scalar(1).clamp_min(1),
    };
    let tokens = count(length).unsqueeze::<2>().mul_scalar((bins - 1) as i64);
    let [rows, _] = steps.dims();
    let anchors = count(bins).reshape([1, 1, bins as i32]);
    let anchors = anchors * steps.clone().reshape([rows as i32, 1, 1]);
    let distance = (tokens.unsqueeze_dim::<3>(2) - anchors).abs(); // in tokens, times bins − 1
    let steps = steps.reshape([rows as i32, 1, 1]);
    let near = (steps.clone() - distance).clamp_min(0);
    near.float() / steps.float()
}

#[cfg(test)]
mod tests {
    use dnabert_core::Encoding;
    use dnabert_model::{BertConfig, Pooling, logits};

    use super::*;

    fn row(ids: &[u32]) -> Encoding {
        let mut row = Encoding::default();
        ids.iter().for_each(|&id| row.push(id, 0, None));
        row
    }

    #[test]
    fn a_token_between_two_bins_counts_for_both() {
        let device = Device::default();
        let mask = Tensor::from_data([[1.0; 5], [1.0, 1.0, 1.0, 0.0, 0.0]], &device);
        let found = |mask: Option<&Tensor<2>>| -> Vec<f32> {
            bin_weights(3, 5, mask, &device).into_data().iter::<f32>().collect()
        };
        let five = [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 1.0];
        assert_eq!(found(None), five);
        let masked = found(Some(&mask));
        assert_eq!(masked[..15], five);
        assert_eq!(masked[15..24], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(bin_weights(1, 1, None, &device).into_scalar::<f32>(), 1.0, "one token");
    }

    #[test]
    fn tensors_count_what_the_features_count() {
        let device = Device::default();
        let features = NgramFeatures::new(21, 3, 4).unwrap();
        let config = BertConfig {
            hidden_size: 4,
            num_attention_heads: 1,
            num_hidden_layers: 1,
            intermediate_size: 4,
            max_position_embeddings: 12,
            pooling: Pooling::Mean,
            ..BertConfig::new(21)
        };
        let network = config.sequence_classifier(1, &device);
        let weight = |label: usize, column: usize| ((label * 31 + column * 17) % 13) as f32 - 6.0;
        let row_of = |label| (0..features.columns()).map(|column| weight(label, column)).collect();
        let weights: Vec<Vec<f32>> = (0..2).map(row_of).collect();
        let both = WithNgrams::new(network.clone(), features, &device).with_weights(&weights);
        assert_eq!(both.weights(), weights);
        // TTGC, [MASK], and AACA: 2-mers, of which AT and TT do not continue one another.
        let rows = [row(&[2, 10, 13, 17, 4, 5, 7, 13, 9, 3]), row(&[2, 10, 13, 17, 3])];
        let rows: Vec<&Encoding> = rows.iter().collect();
        let alone = logits(&network, &rows, 2, 0, &device);
        let found = logits(&both, &rows, 2, 0, &device);
        for (row, (alone, found)) in rows.iter().zip(alone.iter().zip(&found)) {
            for label in 0..2 {
                let counts = features.fractions(&row.ids).into_iter();
                let sum: f64 =
                    counts.map(|(column, f)| f * f64::from(weights[label][column])).sum();
                let expected = f64::from(alone[label]) + sum;
                assert!((f64::from(found[label]) - expected).abs() < 1e-4, "{label}");
            }
        }
    }
}
