//! Bound by a transcription factor or not: trains a classifier on a shipped data set, or on your own
//! tables.
//!
//! `cargo run --release --example tf_binding` takes the sites of TAp73-alpha and the shipped
//! models; `-- --sweep TABLE` takes many experiments one after the other; `-- --help` lists
//! what can be changed.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/program.rs"]
mod program;
mod sweep;
#[path = "../common/training.rs"]
mod training;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use dnabert::tasks::{BindingSet, BindingTask, TableFormat, TableTask};
use dnabert::{Backend, device};
use sweep::SweepOptions;
use training::{Options, Recipe, Strands, Usual};

/// Trains a classifier of bound sequences and judges it on held-out data.
#[derive(Debug, Parser)]
struct Arguments {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "tap73alpha", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    sweep: SweepOptions,
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
    let strands = Strands::Both;
    let usual =
        |recipe, epochs| Usual { fresh_epochs: 20, epochs, recipe, strands, is_in_corpus: false };
    if let Some(table) = &arguments.sweep.sweep {
        let backend = options.device.unwrap_or_else(Backend::first);
        let experiment = options.experiment(usual(Recipe::Motifs, 10), 1)?;
        let out = options.out.clone().unwrap_or_else(|| "runs/binding-sweep".into());
        let device = device(Some(backend))?;
        return arguments.sweep.run(table, &experiment, backend.workers(), &device, &out);
    }
    if let Some(tables) = options.tables() {
        let task = TableTask::open("tf-binding", tables, TableFormat::default())?;
        return options.run(&task, usual(Recipe::Motifs, 10), &[]);
    }
    // CTCF's long motif is found without help; those of p53's kin are among the known ones.
    let (set, usual) = match arguments.data {
        Data::Tap73alpha => (BindingSet::Tap73Alpha, usual(Recipe::KnownMotifs, 8)),
        Data::Ctcf => (BindingSet::CtcfGm12878, usual(Recipe::Motifs, 10)),
    };
    options.run(&BindingTask::new(&options.datasets, set), usual, &[])
}
