//! Donor, acceptor or neither: trains a classifier on a shipped data set, or on your own tables.
//!
//! `cargo run --release --example splice` takes the fruit-fly sites of 200 bp and the shipped
//! pre-trained model; `-- --help` lists what can be changed.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/program.rs"]
mod program;
#[path = "../common/training.rs"]
mod training;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use dnabert::tasks::{SpliceSet, SpliceTask, TableFormat, TableTask};
use training::{Options, Recipe, Strands, Usual};

/// Trains a classifier of splice sites and judges it on held-out data.
#[derive(Debug, Parser)]
struct Arguments {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "fly", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    #[command(flatten)]
    options: Options,
}

/// The shipped sets, as the command line calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Data {
    /// Fruit fly, 200 bp
    Fly,
    /// Primates, 60 bp
    Uci,
}

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let options = &arguments.options;
    let usual = |is_in_corpus| {
        let (recipe, strands) = (Recipe::Order, Strands::One);
        Usual { fresh_epochs: 8, epochs: 8, recipe, strands, is_in_corpus }
    };
    if let Some(tables) = options.tables() {
        let task = TableTask::open("splice", tables, TableFormat::default())?;
        return options.run(&task, usual(false), &[]);
    }
    let task = |set| SpliceTask::new(&options.datasets, set);
    match arguments.data {
        // Human sites judge a model that has seen none: how much is the same in all animals?
        Data::Fly => options.run(&task(SpliceSet::Fly), usual(true), &[task(SpliceSet::Human)]),
        // The primates of this set are human, too: 236 of the human rows share a 20-mer with it.
        Data::Uci => options.run(&task(SpliceSet::Uci), usual(false), &[]),
    }
}
