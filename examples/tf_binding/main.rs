//! Bound by a transcription factor or not: trains a classifier on a shipped data set, or on your own
//! tables.
//!
//! `cargo run --release --example tf_binding` takes the sites of TAp73-alpha and the shipped
//! pre-trained model; `-- --help` lists what can be changed.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/program.rs"]
mod program;
#[path = "../common/training.rs"]
mod training;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use dnabert::tasks::{BindingSet, BindingTask, TableFormat, TableTask};
use training::{Options, Recipe, Usual};

/// Trains a classifier of bound sequences and judges it on held-out data.
#[derive(Debug, Parser)]
struct Arguments {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "tap73alpha", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    #[command(flatten)]
    options: Options,
}

/// The shipped sets, as the command line calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Data {
    /// TAp73-alpha in human Saos-2 cells
    Tap73alpha,
    /// CTCF in human GM12878 cells
    Ctcf,
}

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let options = &arguments.options;
    let usual = Usual { fresh_epochs: 20, epochs: 4, recipe: Recipe::Counts };
    if let Some(tables) = options.tables() {
        let task = TableTask::open("tf-binding", tables, TableFormat::default())?;
        return options.run(&task, usual);
    }
    let set = match arguments.data {
        Data::Tap73alpha => BindingSet::Tap73Alpha,
        Data::Ctcf => BindingSet::CtcfGm12878,
    };
    options.run(&BindingTask::new(&options.datasets, set), usual)
}
