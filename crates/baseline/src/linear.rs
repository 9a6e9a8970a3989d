//! Linear classifiers of sequences that can be saved and opened.

use std::collections::HashMap;
use std::path::Path;

use dnabert_core::{
    AmbiguityPolicy, Classifier, Encoding, LengthPolicy, Sequence, TokenizeError, Tokenizer,
};
use dnabert_kmer::KmerTokenizer;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::saved::{self, failed};
use crate::{
    BaselineError, KmerFractions, LogisticRegression, NgramFeatures, OneHot, SavedKind, SparseRow,
};

/// What a linear classifier reads of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Features {
    /// The fraction of G and C.
    GcContent,
    /// The fractions of all k-mers with k from `shortest` to `longest`.
    KmerFractions {
        /// The shortest k.
        shortest: usize,
        /// The longest k.
        longest: usize,
    },
    /// The base at each of the first `length` positions.
    OneHot {
        /// Positions.
        length: usize,
    },
    /// Counts of overlapping k-mers, of runs of up to `max_n` of them, in position bins.
    Ngrams {
        /// The k-mer length.
        k: usize,
        /// The longest run.
        max_n: usize,
        /// Position bins.
        position_bins: usize,
    },
}

impl Features {
    /// The number of columns; `None` for features that cannot be made.
    pub fn columns(self) -> Option<usize> {
        match self {
            Self::GcContent => Some(1),
            Self::KmerFractions { shortest, longest } => {
                (1 <= shortest && shortest <= longest && longest <= 10)
                    .then(|| KmerFractions::new(shortest, longest).columns())
            }
            Self::OneHot { length } => Some(OneHot::new(length).columns()),
            Self::Ngrams { k, max_n, position_bins } => {
                if max_n == 0 || position_bins == 0 {
                    return None;
                }
                let ids = KmerTokenizer::new(k).ok()?.vocab_size();
                Some(NgramFeatures::new(ids, max_n, position_bins)?.columns())
            }
        }
    }
}

/// A linear classifier: for each class a weight of each feature and a bias, and a softmax over the
/// classes.
///
/// ```
/// use dnabert_baseline::{Features, LinearClassifier};
/// use dnabert_core::Classifier;
///
/// let labels = ["AT-rich", "GC-rich"].map(str::to_owned).to_vec();
/// // GC content of one half is even: the odds are exp(10 × (gc − 0.5)).
/// let weights = vec![vec![0.0], vec![10.0]];
/// let model = LinearClassifier::new(Features::GcContent, labels, &weights, &[0.0, -5.0])?;
/// # let folder = tempfile::tempdir()?;
/// model.save(folder.path())?;
/// let again = LinearClassifier::open(folder.path())?;
/// let rows = again.predict(&["GGCC".parse()?, "ATAT".parse()?])?;
/// assert!(rows[0][1] > 0.99 && rows[1][0] > 0.99);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinearClassifier {
    features: Features,
    labels: Vec<String>,
    /// `[classes, columns]`.
    weights: Vec<f32>,
    biases: Vec<f32>,
    columns: usize,
    reader: Reader,
}

/// How sequences become rows.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one for each model")]
enum Reader {
    Letters,
    Kmers(KmerTokenizer, NgramFeatures),
}

/// The settings in `classifier.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    features: Features,
    labels: Vec<String>,
}

const WEIGHTS_FILE: &str = "weights.safetensors";

impl LinearClassifier {
    /// The number of weights.
    pub fn parameters(&self) -> usize {
        self.weights.len() + self.biases.len()
    }

    /// A classifier with a row of weights and a bias for each label.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] for weights that do not fit the features or are not finite.
    pub fn new(
        features: Features,
        labels: Vec<String>,
        weights: &[Vec<f32>],
        biases: &[f32],
    ) -> Result<Self, BaselineError> {
        Self::from_flat(features, labels, weights.concat(), biases.to_vec())
    }

