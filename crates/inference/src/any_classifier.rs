//! The classifier of a folder, of any kind.

use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use dnabert_baseline::{CLASSIFIER_FILE, CnnClassifier, LinearClassifier, SavedKind, saved_kind};
use dnabert_core::{AmbiguityPolicy, Classifier, Encoding, Sequence, TokenizeError};
use dnabert_model::{Checkpoint, MaskMode, Pooling, Precision, ProblemType};

use crate::ensemble::ENSEMBLE_FILE;
use crate::own_network::{OWN_NETWORK_FILE, needs_encoder};
use crate::{BatchSize, Ensemble, Model, ModelError, OwnClassifier, Predictor, network_folder};

/// How a model reads sequences, where this differs from its folder.
///
/// ```
/// use dnabert_core::AmbiguityPolicy;
/// use dnabert_inference::{AnyClassifier, BatchSize, ReadOptions, device};
///
/// let options = ReadOptions {
///     ambiguity: AmbiguityPolicy::Unknown, // a k-mer with an N becomes [UNK]
///     batch_size: Some(BatchSize::Rows(64)),
///     ..ReadOptions::default()
/// };
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let classifier = AnyClassifier::open_with(folder, &options, &device(None)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// What happens to tokens with ambiguous letters.
    pub ambiguity: AmbiguityPolicy,
    /// How many rows are in a forward pass, if not as [`Model`] has it.
    pub batch_size: Option<BatchSize>,
    /// How hidden states are pooled.
    pub pooling: Option<Pooling>,
    /// How padding is masked.
    pub mask_mode: Option<MaskMode>,
    /// The length that every row is padded to.
    pub padded_length: Option<usize>,
    /// The number format of the networks' products.
    pub precision: Precision,
}

impl Model {
    /// As [`open`](Self::open), with other settings than those of the folder.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        options: &ReadOptions,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let folder = network_folder(folder.as_ref())?;
        let folder = &*folder;
        let mut checkpoint = Checkpoint::open(folder)?;
        let config = checkpoint.config_mut();
        config.pooling = options.pooling.unwrap_or(config.pooling);
        config.mask_mode = options.mask_mode.unwrap_or(config.mask_mode);
        config.padded_length = options.padded_length.or(config.padded_length);
        let model = Self::from_checkpoint(&checkpoint, folder, device)?;
        let model = model.with_ambiguity(options.ambiguity).with_precision(options.precision)?;
        Ok(match options.batch_size {
            Some(batch_size) => model.with_batch_size(batch_size),
            None => model,
        })
    }
}

/// A network, a regression, or an ensemble of them: whatever a folder contains.
///
/// ```
/// use dnabert_core::{Classifier, Sequence};
/// use dnabert_inference::{AnyClassifier, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let classifier = AnyClassifier::open(folder, &device(None)?)?;
/// let sequence: Sequence = "ACGTTGCA".repeat(25).parse()?;
/// assert_eq!(classifier.predict(&[sequence])?[0].len(), classifier.labels().len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one for each model")]
#[non_exhaustive]
pub enum AnyClassifier {
    /// A network.
    Network(Predictor),
    /// A linear classifier.
    Linear(LinearClassifier),
    /// A convolutional network.
    Cnn(CnnClassifier),
    /// Several classifiers.
    Ensemble(Box<Ensemble>),
    /// A classifier of your own kind, such as a network with your own encoder.
    Own(Arc<dyn OwnClassifier>),
}

impl From<Predictor> for AnyClassifier {
    fn from(predictor: Predictor) -> Self {
        Self::Network(predictor)
    }
}

impl From<LinearClassifier> for AnyClassifier {
    fn from(classifier: LinearClassifier) -> Self {
        Self::Linear(classifier)
    }
}

impl From<CnnClassifier> for AnyClassifier {
    fn from(classifier: CnnClassifier) -> Self {
        Self::Cnn(classifier)
    }
}

impl From<Ensemble> for AnyClassifier {
    fn from(ensemble: Ensemble) -> Self {
        Self::Ensemble(Box::new(ensemble))
    }
}

impl AnyClassifier {
    /// Opens the folder of a network (`config.json`), of a linear classifier (`classifier.json`) or
    /// of an ensemble (`ensemble.json`).
    ///
    /// # Errors
    ///
    /// [`ModelError`] naming the file.
    pub fn open(folder: impl AsRef<Path>, device: &Device) -> Result<Self, ModelError> {
        Self::open_with(folder, &ReadOptions::default(), device)
    }

