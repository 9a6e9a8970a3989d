//! `dnabert train`: fine-tune a model on labelled sequences.

use std::path::{Path, PathBuf};

use clap::Args;
use dnabert::tasks::TableFormat;
use dnabert::tasks::{SingleTableSplit, TableTask};
use dnabert::train::ProgressBar;
use dnabert::{BoxedTask, Device, Experiment, Outcome as Trained};

use crate::args::crop::CropOptions;
use crate::args::tables::TableOptions;
use crate::args::training::TrainingOptions;
use crate::args::{DatasetsOptions, DeviceOptions};
use crate::config;
use crate::console::{is_quiet, noteln, out, outln};
use crate::failure::Outcome;
use crate::files;

/// Fine-tune a model on your labelled sequences.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert train labelled.tsv --out runs/mine
  dnabert train --train a.tsv --dev b.tsv --test c.tsv --recipe motifs --out runs/mine")]
pub(crate) struct Arguments {
    /// One table of all rows (TSV or CSV, plain or .gz: sequence, label). It is split by sequence
    /// similarity, reproducibly
    #[arg(required_unless_present = "train", conflicts_with = "train")]
    table: Option<PathBuf>,
    /// Folder for metrics.json, predictions.tsv, figures and model/
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Print metrics.json instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    tables: TableOptions,
    #[command(flatten)]
    single: SingleOptions,
    #[command(flatten)]
    crop: CropOptions,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

/// How one table is split.
#[derive(Debug, Args)]
#[command(next_help_heading = "Splitting one table")]
struct SingleOptions {
    /// Fraction of the rows for choosing the epoch
    #[arg(long, default_value_t = 0.1, requires = "table")]
    dev_fraction: f64,
    /// Fraction of the rows for the evaluation at the end
    #[arg(long, default_value_t = 0.1, requires = "table")]
    test_fraction: f64,
    /// Rows that share this many consecutive bases, on either strand, are put in the same split
    #[arg(long, default_value_t = 20, requires = "table")]
    shared: usize,
    /// Seed of the split
    #[arg(long, default_value_t = 1, requires = "table")]
    split_seed: u64,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let task: BoxedTask = match (&arguments.table, arguments.tables.task("tables")?) {
        (None, Some(task)) => task,
        (Some(table), _) => {
            let SingleOptions { dev_fraction, test_fraction, shared, split_seed } =
                arguments.single;
            let split = SingleTableSplit {
                dev: dev_fraction,
                test: test_fraction,
                shared,
                seed: split_seed,
            };
            let (name, format) = ("table", TableFormat::default());
            Box::new(match arguments.tables.classes()? {
                Some(classes) => {
                    TableTask::single_with_classes(name, classes, table, format, &split)?
                }
                None => TableTask::open_single(name, table, format, &split)?,
            })
        }
        (None, None) => return Err(TableOptions::missing("a table")),
    };
    let task = arguments.crop.apply(task)?;
    let device = arguments.device.open()?;
    let defaults = arguments.training.table_defaults();
    let experiment = arguments.training.experiment(
        defaults,
        || arguments.datasets.find(),
        arguments.device.backend().workers(),
    )?;
    files::check_folder(&arguments.out)?;
    let trained = train(&experiment, &task, &device)?;
    write(&trained, &arguments.out, arguments.json)
}

/// Trains. Shows progress unless the program is quiet.
pub(crate) fn train(
    experiment: &Experiment,
    task: &BoxedTask,
    device: &Device,
) -> Outcome<Trained> {
    Ok(if is_quiet() {
        experiment.run(task, device)?
    } else {
        experiment.run_observed(task, device, &mut ProgressBar::default())?
    })
}

/// Prints and writes a result, and the options to repeat the run.
pub(crate) fn write(trained: &Trained, folder: &Path, json: bool) -> Outcome {
    // Files first: a program that reads the output may close it early.
    trained.write(folder)?;
    config::write_beside(folder)?;
    if json {
        outln!("{}", serde_json::to_string_pretty(&trained.metrics)?);
    } else {
        out!("{}\n", trained.metrics);
    }
    let folder = folder.display();
    noteln!("wrote metrics.json, predictions.tsv, figures, run.toml and model/ to {folder}");
    Ok(())
}
