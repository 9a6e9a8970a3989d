//! `dnabert benchmark`: reproduce a published result.

mod globin;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use dnabert::{Benchmark, Recipe, TaskDefaults};

use crate::args::crop::CropOptions;
use crate::args::training::TrainingOptions;
use crate::args::{DatasetsOptions, DeviceOptions};
use crate::commands::train;
use crate::failure::Outcome;
use crate::files;

/// Reproduce a published result on shipped data.
///
/// Fine-tunes a shipped model with the settings of the results page. The dev split chooses the
/// epoch. The test split is read once, at the end.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert benchmark promoter-300 --seed 1 --out runs/promoter")]
pub(crate) struct Arguments {
    /// Name of the benchmark
    #[arg(value_parser = name_parser())]
    name: Name,
    /// Folder for results [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print metrics.json instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    crop: CropOptions,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

/// A benchmark, by its name on the command line.
#[derive(Debug, Clone, Copy)]
enum Name {
    /// A task to train on.
    Task(Benchmark),
    /// Variants of the human beta-globin genes, scored by shipped models.
    Globin,
}

const GLOBIN: &str = "globin";

fn name_parser() -> impl clap::builder::TypedValueParser<Value = Name> {
    let names = Benchmark::ALL.map(Benchmark::name).into_iter().chain([GLOBIN]);
    PossibleValuesParser::new(names).map(|name| match Benchmark::from_str(&name) {
        Ok(benchmark) => Name::Task(benchmark),
        Err(_) => Name::Globin,
    })
}

/// The defaults of a benchmark whose sequences may be cropped.
pub(crate) fn defaults(benchmark: Benchmark, crop: CropOptions) -> TaskDefaults {
    let defaults = benchmark.defaults();
    // A model that has learned the site at another position performs worse than one that has
    // learned none.
    match benchmark {
        Benchmark::SpliceUci if crop.moves_sites(60) => {
            TaskDefaults { recipe: Recipe::Order, ..defaults }
        }
        _ => defaults,
    }
}

/// Trains and evaluates.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let datasets = arguments.datasets.find()?;
    let benchmark = match arguments.name {
        Name::Task(benchmark) => benchmark,
        Name::Globin => {
            let device = arguments.device.open()?;
            let out = arguments.out.clone().unwrap_or_else(|| "runs/globin".into());
            return globin::run(&datasets, arguments.training.models(), &out, &device);
        }
    };
    let device = arguments.device.open()?;
    let defaults = arguments.training.defaults(defaults(benchmark, arguments.crop));
    let experiment = arguments.training.experiment(
        defaults,
        || Ok(datasets.clone()),
        arguments.device.backend().workers(),
    )?;
    let task = arguments.crop.apply(benchmark.task(&datasets))?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(benchmark.name()));
    files::check_folder(&out)?;
    let mut trained = train::train(&experiment, &task, &device)?;
    for other in benchmark.other_tasks(&datasets) {
        trained.also_evaluate(&arguments.crop.apply(other)?)?;
    }
    train::write(&trained, &out, arguments.json)
}
