//! Several seeds, folds or methods on one task, compared.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dnabert::comparison::{
    Difference, Job, Run, RunKey, Spread, Summary, combine, complete, over_folds, over_seeds,
};
use dnabert::core::Task;
use dnabert::figure::FigureError;
use dnabert::model::Pooling;
use dnabert::tasks::CrossValidation;
use dnabert::train::{ConfidenceInterval, FineTuneConfig};
use dnabert::{
    Baseline, Benchmark, Device, Evaluation, Experiment, ModelInit, NgramReader, Ngrams,
    Predictions, curves, fingerprint, identity,
};

use crate::args::crop::CropOptions;
use crate::args::tables::TableOptions;
use crate::args::training::TrainingOptions;
use crate::args::{DatasetsOptions, DeviceOptions};
use crate::commands::benchmark::defaults;
use crate::config;
use crate::console::{noteln, out, outln};
use crate::failure::{Outcome, usage};
use crate::files;

/// Compare the fine-tuned model with baselines on one task, over seeds or folds.
///
/// Runs are kept in runs.jsonl. A command that was stopped continues when it is started again.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert compare methods ctcf --seeds 5 --baselines cnn,kmers --out runs/ctcf")]
pub(crate) struct Arguments {
    /// A shipped task, as for `dnabert benchmark`
    #[arg(required_unless_present = "train", conflicts_with = "train")]
    name: Option<Benchmark>,
    /// Train this many times, with the seeds from --seed on, and report means and deviations
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Cross-validation: divide the rows of all tables into this many folds, test on each fold, and
    /// train on the rest. With --seeds, divide them anew for each seed
    #[arg(long, value_parser = clap::value_parser!(u64).range(2..))]
    folds: Option<u64>,
    /// Baselines on the same rows, also averaged with our model: `all`, or a list
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    baselines: Vec<BaselineName>,
    /// Folder for comparison.md, comparison.svg and runs.jsonl [default: runs/NAME-comparison]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    tables: TableOptions,
    #[command(flatten)]
    crop: CropOptions,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

/// Runs what is missing, and prints the comparison.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let (task, defaults) = match (arguments.name, arguments.tables.task("tables")?) {
        (Some(_), _) if arguments.tables.classes()?.is_some() => {
            return Err(usage(
                "--classes: a shipped task has its own; the option is for your tables",
            ));
        }
        (Some(benchmark), _) => {
            let defaults = defaults(benchmark, arguments.crop);
            (benchmark.task(&arguments.datasets.find()?), arguments.training.defaults(defaults))
        }
        (None, Some(task)) => (task, arguments.training.table_defaults()),
        (None, None) => return Err(TableOptions::missing("a shipped task")),
    };
    let task = arguments.crop.apply(task)?;
    if arguments.folds.is_some()
        && defaults.is_in_corpus
        && arguments.training.starts_from_shipped()
    {
        return Err(usage(
            "--folds: the shipped model was pre-trained on the sequence of this set's training \
             rows, which folds would evaluate: ask for random weights (--size, --k) or another --model",
        ));
    }
    let device = arguments.device.open()?;
    let workers = arguments.device.backend().workers();
    let experiment =
        arguments.training.experiment(defaults, || arguments.datasets.find(), workers)?;
    let name = arguments.name.map_or_else(|| task.name().to_owned(), |name| name.to_string());
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("runs").join(format!("{name}-comparison")));
    files::check_folder(&out)?;
    let comparison = Comparison {
        experiment: &experiment,
        fresh: &arguments.training.with_random_weights(&experiment, defaults),
        workers,
        device: &device,
    };
    arguments.compare(&task, &comparison, &out)
}

/// A method to compare with, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BaselineName {
    /// All of these
    All,
    /// GC content
    Gc,
    /// Logistic regression on k-mers
    Kmers,
    /// Logistic regression on 4-mers, or runs of them, by position: in seven bins, or as in the
    /// regression that is combined with our network
    PlacedKmers,
    /// Logistic regression on the base at each position
    Positions,
    /// A convolutional network
    Cnn,
    /// The same with long short-term memory
    CnnLstm,
    /// The same with gated recurrent units
    CnnGru,
    /// Our network from random weights
    Random,
}

impl BaselineName {
    /// The baselines among `asked`. The one on placed k-mers reads the same counts as `experiment`,
    /// if any.
    fn baselines(asked: &[Self], experiment: &Experiment) -> Vec<Baseline> {
        let beside = experiment.ngrams.filter(|ngrams| ngrams.read == NgramReader::Regression);
        let called = [
            (Self::Gc, Baseline::Gc),
            (Self::Kmers, Baseline::Kmers),
            (Self::PlacedKmers, Baseline::PlacedKmers(beside.unwrap_or(Ngrams::BESIDE))),
            (Self::Positions, Baseline::Positions),
            (Self::Cnn, Baseline::Cnn),
            (Self::CnnLstm, Baseline::CnnLstm),
            (Self::CnnGru, Baseline::CnnGru),
        ];
        let wanted =
            |(name, _): &(Self, Baseline)| [*name, Self::All].iter().any(|n| asked.contains(n));
        called.into_iter().filter(wanted).map(|(_, baseline)| baseline).collect()
    }
}

