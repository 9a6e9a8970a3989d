//! What a result must beat to show anything.

use burn::module::Module;
use burn::tensor::Device;
use dnabert_baseline::{CnnConfig, KmerShares, LogisticRegression, OneHot, SparseRow};
use dnabert_core::{Encoding, Example, Tokenizer, derive_seed};
use dnabert_kmer::{AmbiguityPolicy, KmerTokenizer, LengthPolicy};
use dnabert_train::metric::auroc;
use dnabert_train::{
    ClassificationReport, EarlyStop, FineTuneConfig, encode_examples, fine_tune, logits, softmax,
};

use crate::ExperimentError;

/// The AUROC of GC content alone on `test`, its direction chosen on `train`; two classes.
/// `None` where a split has one class only.
pub fn gc_auroc(train: &[Example], test: &[Example]) -> Option<f64> {
    let area = |examples: &[Example]| {
        let scores: Vec<f64> = examples.iter().map(gc_content).collect();
        let positive: Vec<bool> = examples.iter().map(|example| example.label == 1).collect();
        auroc(&scores, &positive)
    };
    let (train, test) = (area(train)?, area(test)?);
    Some(if train >= 0.5 { test } else { 1.0 - test })
}

fn gc_content(example: &Example) -> f64 {
    example.sequence.gc_content().unwrap_or(0.5)
}

/// A simple method that any result stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// Logistic regression on GC content alone.
    Gc,
    /// Logistic regression on the shares of all 4-, 5- and 6-mers.
    Kmers,
    /// Logistic regression on the base at each place.
    Positions,
    /// A plain convolutional network.
    Cnn,
}

/// What a simple method says of the examples that it was not fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorOutcome {
    /// How it does on the dev split, which chose its settings.
    pub dev: ClassificationReport,
    /// Class probabilities of each test example.
    pub probabilities: Vec<Vec<f64>>,
}

/// The splits of a task.
#[derive(Debug, Clone, Copy)]
pub struct FloorData<'a> {
    /// Fits the method.
    pub train: &'a [Example],
    /// Chooses its settings.
    pub dev: &'a [Example],
    /// What it is asked about.
    pub test: &'a [Example],
    /// The number of classes.
    pub classes: usize,
}

/// Penalties to choose from.
const PENALTIES: [f64; 6] = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0];

impl Floor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gc, Self::Kmers, Self::Positions, Self::Cnn];

    /// A short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gc => "GC content",
            Self::Kmers => "k-mer regression",
            Self::Positions => "position regression",
            Self::Cnn => "CNN",
        }
    }

    /// Fits the method; `seed` matters to the network alone.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] where a split is empty, or the network cannot be trained.
    pub fn run(
        self,
        data: FloorData<'_>,
        seed: u64,
        device: &Device,
        workers: usize,
    ) -> Result<FloorOutcome, ExperimentError> {
        let longest = data.train.iter().map(|example| example.sequence.len()).max();
        let longest = longest.unwrap_or_default();
        match self {
            Self::Gc => Ok(regress(data, 1, |example| vec![(0, gc_content(example))])),
            Self::Kmers => {
                let features = KmerShares::new(4, 6);
                Ok(regress(data, features.columns(), |example| features.row(&example.sequence)))
            }
            Self::Positions => {
                let features = OneHot::new(longest);
                Ok(regress(data, features.columns(), |example| features.row(&example.sequence)))
            }
            Self::Cnn => convolve(data, longest, seed, device, workers),
        }
    }
}

fn regress(
    data: FloorData<'_>,
    columns: usize,
    features: impl Fn(&Example) -> SparseRow,
) -> FloorOutcome {
    let rows = [data.train, data.dev, data.test]
        .map(|examples| examples.iter().map(&features).collect::<Vec<_>>());
    regress_rows(data, rows.each_ref().map(Vec::as_slice), columns)
}

/// Logistic regression on the rows of train, dev and test, its penalty chosen on dev by AUROC: of
/// features that anything may have made of the examples.
///
/// # Panics
///
/// If there are not as many rows as examples, or none.
pub fn regress_rows(
    data: FloorData<'_>,
    [train, dev, test]: [&[SparseRow]; 3],
    columns: usize,
) -> FloorOutcome {
    let labels =
        |examples: &[Example]| -> Vec<usize> { examples.iter().map(|e| e.label).collect() };
    let labels = [data.train, data.dev].map(labels);
    let labels = labels.each_ref().map(Vec::as_slice);
    let (model, dev) = fit_best([train, dev], labels, columns, data.classes);
    FloorOutcome { dev, probabilities: test.iter().map(|row| model.predict(row)).collect() }
}

