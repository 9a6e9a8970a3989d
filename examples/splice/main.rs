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
use dnabert::core::Task;
use dnabert::tasks::{BesideSites, CentreCrop, SpliceSet, SpliceTask, TableFormat, TableTask};
use training::{Options, Recipe, Strands, Usual};

/// Trains a classifier of splice sites and judges it on held-out data.
#[derive(Debug, Parser)]
struct Arguments {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "fly", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    /// Keep so many bases of each sequence, those around its middle; shorter ones stay as they are
    #[arg(long, value_name = "BASES", value_parser = clap::value_parser!(u16).range(1..))]
    width: Option<u16>,
    /// Ask for the place, too, as a model needs that is led along a sequence: take so many bases from both ends of every
    /// sequence (of what --width leaves), and add each site once more, up to so many bases beside the middle, as neither
    #[arg(long, value_name = "BASES", value_parser = clap::value_parser!(u16).range(1..))]
    beside: Option<u16>,
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
    let usual = |recipe, is_in_corpus| {
        let strands = Strands::One;
        Usual { fresh_epochs: 8, epochs: 8, recipe, strands, is_in_corpus }
    };
    if let Some(tables) = options.tables() {
        let task = TableTask::open("splice", tables, TableFormat::default())?;
        return arguments.run(task, usual(Recipe::Order, false), Vec::new());
    }
    let task = |set| SpliceTask::new(&options.datasets, set);
    match arguments.data {
        // Human sites judge a model that has seen none: how much is the same in all animals?
        Data::Fly => {
            let usual = usual(Recipe::Order, true);
            arguments.run(task(SpliceSet::Fly), usual, vec![task(SpliceSet::Human)])
        }
        // The primates of this set are human, too: 236 of the human rows share a 20-mer with it.
        Data::Uci => {
            // A model that has the site at another place knows less than one that has none.
            let moved =
                arguments.beside.is_some() || arguments.width.is_some_and(|width| width < 60);
            let recipe = if moved { Recipe::Order } else { Recipe::Transfer };
            arguments.run(task(SpliceSet::Uci), usual(recipe, false), Vec::new())
        }
    }
}

impl Arguments {
    fn run<T: Task>(&self, task: T, usual: Usual, others: Vec<T>) -> Result<(), Box<dyn Error>> {
        let Some(width) = self.width.map(usize::from) else {
            return self.run_beside(task, usual, others);
        };
        if let Some(beside) = self.beside.filter(|beside| width <= 2 * usize::from(*beside)) {
            return Err(format!("--beside {beside} leaves nothing of --width {width}").into());
        }
        let crop = |task| CentreCrop::new(task, width);
        self.run_beside(crop(task), usual, others.into_iter().map(crop).collect())
    }

    fn run_beside<T: Task>(
        &self,
        task: T,
        usual: Usual,
        others: Vec<T>,
    ) -> Result<(), Box<dyn Error>> {
        let Some(reach) = self.beside.map(usize::from) else {
            return self.options.run(&task, usual, &others);
        };
        // All seeds of training see the same rows.
        let beside = |task| BesideSites::new(task, reach, 1);
        let others: Vec<BesideSites<T>> = others.into_iter().map(beside).collect();
        self.options.run(&beside(task), usual, &others)
    }
}
