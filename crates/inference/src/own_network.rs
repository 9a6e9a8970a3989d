//! A network with an encoder of your own: written to a folder, and opened again.

use std::path::Path;

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use dnabert_core::{Encoding, Sequence, TokenizeError, Tokenizer};
use dnabert_model::{BertConfig, Encoder, Pooling, ProblemType, SequenceClassifier};
use serde::{Deserialize, Serialize};

use crate::own_classifier::OwnClassifier;
use crate::reader::SequenceReader;
use crate::{AnyTokenizer, ModelError, Predictor, description};

/// The file that describes the network of a folder whose encoder is your own.
pub const OWN_NETWORK_FILE: &str = "own_network.json";
const WEIGHTS_FILE: &str = "weights.bpk";
const SCHEMA: u32 = 1;

/// The content of `own_network.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    schema: u32,
    /// The type of the encoder, for people.
    encoder: String,
    vocab_size: usize,
    labels: Vec<String>,
    problem: ProblemType,
    pooling: Pooling,
    pooled_parts: std::num::NonZeroUsize,
    longest_row: usize,
}

impl Description {
    fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(OWN_NETWORK_FILE);
        let description: Self = description::read(&path)?;
        match description.schema {
            SCHEMA => Ok(description),
            schema => Err(ModelError::Schema { path, schema }),
        }
    }
}

/// The error for a folder whose encoder must be given by the caller.
pub(crate) fn needs_encoder(folder: &Path) -> ModelError {
    match Description::read(folder) {
        Ok(Description { encoder, .. }) => {
            ModelError::OwnEncoder { path: folder.join(OWN_NETWORK_FILE), encoder }
        }
        Err(error) => error,
    }
}

impl<E: Encoder + Sync + 'static> Predictor<E, AnyTokenizer> {
    /// Opens a network with an encoder of your own, which [`OwnClassifier::save`] wrote. `encoder`
    /// has the same type and shape as the saved one; its weights are replaced.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be read, for a tokenizer with another number of ids,
    /// and for an encoder of another shape.
    pub fn open_own(
        folder: impl AsRef<Path>,
        encoder: E,
        tokenizer: impl Into<AnyTokenizer>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let folder = folder.as_ref();
        let description = Description::read(folder)?;
        let hidden_size = encoder.hidden_size();
        let config = BertConfig {
            pooling: description.pooling,
            pooled_parts: description.pooled_parts,
            problem_type: Some(description.problem),
            ..BertConfig::for_encoder(description.vocab_size, hidden_size, description.longest_row)
        };
        let config = config.with_labels(&description.labels);
        let tokenizer = tokenizer.into().for_config(&config)?;
        let path = folder.join(WEIGHTS_FILE);
        let unreadable = |error: &dyn std::fmt::Display| ModelError::Io {
            path: path.clone(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_string()),
        };
        let record = ModuleRecord::load(&path).map_err(|error| unreadable(&error))?;
        let network = SequenceClassifier::over(encoder, &config, device)
            .try_load_record(record)
            .map_err(|error| unreadable(&error))?;
        let reader = SequenceReader::for_config(tokenizer, &config, device.clone());
        Ok(Self::new(&network, reader, &config))
    }
}

impl<E: Encoder + Sync + 'static> OwnClassifier for Predictor<E, AnyTokenizer> {
    fn labels(&self) -> &[String] {
        self.labels()
    }

    fn problem(&self) -> ProblemType {
        self.problem()
    }

    fn predict_encoded(&self, rows: &[&Encoding]) -> Vec<Vec<f64>> {
        self.predict_encoded(rows)
    }

    fn predict_pairs(
        &self,
        pairs: &[(Sequence, Sequence)],
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        self.predict_pairs(pairs)
    }

    /// Writes `own_network.json`, `weights.bpk` (burn's own format) and the tokenizer's file, if it
    /// has one. [`Predictor::open_own`] reads them.
    fn save(&self, folder: &Path) -> Result<(), ModelError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| ModelError::Io { path: folder.into(), source })?;
        let path = folder.join(WEIGHTS_FILE);
        let record = self.model().clone().into_record();
        dnabert_core::file::replace(&path, |beside| {
            record.save(beside).map_err(|error| std::io::Error::other(error.to_string()))
        })
        .map_err(|source| ModelError::Io { path, source })?;
        self.tokenizer().save(self.config(), folder)?;
        let config = self.config();
        let description = Description {
            schema: SCHEMA,
            encoder: std::any::type_name::<E>().to_owned(),
            vocab_size: self.tokenizer().vocab_size(),
            labels: self.labels().to_vec(),
            problem: self.problem(),
            pooling: config.pooling,
            pooled_parts: config.pooled_parts,
            longest_row: config.max_position_embeddings,
        };
        description::write(&folder.join(OWN_NETWORK_FILE), &description)
    }
}
