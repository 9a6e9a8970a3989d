//! Many binding experiments in one call. Input: a table of peak files. Output: a table with a row
//! of metrics for each.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use dnabert::comparison::{Completed, Failure, Job, Run, RunKey, complete};
use dnabert::core::LetterPolicy;
use dnabert::genome::bed::read_narrow_peak;
use dnabert::genome::{Genome, Naming};
use dnabert::tasks::build::{BindingConfig, BuiltTask, Splits, build_binding};
use dnabert::tasks::{TableFormat, TableTask, sha256};
use dnabert::train::{ConfidenceInterval, FineTuneConfig};
use dnabert::{Baseline, Device, Evaluation, Experiment, Recipe, TaskDefaults, identity};

use crate::args::training::TrainingOptions;
use crate::args::{DatasetsOptions, DeviceOptions};

use crate::config;
use crate::console::{noteln, out, outln};
use crate::failure::{Outcome, chain, usage};
use crate::files::{self, FileError};

/// Run many binding experiments: reads a table of peak files, and writes a row of metrics for each.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert compare experiments experiments.tsv --genome genome.fa --out runs/sweep")]
pub(crate) struct Arguments {
    /// Table of experiments (TSV with a header): `name` and `peaks` (narrowPeak), or `name`,
    /// `train`, `dev` and `test` (tables of sequences and labels); paths are relative to the table
    table: PathBuf,
    /// Genome of the peaks: FASTA, plain or bgzip
    #[arg(long)]
    genome: Option<PathBuf>,
    /// Chromosomes of the dev split
    #[arg(long, value_delimiter = ',', default_value = "chr8")]
    dev_chromosomes: Vec<String>,
    /// Chromosomes of the test split
    #[arg(long, value_delimiter = ',', default_value = "chr9")]
    test_chromosomes: Vec<String>,
    /// Bases around the summits of peaks
    #[arg(long, default_value_t = 101, value_parser = clap::value_parser!(u16).range(1..))]
    width: u16,
    /// Number of peaks of each experiment, the strongest first
    #[arg(long, default_value_t = 1000)]
    top: usize,
    /// Folder for sweep.tsv and runs.jsonl
    #[arg(long, value_name = "FOLDER", default_value = "runs/binding-sweep")]
    out: PathBuf,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

/// Runs what is missing, and writes the table.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let recipe = TaskDefaults::from_recipe(Recipe::Motifs);
    let defaults = arguments.training.defaults(recipe);
    let experiment = arguments.training.experiment(defaults, || arguments.datasets.find(), 1)?;
    let device = arguments.device.open()?;
    let workers = arguments.device.backend().workers();
    arguments.sweep(&arguments.table, &experiment, workers, &device, &arguments.out)
}

/// Where the rows of an experiment come from.
enum Source {
    Peaks(PathBuf),
    Tables([PathBuf; 3]),
}

/// A line of the table.
struct Entry {
    name: String,
    source: Source,
}

/// The methods for each experiment: our model, and a baseline that takes seconds.
const OURS: &str = "dnabert";
const BASELINE: Baseline = Baseline::Kmers;

