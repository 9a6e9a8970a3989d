//! Simple baseline methods. A result is of interest only if it is better than these.

use burn::module::Module;
use burn::tensor::Device;
use dnabert_baseline::{
    CnnClassifier, CnnConfig, Features, KmerFractions, LinearClassifier, LogisticRegression,
    NgramFeatures, OneHot, SparseRow,
};
use dnabert_core::{Encoding, Example, Sequence, Split, Task, Tokenizer, derive_seed};
use dnabert_inference::{AnyClassifier, Ensemble, ModelError};
use dnabert_kmer::{AmbiguityPolicy, KmerTokenizer, LengthPolicy};
use dnabert_model::{RecurrentKind, logits, softmax};
use dnabert_train::metric::auroc;
use dnabert_train::{
    ClassificationReport, EarlyStop, EncodedExample, FineTuneConfig, Observer, encode_examples,
    fine_tune,
};

use crate::comparison::MethodResult;
use crate::{ExperimentError, Ngrams, Predictions, ngrams};

/// The AUROC of GC content alone on `test`, for two classes. Its direction is chosen on `train`.
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

/// A baseline: a simple method that any result is compared with.
///
/// ```
/// use dnabert_experiment::{Baseline, Benchmark, Datasets};
/// use dnabert_inference::device;
///
/// let task = Benchmark::PromoterUci.task(&Datasets::find()?);
/// let (both_strands, seed, workers) = (false, 1, 1);
/// for baseline in [Baseline::Gc, Baseline::Kmers] {
///     let found = baseline.learn(&task, both_strands, seed, &device(None)?, workers)?;
///     println!("{}: {}", baseline.name(), found.test.report());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// Logistic regression on GC content alone.
    Gc,
    /// Logistic regression on the fractions of all 4-, 5- and 6-mers.
    Kmers,
    /// Logistic regression on these counts of 4-mers. With [`Ngrams::BESIDE`] it reads all 4-, 5-
    /// and 6-mers in seven bins along the sequence: the regression that is combined with a network
    /// of 4-mers, here without the network.
    PlacedKmers(Ngrams),
    /// Logistic regression on the base at each position.
    Positions,
    /// A plain convolutional network. The better of two learning rates is used.
    Cnn,
    /// The same network, followed by a bidirectional long short-term memory (LSTM) layer.
    CnnLstm,
    /// The same with gated recurrent units (GRU).
    CnnGru,
}

/// The predictions of a baseline for the examples that it was not fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineOutcome {
    /// The dev split, on which its settings were chosen.
    pub dev: Predictions,
    /// The test split.
    pub test: Predictions,
}

/// The splits of a task.
#[derive(Debug, Clone, Copy)]
pub struct BaselineData<'a> {
    /// For fitting the method.
    pub train: &'a [Example],
    /// For choosing its settings.
    pub dev: &'a [Example],
    /// For evaluating it.
    pub test: &'a [Example],
    /// The number of classes.
    pub classes: usize,
}

/// The model-selection metric on the dev split.
pub(crate) fn score(report: &ClassificationReport) -> f64 {
    report.auroc.unwrap_or(report.accuracy)
}

