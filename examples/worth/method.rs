//! The methods that are compared, and how each is trained.

use std::error::Error;
use std::path::Path;

use dnabert::baseline::SparseRow;
use dnabert::core::{Example, Sequence, Split, Task};
use dnabert::model::{Adaptation, Pooling};
use dnabert::tasks::Subset;
use dnabert::train::{AdamWSettings, FineTuneConfig};
use dnabert::{Device, Embedder, Experiment, Floor, FloorData, Start, regress_rows};

/// A way to learn a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Something simple.
    Floor(Floor),
    /// The network from random weights.
    Random,
    /// The pre-trained network as it is, under a head that is trained.
    Frozen,
    /// The pre-trained network, all of it trained.
    FineTuned,
}

impl Method {
    /// All methods, the simplest first.
    pub(crate) fn all() -> Vec<Self> {
        let own = [Self::Random, Self::Frozen, Self::FineTuned];
        Floor::ALL.map(Self::Floor).into_iter().chain(own).collect()
    }

    /// The method that is called so on the command line: its name with dashes.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let called =
            |method: &Self| method.name().replace(", ", "-").replace(' ', "-").to_lowercase();
        let all = Self::all();
        all.iter().copied().find(|method| called(method) == name).ok_or_else(|| {
            let names: Vec<String> = all.iter().map(called).collect();
            format!("choose from {}", names.join(", "))
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor(floor) => floor.name(),
            Self::Random => "random weights",
            Self::Frozen => "pre-trained, frozen",
            Self::FineTuned => "pre-trained, fine-tuned",
        }
    }

    /// Learns `share` of the training rows of `task`, drawn from `seed`; gives the dev value, the
    /// training rows, and the class probabilities of each test row.
    pub(crate) fn run<T: Task>(
        self,
        task: &T,
        share: f64,
        seed: u64,
        model: &Path,
        device: &Device,
    ) -> Result<Learned, Box<dyn Error>> {
        let task = &Subset::new(task, share, seed);
        let [train, dev, test] =
            [Split::Train, Split::Dev, Split::Test].map(|split| task.examples(split));
        let (train, dev, test) = (train?, dev?, test?);
        let classes = task.classes().len();
        let data = FloorData { train: &train, dev: &dev, test: &test, classes };
        let probabilities = match self {
            Self::Floor(floor) => floor.run(data, seed, device, 1)?.probabilities,
            Self::Frozen => probe(data, model, device)?,
            Self::Random | Self::FineTuned => {
                let outcome = self.experiment(share, seed, model).run(task, device, &mut ())?;
                outcome.predictions.into_iter().map(|row| row.probabilities).collect()
            }
        };
        Ok(Learned { rows: train.len(), probabilities })
    }

    /// Settings chosen on the dev splits, with seeds that the table does not have.
    fn experiment(self, share: f64, seed: u64, model: &Path) -> Experiment {
        let path = model.to_owned();
        let start = match self {
            Self::Random => Start::Reset { path },
            _ => Start::Folder { path, pooling: None, mask_mode: None, padded_length: None },
        };
        let learning_rate = if self == Self::Random { 1e-3 } else { 5e-4 };
        // Fewer rows make fewer steps an epoch.
        let epochs = if share > 0.5 {
            8
        } else if share > 0.05 {
            20
        } else {
            40
        };
        let fine_tune = FineTuneConfig {
            epochs,
            learning_rate,
            token_masking: 0.2,
            adamw: AdamWSettings::default(),
            workers: 1,
            seed,
            ..FineTuneConfig::default()
        };
        let adaptation = Adaptation::Full;
        Experiment { start, adaptation, ambiguity: Default::default(), truncate: false, fine_tune }
    }
}

/// Logistic regression on the mean hidden states of the pre-trained network, standardised by the
/// training rows.
fn probe(
    data: FloorData<'_>,
    model: &Path,
    device: &Device,
) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let embedder = Embedder::open(model, device)?;
    let columns = embedder.hidden_size();
    let states = |examples: &[Example]| {
        let sequences: Vec<Sequence> =
            examples.iter().map(|example| example.sequence.clone()).collect();
        embedder.sequences(&sequences, Pooling::Mean)
    };
    let (train, dev, test) = (states(data.train)?, states(data.dev)?, states(data.test)?);
    let count = train.len() as f64;
    let scales: Vec<[f64; 2]> = (0..columns)
        .map(|column| {
            let values = || train.iter().map(|row| f64::from(row[column]));
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            [mean, variance.sqrt().max(1e-9)]
        })
        .collect();
    let standardised = |rows: &[Vec<f32>]| -> Vec<SparseRow> {
        let value =
            |(&value, [mean, deviation]): (&f32, &[f64; 2])| (f64::from(value) - mean) / deviation;
        let row = |row: &Vec<f32>| row.iter().zip(&scales).map(value).enumerate().collect();
        rows.iter().map(row).collect()
    };
    let rows = [&train, &dev, &test].map(|rows| standardised(rows));
    Ok(regress_rows(data, rows.each_ref().map(Vec::as_slice), columns).probabilities)
}

/// What a method made of a task.
#[derive(Debug)]
pub(crate) struct Learned {
    /// Training rows.
    pub(crate) rows: usize,
    /// Class probabilities of each test row.
    pub(crate) probabilities: Vec<Vec<f64>>,
}
