//! What the pre-trained model is worth: beside a context model on hidden k-mers, and beside
//! random weights and simple methods on promoters, binding sites and splice sites, with all of the
//! training data and with little of it.
//!
//! `cargo run --release --example worth` makes the tables of `docs/results.md` and a figure of them;
//! stopped at any moment, the same command goes on.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/corpus.rs"]
mod corpus;
mod figure;
mod grid;
mod masked;
mod method;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/shipped.rs"]
mod shipped;
mod summary;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use corpus::CorpusOptions;
use dnabert::core::{Task, file};
use dnabert::model::BertConfig;
use dnabert::tasks::{BindingSet, BindingTask, PromoterSet, PromoterTask, SpliceSet, SpliceTask};
use dnabert::{AnyTokenizer, device};
use grid::Grid;
use method::{Contest, DecidedBy, Method};

/// Judges a pre-trained model.
#[derive(Debug, Parser)]
struct Arguments {
    /// Pre-trained model [default: the shipped one]
    #[arg(long, default_value = shipped::CONVOLUTIONAL, hide_default_value = true)]
    model: PathBuf,
    /// Judge hidden k-mers only
    #[arg(long)]
    masked: bool,
    /// Judge tasks only
    #[arg(long, conflicts_with = "masked")]
    tasks: bool,
    /// Tasks, by their names [default: all]
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Methods, by their names with dashes [default: all]
    #[arg(long, value_delimiter = ',', value_parser = Method::named)]
    methods: Vec<Method>,
    /// Shares of the training rows; those that leave fewer than 50 rows are passed over
    #[arg(long, value_delimiter = ',', default_value = "1,0.1,0.01")]
    shares: Vec<f64>,
    /// Seeds; each draws the training rows, the weights and the order anew
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// File that keeps the runs
    #[arg(long, default_value = "runs/worth.jsonl")]
    runs: PathBuf,
    /// Figure to draw
    #[arg(long, default_value = "runs/worth.svg")]
    figure: PathBuf,
    #[command(flatten)]
    corpus: CorpusOptions,
}

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let device = device(None)?;
    if !arguments.tasks {
        let config = BertConfig::read(arguments.model.join("config.json"))?;
        let k = AnyTokenizer::open(&arguments.model, &config)?.k();
        let corpus = arguments.corpus.files(k.ok_or("a model of k-mers is needed")?, 1)?.build()?;
        for found in masked::judge(&arguments.model, &corpus, 0.15, &device)? {
            println!("{found}");
        }
    }
    if !arguments.masked {
        let datasets = &arguments.corpus.datasets;
        let contest = |task, decided_by| Contest { task, decided_by };
        let promoters = PromoterTask::new(datasets, PromoterSet::FlyCore);
        let binding = BindingTask::new(datasets, BindingSet::Tap73Alpha);
        let splice = SpliceTask::new(datasets, SpliceSet::Fly);
        let mut contests = vec![
            contest(Box::new(promoters), DecidedBy::Counts),
            contest(Box::new(binding), DecidedBy::Counts),
            contest(Box::new(splice), DecidedBy::Order),
        ];
        let names: Vec<String> =
            contests.iter().map(|contest| contest.task.name().to_owned()).collect();
        if let Some(other) = arguments.only.iter().find(|name| !names.contains(name)) {
            return Err(format!("{other}: choose from {}", names.join(", ")).into());
        }
        let is_asked = |name: &str| {
            arguments.only.is_empty() || arguments.only.iter().any(|only| only == name)
        };
        contests.retain(|contest| is_asked(contest.task.name()));
        let methods = match &arguments.methods[..] {
            [] => Method::all(),
            some => some.to_vec(),
        };
        let grid = Grid {
            contests: &contests,
            shares: &arguments.shares,
            methods: &methods,
            seeds: arguments.seeds,
            model: &arguments.model,
        };
        let runs = grid.run(&arguments.runs, &device)?;
        let blocks = summary::summarize(&runs, &contests, &arguments.shares);
        println!("{}", summary::table(&blocks));
        file::write(&arguments.figure, figure::draw(&blocks)?.as_bytes())?;
        println!("drew {}", arguments.figure.display());
    }
    Ok(())
}
