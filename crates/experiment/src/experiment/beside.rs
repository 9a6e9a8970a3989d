//! A bag of tokens that is fitted by itself, once, and counts beside each trained network.

use burn::tensor::Device;
use dnabert_baseline::SparseRow;
use dnabert_core::{Encoding, SpecialTokens};
use dnabert_model::{Bag, Bert, SequenceClassifier};
use dnabert_model::{logits, softmax};
use dnabert_train::{ClassificationReport, EncodedExample};

use crate::bag::{PENALTIES, counts, unit};
use crate::floor::{fit_best, score};

/// Shares of the bag in the scores, to choose from, so that of equals the smallest is taken; without its own part a network
/// would not be one.
const SHARES: [f64; 4] = [0.75, 0.5, 0.25, 0.0];

/// Rows of one forward pass.
const BATCH_SIZE: usize = 32;

/// A logistic regression on what a bag of tokens counts, to stand beside networks.
#[derive(Debug)]
pub(super) struct FittedBag<'a> {
    bag: Bag,
    dev: &'a [EncodedExample],
    /// Tokens of a row of usual length.
    unit: f64,
    /// Weights and bias of each class, for rows of that length.
    classes: Vec<(Vec<f64>, f64)>,
    dev_scores: Vec<Vec<f64>>,
}

impl<'a> FittedBag<'a> {
    /// Fits it to `train`; `dev` chooses the penalty by AUROC.
    ///
    /// All rows weigh the same, whatever the classes weigh in the training of the network.
    pub(super) fn new(
        bag: Bag,
        train: &[EncodedExample],
        dev: &'a [EncodedExample],
        labels: usize,
    ) -> Self {
        let unit = unit(train);
        let [train_rows, dev_rows] = [train, dev].map(|rows| counts(bag, unit, rows));
        let [train_labels, dev_labels] = [train, dev].map(labels_of);
        let (fit, _) = fit_best(
            [&train_rows, &dev_rows],
            [&train_labels, &dev_labels],
            bag.columns(),
            labels,
            &PENALTIES,
        );
        let classes: Vec<(Vec<f64>, f64)> =
            fit.weights().map(|(own, bias)| (own.to_vec(), bias)).collect();
        let of_class = |row: &SparseRow, (own, bias): &(Vec<f64>, f64)| {
            bias + row.iter().map(|&(column, count)| own[column] * count).sum::<f64>()
        };
        let dev_scores =
            dev_rows.iter().map(|row| classes.iter().map(|class| of_class(row, class)).collect());
        let dev_scores = dev_scores.collect();
        Self { bag, dev, unit, classes, dev_scores }
    }

    /// `model`, which is trained, with this beside it, and its share in the scores, which the dev split chooses
    /// by AUROC; rows of both strands are asked one by one.
    ///
    /// What network and counts get wrong is not the same, if each has been fitted without the other: together they err less
    /// than a network whose head reads the counts.
    pub(super) fn beside(
        &self,
        model: SequenceClassifier<Bert>,
        tokens: SpecialTokens,
        device: &Device,
    ) -> (SequenceClassifier<Bert>, f64) {
        let inputs: Vec<&Encoding> = self.dev.iter().map(|row| &row.encoding).collect();
        let of_network = logits(&model, &inputs, BATCH_SIZE, tokens.pad, device);
        let labels = labels_of(self.dev);
        let judged = |share: f64| {
            let both = |(own, bag): (&Vec<f32>, &Vec<f64>)| {
                let pairs = own.iter().zip(bag);
                let mean =
                    pairs.map(|(&own, bag)| ((1.0 - share) * f64::from(own) + share * bag) as f32);
                softmax(&mean.collect::<Vec<f32>>())
            };
            let found: Vec<Vec<f64>> = of_network.iter().zip(&self.dev_scores).map(both).collect();
            score(&ClassificationReport::new(&found, &labels))
        };
        let best = SHARES.into_iter().map(|share| (share, judged(share)));
        let (share, _) = best.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        let weight = |weight: &f64| (self.unit * weight) as f32;
        let (weights, biases): (Vec<Vec<f32>>, Vec<f32>) = self
            .classes
            .iter()
            .map(|(own, bias)| (own.iter().map(weight).collect(), *bias as f32))
            .unzip();
        (model.with_bag(self.bag, &weights, &biases, share as f32), share)
    }
}

fn labels_of(rows: &[EncodedExample]) -> Vec<usize> {
    rows.iter().map(|row| row.label).collect()
}
