//! `dnabert audit`: leaks between splits, and the performance of baselines.

use std::path::{Path, PathBuf};

use clap::Args;
use dnabert::core::Example;
use dnabert::tasks::audit::Audit;
use dnabert::tasks::{TableFormat, read_rows};
use dnabert::train::metric::ClassificationReport;
use dnabert::{Baseline, BaselineData, device};

use crate::console::{out, outln};
use crate::failure::{Outcome, usage};

/// Look for leaks between splits, and evaluate baselines.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert audit --train train.tsv --dev dev.tsv --test test.tsv")]
pub(crate) struct Arguments {
    /// Training table (TSV or CSV, plain or .gz: sequence, label)
    #[arg(long, value_name = "TABLE")]
    train: PathBuf,
    /// Table for choosing settings
    #[arg(long, value_name = "TABLE")]
    dev: Option<PathBuf>,
    /// Table for evaluation
    #[arg(long, value_name = "TABLE")]
    test: Option<PathBuf>,
    /// Length of the k-mers that rows of two splits should not share
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// Skip the baselines
    #[arg(long)]
    leaks_only: bool,
}

/// Prints the results.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    if !arguments.leaks_only && (arguments.dev.is_some() != arguments.test.is_some()) {
        return Err(usage(
            "simple methods need --dev and --test; with one of them give --leaks-only",
        ));
    }
    let train = rows(&arguments.train)?;
    let dev = arguments.dev.as_deref().map_or(Ok(Vec::new()), rows)?;
    let test = arguments.test.as_deref().map_or(Ok(Vec::new()), rows)?;
    out!("{}", Audit::new(&train, &dev, &test, arguments.k.into()));
    if arguments.leaks_only || dev.is_empty() || test.is_empty() {
        return Ok(());
    }
    let labels = train.iter().chain(&dev).chain(&test).map(|example| example.label);
    let classes = labels.max().unwrap_or_default() + 1;
    if classes < 2 {
        return Ok(());
    }
    let data = BaselineData { train: &train, dev: &dev, test: &test, classes };
    outln!("what simple methods reach on the test rows:");
    for baseline in [Baseline::Gc, Baseline::Positions, Baseline::Kmers] {
        let found = baseline.run(data, 1, &device(None)?, 1)?;
        let ClassificationReport { accuracy, mcc, auroc, .. } = found.test.report();
        let auroc = auroc.map_or_else(String::new, |auroc| format!(", AUROC {auroc:.3}"));
        outln!("  {}: accuracy {accuracy:.3}, MCC {mcc:.3}{auroc}", baseline.name());
    }
    Ok(())
}

/// The rows of a table whose labels are numbers.
fn rows(path: &Path) -> Outcome<Vec<Example>> {
    let format = TableFormat::default();
    let numbers = read_rows(path, &format, |label| label.parse::<usize>().is_ok())?;
    let classes = numbers.iter().filter_map(|row| row.label.as_ref()?.parse::<usize>().ok()).max();
    let names: Vec<String> =
        (0..=classes.unwrap_or_default()).map(|class| class.to_string()).collect();
    Ok(dnabert::tasks::read_examples(path, &format, &names)?)
}
