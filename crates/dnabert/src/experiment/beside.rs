//! A bag of tokens that is fitted by itself and counts beside a trained network.

use burn::tensor::Device;
use dnabert_baseline::SparseRow;
use dnabert_core::{Encoding, SpecialTokens};
use dnabert_model::{Bag, Bert, SequenceClassifier};
use dnabert_train::{ClassificationReport, EncodedExample, logits, softmax};

use crate::bag::{PENALTIES, counts, unit};
use crate::floor::{fit_best, score};

/// Shares of the bag in the scores, to choose from, so that of equals the smallest is taken; without its own part a network
/// would not be one.
const SHARES: [f64; 4] = [0.75, 0.5, 0.25, 0.0];

/// Rows of one forward pass.
const BATCH_SIZE: usize = 32;

/// `model`, which is trained, with a logistic regression on what `bag` counts beside it, and the share of the latter in the
/// scores. `dev` chooses that share and the penalty by AUROC.
///
/// All rows weigh the same, whatever the classes weigh in the training of the network; rows of both strands are asked one by
/// one. What network and counts get wrong is not the same, if each has been fitted without the other: together they err less
/// than a network whose head reads the counts.
pub(super) fn with_bag_beside(
    model: SequenceClassifier<Bert>,
    bag: Bag,
    [train, dev]: [&[EncodedExample]; 2],
    tokens: SpecialTokens,
    device: &Device,
) -> (SequenceClassifier<Bert>, f64) {
    let unit = unit(train);
    let [train_rows, dev_rows] = [train, dev].map(|rows| counts(bag, unit, rows));
    let [train_labels, dev_labels] =
        [train, dev].map(|rows| rows.iter().map(|row| row.label).collect::<Vec<_>>());
    let (fit, _) = fit_best(
        [&train_rows, &dev_rows],
        [&train_labels, &dev_labels],
        bag.columns(),
        model.labels(),
        &PENALTIES,
    );
    let weights: Vec<(&[f64], f64)> = fit.weights().collect();
    let of_bag = |row: &SparseRow| -> Vec<f64> {
        let score = |&(own, bias): &(&[f64], f64)| {
            bias + row.iter().map(|&(column, count)| own[column] * count).sum::<f64>()
        };
        weights.iter().map(score).collect()
    };
    let inputs: Vec<&Encoding> = dev.iter().map(|row| &row.encoding).collect();
    let of_network = logits(&model, &inputs, BATCH_SIZE, tokens.pad, device);
    let of_bag: Vec<Vec<f64>> = dev_rows.iter().map(of_bag).collect();
    let judged = |share: f64| {
        let both = |(own, bag): (&Vec<f32>, &Vec<f64>)| {
            let pairs = own.iter().zip(bag);
            let mean =
                pairs.map(|(&own, bag)| ((1.0 - share) * f64::from(own) + share * bag) as f32);
            softmax(&mean.collect::<Vec<f32>>())
        };
        let found: Vec<Vec<f64>> = of_network.iter().zip(&of_bag).map(both).collect();
        score(&ClassificationReport::new(&found, &dev_labels))
    };
    let best = SHARES.into_iter().map(|share| (share, judged(share)));
    let (share, _) = best.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
    let (weights, biases): (Vec<Vec<f32>>, Vec<f32>) = weights
        .into_iter()
        .map(|(own, bias)| (own.iter().map(|weight| (unit * weight) as f32).collect(), bias as f32))
        .unzip();
    (model.with_bag(bag, &weights, &biases, share as f32), share)
}
