//! The settings and files that the result of a run depends on, as text.

use dnabert_inference::network_folder;
use dnabert_tasks::sha256;

use crate::{Experiment, ExperimentError, ModelInit};

/// The settings of an experiment, with the content of the start folders in place of their paths.
/// The path alone is not enough: a folder may be renamed, or its weights may change.
///
/// # Errors
///
/// [`ExperimentError::Write`] naming the file that cannot be read.
#[allow(clippy::missing_panics_doc, reason = "the settings are plain values")]
pub fn identity(experiment: &Experiment) -> Result<String, ExperimentError> {
    let mut nameless = experiment.clone();
    let mut text = String::new();
    for start in [&mut nameless.start].into_iter().chain(&mut nameless.further_starts) {
        let (path, weights) = match start {
            ModelInit::Folder { path, .. } => {
                let path = network_folder(&std::mem::take(path))?.into_owned();
                let weights =
                    ["model.safetensors", "pytorch_model.bin"].map(|name| path.join(name));
                let weights = weights.into_iter().find(|file| file.exists());
                (path, weights)
            }
            ModelInit::Reset { path, .. } => {
                (network_folder(&std::mem::take(path))?.into_owned(), None)
            }
            ModelInit::Fresh { .. } => continue,
        };
        for file in [Some(path.join("config.json")), weights].into_iter().flatten() {
            let hash =
                sha256(&file).map_err(|source| ExperimentError::Write { path: file, source })?;
            text += &format!("{} ", &hash[..16]);
        }
    }
    // The number of workers changes the rounding only.
    nameless.fine_tune.workers = 1;
    Ok(text + &serde_json::to_string(&nameless).expect("settings are plain values"))
}
