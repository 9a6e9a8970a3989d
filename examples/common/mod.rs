//! Options and output that every task example shares.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use dnabert::core::Task;
use dnabert::kmer::AmbiguityPolicy;
use dnabert::train::{AdamWSettings, ClassWeights, EarlyStop, FineTuneConfig, ProgressBar};
use dnabert::{Backend, Experiment, ModelSize, Start, device};

/// Keeps the pages of freed tensors: the system's allocator gives them back to the kernel, and
/// clearing them again costs a third of the time of training on a CPU.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Options of every task example.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Training table (TSV or CSV, plain or .gz: sequence, label); needs --dev and --test
    #[arg(long, requires_all = ["dev", "test"])]
    pub(crate) train: Option<PathBuf>,
    /// Table that chooses the epoch
    #[arg(long, requires = "train")]
    pub(crate) dev: Option<PathBuf>,
    /// Table that is judged once, at the end
    #[arg(long, requires = "train")]
    pub(crate) test: Option<PathBuf>,
    /// Folder of a pre-trained model in the Hugging Face layout
    #[arg(long, conflicts_with_all = ["size", "k"])]
    pub(crate) model: Option<PathBuf>,
    /// Size of a fresh model: tiny, mini, small or base [default: mini]
    #[arg(long)]
    pub(crate) size: Option<ModelSize>,
    /// K-mer length of a fresh model, 1 to 8 [default: 5]
    #[arg(long)]
    pub(crate) k: Option<usize>,
    /// Passes over the training table [default: 6, more for small shipped sets, 3 with --model]
    #[arg(long)]
    pub(crate) epochs: Option<usize>,
    /// Highest learning rate [default: 1e-3, or 5e-5 with --model]
    #[arg(long)]
    pub(crate) learning_rate: Option<f64>,
    /// Sequences per batch
    #[arg(long, default_value_t = 32)]
    pub(crate) batch_size: usize,
    /// Batches per optimizer step
    #[arg(long, default_value_t = 1)]
    pub(crate) accumulation: usize,
    /// Share of input tokens hidden while training [default: 0.2, or 0 with --model]
    #[arg(long)]
    pub(crate) token_masking: Option<f64>,
    /// Weigh classes in inverse proportion to their share of the training table
    #[arg(long)]
    pub(crate) balanced: bool,
    /// Stop after this many epochs without a better one
    #[arg(long)]
    pub(crate) patience: Option<usize>,
    /// Make k-mers with ambiguous letters [UNK] instead of refusing them (counted in the report)
    #[arg(long)]
    pub(crate) unknown: bool,
    /// Cut sequences longer than the model instead of refusing them (counted in the report)
    #[arg(long)]
    pub(crate) truncate: bool,
    /// Seed of weights, order, dropout and resampling
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Device: flex, wgpu or cuda [default: the first that was compiled in]
    #[arg(long)]
    pub(crate) device: Option<Backend>,
    /// Folder for metrics.json, predictions.tsv and model/
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

impl Options {
    /// The experiment that these options describe.
    pub(crate) fn experiment(&self, fresh_epochs: usize, workers: usize) -> Experiment {
        let fresh = self.model.is_none();
        let (epochs, learning_rate, token_masking) =
            if fresh { (fresh_epochs, 1e-3, 0.2) } else { (3, 5e-5, 0.0) };
        let start = match &self.model {
            Some(folder) => Start::Folder(folder.clone()),
            None => {
                Start::Fresh { size: self.size.unwrap_or(ModelSize::Mini), k: self.k.unwrap_or(5) }
            }
        };
        Experiment {
            start,
            ambiguity: if self.unknown {
                AmbiguityPolicy::Unknown
            } else {
                AmbiguityPolicy::Reject
            },
            truncate: self.truncate,
            fine_tune: FineTuneConfig {
                epochs: self.epochs.unwrap_or(epochs),
                batch_size: self.batch_size,
                accumulation: self.accumulation,
                learning_rate: self.learning_rate.unwrap_or(learning_rate),
                adamw: AdamWSettings::default(),
                token_masking: self.token_masking.unwrap_or(token_masking),
                class_weights: if self.balanced {
                    ClassWeights::Balanced
                } else {
                    ClassWeights::Equal
                },
                workers,
                early_stop: self.patience.map_or(EarlyStop::Never, EarlyStop::Patience),
                seed: self.seed,
                ..FineTuneConfig::default()
            },
        }
    }

    /// The user's three tables, where given.
    pub(crate) fn tables(&self) -> Option<[PathBuf; 3]> {
        Some([self.train.clone()?, self.dev.clone()?, self.test.clone()?])
    }

    /// Trains on `task` (a fresh model for `fresh_epochs` unless told otherwise), prints the result and writes it to `--out`, by default `runs/<task>`.
    pub(crate) fn run<T: Task>(&self, task: &T, fresh_epochs: usize) -> Result<(), Box<dyn Error>> {
        let backend = self.device.unwrap_or_else(Backend::first);
        let device = device(Some(backend))?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(task.name()));
        eprintln!("training on {device:?}");
        let experiment = self.experiment(fresh_epochs, backend.workers());
        let outcome = experiment.run(task, &device, &mut ProgressBar::default())?;
        println!("{}", outcome.metrics);
        outcome.write(&out)?;
        println!("wrote metrics.json, predictions.tsv and model/ to {}", out.display());
        Ok(())
    }
}

/// Ends a program: an error is printed with its causes, and the exit status is 1.
pub(crate) fn finish(result: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
