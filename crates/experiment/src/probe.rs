//! A linear head that is fitted as a logistic regression, instead of trained by gradient descent.

use burn::module::Module;
use burn::tensor::Device;
use dnabert_baseline::{NgramFeatures, SparseRow};
use dnabert_core::{Encoding, SpecialTokens};
use dnabert_model::{Encoder, SequenceClassifier, pooled_states};
use dnabert_train::{EncodedExample, TrainError};

use crate::baseline::{PENALTIES, fit_best};

/// Rows of one forward pass.
const BATCH_SIZE: usize = 32;

/// A fitted head: for each output, the weights of the pooled states, the weights of the counts, and
/// a bias.
pub(crate) struct FittedHead {
    states: Vec<Vec<f32>>,
    counts: Vec<Vec<f32>>,
    biases: Vec<f32>,
}

impl FittedHead {
    /// `network` with this head.
    pub(crate) fn under<E: Encoder>(
        &self,
        network: SequenceClassifier<E>,
    ) -> SequenceClassifier<E> {
        network.with_head(&self.states, &self.biases)
    }

    /// For each output, the weights of the counts.
    pub(crate) fn count_weights(&self) -> &[Vec<f32>] {
        &self.counts
    }
}

/// Fits a logistic regression of the classes on the pooled states of `model` and, if asked for, on
/// counts of k-mers. The penalty is chosen on `dev`. This measures what a frozen network knows. As
/// an initial head, it distorts the pre-trained features least during fine-tuning (Kumar et al.
/// 2022, arXiv 2202.10054).
pub(crate) fn fit_head<E: Encoder>(
    model: &SequenceClassifier<E>,
    features: Option<NgramFeatures>,
    [train, dev]: [&[EncodedExample]; 2],
    tokens: SpecialTokens,
    device: &Device,
) -> Result<FittedHead, TrainError> {
    let model = model.valid();
    let hidden = model.head_width();
    let columns = hidden + features.map_or(0, NgramFeatures::columns);
    let inputs = |split: &[EncodedExample]| -> Result<Vec<SparseRow>, TrainError> {
        let rows: Vec<&Encoding> = split.iter().map(|row| &row.encoding).collect();
        let states = pooled_states(&model, &rows, BATCH_SIZE, tokens.pad, device);
        if let Some(&value) = states.iter().flatten().find(|value| !value.is_finite()) {
            return Err(TrainError::NotFinite {
                what: "pooled state",
                value: value.into(),
                step: 0,
            });
        }
        let input = |(row, states): (&&Encoding, Vec<f32>)| {
            let states = states.into_iter().map(f64::from).enumerate();
            let counts = features.map_or_else(Vec::new, |features| features.fractions(&row.ids));
            let counts = counts.into_iter().map(|(column, count)| (hidden + column, count));
            states.chain(counts).collect()
        };
        Ok(rows.iter().zip(states).map(input).collect())
    };
    let (mut train_rows, mut dev_rows) = (inputs(train)?, inputs(dev)?);
    // One penalty for all inputs requires that they have the same scale.
    let scales = Scale::of(&train_rows, columns, hidden);
    for row in train_rows.iter_mut().chain(&mut dev_rows) {
        row.iter_mut().for_each(|(input, value)| *value = scales[*input].apply(*value));
    }
    let labels = |split: &[EncodedExample]| split.iter().map(|row| row.label).collect::<Vec<_>>();
    let (fit, _) = fit_best(
        [&train_rows, &dev_rows],
        [&labels(train), &labels(dev)],
        scales.len(),
        model.labels(),
        &PENALTIES,
    );
    // The weights are rescaled, so that the head reads unscaled inputs.
    let (weights, biases): (Vec<Vec<f32>>, Vec<f32>) = fit
        .weights()
        .map(|(weights, intercept)| {
            let terms = || weights.iter().zip(&scales);
            let offset: f64 = terms().map(|(w, scale)| w * scale.mean / scale.deviation).sum();
            let unscaled = terms().map(|(w, scale)| (w / scale.deviation) as f32);
            (unscaled.collect(), (intercept - offset) as f32)
        })
        .unzip();
    let part = |inputs: std::ops::Range<usize>| {
        weights.iter().map(|row| row[inputs.clone()].to_vec()).collect()
    };
    Ok(FittedHead { states: part(0..hidden), counts: part(hidden..columns), biases })
}

/// How an input is scaled to mean 0 and standard deviation 1 over the training rows.
#[derive(Debug, Clone, Copy)]
struct Scale {
    mean: f64,
    deviation: f64,
}

impl Scale {
    /// The scales of `columns` inputs. Inputs from `sparse` on are not centred, so that zeros stay
    /// zeros. Centring would change the intercept only.
    fn of(rows: &[SparseRow], columns: usize, sparse: usize) -> Vec<Self> {
        let count = rows.len() as f64;
        let mut sums = vec![[0.0, 0.0]; columns];
        for &(input, value) in rows.iter().flatten() {
            sums[input][0] += value / count;
            sums[input][1] += value * value / count;
        }
        let scale = |(input, [mean, square]): (usize, [f64; 2])| {
            let variance = square - mean * mean;
            // A constant input carries no information, and its rounding error must not be scaled
            // up. It becomes 0, and so does its weight.
            let changes = variance > 1e-10 * square;
            let deviation = if changes { variance.sqrt() } else { f64::INFINITY };
            Self { mean: if input < sparse { mean } else { 0.0 }, deviation }
        };
        sums.into_iter().enumerate().map(scale).collect()
    }

    fn apply(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}
