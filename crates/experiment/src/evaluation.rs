//! Evaluation of a model or a baseline by its probabilities on dev and test.

use dnabert_core::derive_seed;
use dnabert_train::metric::{self, Balance, Calibration, CallReport};
use dnabert_train::{ClassificationReport, ConfidenceInterval, bootstrap};
use serde::Serialize;

/// The true classes of some examples, and the probabilities that a method gives them.
///
/// ```
/// use dnabert_experiment::Predictions;
///
/// let found = Predictions {
///     probabilities: vec![vec![0.9, 0.1], vec![0.4, 0.6], vec![0.2, 0.8]],
///     labels: vec![0, 0, 1],
/// };
/// assert_eq!(found.auroc(), Some(1.0));
/// assert_eq!(found.report().accuracy, 2.0 / 3.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// The probability of each class, for each example.
    pub probabilities: Vec<Vec<f64>>,
    /// The class of each example.
    pub labels: Vec<usize>,
}

/// The evaluation of a method on one task: on dev, which chose its settings, and on test.
///
/// ```
/// use dnabert_experiment::{Evaluation, Predictions};
///
/// let probabilities = (0..40).map(|row| f64::from(row) / 40.0).map(|p| vec![1.0 - p, p]);
/// let labels = (0..40).map(|row| usize::from(row >= 20)).collect();
/// let found = Predictions { probabilities: probabilities.collect(), labels };
/// let evaluation = Evaluation::new(/* dev */ &found, /* test */ &found, /* seed */ 1);
/// assert_eq!(evaluation.test.auroc, Some(1.0));
/// let interval = evaluation.auroc_interval.expect("two classes");
/// assert!(interval.low <= 1.0 && interval.high == 1.0);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The test split. The most probable class of each example is taken as its prediction.
    #[serde(flatten)]
    pub test: ClassificationReport,
    /// 95 % bootstrap interval of the test AUROC.
    pub auroc_interval: Option<ConfidenceInterval>,
    /// 95 % bootstrap interval of the test MCC.
    pub mcc_interval: Option<ConfidenceInterval>,
    /// Whether the probabilities on the test split are frequencies.
    pub calibration: Calibration,
    /// The dev split.
    pub dev: ClassificationReport,
    /// The test split with the threshold that has the highest MCC on dev. For two classes only.
    pub chosen_threshold: Option<CallReport>,
    /// The test split with ten and with a hundred negatives for each positive. Negatives are of
    /// class 0, positives of any other class. Where there are several positive classes, such as
    /// donor and acceptor, a positive also counts as right when it is predicted as the wrong one of
    /// them.
    pub imbalanced: Vec<Imbalanced>,
}

/// Metrics where positives are rare.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Imbalanced {
    /// Negatives for each positive.
    pub negatives_per_positive: f64,
    /// With a threshold of one half.
    pub at_half: CallReport,
    /// With the threshold that has the highest MCC on dev at the same balance.
    pub at_chosen: CallReport,
    /// 95 % bootstrap interval of the MCC of [`at_chosen`](Self::at_chosen). It is wide: one false
    /// positive more or less changes the MCC much when there are a hundred negatives for each
    /// positive.
    pub at_chosen_mcc_interval: Option<ConfidenceInterval>,
}

/// Number of bootstrap resamples for a confidence interval.
const RESAMPLES: usize = 1000;

/// Negatives for each positive, for the evaluation with rare positives.
const RATIOS: [f64; 2] = [10.0, 100.0];

impl Predictions {
    /// All metrics, with the most probable class as the prediction.
    ///
    /// # Panics
    ///
    /// As [`ClassificationReport::new`].
    pub fn report(&self) -> ClassificationReport {
        ClassificationReport::new(&self.probabilities, &self.labels)
    }

    /// For two classes: the probability of class 1, and whether class 1 is the true one.
    pub fn binary(&self) -> Option<(Vec<f64>, Vec<bool>)> {
        if self.probabilities.first()?.len() != 2 {
            return None;
        }
        let scores = self.probabilities.iter().map(|row| row[1]).collect();
        Some((scores, self.labels.iter().map(|&label| label == 1).collect()))
    }

    /// The probability that an example is of any class but class 0, and whether it is. `None`
    /// without examples.
    pub fn positives(&self) -> Option<(Vec<f64>, Vec<bool>)> {
        self.probabilities.first()?;
        let scores = self.probabilities.iter().map(|row| row.iter().skip(1).sum()).collect();
        Some((scores, self.labels.iter().map(|&label| label > 0).collect()))
    }

    /// The subset with these examples.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        Self {
            probabilities: indices.iter().map(|&at| self.probabilities[at].clone()).collect(),
            labels: indices.iter().map(|&at| self.labels[at]).collect(),
        }
    }

    /// The AUROC: of class 1 for two classes, the mean over pairs of classes for more.
    pub fn auroc(&self) -> Option<f64> {
        match self.binary() {
            Some((scores, positive)) => metric::auroc(&scores, &positive),
            None => metric::one_vs_one_auroc(&self.probabilities, &self.labels),
        }
    }

    /// The means over both strands. The second half of the rows are the reverse complements of the
    /// first half.
    pub(crate) fn over_strands(&self) -> Self {
        let (forward, reverse) = self.probabilities.split_at(self.probabilities.len() / 2);
        let mean = |(one, other): (&Vec<f64>, &Vec<f64>)| {
            one.iter().zip(other).map(|(a, b)| f64::midpoint(*a, *b)).collect()
        };
        Self {
            probabilities: forward.iter().zip(reverse).map(mean).collect(),
            labels: self.labels[..forward.len()].to_vec(),
        }
    }

    /// 95 % bootstrap interval of the MCC.
    pub(crate) fn mcc_interval(&self, seed: u64) -> Option<ConfidenceInterval> {
        self.interval(seed, |rows| Some(rows.report().mcc))
    }

    fn interval(
        &self,
        seed: u64,
        value: impl Fn(&Self) -> Option<f64>,
    ) -> Option<ConfidenceInterval> {
        bootstrap(self.labels.len(), RESAMPLES, seed, |indices| value(&self.subset(indices)))
    }
}

