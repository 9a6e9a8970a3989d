//! The value of pre-training: the pre-trained model is compared with random weights and baselines,
//! on all of the training data and on fractions of it.

mod curve;
mod figure;
mod grid;
mod method;
mod summary;

use std::path::PathBuf;

use clap::Args;
use dnabert::{Benchmark, Datasets, Recipe};

use self::grid::Grid;
use self::method::{BenchmarkSpec, Method};
use crate::args::{DatasetsOptions, DeviceOptions};
use crate::console::{noteln, outln};
use crate::failure::{Outcome, usage};
use crate::files;

/// Compare the pre-trained model with random weights and baselines on fractions of the data.
///
/// Runs are kept in a file. A command that was stopped continues when it is started again.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert compare fractions promoter-core --fractions 1,0.1 --seeds 5")]
pub(crate) struct Arguments {
    /// Tasks, as for `dnabert benchmark` [default: promoter-core, tap73alpha and splice-fly]
    #[arg(value_delimiter = ',')]
    tasks: Vec<Benchmark>,
    /// Pre-trained model [default: the shipped one of each task]
    #[arg(long)]
    model: Option<PathBuf>,
    /// Methods, by their names with dashes [default: all]
    #[arg(long, value_delimiter = ',', value_parser = Method::named)]
    methods: Vec<Method>,
    /// Fractions of the training rows; those that leave fewer than 50 rows are skipped
    #[arg(long, value_delimiter = ',', default_value = "1,0.1,0.01", value_parser = fraction)]
    fractions: Vec<f64>,
    /// Number of seeds; each seed draws new training rows, initial weights and order
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// File of the runs
    #[arg(long, value_name = "FILE", default_value = "runs/fractions.jsonl")]
    runs: PathBuf,
    /// Figure to draw: methods side by side, or learning curves where more than three fractions are
    /// asked for
    #[arg(long, value_name = "FILE", default_value = "runs/fractions.svg")]
    figure: PathBuf,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err("a number above 0, and at most 1, is expected".into()),
    }
}

/// Runs what is missing, and prints the comparison.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let device = arguments.device.open()?;
    let specs = arguments.specs(&arguments.datasets.find()?)?;
    let methods = match &arguments.methods[..] {
        [] => Method::all(),
        some => some.to_vec(),
    };
    let grid = Grid {
        specs: &specs,
        fractions: &arguments.fractions,
        methods: &methods,
        seeds: arguments.seeds,
    };
    let runs = grid.run(&arguments.runs, &device)?;
    let blocks = summary::summarize(&runs, &specs, &arguments.fractions);
    outln!("{}", summary::table(&blocks));
    // Up to three fractions are drawn as columns, more as a curve.
    let draw = if arguments.fractions.len() > 3 { curve::draw } else { figure::draw };
    files::write(&arguments.figure, draw(&blocks)?)?;
    noteln!("drew {}", arguments.figure.display());
    Ok(())
}

impl Arguments {
    /// The requested tasks.
    fn specs(&self, datasets: &Datasets) -> Outcome<Vec<BenchmarkSpec>> {
        let usual = [Benchmark::PromoterCore, Benchmark::Tap73Alpha, Benchmark::SpliceFly];
        let tasks = if self.tasks.is_empty() { &usual[..] } else { &self.tasks[..] };
        let spec = |benchmark: &Benchmark| {
            let (recipe, epochs) = match benchmark {
                Benchmark::PromoterCore => (Recipe::Content, 4),
                Benchmark::Tap73Alpha => (Recipe::Motifs, 8),
                Benchmark::SpliceFly | Benchmark::SpliceUci => (Recipe::Order, 8),
                Benchmark::Promoter300 => (Recipe::PlacedKmers, 6),
                Benchmark::Ctcf => (Recipe::Motifs, 10),
                other => {
                    return Err(usage(format!("{other} is too small for fractions of it")));
                }
            };
            let model = self.model.clone().unwrap_or_else(|| datasets.model(recipe.models()[0]));
            Ok(BenchmarkSpec { task: benchmark.task(datasets), recipe, epochs, model })
        };
        tasks.iter().map(spec).collect()
    }
}
