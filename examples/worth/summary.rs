//! What the runs say: means over seeds, and differences with their intervals.

use std::collections::BTreeMap;
use std::error::Error;

use dnabert::core::{Split, Task, derive_seed};
use dnabert::train::{ClassificationReport, Interval, bootstrap};

use crate::grid::Run;
use crate::method::{Contest, Method};

/// The value that a task is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Two classes.
    Auroc,
    /// More.
    Mcc,
}

impl Measure {
    fn of(classes: usize) -> Self {
        if classes == 2 { Self::Auroc } else { Self::Mcc }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auroc => "AUROC",
            Self::Mcc => "MCC",
        }
    }

    fn value(self, probabilities: &[Vec<f64>], truth: &[usize]) -> f64 {
        let report = ClassificationReport::new(probabilities, truth);
        match self {
            Self::Auroc => report.auroc.unwrap_or(0.5),
            Self::Mcc => report.mcc,
        }
    }
}

/// One share of one task.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) task: String,
    pub(crate) measure: Measure,
    pub(crate) share: f64,
    /// Training rows.
    pub(crate) rows: usize,
    /// Mean and standard deviation over seeds of each method that was run.
    pub(crate) methods: Vec<(&'static str, [f64; 2])>,
    /// Fine-tuned minus the better of the networks from random weights, by their means here: the
    /// mean and its 95 % interval over seeds and test rows.
    pub(crate) gain: Option<(f64, Interval)>,
}

/// Draws of seeds and test rows behind an interval.
const RESAMPLES: usize = 1000;

/// Sums up the runs, in the order of tasks and shares.
pub(crate) fn summarize(
    runs: &[Run],
    contests: &[Contest],
    shares: &[f64],
) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut blocks = Vec::new();
    for Contest { task, .. } in contests {
        let test = task.examples(Split::Test)?;
        let truth: Vec<usize> = test.iter().map(|example| example.label).collect();
        let measure = Measure::of(task.classes().len());
        for &share in shares {
            let of_block =
                || runs.iter().filter(|run| run.task == task.name() && run.share == share);
            let Some(first) = of_block().next() else { continue };
            let by_seed = |method: Method| -> BTreeMap<u64, Vec<Vec<f64>>> {
                let runs = of_block().filter(|run| run.method == method.name());
                runs.map(|run| (run.seed, run.probabilities())).collect()
            };
            let mut methods = Vec::new();
            for method in Method::all() {
                let values: Vec<f64> =
                    by_seed(method).values().map(|found| measure.value(found, &truth)).collect();
                if !values.is_empty() {
                    methods.push((method.name(), mean_and_deviation(&values)));
                }
            }
            let mean = |method: Method| {
                methods.iter().find(|(name, _)| *name == method.name()).map(|(_, [mean, _])| *mean)
            };
            let random = match (mean(Method::Random), mean(Method::RandomAlike)) {
                (Some(usual), Some(alike)) if alike > usual => Method::RandomAlike,
                (None, Some(_)) => Method::RandomAlike,
                _ => Method::Random,
            };
            let (random, tuned) = (by_seed(random), by_seed(Method::FineTuned));
            blocks.push(Block {
                task: task.name().to_owned(),
                measure,
                share,
                rows: first.rows,
                methods,
                gain: gain(measure, &random, &tuned, &truth),
            });
        }
    }
    Ok(blocks)
}

/// The paired difference over the seeds that both have; an interval draws seeds and test rows.
fn gain(
    measure: Measure,
    random: &BTreeMap<u64, Vec<Vec<f64>>>,
    tuned: &BTreeMap<u64, Vec<Vec<f64>>>,
    truth: &[usize],
) -> Option<(f64, Interval)> {
    let pairs: Vec<_> =
        tuned.iter().filter_map(|(seed, found)| Some([found, random.get(seed)?])).collect();
    let difference = |pairs: &[[&Vec<Vec<f64>>; 2]], rows: &[usize]| {
        let labels: Vec<usize> = rows.iter().map(|&row| truth[row]).collect();
        let value = |found: &[Vec<f64>]| {
            let picked: Vec<Vec<f64>> = rows.iter().map(|&row| found[row].clone()).collect();
            measure.value(&picked, &labels)
        };
        let sum: f64 = pairs.iter().map(|[tuned, random]| value(tuned) - value(random)).sum();
        sum / pairs.len() as f64
    };
    if pairs.is_empty() {
        return None;
    }
    let all: Vec<usize> = (0..truth.len()).collect();
    let mut turn = 0;
    let interval = bootstrap(truth.len(), RESAMPLES, 1, |rows| {
        turn += 1;
        let pick =
            |place: usize| pairs[derive_seed(2, &[turn, place as u64]) as usize % pairs.len()];
        let drawn: Vec<_> = (0..pairs.len()).map(pick).collect();
        Some(difference(&drawn, rows))
    })?;
    Some((difference(&pairs, &all), interval))
}

fn mean_and_deviation(values: &[f64]) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    [mean, if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { 0.0 }]
}

/// The blocks as a Markdown table, a method to a row.
pub(crate) fn table(blocks: &[Block]) -> String {
    let mut text = String::new();
    let mut line = |cells: Vec<String>| text += &format!("| {} |\n", cells.join(" | "));
    let head = |block: &Block| {
        let Block { task, share, rows, measure, .. } = block;
        format!("{task}, {} % ({rows} rows), {}", 100.0 * share, measure.name())
    };
    line(std::iter::once("method".to_owned()).chain(blocks.iter().map(head)).collect());
    line(
        std::iter::once("---".to_owned()).chain(blocks.iter().map(|_| "---".to_owned())).collect(),
    );
    for method in Method::all() {
        let cell = |block: &Block| {
            let found = block.methods.iter().find(|(name, _)| *name == method.name());
            found.map_or("–".to_owned(), |(_, [mean, deviation])| {
                format!("{mean:.3} ± {deviation:.3}")
            })
        };
        line(std::iter::once(method.name().to_owned()).chain(blocks.iter().map(cell)).collect());
    }
    let cell = |block: &Block| {
        block.gain.map_or("–".to_owned(), |(mean, Interval { low, high })| {
            format!("{mean:+.3} [{low:+.3}, {high:+.3}]")
        })
    };
    let name = "fine-tuned − the better random".to_owned();
    line(std::iter::once(name).chain(blocks.iter().map(cell)).collect());
    text
}
