//! What a data set gives away: leaks between its splits, and how far simple methods get.
//!
//! `cargo run --release --example audit -- --train train.tsv --dev dev.tsv --test test.tsv`


use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use dnabert::core::{Split, Task};
use dnabert::tasks::audit::Audit;
use dnabert::tasks::{TableFormat, TableTask};
use dnabert::train::metric::ClassificationReport;
use dnabert::{Floor, FloorData, device};
use crate::console::{out, outln};
use crate::failure::Outcome;

/// Looks for leaks and shortcuts.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Training table (TSV or CSV, plain or .gz: sequence, label)
    #[arg(long)]
    train: PathBuf,
    /// Table that chooses
    #[arg(long)]
    dev: PathBuf,
    /// Table that is judged
    #[arg(long)]
    test: PathBuf,
    /// Length of the k-mers that rows of two splits should not share
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// Leave the simple methods out
    #[arg(long)]
    leaks_only: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let tables = [&arguments.train, &arguments.dev, &arguments.test].map(Clone::clone);
    let task = TableTask::open("audit", tables, TableFormat::default())?;
    let [train, dev, test] =
        [Split::Train, Split::Dev, Split::Test].map(|split| task.examples(split));
    let (train, dev, test) = (train?, dev?, test?);
    out!("{}", Audit::of(&train, &dev, &test, arguments.k.into()));
    if arguments.leaks_only {
        return Ok(());
    }
    let classes = task.classes().len();
    let data = FloorData { train: &train, dev: &dev, test: &test, classes };
    outln!("what simple methods reach on the test rows:");
    for floor in [Floor::Gc, Floor::Positions, Floor::Kmers] {
        let found = floor.run(data, 1, &device(None)?, 1)?;
        let ClassificationReport { accuracy, mcc, auroc, .. } = found.test.report();
        out!("  {}: accuracy {accuracy:.3}, MCC {mcc:.3}", floor.name());
        outln!("{}", auroc.map_or_else(String::new, |auroc| format!(", AUROC {auroc:.3}")));
    }
    Ok(())
}