impl Arguments {
    /// Runs what is missing in `folder`, and writes `sweep.tsv`.
    fn sweep(
        &self,
        table: &Path,
        experiment: &Experiment,
        workers: usize,
        device: &Device,
        folder: &Path,
    ) -> Outcome {
        let entries = read(table)?;
        let experiment = Experiment {
            fine_tune: FineTuneConfig { workers: 1, ..experiment.fine_tune.clone() },
            ..experiment.clone()
        };
        let genome = match &self.genome {
            Some(path) => {
                let genome = Genome::open(path, LetterPolicy::default())?;
                Some(genome.with_naming(Naming::IgnoreChr))
            }
            None => None,
        };
        let genome_hash = match &self.genome {
            Some(path) => sha256(path).map_err(|error| FileError::new(path, error))?,
            None => String::new(),
        };
        let (seed, ours) = (experiment.fine_tune.seed, identity(&experiment)?);
        let mut jobs = Vec::new();
        for entry in &entries {
            let files = match &entry.source {
                Source::Peaks(path) => std::slice::from_ref(path),
                Source::Tables(paths) => &paths[..],
            };
            let mut content = String::new();
            for path in files {
                let hash = sha256(path).map_err(|error| FileError::new(path, error))?;
                content += &hash[..16];
            }
            if matches!(entry.source, Source::Peaks(_)) {
                if genome.is_none() {
                    return Err(usage(format!("{}: peaks need --genome", entry.name)));
                }
                let (dev, test) = (&self.dev_chromosomes, &self.test_chromosomes);
                let (top, width) = (self.top, self.width);
                content += &format!(" {genome_hash} top {top} of {width} {dev:?} {test:?}");
            }
            for method in [OURS, BASELINE.name()] {
                let settings = match method {
                    OURS => format!("{content} {ours}"),
                    _ => format!("{content} both strands: {}", experiment.both_strands),
                };
                let (task, method_name) = (entry.name.clone(), method.to_owned());
                let key = RunKey { task, draw: String::new(), method: method_name, settings, seed };
                let (genome, experiment) = (genome.as_ref(), &experiment);
                jobs.push(Job::new(key, move || -> Result<_, Box<dyn Error + Send + Sync>> {
                    let learn = |task: &dyn LearnableTask| task.learn(method, experiment, device);
                    match (&entry.source, genome) {
                        (Source::Tables(tables), _) => {
                            let format = TableFormat::default();
                            learn(&TableTask::open(&entry.name, tables.clone(), format)?)
                        }
                        (Source::Peaks(path), Some(genome)) => {
                            learn(&self.built(entry, path, genome)?)
                        }
                        (Source::Peaks(_), None) => Err("peaks need a genome".into()),
                    }
                }));
            }
        }
        files::create_folder(folder)?;
        let Completed { runs, failures } =
            complete(&folder.join("runs.jsonl"), jobs, workers, |progress| {
                let minutes = progress.time_left().as_secs_f64() / 60.0;
                let RunKey { task, method, .. } = &progress.run.key;
                let (left, all) = (progress.left, progress.all);
                noteln!("{task}, {method}: {left} of {all} left, about {minutes:.0} min");
            })?;
        let text = tabulate(&entries, &runs, &failures);
        out!("{text}");
        let path = folder.join("sweep.tsv");
        files::write(&path, text)?;
        config::write_beside(folder)?;
        outln!("wrote {}", path.display());
        match failures.len() {
            0 => Ok(()),
            count => Err(format!("{count} runs failed; their rows say why").into()),
        }
    }

    /// Windows around the strongest summits, and as negatives genomic windows of the same GC
    /// content, split by chromosome.
    fn built(
        &self,
        entry: &Entry,
        peaks: &Path,
        genome: &Genome,
    ) -> Result<BuiltTask, Box<dyn Error + Send + Sync>> {
        let config = BindingConfig {
            width: self.width.into(),
            top: Some(self.top),
            ..BindingConfig::default()
        };
        let built = build_binding(genome, &read_narrow_peak(peaks)?, &config)?;
        let splits = Splits::chromosomes(genome, &self.dev_chromosomes, &self.test_chromosomes)?;
        Ok(BuiltTask::new(&entry.name, &["other", "bound"], built, &splits))
    }
}

/// A task of any type that a method can learn.
trait LearnableTask {
    fn learn(
        &self,
        method: &str,
        experiment: &Experiment,
        device: &Device,
    ) -> Result<dnabert::comparison::MethodResult, Box<dyn Error + Send + Sync>>;
}

impl<T: dnabert::core::Task> LearnableTask for T {
    fn learn(
        &self,
        method: &str,
        experiment: &Experiment,
        device: &Device,
    ) -> Result<dnabert::comparison::MethodResult, Box<dyn Error + Send + Sync>> {
        Ok(match method {
            OURS => experiment.learn(self, device, &mut ())?,
            _ => {
                let seed = experiment.fine_tune.seed;
                BASELINE.learn(self, experiment.both_strands, seed, device, 1)?
            }
        })
    }
}