    /// A classifier of a fitted regression.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_regression(
        features: Features,
        labels: Vec<String>,
        regression: &LogisticRegression,
    ) -> Result<Self, BaselineError> {
        let (weights, biases): (Vec<Vec<f32>>, Vec<f32>) = regression
            .weights()
            .map(|(own, bias)| (own.iter().map(|&weight| weight as f32).collect(), bias as f32))
            .unzip();
        Self::new(features, labels, &weights, &biases)
    }

    fn from_flat(
        features: Features,
        labels: Vec<String>,
        weights: Vec<f32>,
        biases: Vec<f32>,
    ) -> Result<Self, BaselineError> {
        let columns = features.columns().ok_or(BaselineError::Features(features))?;
        for (what, found, expected) in [
            ("biases", biases.len(), labels.len()),
            ("weights", weights.len(), labels.len() * columns),
        ] {
            if found != expected {
                return Err(BaselineError::Shape { what, found, expected });
            }
        }
        for (what, values) in [("bias", &biases), ("weight", &weights)] {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(BaselineError::NotFinite { what, at, value: values[at] });
            }
        }
        let reader = match features {
            Features::Ngrams { k, max_n, position_bins } => {
                let tokenizer = KmerTokenizer::new(k)?.with_length(LengthPolicy::Unlimited);
                let ngrams = NgramFeatures::new(tokenizer.vocab_size(), max_n, position_bins);
                Reader::Kmers(tokenizer, ngrams.ok_or(BaselineError::Features(features))?)
            }
            _ => Reader::Letters,
        };
        Ok(Self { features, labels, weights, biases, columns, reader })
    }

    /// The same classifier with another policy for ambiguous letters, where it counts k-mers.
    #[must_use]
    pub fn with_ambiguity(mut self, policy: AmbiguityPolicy) -> Self {
        self.reader = match self.reader {
            Reader::Kmers(tokenizer, features) => {
                Reader::Kmers(tokenizer.with_ambiguity(policy), features)
            }
            Reader::Letters => Reader::Letters,
        };
        self
    }

    /// Names of the classes.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What it reads.
    pub fn features(&self) -> Features {
        self.features
    }

    /// The probability of each class of a row of k-mer tokens.
    ///
    /// # Panics
    ///
    /// If the classifier does not count k-mers.
    pub fn predict_encoded(&self, row: &Encoding) -> Vec<f64> {
        let Reader::Kmers(_, ngrams) = &self.reader else {
            panic!("{:?} are no counts of tokens", self.features)
        };
        self.probabilities(&ngrams.fractions(&row.ids))
    }

    fn row(&self, sequence: &Sequence) -> Result<SparseRow, TokenizeError> {
        Ok(match (self.features, &self.reader) {
            (_, Reader::Kmers(tokenizer, ngrams)) => {
                ngrams.fractions(&tokenizer.encode(sequence)?.ids)
            }
            (Features::KmerFractions { shortest, longest }, _) => {
                KmerFractions::new(shortest, longest).row(sequence)
            }
            (Features::OneHot { length }, _) => OneHot::new(length).row(sequence),
            _ => vec![(0, sequence.gc_content().unwrap_or(0.5))],
        })
    }

    fn probabilities(&self, row: &SparseRow) -> Vec<f64> {
        let score = |(class, bias): (usize, &f32)| {
            let own = &self.weights[class * self.columns..(class + 1) * self.columns];
            let sum: f64 = row.iter().map(|&(column, value)| f64::from(own[column]) * value).sum();
            sum + f64::from(*bias)
        };
        let scores: Vec<f64> = self.biases.iter().enumerate().map(score).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let sum: f64 = odds.iter().sum();
        odds.into_iter().map(|odds| odds / sum).collect()
    }

    /// Writes `classifier.json` and `weights.safetensors` into `folder`, made where absent. Older
    /// files are replaced only by whole new ones.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Io`] naming the file.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), BaselineError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let path = folder.join(WEIGHTS_FILE);
        let bytes = |values: &[f32]| -> Vec<u8> {
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let (weights, biases) = (bytes(&self.weights), bytes(&self.biases));
        let shape = vec![self.labels.len(), self.columns];
        let view = |shape, bytes| {
            TensorView::new(Dtype::F32, shape, bytes)
                .map_err(|source| BaselineError::Weights { path: path.clone(), source })
        };
        let tensors =
            [("bias", view(vec![self.labels.len()], &biases)?), ("weight", view(shape, &weights)?)];
        let file = safetensors::serialize(tensors, None::<HashMap<String, String>>)
            .map_err(|source| BaselineError::Weights { path: path.clone(), source })?;
        dnabert_core::file::write(&path, &file).map_err(failed(&path))?;
        let settings = Settings { features: self.features, labels: self.labels.clone() };
        saved::write(folder, SavedKind::Linear, settings)
    }

    /// Opens what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] naming the file.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, BaselineError> {
        let folder = folder.as_ref();
        let Settings { features, labels } = saved::read(folder, SavedKind::Linear)?;
        let path = folder.join(WEIGHTS_FILE);
        let bytes = std::fs::read(&path).map_err(failed(&path))?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|source| BaselineError::Weights { path: path.clone(), source })?;
        let values = |name| tensor_values(&tensors, name, &path);
        Self::from_flat(features, labels, values("weight")?, values("bias")?)
            .map_err(|source| BaselineError::Misfit { path, source: Box::new(source) })
    }
}