/// Penalties to choose from.
pub(crate) const PENALTIES: [f64; 6] = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0];

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Gc,
        Self::Kmers,
        Self::PlacedKmers(Ngrams::BESIDE),
        Self::Positions,
        Self::Cnn,
        Self::CnnLstm,
        Self::CnnGru,
    ];

    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gc => "GC content",
            Self::Kmers => "k-mer regression",
            Self::PlacedKmers(_) => "placed k-mer regression",
            Self::Positions => "position regression",
            Self::Cnn => "CNN",
            Self::CnnLstm => "CNN + LSTM",
            Self::CnnGru => "CNN + GRU",
        }
    }

    /// Fits the method. `seed` affects the neural networks only.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] where the network cannot be trained.
    pub fn run(
        self,
        data: BaselineData<'_>,
        seed: u64,
        device: &Device,
        workers: usize,
    ) -> Result<BaselineOutcome, ExperimentError> {
        let labels: Vec<String> = (0..data.classes).map(|class| class.to_string()).collect();
        Ok(self.fit_data(data, &labels, seed, device, workers)?.1)
    }

    /// As [`run`](Self::run), on a task. With `both_strands`, it learns from both strands and
    /// averages the predictions over them, as an [`Experiment`](crate::Experiment) does.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn learn<T: Task>(
        self,
        task: &T,
        both_strands: bool,
        seed: u64,
        device: &Device,
        workers: usize,
    ) -> Result<MethodResult, ExperimentError> {
        Ok(self.fit(task, both_strands, seed, device, workers)?.1)
    }

    /// As [`learn`](Self::learn), and also returns the fitted classifier, which can be saved,
    /// opened and used like any other.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn fit<T: Task>(
        self,
        task: &T,
        both_strands: bool,
        seed: u64,
        device: &Device,
        workers: usize,
    ) -> Result<(AnyClassifier, MethodResult), ExperimentError> {
        let [train, dev, test] =
            [Split::Train, Split::Dev, Split::Test].map(|split| examples(task, split));
        let (train, dev, test) = (train?, dev?, test?);
        let (labels, train_rows) = (task.classes(), train.len());
        let classes = labels.len();
        if !both_strands {
            let data = BaselineData { train: &train, dev: &dev, test: &test, classes };
            let (classifier, found) = self.fit_data(data, labels, seed, device, workers)?;
            let BaselineOutcome { dev, test } = found;
            return Ok((classifier, MethodResult { train_rows, dev, test }));
        }
        let [train, dev, test] = [&train, &dev, &test].map(|rows| both(rows));
        let data = BaselineData { train: &train, dev: &dev, test: &test, classes };
        let (classifier, found) = self.fit_data(data, labels, seed, device, workers)?;
        let classifier = Ensemble::from(classifier).with_both_strands(true);
        let (dev, test) = (found.dev.over_strands(), found.test.over_strands());
        Ok((classifier.into(), MethodResult { train_rows, dev, test }))
    }

    pub(crate) fn fit_data(
        self,
        data: BaselineData<'_>,
        labels: &[String],
        seed: u64,
        device: &Device,
        workers: usize,
    ) -> Result<(AnyClassifier, BaselineOutcome), ExperimentError> {
        let longest = data.train.iter().map(|example| example.sequence.len()).max();
        let longest = longest.unwrap_or_default();
        let letters = |features: Features, row: &dyn Fn(&Example) -> SparseRow| {
            let columns = features.columns().expect("features of a baseline");
            let rows = [data.train, data.dev, data.test]
                .map(|examples| examples.iter().map(row).collect::<Vec<_>>());
            let rows = rows.each_ref().map(Vec::as_slice);
            let (model, outcome) = regress_by(data, rows, columns, &PENALTIES);
            let linear = LinearClassifier::from_regression(features, labels.to_vec(), &model);
            Ok((linear.map_err(ModelError::from)?.into(), outcome))
        };
        match self {
            Self::Gc => letters(Features::GcContent, &|example| vec![(0, gc_content(example))]),
            Self::Kmers => {
                let features = KmerFractions::new(4, 6);
                letters(Features::KmerFractions { shortest: 4, longest: 6 }, &|example| {
                    features.row(&example.sequence)
                })
            }
            Self::PlacedKmers(counted) => place_kmers(data, counted, labels),
            Self::Positions => {
                let features = OneHot::new(longest);
                letters(Features::OneHot { length: longest }, &|example| {
                    features.row(&example.sequence)
                })
            }
            Self::Cnn | Self::CnnLstm | Self::CnnGru => {
                let recurrent = match self {
                    Self::CnnLstm => Some(RecurrentKind::Lstm),
                    Self::CnnGru => Some(RecurrentKind::Gru),
                    _ => None,
                };
                let config = CnnConfig { recurrent, ..CnnConfig::new(longest + 2, data.classes) };
                let training = CnnTraining::of_baseline(seed, workers);
                convolve(data, &config, labels, training, device, &mut ())
            }
        }
    }
}

