//! `dnabert devices`: the devices of this program, and what is kept on disk for GPUs.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use dnabert::backend::{describe, devices, is_cpu};
use dnabert::core::{Classifier, Sequence};
use dnabert::model::{HeadKind, Pooling};
use dnabert::{Backend, BackendError, BatchSize, Predictor, model_folder};

use crate::args::batch::BatchOptions;
use crate::args::network::NetworkOptions;
use crate::console::{noteln, outln};
use crate::failure::{Outcome, usage};

/// List the devices that this program can use, and prepare a GPU for a model.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert devices --warm datasets/models/ctcf-gm12878 --device wgpu")]
pub(crate) struct Arguments {
    /// Predict with this model in every shape of batch that a GPU is given, so that its kernels are
    /// compiled and tuned before the first run. What was found is kept on disk
    #[arg(long, value_name = "MODEL")]
    warm: Option<String>,
    #[command(flatten)]
    batch: BatchOptions,
    #[command(flatten)]
    network: NetworkOptions,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.warm {
        Some(model) => warm(arguments, &model_folder(model)?),
        None => {
            list();
            Ok(())
        }
    }
}

/// Prints one line for each device, or why a backend has none, and the caches.
fn list() {
    outln!("backend\tdevice");
    for backend in [Backend::Cuda, Backend::Wgpu, Backend::Flex] {
        let name = backend.feature();
        match devices(backend) {
            Ok(devices) => devices.iter().for_each(|device| match backend {
                Backend::Flex => {
                    outln!("{name}\t{}: {} cores{}", describe(device), backend.workers(), level());
                }
                _ => outln!("{name}\t{}", describe(device)),
            }),
            Err(BackendError::NotCompiled { .. }) => {
                outln!("{name}\tnot in this program (build it with --features {name})");
            }
            Err(error) => outln!("{name}\t{error}"),
        }
    }
    caches();
}

/// The vector instructions that the kernels use.
#[cfg(feature = "flex")]
fn level() -> String {
    format!(", {:?}", dnabert::model::kernels::Level::detected())
}

#[cfg(not(feature = "flex"))]
fn level() -> String {
    String::new()
}

/// Prints where kernels and tuning of GPUs are kept, and how much there is.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn caches() {
    let (file, parts) = dnabert::backend::gpu_cache();
    outln!("\nkept for GPUs in {}", file.display());
    for part in parts {
        outln!("{}\t{} entries, {} kB", part.name, part.entries, part.bytes.div_ceil(1024));
    }
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn caches() {}

/// Predicts in every shape.
fn warm(arguments: &Arguments, folder: &Path) -> Outcome {
    let device = arguments.network.device()?;
    if is_cpu(&device) {
        return Err(usage(
            "--warm: the CPU has no kernels to compile; choose --device wgpu or cuda",
        ));
    }
    let mut model = arguments.network.model(folder, &device)?;
    if let Some(size) = arguments.batch.size() {
        model = model.with_batch_size(size);
    }
    let predictor = match model.head() {
        HeadKind::Sequence => Some(model.predictor()?),
        _ => None,
    };
    let embedder = model.embedder();
    let size = predictor.as_ref().map_or(embedder.batch_size(), Predictor::batch_size);
    let started = Instant::now();
    for bases in (32..=model.config().longest_row()).step_by(32) {
        // The tokens of a k-mer model: one for each base but the last ones, and two more.
        let sequence: Sequence = "ACGTTGCA".repeat(bases.div_ceil(8))[..bases].parse()?;
        let powers = std::iter::successors(Some(1), |rows| Some(rows * 2));
        let most = size.rows(bases);
        let full = matches!(size, BatchSize::Rows(_)).then_some(most);
        for rows in powers.take_while(|&rows| rows <= most).chain(full) {
            let batch = vec![sequence.clone(); rows];
            match &predictor {
                Some(predictor) => {
                    predictor.predict(&batch)?;
                }
                None => {
                    embedder.sequences(&batch, Pooling::Mean)?;
                }
            }
        }
        noteln!("{bases} bases: {:.1} s since the start", started.elapsed().as_secs_f64());
    }
    caches();
    Ok(())
}
