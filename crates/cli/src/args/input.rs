//! Options and input of the examples that use a trained model.

use std::error::Error;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use dnabert::backend::describe;
use dnabert::core::{AmbiguityPolicy, TokenizeError};
use dnabert::model::{Checkpoint, MaskMode};
use dnabert::tasks::{Input, Inputs};
use dnabert::{AnyTokenizer, Backend, BackendError, Device, Precision, device_with};
use crate::console::{note, noteln};
use crate::failure::Outcome;

/// Options of every example that reads sequences with a model.
#[derive(Debug, Args)]
pub(crate) struct ReadingOptions {
    /// FASTA file or table (TSV or CSV: sequence first, or a header that names it), plain or .gz
    pub(crate) input: PathBuf,
    /// How padding is masked: padding, or head for models fine-tuned with DNABERT's code after
    /// June 2021 [default: as the model says]
    #[arg(long)]
    mask_mode: Option<MaskMode>,
    /// Tokens that every row is padded to, special tokens included; DNABERT's max_seq_length,
    /// needed with --mask-mode head
    #[arg(long)]
    padded_length: Option<usize>,
    /// Make tokens with ambiguous letters [UNK] instead of refusing them
    #[arg(long, conflicts_with = "split")]
    unknown: bool,
    /// Leave tokens with ambiguous letters out instead of refusing them
    #[arg(long)]
    split: bool,
    /// Device: flex, wgpu or cuda [default: the first that was compiled in]
    #[arg(long)]
    device: Option<Backend>,
    /// Numbers that the network computes with: f32, f16 or bf16
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Rows in one forward pass
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: u16,
    /// File to write [default: standard output]
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

impl ReadingOptions {
    pub(crate) fn device(&self) -> Result<Device, BackendError> {
        let device = device_with(self.device, self.precision)?;
        noteln!("on {} in {}", describe(&device), self.precision);
        Ok(device)
    }

    pub(crate) fn batch_size(&self) -> usize {
        self.batch_size.into()
    }

    /// Sets the switches that the user gave.
    pub(crate) fn switch(&self, checkpoint: &mut Checkpoint) {
        let config = checkpoint.config_mut();
        config.mask_mode = self.mask_mode.unwrap_or(config.mask_mode);
        config.padded_length = self.padded_length.or(config.padded_length);
    }

    /// Sets the policy for ambiguous letters.
    pub(crate) fn policy(&self, tokenizer: AnyTokenizer) -> AnyTokenizer {
        tokenizer.with_ambiguity(match (self.unknown, self.split) {
            (true, _) => AmbiguityPolicy::Unknown,
            (_, true) => AmbiguityPolicy::Split,
            _ => AmbiguityPolicy::Reject,
        })
    }
}

/// Bases and inputs that are held at once.
const BASES: usize = 1 << 22;
const INPUTS: usize = 1024;

/// The next inputs, few enough to be held at once; none at the end.
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

/// Puts the name of the input before what is wrong with it.
pub(crate) fn name_failure(inputs: &[Input], error: TokenizeError) -> Box<dyn Error> {
    match error {
        TokenizeError::InBatch { index, source } => {
            format!("{}: {source}", inputs[index].name).into()
        }
        other => other.into(),
    }
}

/// Tells how far a stream has come, on a terminal.
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
        if self.told.elapsed() > Duration::from_secs(1) && std::io::stderr().is_terminal() {
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