/// The examples, followed by their reverse complements.
pub(crate) fn both(examples: &[Example]) -> Vec<Example> {
    let reversed = |example: &Example| Example {
        sequence: example.sequence.reverse_complement(),
        pair: example.pair.as_ref().map(Sequence::reverse_complement),
        ..example.clone()
    };
    examples.iter().cloned().chain(examples.iter().map(reversed)).collect()
}

/// The examples of a split, which must not be empty.
pub(crate) fn examples<T: Task>(task: &T, split: Split) -> Result<Vec<Example>, ExperimentError> {
    let name = || task.name().to_owned();
    let examples = task.examples(split).map_err(|error| ExperimentError::Data {
        task: name(),
        split,
        source: error.into(),
    })?;
    if examples.is_empty() {
        return Err(ExperimentError::Empty { task: name(), split });
    }
    Ok(examples)
}

/// Logistic regression on counts of 4-mers.
fn place_kmers(
    data: BaselineData<'_>,
    counted: Ngrams,
    labels: &[String],
) -> Result<(AnyClassifier, BaselineOutcome), ExperimentError> {
    let k = 4;
    let tokenizer = KmerTokenizer::new(k)?
        .with_ambiguity(AmbiguityPolicy::Unknown)
        .with_length(LengthPolicy::Unlimited);
    let (max_n, position_bins) = (counted.max_n.get(), counted.position_bins.get());
    let features = NgramFeatures::new(tokenizer.vocab_size(), max_n, position_bins);
    let features = features.expect("all 4-mers");
    let encode = |examples| encode_examples(&tokenizer, examples);
    let (train, dev, test) = (encode(data.train)?, encode(data.dev)?, encode(data.test)?);
    let unit = ngrams::unit(&train);
    let rows = [&train, &dev, &test].map(|rows| ngrams::counts(features, unit, rows));
    let rows = rows.each_ref().map(Vec::as_slice);
    let (model, outcome) = regress_by(data, rows, features.columns(), &ngrams::PENALTIES);
    let linear = ngrams::classifier(k, counted, unit, labels.to_vec(), &model)?;
    Ok((linear.with_ambiguity(AmbiguityPolicy::Unknown).into(), outcome))
}

/// Logistic regression on the rows of train, dev and test. The penalty is chosen by AUROC on dev.
fn regress_by(
    data: BaselineData<'_>,
    [train, dev, test]: [&[SparseRow]; 3],
    columns: usize,
    penalties: &[f64],
) -> (LogisticRegression, BaselineOutcome) {
    let [train_labels, dev_labels, test_labels] = [data.train, data.dev, data.test].map(labels);
    let (model, _) =
        fit_best([train, dev], [&train_labels, &dev_labels], columns, data.classes, penalties);
    let scored = |rows: &[SparseRow], labels| Predictions {
        probabilities: rows.iter().map(|row| model.predict(row)).collect(),
        labels,
    };
    let outcome = BaselineOutcome { dev: scored(dev, dev_labels), test: scored(test, test_labels) };
    (model, outcome)
}

fn labels(examples: &[Example]) -> Vec<usize> {
    examples.iter().map(|example| example.label).collect()
}

/// Fits a logistic regression to train for each penalty. Returns the best by AUROC on dev, with its
/// report on dev. There must be at least one penalty.
pub(crate) fn fit_best(
    [train, dev]: [&[SparseRow]; 2],
    [train_labels, dev_labels]: [&[usize]; 2],
    columns: usize,
    classes: usize,
    penalties: &[f64],
) -> (LogisticRegression, ClassificationReport) {
    let fits = penalties.iter().map(|&penalty| {
        let model = LogisticRegression::fit(train, train_labels, columns, classes, penalty);
        let found: Vec<_> = dev.iter().map(|row| model.predict(row)).collect();
        (model, ClassificationReport::new(&found, dev_labels))
    });
    let best = fits.max_by(|a, b| score(&a.1).total_cmp(&score(&b.1)));
    best.expect("there are penalties")
}

/// How a convolutional network is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CnnTraining {
    /// Learning rates to choose from, by AUROC on dev.
    pub(crate) rates: &'static [f64],
    pub(crate) epochs: usize,
    pub(crate) early_stop: EarlyStop,
    /// Fraction of bases that are hidden in training.
    pub(crate) masking: f64,
    pub(crate) seed: u64,
    pub(crate) workers: usize,
}