/// The values of a tensor of a safetensors file; `path` is the file that errors name.
///
/// # Errors
///
/// [`BaselineError::Weights`] if there is no such tensor, and [`BaselineError::Numbers`] if its
/// values are neither f32 nor f16.
pub fn tensor_values(
    tensors: &SafeTensors<'_>,
    name: &str,
    path: &Path,
) -> Result<Vec<f32>, BaselineError> {
    let tensor = tensors
        .tensor(name)
        .map_err(|source| BaselineError::Weights { path: path.into(), source })?;
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => Ok(data
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect()),
        Dtype::F16 => Ok(data
            .chunks_exact(2)
            .map(|bytes| half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f32())
            .collect()),
        found => Err(BaselineError::Numbers { path: path.into(), name: name.to_owned(), found }),
    }
}

impl Classifier for LinearClassifier {
    type Error = TokenizeError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, TokenizeError> {
        let row = |(index, sequence): (usize, &Sequence)| {
            let row = self
                .row(sequence)
                .map_err(|source| TokenizeError::InBatch { index, source: Box::new(source) })?;
            Ok(self.probabilities(&row).into_iter().map(|value| value as f32).collect())
        };
        sequences.iter().enumerate().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["no", "yes"].map(str::to_owned).to_vec()
    }

    #[test]
    fn what_is_saved_is_opened_again() {
        let all = [
            Features::GcContent,
            Features::KmerFractions { shortest: 1, longest: 2 },
            Features::OneHot { length: 5 },
            Features::Ngrams { k: 2, max_n: 2, position_bins: 3 },
        ];
        let sequences = ["ACGTACGT", "GGGGG"].map(|text| text.parse().unwrap());
        for features in all {
            let columns = features.columns().unwrap();
            let weight = |class: usize, column: usize| ((class + 7 * column) % 5) as f32 - 2.0;
            let row = |class| (0..columns).map(|column| weight(class, column)).collect();
            let weights: Vec<Vec<f32>> = (0..2).map(row).collect();
            let model = LinearClassifier::new(features, labels(), &weights, &[0.5, 0.0]).unwrap();
            let folder = tempfile::tempdir().unwrap();
            model.save(folder.path()).unwrap();
            let again = LinearClassifier::open(folder.path()).unwrap();
            let rows = model.predict(&sequences).unwrap();
            assert_eq!(rows, again.predict(&sequences).unwrap(), "{features:?}");
            assert!((rows[0].iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let new = |weights: &[Vec<f32>]| {
            LinearClassifier::new(Features::GcContent, labels(), weights, &[0.0, 0.0])
        };
        let error = new(&[vec![1.0, 2.0], vec![1.0]]).unwrap_err();
        assert_eq!(error.to_string(), "weights are 3, but 2 are expected");
        let error = new(&[vec![1.0], vec![f32::NAN]]).unwrap_err();
        assert!(error.to_string().contains("weight number 1 is NaN"), "{error}");
        let error = LinearClassifier::open("no/such/folder").unwrap_err();
        assert!(matches!(error, BaselineError::Io { .. }), "{error}");
    }

    #[test]
    fn files_with_other_numbers_or_fewer_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let weights = [vec![1.0], vec![2.0]];
        LinearClassifier::new(Features::GcContent, labels(), &weights, &[0.0, 0.0])
            .unwrap()
            .save(folder.path())
            .unwrap();
        let open = |dtype, size: usize, count: usize| {
            let bytes = vec![1; size * count];
            let view = || TensorView::new(dtype, vec![count], &bytes).unwrap();
            let tensors = [("bias", view()), ("weight", view())];
            let file = safetensors::serialize(tensors, None::<HashMap<String, String>>).unwrap();
            std::fs::write(folder.path().join(WEIGHTS_FILE), file).unwrap();
            LinearClassifier::open(folder.path())
        };
        open(Dtype::F32, 4, 2).unwrap();
        open(Dtype::F16, 2, 2).unwrap();
        // As many bytes as two f32.
        let error = open(Dtype::I32, 4, 2).unwrap_err().to_string();
        assert!(error.contains(WEIGHTS_FILE) && error.contains("holds I32 numbers"), "{error}");
        let error = open(Dtype::F32, 4, 3).unwrap_err();
        assert!(error.to_string().contains(WEIGHTS_FILE), "{error}");
        assert!(matches!(error, BaselineError::Misfit { .. }), "{error}");
    }

    #[test]
    fn ambiguous_letters_follow_the_policy() {
        let features = Features::Ngrams { k: 2, max_n: 1, position_bins: 1 };
        let weights = vec![vec![0.0; features.columns().unwrap()]; 2];
        let model = LinearClassifier::new(features, labels(), &weights, &[0.0, 0.0]).unwrap();
        let sequence = ["ACGNACG".parse().unwrap()];
        assert!(matches!(model.predict(&sequence), Err(TokenizeError::InBatch { .. })));
        let model = model.with_ambiguity(AmbiguityPolicy::Unknown);
        assert_eq!(model.predict(&sequence).unwrap(), [[0.5, 0.5]]);
    }
}
