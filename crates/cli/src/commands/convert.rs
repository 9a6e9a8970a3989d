//! `dnabert convert`: reads a checkpoint in any supported format, and writes safetensors.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use dnabert::inference::network_folder;
use dnabert::model::checkpoint::{self, Pretrained};
use dnabert::model::{BertConfig, Checkpoint, CheckpointError, HeadKind};
use dnabert::{AnyTokenizer, Device, convert_version_01, is_version_01, model_folder};

use crate::args::DeviceOptions;
use crate::console::outln;
use crate::failure::Outcome;

/// Convert a checkpoint (PyTorch or safetensors) to safetensors, with its tokenizer.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert convert --model zhihan1996/DNA_bert_6 --out models/dnabert-6")]
pub(crate) struct Arguments {
    /// A model folder, or a name on the Hugging Face Hub
    #[arg(long)]
    model: String,
    /// The folder to write
    #[arg(long)]
    out: PathBuf,
    /// Write weights in half precision, which needs half the space
    #[arg(long)]
    half: bool,
    #[command(flatten)]
    device: DeviceOptions,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let folder = model_folder(&arguments.model)?;
    let device = arguments.device.open()?;
    if is_version_01(&folder) {
        convert_version_01(&folder, &arguments.out)?;
        outln!("wrote {}: a network, and a linear classifier beside it", arguments.out.display());
        return Ok(());
    }
    let started = Instant::now();
    let folder = network_folder(&folder)?;
    let checkpoint = Checkpoint::open(&folder)?;
    let config = checkpoint.config();
    let tokenizer = AnyTokenizer::open(&folder, config)?;
    let convert = Convert { arguments, config, started };
    match checkpoint.head() {
        HeadKind::MaskedLanguageModel => {
            convert.run(&checkpoint, Checkpoint::masked_language_model, &device)?;
        }
        HeadKind::Sequence => {
            convert.run(&checkpoint, Checkpoint::sequence_classifier, &device)?;
        }
        HeadKind::Tokens => {
            convert.run(&checkpoint, Checkpoint::token_classifier, &device)?;
        }
        HeadKind::None => convert.run(&checkpoint, Checkpoint::encoder, &device)?,
    }
    tokenizer.save(config, &arguments.out)?;
    outln!("wrote {}", arguments.out.display());
    Ok(())
}

struct Convert<'a> {
    arguments: &'a Arguments,
    config: &'a BertConfig,
    started: Instant,
}

impl Convert<'_> {
    fn run<M: Pretrained>(
        &self,
        checkpoint: &Checkpoint,
        read: impl Fn(&Checkpoint, &Device) -> Result<M, CheckpointError>,
        device: &Device,
    ) -> Outcome {
        let model = read(checkpoint, device)?;
        let seconds = self.started.elapsed().as_secs_f64();
        let parameters = model.parameters();
        outln!("{}: {parameters} parameters read in {seconds:.2} s", model.architecture());
        if let Some(peak) = peak_memory() {
            let megabytes = parameters as f64 * 4e-6;
            outln!("parameters take {megabytes:.0} MB, peak memory was {:.0} MB", peak * 1e-6);
        }
        let save = if self.arguments.half { checkpoint::save_half } else { checkpoint::save };
        save(&model, self.config, &self.arguments.out)?;
        Ok(())
    }
}

/// The peak memory (resident size) of this process so far, in bytes, where the system provides it.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}
