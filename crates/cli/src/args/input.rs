//! Input sequences, and how a model reads them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use dnabert::core::{AmbiguityPolicy, TokenizeError};
use dnabert::model::{MaskMode, Pooling};
use dnabert::tasks::{Input, Inputs, TableFormat, read_inputs};
use dnabert::{AnyClassifier, Device, Model, ReadOptions, model_folder};

use super::batch::BatchOptions;
use super::network::NetworkOptions;
use crate::console::{note, noteln};
use crate::failure::Outcome;

/// Input sequences, and how a model reads them.
#[derive(Debug, Args)]
pub(crate) struct ReadingOptions {
    /// FASTA files or tables (TSV or CSV: sequence first, or a header that names it), plain or .gz;
    /// `-` is standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: ModelOptions,
}

/// How a model reads sequences.
#[derive(Debug, Args)]
#[command(next_help_heading = "How sequences are read")]
pub(crate) struct ModelOptions {
    /// Replace tokens with ambiguous letters by [UNK] instead of refusing them
    #[arg(long, conflicts_with = "split")]
    unknown: bool,
    /// Leave tokens with ambiguous letters out instead of refusing them
    #[arg(long)]
    split: bool,
    #[command(flatten)]
    batch: BatchOptions,
    /// How padding is masked: padding, or head for models fine-tuned with DNABERT's code after June
    /// 2021 [default: as the model says]
    #[arg(long)]
    mask_mode: Option<MaskMode>,
    /// Tokens that every row is padded to, with special tokens; DNABERT's max_seq_length, needed
    /// with --mask-mode head
    #[arg(long)]
    padded_length: Option<usize>,
    #[command(flatten)]
    network: NetworkOptions,
}

impl ReadingOptions {
    /// All inputs, one after the other.
    pub(crate) fn inputs(&self, format: &TableFormat) -> Outcome<Vec<Inputs>> {
        Ok(self.inputs.iter().map(|path| read_inputs(path, format)).collect::<Result<_, _>>()?)
    }
}

impl ModelOptions {
    /// Opens the device, and prints its name.
    pub(crate) fn device(&self) -> Outcome<Device> {
        self.network.device()
    }

    fn read_options(&self, pooling: Option<Pooling>) -> ReadOptions {
        ReadOptions {
            ambiguity: match (self.unknown, self.split) {
                (true, _) => AmbiguityPolicy::Unknown,
                (_, true) => AmbiguityPolicy::Split,
                _ => AmbiguityPolicy::Reject,
            },
            batch_size: self.batch.size(),
            pooling,
            mask_mode: self.mask_mode,
            padded_length: self.padded_length,
            precision: self.network.precision(),
        }
    }

    /// Opens the folder of a network.
    pub(crate) fn open_network(&self, folder: &Path, device: &Device) -> Outcome<Model> {
        Ok(Model::open_with(folder, &self.read_options(None), device)?)
    }

    /// Opens classifiers, by their folders or their names on the Hub.
    pub(crate) fn open(
        &self,
        models: &[String],
        pooling: Option<Pooling>,
        device: &Device,
    ) -> Outcome<Vec<AnyClassifier>> {
        let options = self.read_options(pooling);
        let open = |model: &String| -> Outcome<AnyClassifier> {
            Ok(AnyClassifier::open_with(model_folder(model)?, &options, device)?)
        };
        models.iter().map(open).collect()
    }
}

/// Maximum number of bases and inputs that are in memory at once.
const BASES: usize = 1 << 22;
const INPUTS: usize = 1024;

/// The next inputs, few enough for the memory; none at the end.
pub(crate) fn next_inputs(inputs: &mut Inputs) -> Outcome<Vec<Input>> {
    let (mut some, mut bases) = (Vec::new(), 0);
    while bases < BASES && some.len() < INPUTS {
        let Some(input) = inputs.next() else { break };
        let input = input?;
        bases += input.sequence.len();
        some.push(input);
    }
    Ok(some)
}

/// Adds the name of the input to an error.
pub(crate) fn name_failure(inputs: &[Input], error: TokenizeError) -> Box<dyn Error> {
    match error {
        TokenizeError::InBatch { index, source } => {
            let hint = match *source {
                TokenizeError::AmbiguousBase { .. } => {
                    "; --unknown reads such letters as [UNK], --split leaves their tokens out"
                }
                _ => "",
            };
            format!("{}: {source}{hint}", inputs[index].name).into()
        }
        other => other.into(),
    }
}

/// Shows the progress of a stream on a terminal.
#[derive(Debug)]
pub(crate) struct Count {
    started: Instant,
    told: Instant,
    sequences: usize,
}

impl Count {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), told: Instant::now(), sequences: 0 }
    }

    pub(crate) fn add(&mut self, sequences: usize) {
        self.sequences += sequences;
        if self.told.elapsed() > Duration::from_secs(1) {
            self.told = Instant::now();
            let rate = self.sequences as f64 / self.started.elapsed().as_secs_f64();
            note!("\r{} sequences, {rate:.1} per second ", self.sequences);
        }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        let seconds = self.started.elapsed().as_secs_f64();
        noteln!("\r{} sequences in {seconds:.1} s          ", self.sequences);
    }
}
