//! Promoter or not: trains a classifier on a shipped data set, or on your own tables.
//!
//! `cargo run --release --example promoter` takes the fruit-fly promoters of 300 bp and the shipped
//! pre-trained model; `-- --scan` leads a trained model over 200 kb instead; `-- --help` lists what
//! can be changed.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/program.rs"]
mod program;
mod scan;
#[path = "../common/training.rs"]
mod training;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use dnabert::tasks::{PromoterSet, PromoterTask, TableFormat, TableTask};
use scan::ScanOptions;
use training::{Options, Recipe, Strands, Usual};

/// Trains a promoter classifier and judges it on held-out data.
#[derive(Debug, Parser)]
struct Arguments {
    /// Shipped data set
    #[arg(long, value_enum, default_value = "300", conflicts_with_all = ["train", "dev", "test"])]
    data: Data,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    scan: ScanOptions,
}

/// The shipped sets, as the command line calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Data {
    /// Fruit fly, −249..+50 around the transcription start
    #[value(name = "300")]
    Fly300,
    /// Fruit fly, −34..+35
    Core,
    /// Fruit fly, promoters with TATA box
    Tata,
    /// E. coli, −50..+7
    Uci,
}

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let options = &arguments.options;
    if let Some(input) = &arguments.scan.scan {
        let out = options.out.clone().unwrap_or_else(|| "runs/promoter-scan".into());
        let model = match &options.model[..] {
            [] => None,
            [model] => Some(model.as_str()),
            _ => return Err("--scan: one --model is led along a sequence".into()),
        };
        return arguments.scan.run(input, model, options.device, &out);
    }
    let usual = |fresh_epochs, epochs, recipe, is_in_corpus| {
        let strands = Strands::One;
        Usual { fresh_epochs, epochs, recipe, strands, is_in_corpus }
    };
    if let Some(tables) = options.tables() {
        let task = TableTask::open("promoter", tables, TableFormat::default())?;
        return options.run(&task, usual(6, 6, Recipe::Order, false), &[]);
    }
    // A few dozen sequences make few steps an epoch: small sets take more epochs.
    let (set, usual) = match arguments.data {
        Data::Fly300 => (PromoterSet::Fly300, usual(6, 6, Recipe::Places, true)),
        Data::Core => (PromoterSet::FlyCore, usual(6, 4, Recipe::Counts, true)),
        Data::Tata => (PromoterSet::FlyTata, usual(30, 20, Recipe::Order, true)),
        Data::Uci => (PromoterSet::Uci, usual(60, 20, Recipe::Counts, false)),
    };
    options.run(&PromoterTask::new(&options.datasets, set), usual, &[])
}