fn read(table: &Path) -> Outcome<Vec<Entry>> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", table.display());
    let text = files::read(table)?;
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| line.split('\t').collect());
    let column = |name: &str| header.iter().position(|found| *found == name);
    let folder = table.parent().unwrap_or(Path::new(""));
    let name_column = column("name").ok_or_else(|| failed(&"no column `name`"))?;
    let tables = [column("train"), column("dev"), column("test")];
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let wrong = |what: &str| format!("{}, line {}: {what}", table.display(), number + 1);
        let cell = |at: usize| {
            let cell = cells.get(at).copied().filter(|cell| !cell.is_empty());
            cell.ok_or_else(|| wrong(&format!("no {}", header[at])))
        };
        let path = |at: usize| Ok::<_, String>(folder.join(cell(at)?));
        let source = match (column("peaks"), tables) {
            (Some(peaks), _) => Source::Peaks(path(peaks)?),
            (None, [Some(train), Some(dev), Some(test)]) => {
                Source::Tables([path(train)?, path(dev)?, path(test)?])
            }
            _ => return Err(failed(&"no column `peaks`, nor `train`, `dev` and `test`").into()),
        };
        let name = cell(name_column)?.to_owned();
        if entries.iter().any(|entry| entry.name == name) {
            return Err(wrong(&format!("{name} is there twice")).into());
        }
        entries.push(Entry { name, source });
    }
    if entries.is_empty() {
        return Err(failed(&"no experiment").into());
    }
    Ok(entries)
}

/// A table with a row for each experiment. If one failed, the last column has the reason.
fn tabulate(entries: &[Entry], runs: &[Run], failures: &[(RunKey, Failure)]) -> String {
    let mut text = String::from(
        "name\ttrain_rows\tdev_rows\ttest_rows\taccuracy\tMCC\tAUROC\tAUROC_low\tAUROC_high\tAUPRC\tdev_AUROC\tkmer_regression_AUROC\tfailure\n",
    );
    for Entry { name, .. } in entries {
        let find = |method: &str| {
            let run = runs.iter().find(|run| run.key.task == *name && run.key.method == method)?;
            let evaluation = Evaluation::new(&(&run.dev).into(), &(&run.test).into(), run.key.seed);
            Some((run, evaluation))
        };
        let (Some((run, ours)), Some((_, baseline))) = (find(OURS), find(BASELINE.name())) else {
            let failed = failures.iter().find(|(key, _)| key.task == *name);
            let why = failed.map_or(String::new(), |(_, why)| on_one_line(&**why));
            text += &format!("{name}{}{why}\n", "\t".repeat(12));
            continue;
        };
        let number =
            |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
        let rows = |evaluation: &dnabert::train::ClassificationReport| -> usize {
            evaluation.confusion.counts().iter().flatten().sum()
        };
        let range = ours.auroc_interval.map(|ConfidenceInterval { low, high }| [low, high]);
        let cells = [
            name.clone(),
            run.train_rows.to_string(),
            rows(&ours.dev).to_string(),
            rows(&ours.test).to_string(),
            number(Some(ours.test.accuracy)),
            number(Some(ours.test.mcc)),
            number(ours.test.auroc),
            number(range.map(|[low, _]| low)),
            number(range.map(|[_, high]| high)),
            number(ours.test.auprc),
            number(ours.dev.auroc),
            number(baseline.test.auroc),
            String::new(),
        ];
        text += &(cells.join("\t") + "\n");
    }
    text
}

/// An error and its causes, on one line.
fn on_one_line(error: &(dyn Error + 'static)) -> String {
    let causes: Vec<String> = chain(error).iter().map(ToString::to_string).collect();
    causes.join(": ").replace(['\t', '\n'], " ")
}