/// A method and its name.
enum Method {
    Baseline(Baseline),
    Network(&'static str, Box<Experiment>),
}

impl Method {
    fn name(&self) -> &'static str {
        match self {
            Self::Baseline(baseline) => baseline.name(),
            Self::Network(name, _) => name,
        }
    }
}

/// A metric of a run.
type Measure = fn(&Predictions) -> f64;

/// The method that the others are compared with.
const OURS: &str = "dnabert";

/// Baselines of different kinds, each trained separately, and the name of the mean of their
/// probabilities.
const AVERAGED: [(&str, &[Baseline]); 3] = [
    ("dnabert with k-mer regression", &[Baseline::Kmers]),
    ("dnabert with CNN", &[Baseline::Cnn]),
    ("dnabert with CNN and k-mer regression", &[Baseline::Cnn, Baseline::Kmers]),
];

/// The same network from random weights.
const RANDOM: &str = "random weights";

/// The methods to compare, and the device.
struct Comparison<'a> {
    /// Our method.
    experiment: &'a Experiment,
    /// The best training settings for a network from random weights there.
    fresh: &'a Experiment,
    /// Number of parallel runs.
    workers: usize,
    /// The device of the runs.
    device: &'a Device,
}

impl Arguments {
    /// Runs what is missing in `folder`, prints tables, and writes `comparison.md`,
    /// `comparison.svg` and `runs.jsonl` (all runs with their probabilities).
    fn compare<T: Task>(&self, task: &T, comparison: &Comparison<'_>, folder: &Path) -> Outcome {
        let methods = self.methods(comparison)?;
        let runs = match self.folds {
            None => {
                let draws = |_| vec![(String::new(), task)];
                runs(folder, self.jobs(&methods, comparison, draws)?, comparison.workers)?
            }
            Some(folds) => {
                let first = comparison.experiment.fine_tune.seed;
                let dealt = (first..first + self.seeds)
                    .map(|seed| CrossValidation::new(task, folds as usize, seed))
                    .collect::<Result<Vec<_>, _>>()?;
                let draws = |turn: u64| {
                    let name = |fold| format!("fold {} of {folds}", fold + 1);
                    let folds = dealt[turn as usize].folds().enumerate();
                    folds.map(|(fold, task)| (name(fold), task)).collect()
                };
                runs(folder, self.jobs(&methods, comparison, draws)?, comparison.workers)?
            }
        };
        let mut runs = runs;
        let together = AVERAGED.iter().flat_map(|(name, others)| {
            let methods: Vec<&str> =
                [OURS].into_iter().chain(others.iter().map(|baseline| baseline.name())).collect();
            combine(&runs, &methods, name)
        });
        let together: Vec<Run> = together.collect();
        runs.extend(together);
        let members = comparison.experiment.members.get();
        let text = self.tables(task.classes().len(), &runs, members);
        if self.json {
            outln!("{}", json(&Summary::from_runs(&runs))?);
        } else {
            out!("{text}");
        }
        files::write(&folder.join("comparison.md"), text)?;
        if let Some(svg) = first_curves(&runs, task.classes())? {
            files::write(&folder.join("comparison.svg"), svg)?;
        }
        config::write_beside(folder)?;
        noteln!("wrote comparison.md, comparison.svg and runs.jsonl to {}", folder.display());
        Ok(())
    }

    fn methods(&self, comparison: &Comparison<'_>) -> Outcome<Vec<Method>> {
        let mut methods = vec![Method::Network(OURS, Box::new(comparison.experiment.clone()))];
        methods.extend(
            BaselineName::baselines(&self.baselines, comparison.experiment)
                .into_iter()
                .map(Method::Baseline),
        );
        let random =
            [BaselineName::Random, BaselineName::All].iter().any(|n| self.baselines.contains(n));
        let is_fresh = matches!(comparison.experiment.start, ModelInit::Fresh { .. });
        if is_fresh && self.baselines.contains(&BaselineName::Random) {
            return Err(usage("--baselines random: a network of --size is one of random weights"));
        }
        if let (true, ModelInit::Folder { path, pooling, .. }) =
            (random, &comparison.experiment.start)
        {
            // For random weights, standard deviations of hidden states are less informative than
            // means.
            let pooling = if *pooling == Some(Pooling::Max) { Pooling::Max } else { Pooling::Mean };
            let start = ModelInit::Reset { path: path.clone(), pooling: Some(pooling) };
            let random = Experiment { start, ..comparison.fresh.clone() };
            methods.push(Method::Network(RANDOM, Box::new(random)));
        }
        Ok(methods)
    }

