//! A regression on counts of k-mers. It is fitted once, separately, and combined with each network.

use dnabert_baseline::{LinearClassifier, NgramFeatures};
use dnabert_core::{Encoding, SpecialTokens};
use dnabert_inference::{AnyClassifier, AnyTokenizer, Combination, Ensemble, Member, Predictor};
use dnabert_model::{Encoder, softmax};
use dnabert_train::{ClassificationReport, EncodedExample};

use super::ExperimentError;
use crate::Ngrams;
use crate::baseline::{fit_best, score};
use crate::ngrams::{PENALTIES, classifier, counts, unit};

/// Weights of the regression in the scores, to choose from. They are in descending order, so that
/// the smallest of equally good ones is chosen. The weight 1 is missing, since the network must
/// contribute.
const FRACTIONS: [f64; 4] = [0.75, 0.5, 0.25, 0.0];

/// Rows of one forward pass.
const BATCH_SIZE: usize = 32;

/// A logistic regression on counts of k-mers.
#[derive(Debug)]
pub(super) struct NgramRegression<'a> {
    classifier: LinearClassifier,
    dev: &'a [EncodedExample],
    dev_scores: Vec<Vec<f64>>,
}

impl<'a> NgramRegression<'a> {
    /// Fits it to `train`. The penalty is chosen by AUROC on `dev`. All rows have the same weight,
    /// whatever class weights the training of the network uses.
    pub(super) fn fit(
        k: usize,
        counted: Ngrams,
        features: NgramFeatures,
        [train, dev]: [&'a [EncodedExample]; 2],
        labels: &[&str],
    ) -> Result<Self, ExperimentError> {
        let unit = unit(train);
        let [train_rows, dev_rows] = [train, dev].map(|rows| counts(features, unit, rows));
        let [train_labels, dev_labels] = [train, dev].map(labels_of);
        let (fit, _) = fit_best(
            [&train_rows, &dev_rows],
            [&train_labels, &dev_labels],
            features.columns(),
            labels.len(),
            &PENALTIES,
        );
        let dev_scores = dev_rows
            .iter()
            .map(|row| {
                let of_class = |(own, bias): (&[f64], f64)| {
                    bias + row.iter().map(|&(column, count)| own[column] * count).sum::<f64>()
                };
                fit.weights().map(of_class).collect()
            })
            .collect();
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let classifier = classifier(k, counted, unit, labels, &fit)?;
        Ok(Self { classifier, dev, dev_scores })
    }

    /// The scores of a network for the dev split.
    pub(super) fn logits<E: Encoder>(
        &self,
        network: &Predictor<E, AnyTokenizer>,
        tokens: SpecialTokens,
    ) -> Vec<Vec<f32>> {
        let inputs: Vec<&Encoding> = self.dev.iter().map(|row| &row.encoding).collect();
        network.logits(&inputs, BATCH_SIZE, tokens.pad)
    }

    /// Combines the trained `network`, of which `of_network` are the scores for the dev split, with
    /// this regression. Returns the combination and the weight of the regression, which is chosen
    /// by AUROC on the dev split. Rows of both strands are
    /// evaluated separately.
    ///
    /// The errors of network and regression are not the same if each is fitted separately. Together
    /// they have a lower error than a network whose head reads the counts.
    pub(super) fn beside(
        &self,
        network: AnyClassifier,
        of_network: &[Vec<f32>],
    ) -> (AnyClassifier, f64) {
        let labels = labels_of(self.dev);
        let evaluated = |fraction: f64| {
            let both = |(own, counts): (&Vec<f32>, &Vec<f64>)| {
                let pairs = own.iter().zip(counts);
                let mean = pairs
                    .map(|(&own, counts)| (1.0 - fraction) * f64::from(own) + fraction * counts);
                softmax(&mean.map(|value| value as f32).collect::<Vec<f32>>())
            };
            let found: Vec<Vec<f64>> = of_network.iter().zip(&self.dev_scores).map(both).collect();
            score(&ClassificationReport::new(&found, &labels))
        };
        let best = FRACTIONS.into_iter().map(|fraction| (fraction, evaluated(fraction)));
        let (fraction, _) = best.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        if fraction == 0.0 {
            return (network, fraction);
        }
        let members = vec![
            Member { classifier: network, weight: 1.0 - fraction },
            Member { classifier: self.classifier.clone().into(), weight: fraction },
        ];
        let ensemble = Ensemble::with_rule(members, Combination::LogProbabilities);
        (ensemble.expect("two members with the same classes").into(), fraction)
    }
}

fn labels_of(rows: &[EncodedExample]) -> Vec<usize> {
    rows.iter().map(|row| row.label).collect()
}
