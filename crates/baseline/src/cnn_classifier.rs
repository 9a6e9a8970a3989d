//! A convolutional network with its labels, that can be saved and opened.

use std::path::Path;

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use dnabert_core::{
    AmbiguityPolicy, Classifier, Encoding, LengthPolicy, Sequence, TokenizeError, Tokenizer,
};
use dnabert_kmer::KmerTokenizer;
use dnabert_model::{logits, softmax};
use serde::{Deserialize, Serialize};

use crate::saved::{self, failed};
use crate::{BaselineError, Cnn, CnnConfig, SavedKind};

/// A [`Cnn`] as a classifier: ambiguous letters are no base, and sequences longer than the network
/// are cut at the right.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_baseline::{CnnClassifier, CnnConfig};
/// use dnabert_core::Classifier;
///
/// let config = CnnConfig::new(22, 2); // 20 bases
/// let labels = ["other", "bound"].map(str::to_owned).to_vec();
/// let model = CnnClassifier::new(&config.init(1, &Device::flex()), config, labels, Device::flex())?;
/// # let folder = tempfile::tempdir()?;
/// model.save(folder.path())?;
/// let again = CnnClassifier::open(folder.path(), &Device::flex())?;
/// let sequences = ["ACGTTGCAACGT".parse()?];
/// assert_eq!(again.predict(&sequences)?, model.predict(&sequences)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CnnClassifier {
    network: Cnn,
    config: CnnConfig,
    labels: Vec<String>,
    tokenizer: KmerTokenizer,
    device: Device,
}

/// The settings in `classifier.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    network: CnnConfig,
    labels: Vec<String>,
}

const WEIGHTS_FILE: &str = "weights.bpk";

/// Sequences of one forward pass.
const BATCH_SIZE: usize = 64;

impl CnnClassifier {
    /// The number of weights.
    pub fn parameters(&self) -> usize {
        self.network.num_params()
    }

    /// A classifier by a network of this config, as it is now, without dropout.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Shape`] for another number of labels than the network has.
    pub fn new(
        network: &Cnn,
        config: CnnConfig,
        labels: Vec<String>,
        device: Device,
    ) -> Result<Self, BaselineError> {
        if labels.len() != config.classes {
            let (found, expected) = (labels.len(), config.classes);
            return Err(BaselineError::Shape { what: "labels", found, expected });
        }
        let tokenizer = KmerTokenizer::new(1)?
            .with_ambiguity(AmbiguityPolicy::Unknown)
            .with_length(LengthPolicy::Truncate(config.length));
        Ok(Self { network: network.valid(), config, labels, tokenizer, device })
    }

    /// Names of the classes.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Writes `classifier.json` and `weights.bpk` (burn's own format) into `folder`, made where
    /// absent.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] naming the file.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), BaselineError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let path = folder.join(WEIGHTS_FILE);
        let record = self.network.clone().into_record();
        dnabert_core::file::replace(&path, |beside| {
            record.save(beside).map_err(|error| std::io::Error::other(error.to_string()))
        })
        .map_err(failed(&path))?;
        let settings = Settings { network: self.config, labels: self.labels.clone() };
        saved::write(folder, SavedKind::Cnn, settings)
    }

    /// Opens what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] naming the file.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, BaselineError> {
        let folder = folder.as_ref();
        let Settings { network: config, labels } = saved::read(folder, SavedKind::Cnn)?;
        let path = folder.join(WEIGHTS_FILE);
        let unreadable = |error: &dyn std::fmt::Display| BaselineError::Io {
            path: path.clone(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_string()),
        };
        let record = ModuleRecord::load(&path).map_err(|error| unreadable(&error))?;
        let network =
            config.init(0, device).try_load_record(record).map_err(|error| unreadable(&error))?;
        Self::new(&network, config, labels, device.clone())
    }
}

impl Classifier for CnnClassifier {
    type Error = TokenizeError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, TokenizeError> {
        let rows = self.tokenizer.encode_batch(sequences)?;
        let rows: Vec<&Encoding> = rows.iter().collect();
        let pad = self.tokenizer.special_tokens().pad;
        let scores = logits(&self.network, &rows, BATCH_SIZE, pad, &self.device);
        let probabilities = |row: &Vec<f32>| softmax(row).into_iter().map(|p| p as f32).collect();
        Ok(scores.iter().map(probabilities).collect())
    }
}
