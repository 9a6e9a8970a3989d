//! Attribution by gradients with respect to the word embeddings.

use burn::tensor::{Int, Tensor};
use dnabert_model::{Bert, SequenceClassifier, TokenBatch};

/// Scores of tokens, and their completeness: how close their sum is to the difference of the class
/// scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Integrated {
    /// One score for each token of each row, `[batch][length]`, padding included.
    pub scores: Vec<Vec<f64>>,
    /// For each row, the class score minus that of the baseline. The scores of the tokens would add
    /// up to this value if the integral were exact.
    pub difference: Vec<f64>,
}

impl Integrated {
    /// For each row, the relative error: the absolute difference between the sum of the scores and
    /// `difference`, divided by the absolute value of `difference`.
    pub fn relative_errors(&self) -> Vec<f64> {
        let sums = self.scores.iter().map(|row| row.iter().sum::<f64>());
        sums.zip(&self.difference)
            .map(|(sum, difference)| (sum - difference).abs() / difference.abs().max(1e-6))
            .collect()
    }
}

/// The score of a class, `[batch]`: its logit minus the mean of the other logits. For two classes,
/// this is the log odds.
fn class_score(logits: Tensor<2>, class: usize) -> Tensor<1> {
    let [batch, labels] = logits.dims();
    assert!(class < labels, "class {class} of {labels}");
    let own = logits.clone().narrow(1, class, 1).reshape([batch]);
    if labels == 1 {
        return own;
    }
    let sum = logits.sum_dim(1).reshape([batch]);
    let others = (sum - own.clone()).div_scalar((labels - 1) as f64);
    own - others
}

/// The gradient of the class scores of a batch, with respect to the given word embeddings.
fn gradient(
    model: &SequenceClassifier<Bert>,
    batch: &TokenBatch,
    vectors: Tensor<3>,
    class: usize,
) -> Tensor<3> {
    let vectors = vectors.detach().require_grad();
    let batch = TokenBatch { word_vectors: Some(vectors.clone()), ..batch.clone() };
    // Rows do not affect each other, so the gradient of the sum contains the gradient of each row.
    let sum = class_score(model.forward(&batch, &mut ()), class).sum();
    let gradients = sum.backward();
    Tensor::from_inner(vectors.grad(&gradients).expect("scores depend on the word vectors"))
}

fn rows(scores: Tensor<2>) -> Vec<Vec<f64>> {
    let [_, length] = scores.dims();
    let values: Vec<f64> = scores.into_data().iter::<f64>().collect();
    values.chunks(length).map(<[f64]>::to_vec).collect()
}

fn product(a: Tensor<3>, b: Tensor<3>) -> Tensor<2> {
    (a * b).sum_dim(2).squeeze_dim::<2>(2)
}

/// Gradient × input (Shrikumar et al. 2016, arXiv 1605.01713) for the score of a class (its logit
/// minus the mean of the other logits), with respect to the word embeddings. Returns one score for
/// each token of each row, `[batch][length]`.
///
/// `model` and `batch` must be on an autodiff device. The model should be
/// [frozen](burn::module::Module::freeze), so that dropout is off.
///
/// # Panics
///
/// If the device is not an autodiff device, or the model has no such class.
pub fn gradient_times_input(
    model: &SequenceClassifier<Bert>,
    batch: &TokenBatch,
    class: usize,
) -> Vec<Vec<f64>> {
    let vectors = model.encoder.word_vectors(batch.ids.clone());
    let gradient = gradient(model, batch, vectors.clone(), class);
    rows(product(gradient, vectors))
}