impl CnnTraining {
    /// As a baseline is trained. No single rate suits all data sets, and on some of them a network
    /// does not improve for the first ten epochs or more.
    fn of_baseline(seed: u64, workers: usize) -> Self {
        let early_stop = EarlyStop::Patience(20);
        Self { rates: &[1e-3, 3e-3], epochs: 60, early_stop, masking: 0.0, seed, workers }
    }
}

/// Trains a convolutional network.
pub(crate) fn convolve(
    data: BaselineData<'_>,
    network: &CnnConfig,
    labels: &[String],
    training: CnnTraining,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<(AnyClassifier, BaselineOutcome), ExperimentError> {
    let CnnTraining { rates, epochs, early_stop, masking, seed, workers } = training;
    let tokenizer = KmerTokenizer::new(1)?
        .with_ambiguity(AmbiguityPolicy::Unknown)
        .with_length(LengthPolicy::Truncate(network.length));
    let train = encode_examples(&tokenizer, data.train)?;
    let dev = encode_examples(&tokenizer, data.dev)?;
    let test = encode_examples(&tokenizer, data.test)?;
    let special = tokenizer.special_tokens();
    let mut best = None;
    for &learning_rate in rates {
        let config = FineTuneConfig {
            epochs,
            early_stop,
            token_masking: masking,
            learning_rate,
            workers,
            seed,
            ..FineTuneConfig::default()
        };
        let network = network.init(derive_seed(seed, &[40]), device);
        let tuned = fine_tune(network, &train, &dev, special, &config, observer)
            .map_err(|source| ExperimentError::Train { seed, source })?;
        let score = score(&tuned.dev);
        if best.as_ref().is_none_or(|(best, _)| score > *best) {
            best = Some((score, tuned.model.valid()));
        }
    }
    let (_, model) = best.expect("there are rates");
    let scored = |rows: &[EncodedExample]| {
        let inputs: Vec<&Encoding> = rows.iter().map(|row| &row.encoding).collect();
        let scores = logits(&model, &inputs, 64, special.pad, device);
        Predictions {
            probabilities: scores.iter().map(|row| softmax(row)).collect(),
            labels: rows.iter().map(|row| row.label).collect(),
        }
    };
    let outcome = BaselineOutcome { dev: scored(&dev), test: scored(&test) };
    let classifier = CnnClassifier::new(&model, *network, labels.to_vec(), device.clone());
    Ok((classifier.map_err(ModelError::from)?.into(), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequences with or without `TATA` at a fixed position, in random bases.
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
    fn placed_kmers_are_counted_in_rows_of_any_length() {
        let long = |mut example: Example| {
            let bases = example.sequence.as_str().repeat(20); // 800 bases
            example.sequence = bases.parse().unwrap();
            example
        };
        let split = |salt| examples(40, salt).into_iter().map(long).collect::<Vec<_>>();
        let (train, dev, test) = (split(1), split(2), split(3));
        let data = BaselineData { train: &train, dev: &dev, test: &test, classes: 2 };
        let found = Baseline::PlacedKmers(Ngrams::BESIDE).run(data, 1, &Device::flex(), 1).unwrap();
        assert!(found.test.auroc().unwrap() > 0.9);
    }

    #[test]
    fn what_stands_at_a_place_is_found_by_all_but_gc() {
        let (train, dev, test) = (examples(300, 1), examples(60, 2), examples(200, 3));
        let data = BaselineData { train: &train, dev: &dev, test: &test, classes: 2 };
        let area = |baseline: Baseline| {
            let found = baseline.run(data, 1, &Device::flex(), 1).unwrap();
            found.test.auroc().unwrap()
        };
        for baseline in Baseline::ALL.into_iter().filter(|baseline| *baseline != Baseline::Gc) {
            assert!(area(baseline) > 0.95, "{}: {}", baseline.name(), area(baseline));
        }
        let gc = area(Baseline::Gc);
        assert!((0.6..0.9).contains(&gc), "{gc}"); // six bases of 40 are A or T
        assert!((gc_auroc(&train, &test).unwrap() - gc).abs() < 1e-9);
    }
}