/// Logistic regression on train, and how it does on dev, which chooses its penalty by AUROC.
pub(crate) fn fit_best(
    [train, dev]: [&[SparseRow]; 2],
    [train_labels, dev_labels]: [&[usize]; 2],
    columns: usize,
    classes: usize,
) -> (LogisticRegression, ClassificationReport) {
    let fits = PENALTIES.map(|penalty| {
        let model = LogisticRegression::fit(train, train_labels, columns, classes, penalty);
        let found: Vec<_> = dev.iter().map(|row| model.predict(row)).collect();
        (model, ClassificationReport::new(&found, dev_labels))
    });
    let score = |report: &ClassificationReport| report.auroc.unwrap_or(report.accuracy);
    let best = fits.into_iter().max_by(|a, b| score(&a.1).total_cmp(&score(&b.1)));
    best.expect("there are penalties")
}

/// Epochs of the network at most, and without a better one before it ends.
const EPOCHS: usize = 60;
const PATIENCE: usize = 10;

fn convolve(
    data: FloorData<'_>,
    longest: usize,
    seed: u64,
    device: &Device,
    workers: usize,
) -> Result<FloorOutcome, ExperimentError> {
    let length = longest + 2;
    let tokenizer = KmerTokenizer::new(1)?
        .with_ambiguity(AmbiguityPolicy::Unknown)
        .with_length(LengthPolicy::Truncate(length));
    let train = encode_examples(&tokenizer, data.train)?;
    let dev = encode_examples(&tokenizer, data.dev)?;
    let test = encode_examples(&tokenizer, data.test)?;
    let network = CnnConfig::new(length, data.classes).init(derive_seed(seed, &[40]), device);
    let config = FineTuneConfig {
        epochs: EPOCHS,
        early_stop: EarlyStop::Patience(PATIENCE),
        learning_rate: 1e-3,
        workers,
        seed,
        ..FineTuneConfig::default()
    };
    let special = tokenizer.special_tokens();
    let tuned = fine_tune(network, &train, &dev, special, &config, &mut ())?;
    let rows: Vec<&Encoding> = test.iter().map(|row| &row.encoding).collect();
    let scores = logits(&tuned.model.valid(), &rows, 64, special.pad, device);
    let probabilities = scores.iter().map(|row| softmax(row)).collect();
    Ok(FloorOutcome { dev: tuned.dev, probabilities })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequences with or without `TATA` at a fixed place, in random bases.
    fn examples(count: usize, salt: u64) -> Vec<Example> {
        let bases = |row: usize| -> String {
            (0..40)
                .map(|place| derive_seed(salt, &[row as u64, place]) as usize % 4)
                .map(|base| ["A", "C", "G", "T"][base])
                .collect()
        };
        let example = |row: usize| {
            let (mut bases, label) = (bases(row), row % 2);
            if label == 1 {
                bases.replace_range(10..16, "TATAAA");
            }
            let sequence = bases.parse().unwrap();
            Example { name: row.to_string(), sequence, pair: None, label }
        };
        (0..count).map(example).collect()
    }

    #[test]
    fn what_stands_at_a_place_is_found_by_all_but_gc() {
        let (train, dev, test) = (examples(300, 1), examples(60, 2), examples(200, 3));
        let data = FloorData { train: &train, dev: &dev, test: &test, classes: 2 };
        let labels: Vec<usize> = test.iter().map(|example| example.label).collect();
        let area = |floor: Floor| {
            let found = floor.run(data, 1, &Device::flex(), 1).unwrap();
            ClassificationReport::new(&found.probabilities, &labels).auroc.unwrap()
        };
        for floor in [Floor::Kmers, Floor::Positions, Floor::Cnn] {
            assert!(area(floor) > 0.95, "{}: {}", floor.name(), area(floor));
        }
        let gc = area(Floor::Gc);
        assert!((0.6..0.9).contains(&gc), "{gc}"); // six bases of 40 are A or T
        assert!((gc_auroc(&train, &test).unwrap() - gc).abs() < 1e-9);
    }
}