/// Integrated gradients (Sundararajan, Taly and Yan 2017, arXiv 1703.01365) for the score of a
/// class. The path is the straight line from the word embeddings of `baseline` (ids, `[batch,
/// length]`) to those of the batch. It is divided into `steps` steps, and each gradient is taken at
/// the middle of a step. More steps give a smaller [error](Integrated::relative_errors).
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_core::Encoding;
/// use dnabert_interpret::integrated_gradients;
/// use dnabert_model::{BertConfig, TokenBatch};
///
/// let device = Device::flex().autodiff();
/// let config = BertConfig {
///     num_hidden_layers: 1,
///     hidden_size: 12,
///     num_attention_heads: 2,
///     intermediate_size: 24,
///     hidden_dropout_prob: 0.0, // a network in training mode would drop states at random
///     attention_probs_dropout_prob: 0.0,
///     ..BertConfig::new(69)
/// };
/// let model = config.sequence_classifier(1, &device);
/// let mut row = Encoding::default();
/// [2, 12, 33, 3].into_iter().for_each(|id| row.push(id, 0, None));
/// let batch = TokenBatch::from_encodings(&[&row], /* pad */ 0, &device);
/// let masked = batch.ids.clone().full_like(4); // [MASK] everywhere
/// let found = integrated_gradients(&model, &batch, masked, /* class */ 1, /* steps */ 32);
/// let sum: f64 = found.scores[0].iter().sum();
/// assert!((sum - found.difference[0]).abs() < 1e-3);
/// ```
///
/// # Panics
///
/// As [`gradient_times_input`], and also if `steps` is 0.
pub fn integrated_gradients(
    model: &SequenceClassifier<Bert>,
    batch: &TokenBatch,
    baseline: Tensor<2, Int>,
    class: usize,
    steps: usize,
) -> Integrated {
    assert!(steps > 0, "an integral of no step");
    let start = model.encoder.word_vectors(baseline.clone());
    let way = model.encoder.word_vectors(batch.ids.clone()) - start.clone();
    let mut sum = way.zeros_like();
    for step in 0..steps {
        let share = (step as f64 + 0.5) / steps as f64;
        let vectors = start.clone() + way.clone().mul_scalar(share);
        sum = (sum + gradient(model, batch, vectors, class)).detach();
    }
    let scores = product(sum.div_scalar(steps as f64), way);
    let from = TokenBatch { ids: baseline, ..batch.clone() };
    let score = |batch: &TokenBatch| class_score(model.forward(batch, &mut ()), class);
    let difference = score(batch) - score(&from);
    Integrated { scores: rows(scores), difference: difference.into_data().iter::<f64>().collect() }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::tensor::{Device, TensorData};

    use dnabert_model::{BertConfig, Pooling};

    use super::*;

    fn model(labels: usize) -> SequenceClassifier<Bert> {
        let config = BertConfig {
            hidden_size: 8,
            num_attention_heads: 2,
            num_hidden_layers: 2,
            intermediate_size: 16,
            max_position_embeddings: 10,
            initializer_range: 0.4,
            pooling: Pooling::Mean,
            ..BertConfig::new(21)
        };
        let config = config.with_labels(&vec![String::from("x"); labels]);
        config.sequence_classifier(3, &Device::flex().autodiff()).freeze()
    }

    /// Two rows, the second padded.
    fn batch() -> TokenBatch {
        let ids = vec![2, 7, 8, 9, 3, 2, 10, 11, 3, 0];
        let mask = vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        TokenBatch::from_rows([2, 5], ids, vec![0; 10], mask, &Device::flex().autodiff())
    }

    fn baseline() -> Tensor<2, Int> {
        let ids = vec![2, 4, 4, 4, 3, 2, 4, 4, 3, 0];
        Tensor::from_data(TensorData::new(ids, [2, 5]), &Device::flex().autodiff())
    }

    #[test]
    fn integrated_gradients_add_up_to_the_difference() {
        for labels in [2, 3] {
            let model = model(labels);
            let few = integrated_gradients(&model, &batch(), baseline(), 1, 4);
            let many = integrated_gradients(&model, &batch(), baseline(), 1, 64);
            let worst =
                |found: &Integrated| found.relative_errors().into_iter().fold(0.0, f64::max);
            assert!(worst(&many) < 0.01, "{labels}: {}", worst(&many));
            assert!(worst(&many) <= worst(&few) + 1e-6);
            // Special tokens and padding are the same in both, so their scores are zero.
            for (row, place) in [(0, 0), (0, 4), (1, 0), (1, 3), (1, 4)] {
                assert!(many.scores[row][place].abs() < 1e-6);
            }
            assert!(many.difference.iter().any(|difference| difference.abs() > 0.01));
        }
    }

    #[test]
    fn gradients_are_slopes() {
        let model = model(2);
        let vectors = model.encoder.word_vectors(batch().ids);
        let score = |vectors: Tensor<3>| -> f64 {
            let batch = TokenBatch { word_vectors: Some(vectors), ..batch() };
            class_score(model.forward(&batch, &mut ()), 1).sum().into_data().iter::<f64>().sum()
        };
        // A small change of every vector of the first row.
        let first = Tensor::<3>::from_data(
            TensorData::new(vec![1.0_f32, 0.0], [2, 1, 1]),
            &Device::flex().autodiff(),
        );
        let step = 1e-2;
        let moved =
            |step: f64| score(vectors.clone() + vectors.clone() * first.clone().mul_scalar(step));
        let slope = (moved(step) - moved(-step)) / (2.0 * step);
        let found: f64 = gradient_times_input(&model, &batch(), 1)[0].iter().sum();
        assert!((found - slope).abs() < 1e-3 * slope.abs().max(1.0), "{found} {slope}");
        // The padding of the second row has no effect.
        assert!(gradient_times_input(&model, &batch(), 1)[1][4].abs() < 1e-7);
    }
}
