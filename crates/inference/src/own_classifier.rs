//! A classifier of your own kind, as a member of an ensemble.

use std::fmt::Debug;
use std::path::Path;

use dnabert_core::{Classifier, Encoding, Sequence, TokenizeError};
use dnabert_model::ProblemType;

use crate::ModelError;

/// A classifier of your own kind. By [`AnyClassifier::own`](crate::AnyClassifier::own) it takes
/// part in ensembles, and is saved with them.
///
/// ```
/// use std::path::Path;
///
/// use dnabert_core::{Classifier, Encoding, Sequence, TokenizeError};
/// use dnabert_inference::{AnyClassifier, Ensemble, ModelError, OwnClassifier};
/// use dnabert_model::ProblemType;
///
/// /// The fraction of G and C as the probability of a CpG island.
/// #[derive(Debug)]
/// struct GcContent {
///     labels: [String; 2],
/// }
///
/// impl Classifier for GcContent {
///     type Error = TokenizeError;
///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, TokenizeError> {
///         let row = |sequence: &Sequence| {
///             let letters = sequence.as_bytes();
///             let gc = letters.iter().filter(|letter| b"GC".contains(letter)).count();
///             let fraction = gc as f32 / letters.len() as f32;
///             vec![1.0 - fraction, fraction]
///         };
///         Ok(sequences.iter().map(row).collect())
///     }
/// }
///
/// impl OwnClassifier for GcContent {
///     fn labels(&self) -> &[String] {
///         &self.labels
///     }
///     fn save(&self, folder: &Path) -> Result<(), ModelError> {
///         let path = folder.to_path_buf();
///         std::fs::create_dir_all(folder).map_err(|source| ModelError::Io { path, source })
///     }
/// }
///
/// let labels = ["other", "island"].map(String::from);
/// let ensemble = Ensemble::new([AnyClassifier::own(GcContent { labels })])?;
/// assert_eq!(ensemble.predict(&["GGCA".parse()?])?, [[0.25, 0.75]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait OwnClassifier: Classifier<Error = TokenizeError> + Debug {
    /// Names of the outputs.
    fn labels(&self) -> &[String];

    /// What the outputs mean: classes, unless this is overwritten.
    fn problem(&self) -> ProblemType {
        ProblemType::SingleLabelClassification
    }

    /// The predictions for rows of tokens, which are read as they are.
    ///
    /// # Panics
    ///
    /// Unless this is overwritten: by default, a classifier reads letters instead of tokens.
    fn predict_encoded(&self, _rows: &[&Encoding]) -> Vec<Vec<f64>> {
        panic!("{self:?} reads letters")
    }

    /// As [`predict`](Classifier::predict), for pairs of sequences.
    ///
    /// # Errors
    ///
    /// [`TokenizeError`] for the first pair that fails; [`TokenizeError::NoPairs`] unless this is
    /// overwritten.
    fn predict_pairs(
        &self,
        _pairs: &[(Sequence, Sequence)],
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        Err(TokenizeError::NoPairs)
    }

    /// Writes the classifier into `folder`, which is created where it does not exist.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be written.
    fn save(&self, folder: &Path) -> Result<(), ModelError>;
}