    fn jobs<'a, T: Task + Clone + 'a>(
        &self,
        methods: &'a [Method],
        comparison: &Comparison<'a>,
        draws: impl Fn(u64) -> Vec<(String, T)>,
    ) -> Outcome<Vec<Job<'a>>> {
        let (first, device) = (comparison.experiment.fine_tune.seed, comparison.device);
        let both_strands = comparison.experiment.both_strands;
        let mut jobs = Vec::new();
        for turn in 0..self.seeds {
            let seed = first + turn;
            for (draw, task) in draws(turn) {
                let data = fingerprint(&task)?;
                for method in methods {
                    let settings = match method {
                        Method::Baseline(Baseline::PlacedKmers(bag)) if *bag != Ngrams::BESIDE => {
                            format!("both strands: {both_strands}, {bag:?}")
                        }
                        Method::Baseline(_) => format!("both strands: {both_strands}"),
                        Method::Network(_, experiment) => identity(&seeded(experiment, seed))?,
                    };
                    let key = RunKey {
                        task: task.name().to_owned(),
                        draw: draw.clone(),
                        method: method.name().to_owned(),
                        settings: format!("{} {settings}", &data[..16]),
                        seed,
                    };
                    let task = task.clone();
                    jobs.push(Job::new(key, move || match method {
                        Method::Baseline(baseline) => {
                            baseline.learn(&task, both_strands, seed, device, 1)
                        }
                        Method::Network(_, experiment) => {
                            seeded(experiment, seed).learn(&task, device, &mut ())
                        }
                    }));
                }
            }
        }
        Ok(jobs)
    }

    /// The metrics as Markdown.
    fn tables(&self, classes: usize, runs: &[Run], members: usize) -> String {
        let summaries = Summary::from_runs(runs);
        let mut text = String::from("| method | runs | accuracy | MCC | AUROC | AUPRC |\n");
        text += "| --- | --- | --- | --- | --- | --- |\n";
        let cell =
            |spread: Option<Spread>| spread.map_or("–".into(), |spread| spread.to_string());
        for summary in &summaries {
            let values: [fn(&Evaluation) -> Option<f64>; 4] = [
                |found| Some(found.test.accuracy),
                |found| Some(found.test.mcc),
                |found| found.test.auroc,
                |found| found.test.auprc,
            ];
            let cells: Vec<String> =
                values.iter().map(|value| cell(summary.spread(value))).collect();
            let runs = summary.evaluations.len();
            text += &format!("| {} | {runs} | {} |\n", summary.method, cells.join(" | "));
        }
        text += &imbalance(&summaries, classes);
        text += &self.differences(runs);
        if members > 1 {
            let random = summaries.iter().any(|summary| summary.method == RANDOM);
            let too = if random { format!(" and {RANDOM}") } else { String::new() };
            text += &format!(
                "\n{OURS}{too}: {members} networks together; any other by itself is one.\n"
            );
        }
        text
    }

    /// The differences between our method and the others.
    fn differences(&self, runs: &[Run]) -> String {
        let of =
            |method: &str| runs.iter().filter(|run| run.key.method == method).collect::<Vec<_>>();
        let ours = of(OURS);
        let mut text = String::new();
        let others = [
            Baseline::Cnn.name(),
            RANDOM,
            Baseline::Kmers.name(),
            Baseline::PlacedKmers(Ngrams::BESIDE).name(),
            Baseline::Positions.name(),
        ];
        for method in others.into_iter().chain(AVERAGED.iter().map(|(name, _)| *name)) {
            let pairs: Vec<[Predictions; 2]> = of(method)
                .into_iter()
                .filter_map(|other| {
                    let same = |run: &&&Run| {
                        (run.key.seed, &run.key.draw) == (other.key.seed, &other.key.draw)
                    };
                    Some([(&ours.iter().find(same)?.test).into(), (&other.test).into()])
                })
                .collect();
            let measures: [(&str, Measure); 2] = [
                ("MCC", |scored| scored.report().mcc),
                ("AUROC", |scored| scored.auroc().unwrap_or(0.5)),
            ];
            for (name, value) in measures {
                let found = match self.folds {
                    None => over_seeds(&pairs, value),
                    Some(_) => over_folds(&pairs, test_rows_per_train_row(&ours), value),
                };
                let Some(Difference { mean, interval }) = found else { continue };
                let range = interval.map_or(String::new(), |ConfidenceInterval { low, high }| {
                    format!(", 95 % interval {low:+.3} to {high:+.3}")
                });
                text += &format!("\n{name}, {OURS} − {method}: {mean:+.3}{range}");
            }
        }
        if text.is_empty() { text } else { text + "\n" }
    }
}

