//! `dnabert train`: fine-tune a model on labelled sequences.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;
use dnabert::core::{Split, Task as _};
use dnabert::tasks::TableFormat;
use dnabert::tasks::{SingleTableSplit, TableTask};
use dnabert::train::ProgressBar;
use dnabert::{Auto, AutoOutcome, BoxedTask, Datasets, Device, Experiment, Outcome as Trained};
use serde::Serialize;

use crate::args::crop::CropOptions;
use crate::args::tables::TableOptions;
use crate::args::training::TrainingOptions;
use crate::args::{DatasetsOptions, DeviceOptions};
use crate::config;
use crate::console::{is_quiet, noteln, out, outln};
use crate::failure::Outcome;
use crate::files;

/// Fine-tune a model on your labelled sequences.
///
/// By default it looks at the data, trains several classifiers within --budget minutes and joins
/// them, and prints the reasons.
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
    // A wrong row is told now, not after the training; nothing of the split is kept.
    task.examples(Split::Test)?;
    let workers = arguments.device.backend().workers();
    let auto = arguments.training.auto(true, workers)?;
    let device = arguments.device.open()?;
    files::check_folder(&arguments.out)?;
    if let Some(auto) = auto {
        let datasets = arguments.datasets.find()?;
        let joined = train_auto(&auto, &task, &datasets, &device)?;
        return write_auto(&joined, &arguments.out, arguments.json);
    }
    let defaults = arguments.training.table_defaults();
    let experiment =
        arguments.training.experiment(defaults, || arguments.datasets.find(), workers)?;
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

/// As [`train`], by the recipe auto.
pub(crate) fn train_auto(
    auto: &Auto,
    task: &BoxedTask,
    datasets: &Datasets,
    device: &Device,
) -> Outcome<AutoOutcome> {
    Ok(if is_quiet() {
        auto.run(task, datasets, device, &mut ())?
    } else {
        auto.run(task, datasets, device, &mut ProgressBar::default())?
    })
}

/// Prints and writes a result, and the options to repeat the run.
pub(crate) fn write(trained: &Trained, folder: &Path, json: bool) -> Outcome {
    // Files first: a program that reads the output may close it early.
    trained.write(folder)?;
    finish(&trained.metrics, folder, json)
}

/// As [`write`], for the recipe auto.
pub(crate) fn write_auto(joined: &AutoOutcome, folder: &Path, json: bool) -> Outcome {
    joined.write(folder)?;
    finish(&joined.metrics, folder, json)
}

fn finish(metrics: &(impl Serialize + Display), folder: &Path, json: bool) -> Outcome {
    config::write_beside(folder)?;
    if json {
        outln!("{}", serde_json::to_string_pretty(metrics)?);
    } else {
        out!("{metrics}\n");
    }
    let folder = folder.display();
    noteln!("wrote metrics.json, predictions.tsv, figures, run.toml and model/ to {folder}");
    Ok(())
}
