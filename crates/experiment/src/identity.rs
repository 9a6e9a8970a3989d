//! What the result of a run depends on, as text.

use dnabert_inference::network_folder;
use dnabert_tasks::sha256;

use crate::{Experiment, ExperimentError, ModelInit};

/// The settings of an experiment and, in place of the folders that it starts from, the content of
/// these: a folder may be called by another name, or hold other weights.
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
    // How many cores share the work changes nothing but rounding.
    nameless.fine_tune.workers = 1;
    Ok(text + &serde_json::to_string(&nameless).expect("settings are plain values"))
}