/// Mean and deviation of each method, as JSON.
fn json(summaries: &[Summary]) -> Outcome<String> {
    let value = |spread: Option<Spread>| {
        spread.map(
            |Spread { mean, deviation }| serde_json::json!({"mean": mean, "deviation": deviation}),
        )
    };
    let method = |summary: &Summary| {
        serde_json::json!({
            "method": summary.method,
            "runs": summary.evaluations.len(),
            "accuracy": value(summary.spread(|found| Some(found.test.accuracy))),
            "mcc": value(summary.spread(|found| Some(found.test.mcc))),
            "auroc": value(summary.spread(|found| found.test.auroc)),
            "auprc": value(summary.spread(|found| found.test.auprc)),
        })
    };
    Ok(serde_json::to_string_pretty(&summaries.iter().map(method).collect::<Vec<_>>())?)
}

/// The experiment with another seed, on one core.
fn seeded(experiment: &Experiment, seed: u64) -> Experiment {
    let fine_tune = FineTuneConfig { seed, workers: 1, ..experiment.fine_tune.clone() };
    Experiment { fine_tune, ..experiment.clone() }
}

/// Accuracy and MCC where positives are rare.
fn imbalance(summaries: &[Summary], classes: usize) -> String {
    let mut text = match classes {
        2 => String::new(),
        _ => "\nAny class but the first is a positive here, whichever of them is called.\n"
            .to_owned(),
    };
    text += "\n| negatives for each positive, threshold | method | accuracy | MCC |\n";
    text += "| --- | --- | --- | --- |\n";
    let evaluations = summaries.iter().flat_map(|summary| &summary.evaluations);
    let places = evaluations.map(|found| found.imbalanced.len()).max().unwrap_or(0);
    if places == 0 {
        return String::new();
    }
    for place in 0..places {
        for chosen in [false, true] {
            for summary in summaries {
                let calls = |found: &Evaluation| {
                    let found = found.imbalanced.get(place)?;
                    Some(if chosen { found.at_chosen } else { found.at_half })
                };
                let ratio =
                    summary.evaluations.iter().find_map(|found| found.imbalanced.get(place));
                let (Some(ratio), Some(accuracy), Some(mcc)) = (
                    ratio.map(|found| found.negatives_per_positive),
                    summary.spread(|found| Some(calls(found)?.accuracy)),
                    summary.spread(|found| Some(calls(found)?.mcc)),
                ) else {
                    continue;
                };
                let threshold = if chosen { "from dev" } else { "one half" };
                text += &format!(
                    "| {ratio:.0}, {threshold} | {} | {accuracy} | {mcc} |\n",
                    summary.method
                );
            }
        }
    }
    text
}

fn runs(folder: &Path, jobs: Vec<Job<'_>>, workers: usize) -> Outcome<Vec<Run>> {
    let file: PathBuf = folder.join("runs.jsonl");
    let completed = complete(&file, jobs, workers, |progress| {
        let RunKey { draw, method, seed, .. } = &progress.run.key;
        let minutes = progress.time_left().as_secs_f64() / 60.0;
        let comma = if draw.is_empty() { "" } else { ", " };
        noteln!(
            "{method}, seed {seed}{comma}{draw}: {} of {} left, about {minutes:.0} min",
            progress.left,
            progress.all
        );
    })?;
    Ok(completed.all()?)
}

/// The curves of the first seed and fold, since one figure cannot show several. With more than two
/// classes, only those of our method, since each method has a line for each class.
fn first_curves(runs: &[Run], classes: &[String]) -> Outcome<Option<String>> {
    let is_first = |run: &&Run| {
        let (key, first) = (&run.key, &runs[0].key);
        (key.seed, &key.draw) == (first.seed, &first.draw)
            && (classes.len() == 2 || key.method == OURS)
    };
    let scored: Vec<(&str, Predictions)> = runs
        .iter()
        .filter(is_first)
        .map(|run| (run.key.method.as_str(), (&run.test).into()))
        .collect();
    let lines: Vec<(&str, &Predictions)> =
        scored.iter().map(|(name, scored)| (*name, scored)).collect();
    match curves(&lines, classes) {
        Ok(svg) => Ok(Some(svg)),
        Err(FigureError::Empty(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The number of test rows divided by that of training rows, over all runs.
fn test_rows_per_train_row(runs: &[&Run]) -> f64 {
    let rows = |run: &&Run| Predictions::from(&run.test).labels.len();
    let test: usize = runs.iter().map(rows).sum();
    let train: usize = runs.iter().map(|run| run.train_rows).sum();
    test as f64 / train.max(1) as f64
}
