//! What the pre-trained model is worth: beside a context model on hidden k-mers, and beside
//! random weights and simple methods on promoters, binding sites and splice sites, with all of the
//! training data and with little of it.
//!
//! `cargo run --release --example worth` makes the tables of `docs/results.md` and a figure of them;
//! stopped at any moment, the same command goes on.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/corpus.rs"]
mod corpus;
mod curve;
mod figure;
mod grid;
mod masked;
mod method;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/recipe.rs"]
mod recipe;
#[path = "../common/shipped.rs"]
mod shipped;
mod summary;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use corpus::CorpusOptions;
use dnabert::core::{Task, file};
use dnabert::model::BertConfig;
use dnabert::tasks::{BindingSet, BindingTask, PromoterSet, PromoterTask, SpliceSet, SpliceTask};
use dnabert::{AnyTokenizer, device};
use grid::Grid;
use method::{Contest, Method};
use recipe::Recipe;

/// Judges a pre-trained model.
#[derive(Debug, Parser)]
struct Arguments {
    /// Pre-trained model [default: convolutional-4 for hidden k-mers and binding sites, small-4 for promoters and
    /// splice sites]
    #[arg(long)]
    model: Option<PathBuf>,
    /// Judge hidden k-mers only
    #[arg(long)]
    masked: bool,
    /// Judge tasks only
    #[arg(long, conflicts_with = "masked")]
    tasks: bool,
    /// Tasks, by their names [default: fly-promoter-core, tap73alpha-binding and fly-splice]
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
    /// Figure to draw: methods side by side, or learning curves where more than three shares are asked for
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
        let model = arguments.model.as_deref().unwrap_or(Path::new(shipped::CONVOLUTIONAL));
        let config = BertConfig::read(model.join("config.json"))?;
        let k = AnyTokenizer::open(model, &config)?.k();
        let corpus = arguments.corpus.files(k.ok_or("a model of k-mers is needed")?, 1)?.build()?;
        for found in masked::judge(model, &corpus, 0.15, &device)? {
            println!("{found}");
        }
    }
    if !arguments.masked {
        let contests = arguments.contests()?;
        let methods = match &arguments.methods[..] {
            [] => Method::all(),
            some => some.to_vec(),
        };
        let grid = Grid {
            contests: &contests,
            shares: &arguments.shares,
            methods: &methods,
            seeds: arguments.seeds,
        };
        let runs = grid.run(&arguments.runs, &device)?;
        let blocks = summary::summarize(&runs, &contests, &arguments.shares);
        println!("{}", summary::table(&blocks));
        // Up to three shares make columns to compare, more of them a curve.
        let draw = if arguments.shares.len() > 3 { curve::draw } else { figure::draw };
        file::write(&arguments.figure, draw(&blocks)?.as_bytes())?;
        println!("drew {}", arguments.figure.display());
    }
    Ok(())
}

impl Arguments {
    /// The tasks that are asked for.
    fn contests(&self) -> Result<Vec<Contest>, Box<dyn Error>> {
        let datasets = &self.corpus.datasets;
        let promoters = |set| Box::new(PromoterTask::new(datasets, set));
        let binding = |set| Box::new(BindingTask::new(datasets, set));
        let contest = |task, recipe: Recipe, epochs| {
            let model = self.model.clone().unwrap_or_else(|| recipe.models()[0].into());
            Contest { task, recipe, epochs, model }
        };
        let usual = vec![
            contest(promoters(PromoterSet::FlyCore), Recipe::Counts, 4),
            contest(binding(BindingSet::Tap73Alpha), Recipe::Motifs, 8),
            contest(Box::new(SpliceTask::new(datasets, SpliceSet::Fly)), Recipe::Order, 8),
        ];
        if self.only.is_empty() {
            return Ok(usual);
        }
        let more = [
            contest(Box::new(SpliceTask::new(datasets, SpliceSet::Uci)), Recipe::Order, 8),
            contest(promoters(PromoterSet::Fly300), Recipe::Places, 6),
            contest(binding(BindingSet::CtcfGm12878), Recipe::Motifs, 10),
        ];
        let mut contests: Vec<Contest> = usual.into_iter().chain(more).collect();
        let names: Vec<String> =
            contests.iter().map(|contest| contest.task.name().to_owned()).collect();
        if let Some(other) = self.only.iter().find(|name| !names.contains(name)) {
            return Err(format!("{other}: choose from {}", names.join(", ")).into());
        }
        contests.retain(|contest| self.only.iter().any(|only| only == contest.task.name()));
        Ok(contests)
    }
}
