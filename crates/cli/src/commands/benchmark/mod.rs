//! `dnabert benchmark`: reproduce a published result.

mod globin;
mod gue;

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
use crate::failure::{Outcome, usage};
use crate::files;

/// Reproduce a published result on shipped data.
///
/// Fine-tunes a shipped model with the settings of the results page. The dev split chooses the
/// epoch. The test split is read once, at the end.
///
/// `gue` is the benchmark of DNABERT-2 (arXiv 2306.15006), whose tables are not shipped: --root is
/// the folder that its authors distribute.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert benchmark promoter-300 --seed 1 --out runs/promoter
  dnabert benchmark gue --root GUE --tasks prom_core_tata,tf_2 --out runs/gue")]
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
    gue: gue::GueOptions,
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
    /// GUE, the benchmark of DNABERT-2, in a folder of the user.
    Gue,
}

const GLOBIN: &str = "globin";
const GUE: &str = "gue";

fn name_parser() -> impl clap::builder::TypedValueParser<Value = Name> {
    let names = Benchmark::ALL.map(Benchmark::name).into_iter().chain([GLOBIN, GUE]);
    PossibleValuesParser::new(names).map(|name| match Benchmark::from_str(&name) {
        Ok(benchmark) => Name::Task(benchmark),
        Err(_) if name == GUE => Name::Gue,
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
        Name::Gue => return gue::run(arguments, &datasets),
    };
    if arguments.gue.root().is_some() {
        return Err(usage("--root is for the benchmark gue"));
    }
    let workers = arguments.device.backend().workers();
    let auto = arguments.training.auto(false, workers)?;
    let device = arguments.device.open()?;
    let defaults = arguments.training.defaults(defaults(benchmark, arguments.crop));
    let experiment = arguments.training.experiment(defaults, || Ok(datasets.clone()), workers)?;
    let task = arguments.crop.apply(benchmark.task(&datasets))?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(benchmark.name()));
    files::check_folder(&out)?;
    if let Some(auto) = auto {
        let mut joined = train::train_auto(&auto, &task, &datasets, &device)?;
        for other in benchmark.other_tasks(&datasets) {
            joined.also_evaluate(&arguments.crop.apply(other)?)?;
        }
        return train::write_auto(&joined, &out, arguments.json);
    }
    let mut trained = train::train(&experiment, &task, &device)?;
    for other in benchmark.other_tasks(&datasets) {
        trained.also_evaluate(&arguments.crop.apply(other)?)?;
    }
    train::write(&trained, &out, arguments.json)
}
