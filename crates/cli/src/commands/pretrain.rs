//! `dnabert pretrain`: trains a masked language model on FASTA files, and writes it in the Hugging
//! Face layout.

use std::path::PathBuf;

use clap::Args;
use dnabert::backend::{cuda_devices, describe};
use dnabert::core::{Encoding, Tokenizer};
use dnabert::kmer::{KmerTokenizer, LengthPolicy};
use dnabert::model::checkpoint;
use dnabert::train::ProgressBar;
use dnabert::train::pretrain::{
    Checkpoints, MaskSchedule, PretrainData, Rows, TrainingLog, pretrain, pretrain_on,
};
use dnabert::{AnyTokenizer, Backend, CorpusRows, device, loss_curve};

use crate::args::DeviceOptions;
use crate::args::corpus::CorpusOptions;
use crate::args::pretraining::PretrainingOptions;
use crate::config;
use crate::console::{noteln, outln};
use crate::failure::{Outcome, usage};
use crate::files;

/// Pre-train a masked language model on genomes.
///
/// If the process is killed, the same command with --resume continues, and the result is
/// bit-identical. Without genomes it reproduces the shipped convolutional-4.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert pretrain genome.fa.gz --k 6 --exclude dev.tsv --exclude test.tsv --out runs/pretrain")]
pub(crate) struct Arguments {
    #[command(flatten)]
    corpus: CorpusOptions,
    #[command(flatten)]
    recipe: PretrainingOptions,
    /// Number of pieces in an evaluation
    #[arg(long, default_value_t = 400, help_heading = "Optimization")]
    evaluation_rows: u64,
    /// Continue the run in --out
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    device: DeviceOptions,
    /// Divide each pass among this many CUDA devices
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "device", help_heading = "Device and data")]
    devices: Option<u16>,
    /// Folder for model/, log.jsonl, loss.svg and checkpoints/
    #[arg(long, default_value = "runs/pretrain")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { recipe, out, .. } = arguments;
    let checkpoints = Checkpoints::new(out.join("checkpoints"), 2);
    let done = checkpoints.last()?.map_or(0, |(_, step)| step);
    if done > 0 && !arguments.resume {
        let out = out.display();
        return Err(usage(format!(
            "{out} holds a run of {done} steps: give --resume, or another --out"
        )));
    }
    files::check_folder(out)?;
    let k = recipe.k()?;
    let files = arguments.corpus.files(k, recipe.seed)?;
    let corpus = files.build()?;

    let (backend, devices) = match arguments.devices {
        Some(count) => (Backend::Cuda, cuda_devices(count)?),
        None => {
            let backend = arguments.device.backend();
            (backend, vec![device(Some(backend))?])
        }
    };
    devices.iter().for_each(|device| noteln!("training on {}", describe(device)));
    let longest = arguments.corpus.longest + 2;
    let tokenizer = KmerTokenizer::new(k)?.with_length(LengthPolicy::Reject(longest));
    let (model, shape) = recipe.start(&tokenizer, longest, &devices[0])?;

    let rows = CorpusRows::new(&corpus.train, &tokenizer);
    let held_out: Vec<Encoding> = match &corpus.held_out {
        Some(pieces) => {
            let rows = CorpusRows::new(pieces, &tokenizer);
            (0..arguments.evaluation_rows)
                .map(|number| rows.row(number))
                .collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    let (early, late) = recipe.masks(k)?;
    let data = PretrainData {
        rows: &rows,
        held_out: &held_out,
        masks: MaskSchedule {
            early: &early,
            late: &late,
            change_at: recipe.steps - recipe.steps / 6,
        },
        tokens: tokenizer.special_tokens(),
    };
    let config = recipe.config(backend.workers(), &files.identity()?);
    files::create_folder(out)?;
    let log = TrainingLog::open(out.join("log.jsonl"), done)?;
    let mut observer = (ProgressBar::default(), log);
    let (model, evaluation) = if devices.len() > 1 {
        pretrain_on(&devices, model, &data, &config, Some(&checkpoints), &mut observer)?
    } else {
        pretrain(model, &data, &config, Some(&checkpoints), &mut observer)?
    };
    observer.1.finish()?;
    if let Some(evaluation) = evaluation {
        outln!("held out: {evaluation}");
    }
    let folder = out.join("model");
    checkpoint::save(&model, &shape, &folder)?;
    AnyTokenizer::from(tokenizer).save(&shape, &folder)?;
    let curve = loss_curve(&TrainingLog::read(out.join("log.jsonl"))?)?;
    files::write(&out.join("loss.svg"), curve)?;
    config::write_beside(out)?;
    noteln!("wrote model/, log.jsonl and loss.svg to {}", out.display());
    Ok(())
}