    /// As [`open`](Self::open), with other settings than those of the folder.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(
        folder: impl AsRef<Path>,
        options: &ReadOptions,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Self::open_with_own(folder, options, &|folder| Err(needs_encoder(folder)), device)
    }

    /// As [`open_with`](Self::open_with); `own` opens the folder of a network with your own
    /// encoder, or of such a member of an ensemble.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and what `own` returns.
    pub fn open_with_own(
        folder: impl AsRef<Path>,
        options: &ReadOptions,
        own: &dyn Fn(&Path) -> Result<Self, ModelError>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let folder = folder.as_ref();
        if folder.join(ENSEMBLE_FILE).exists() {
            return Ok(Ensemble::open_with_own(folder, options, own, device)?.into());
        }
        if folder.join(OWN_NETWORK_FILE).exists() {
            return own(folder);
        }
        if folder.join(CLASSIFIER_FILE).exists() {
            return Ok(match saved_kind(folder)? {
                SavedKind::Cnn => CnnClassifier::open(folder, device)?.into(),
                _ => LinearClassifier::open(folder)?.with_ambiguity(options.ambiguity).into(),
            });
        }
        Ok(Model::open_with(folder, options, device)?.predictor()?.into())
    }

    /// A classifier of your own kind.
    pub fn own(classifier: impl OwnClassifier + 'static) -> Self {
        Self::Own(Arc::new(classifier))
    }

    /// The name of the kind, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Linear(_) => "linear",
            Self::Cnn(_) => "cnn",
            Self::Ensemble(_) => "ensemble",
            Self::Own(_) => "own",
        }
    }

    /// The network, if it is one, or the first network of an ensemble.
    pub fn network(&self) -> Option<&Predictor> {
        match self {
            Self::Network(predictor) => Some(predictor),
            Self::Linear(_) | Self::Cnn(_) | Self::Own(_) => None,
            Self::Ensemble(ensemble) => {
                ensemble.members().iter().find_map(|member| member.classifier.network())
            }
        }
    }

    /// Names of the outputs.
    pub fn labels(&self) -> &[String] {
        match self {
            Self::Network(predictor) => predictor.labels(),
            Self::Linear(classifier) => classifier.labels(),
            Self::Cnn(classifier) => classifier.labels(),
            Self::Ensemble(ensemble) => ensemble.labels(),
            Self::Own(classifier) => classifier.labels(),
        }
    }

    /// The number of weights, those of all members of an ensemble together. It is 0 for a classifier
    /// of your own kind.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Network(predictor) => predictor.model().num_params(),
            Self::Linear(classifier) => classifier.parameters(),
            Self::Cnn(classifier) => classifier.parameters(),
            Self::Ensemble(ensemble) => {
                ensemble.members().iter().map(|member| member.classifier.parameters()).sum()
            }
            Self::Own(_) => 0,
        }
    }

    /// What the outputs mean.
    pub fn problem(&self) -> ProblemType {
        match self {
            Self::Network(predictor) => predictor.problem(),
            Self::Linear(_) | Self::Cnn(_) => ProblemType::SingleLabelClassification,
            Self::Ensemble(ensemble) => ensemble.problem(),
            Self::Own(classifier) => classifier.problem(),
        }
    }

    /// As [`predict`](Classifier::predict), for pairs of sequences.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for the first pair that fails; [`TokenizeError::NoPairs`] if there is a
    /// linear classifier among the members.
    pub fn predict_pairs(
        &self,
        pairs: &[(Sequence, Sequence)],
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        match self {
            Self::Network(predictor) => predictor.predict_pairs(pairs),
            Self::Linear(_) | Self::Cnn(_) => Err(TokenizeError::NoPairs),
            Self::Ensemble(ensemble) => ensemble.predict_pairs(pairs).map_err(|error| error.source),
            Self::Own(classifier) => classifier.predict_pairs(pairs),
        }
    }

    /// The predictions for rows of tokens, which are read as they are.
    ///
    /// # Panics
    ///
    /// If a classifier among the members reads letters instead of tokens.
    pub fn predict_encoded(&self, rows: &[&Encoding]) -> Vec<Vec<f64>> {
        match self {
            Self::Network(predictor) => predictor.predict_encoded(rows),
            Self::Linear(classifier) => {
                rows.iter().map(|row| classifier.predict_encoded(row)).collect()
            }
            Self::Cnn(_) => panic!("a convolutional network reads letters"),
            Self::Ensemble(ensemble) => ensemble.predict_encoded(rows),
            Self::Own(classifier) => classifier.predict_encoded(rows),
        }
    }

    /// Writes the folder that [`open`](Self::open) reads.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ModelError> {
        match self {
            Self::Network(predictor) => predictor.save(folder),
            Self::Linear(classifier) => Ok(classifier.save(folder)?),
            Self::Cnn(classifier) => Ok(classifier.save(folder)?),
            Self::Ensemble(ensemble) => ensemble.save(folder),
            Self::Own(classifier) => classifier.save(folder.as_ref()),
        }
    }
}

impl Classifier for AnyClassifier {
    type Error = TokenizeError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, TokenizeError> {
        match self {
            Self::Network(predictor) => predictor.predict(sequences),
            Self::Linear(classifier) => classifier.predict(sequences),
            Self::Cnn(classifier) => classifier.predict(sequences),
            Self::Ensemble(ensemble) => ensemble.predict(sequences).map_err(|error| error.source),
            Self::Own(classifier) => classifier.predict(sequences),
        }
    }
}
