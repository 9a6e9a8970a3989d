//! A summary of the runs: means over seeds, and differences with confidence intervals.

use dnabert::Predictions;
use dnabert::comparison::{Difference, Run, Spread, over_seeds};
use dnabert::core::Task;
use dnabert::train::ConfidenceInterval;

use super::grid;
use super::method::{BenchmarkSpec, Method};

/// The metric of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// For two classes.
    Auroc,
    /// For more.
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

    fn value(self, scored: &Predictions) -> f64 {
        match self {
            Self::Auroc => scored.auroc().unwrap_or(0.5),
            Self::Mcc => scored.report().mcc,
        }
    }
}

/// The results for one fraction of one task.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) task: String,
    pub(crate) measure: Measure,
    pub(crate) fraction: f64,
    /// Training rows.
    pub(crate) rows: usize,
    /// Mean and deviation over seeds, for each method that was run.
    pub(crate) methods: Vec<(&'static str, Spread)>,
    /// The metric of the fine-tuned network minus that of the better network from random weights
    /// (by the means here), over seeds and test rows.
    pub(crate) gain: Option<Difference>,
}

/// Summarizes the runs, ordered by task and fraction.
pub(crate) fn summarize(runs: &[Run], specs: &[BenchmarkSpec], fractions: &[f64]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for BenchmarkSpec { task, .. } in specs {
        let measure = Measure::of(task.classes().len());
        for &fraction in fractions {
            let draw = grid::draw(fraction);
            let of_block =
                || runs.iter().filter(|run| run.key.task == task.name() && run.key.draw == draw);
            let Some(first) = of_block().next() else { continue };
            let by_seed = |method: Method| -> Vec<(u64, Predictions)> {
                let runs = of_block().filter(|run| run.key.method == method.name());
                runs.map(|run| (run.key.seed, (&run.test).into())).collect()
            };
            let mut methods = Vec::new();
            for method in Method::all() {
                let values: Vec<f64> =
                    by_seed(method).iter().map(|(_, found)| measure.value(found)).collect();
                methods.extend(Spread::from_values(&values).map(|spread| (method.name(), spread)));
            }
            let mean = |method: Method| {
                methods.iter().find(|(name, _)| *name == method.name()).map(|(_, found)| found.mean)
            };
            let random = match (mean(Method::Random), mean(Method::RandomAlike)) {
                (Some(usual), Some(alike)) if alike > usual => Method::RandomAlike,
                (None, Some(_)) => Method::RandomAlike,
                _ => Method::Random,
            };
            let (random, tuned) = (by_seed(random), by_seed(Method::FineTuned));
            let pair = |(seed, tuned): (u64, Predictions)| {
                let (_, random) = random.iter().find(|(other, _)| *other == seed)?;
                Some([tuned, random.clone()])
            };
            let pairs: Vec<_> = tuned.into_iter().filter_map(pair).collect();
            blocks.push(Block {
                task: task.name().to_owned(),
                measure,
                fraction,
                rows: first.train_rows,
                methods,
                gain: over_seeds(&pairs, |scored| measure.value(scored)),
            });
        }
    }
    blocks
}

/// The blocks as a Markdown table, with a row for each method.
pub(crate) fn table(blocks: &[Block]) -> String {
    let mut text = String::new();
    let mut line = |cells: Vec<String>| text += &format!("| {} |\n", cells.join(" | "));
    let head = |block: &Block| {
        let Block { task, fraction, rows, measure, .. } = block;
        format!("{task}, {} % ({rows} rows), {}", 100.0 * fraction, measure.name())
    };
    line(std::iter::once("method".to_owned()).chain(blocks.iter().map(head)).collect());
    line(
        std::iter::once("---".to_owned()).chain(blocks.iter().map(|_| "---".to_owned())).collect(),
    );
    for method in Method::all() {
        let cell = |block: &Block| {
            let found = block.methods.iter().find(|(name, _)| *name == method.name());
            found.map_or("–".to_owned(), |(_, spread)| spread.to_string())
        };
        line(std::iter::once(method.name().to_owned()).chain(blocks.iter().map(cell)).collect());
    }
    let cell = |block: &Block| match block.gain {
        Some(Difference { mean, interval: Some(ConfidenceInterval { low, high }) }) => {
            format!("{mean:+.3} [{low:+.3}, {high:+.3}]")
        }
        _ => "–".to_owned(),
    };
    let name = "fine-tuned − the better random".to_owned();
    line(std::iter::once(name).chain(blocks.iter().map(cell)).collect());
    text
}