impl Evaluation {
    /// Evaluates a method on `test`. Thresholds are chosen on `dev`. `seed` is for the resampling.
    ///
    /// # Panics
    ///
    /// As [`ClassificationReport::new`].
    pub fn new(dev: &Predictions, test: &Predictions, seed: u64) -> Self {
        let mut found = Self::without_intervals(dev, test);
        found.auroc_interval = test.interval(derive_seed(seed, &[11]), Predictions::auroc);
        found.mcc_interval = test.mcc_interval(derive_seed(seed, &[14]));
        for rare in &mut found.imbalanced {
            let balance = Balance::NegativesPerPositive(rare.negatives_per_positive);
            let seed = derive_seed(seed, &[15, rare.negatives_per_positive as u64]);
            rare.at_chosen_mcc_interval = test.interval(seed, |rows| {
                let (scores, positive) = rows.positives()?;
                Some(CallReport::at(rare.at_chosen.threshold, &scores, &positive, balance)?.mcc)
            });
        }
        found
    }

    /// As [`new`](Self::new), without intervals: these need thousands of resamples, and means over
    /// runs do not use them.
    ///
    /// # Panics
    ///
    /// As [`ClassificationReport::new`].
    pub fn without_intervals(dev: &Predictions, test: &Predictions) -> Self {
        let positives = dev.positives().zip(test.positives());
        let calls = |threshold: Option<f64>, balance| {
            let ((dev, dev_truth), (test, test_truth)) = positives.as_ref()?;
            let threshold =
                threshold.or_else(|| metric::best_threshold(dev, dev_truth, balance))?;
            CallReport::at(threshold, test, test_truth, balance)
        };
        let imbalanced = |negatives_per_positive| {
            let balance = Balance::NegativesPerPositive(negatives_per_positive);
            Some(Imbalanced {
                negatives_per_positive,
                at_half: calls(Some(0.5), balance)?,
                at_chosen: calls(None, balance)?,
                at_chosen_mcc_interval: None,
            })
        };
        Self {
            test: test.report(),
            auroc_interval: None,
            mcc_interval: None,
            calibration: Calibration::new(&test.probabilities, &test.labels),
            dev: dev.report(),
            // With several classes, one threshold cannot choose between them.
            chosen_threshold: calls(None, Balance::AsGiven)
                .filter(|_| test.probabilities.first().is_some_and(|row| row.len() == 2)),
            imbalanced: RATIOS.into_iter().filter_map(imbalanced).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(rows: &[(f64, usize)]) -> Predictions {
        Predictions {
            probabilities: rows.iter().map(|(p, _)| vec![1.0 - p, *p]).collect(),
            labels: rows.iter().map(|(_, label)| *label).collect(),
        }
    }

    #[test]
    fn thresholds_come_from_dev_and_rare_positives_lower_what_is_right() {
        // On dev, positives are above 0.3. On test, one negative is above it, too.
        let dev = scored(&[(0.1, 0), (0.2, 0), (0.4, 1), (0.6, 1)]);
        let test = scored(&[(0.1, 0), (0.25, 0), (0.35, 0), (0.2, 0), (0.4, 1), (0.7, 1)]);
        let found = Evaluation::new(&dev, &test, 1);
        assert!((found.test.accuracy - 5.0 / 6.0).abs() < 1e-12);
        let chosen = found.chosen_threshold.unwrap();
        assert!((chosen.threshold - 0.3).abs() < 1e-12, "{chosen:?}");
        assert_eq!((chosen.recall, chosen.precision), (1.0, 2.0 / 3.0));
        let [ten, hundred] = found.imbalanced[..] else { panic!("two ratios") };
        assert!((ten.at_chosen.precision - 1.0 / 3.5).abs() < 1e-12, "{ten:?}");
        assert!(ten.at_chosen.mcc > hundred.at_chosen.mcc);
        assert!(hundred.at_half.accuracy > found.test.accuracy, "accuracy hides it");
    }

    #[test]
    fn three_classes_have_no_threshold_but_can_be_rare() {
        let rows = Predictions {
            probabilities: vec![vec![0.8, 0.1, 0.1], vec![0.1, 0.8, 0.1], vec![0.1, 0.1, 0.8]],
            labels: vec![0, 1, 2],
        };
        let found = Evaluation::new(&rows, &rows, 1);
        assert_eq!((found.test.mcc, found.chosen_threshold), (1.0, None));
        let calls: Vec<f64> = found.imbalanced.iter().map(|rare| rare.at_chosen.mcc).collect();
        assert_eq!(calls, [1.0, 1.0]);
        // An acceptor that is predicted as a donor counts as found. One that is predicted as
        // neither does not.
        let other =
            Predictions { probabilities: rows.probabilities.clone(), labels: vec![0, 2, 1] };
        assert_eq!(Evaluation::new(&rows, &other, 1).imbalanced[0].at_half.mcc, 1.0);
        let missed =
            Predictions { probabilities: rows.probabilities.clone(), labels: vec![2, 1, 0] };
        assert!(Evaluation::new(&rows, &missed, 1).imbalanced[0].at_half.mcc < 1.0);
    }
}
