//! What a data set gives away: leaks between its splits, and how far simple methods get.
//!
//! `cargo run --release --example audit -- --train train.tsv --dev dev.tsv --test test.tsv`
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/program.rs"]
mod program;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dnabert::core::{Split, Task};
use dnabert::tasks::audit::Audit;
use dnabert::tasks::{TableFormat, TableTask};
use dnabert::train::metric::ClassificationReport;
use dnabert::{Floor, FloorData, device};

/// Looks for leaks and shortcuts.
#[derive(Debug, Parser)]
struct Arguments {
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

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let tables = [&arguments.train, &arguments.dev, &arguments.test].map(Clone::clone);
    let task = TableTask::open("audit", tables, TableFormat::default())?;
    let [train, dev, test] =
        [Split::Train, Split::Dev, Split::Test].map(|split| task.examples(split));
    let (train, dev, test) = (train?, dev?, test?);
    print!("{}", Audit::of(&train, &dev, &test, arguments.k.into()));
    if arguments.leaks_only {
        return Ok(());
    }
    let classes = task.classes().len();
    let data = FloorData { train: &train, dev: &dev, test: &test, classes };
    println!("what simple methods reach on the test rows:");
    for floor in [Floor::Gc, Floor::Positions, Floor::Kmers] {
        let found = floor.run(data, 1, &device(None)?, 1)?;
        let ClassificationReport { accuracy, mcc, auroc, .. } = found.test.report();
        print!("  {}: accuracy {accuracy:.3}, MCC {mcc:.3}", floor.name());
        println!("{}", auroc.map_or_else(String::new, |auroc| format!(", AUROC {auroc:.3}")));
    }
    Ok(())
}
