//! Predicts outputs of sequences.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use dnabert_core::{Classifier, Encoding, Sequence, TokenizeError, Tokenizer};
use dnabert_model::{
    Bert, BertConfig, Encoder, ProblemType, SequenceClassifier, checkpoint, logits, sigmoid,
    softmax,
};

use crate::reader::SequenceReader;
use crate::{AnyTokenizer, BatchSize, ModelError};

/// A tokenizer and a trained network, combined only here.
///
/// Sequences may have any length. Those that do not fit in one row of tokens are read in rows that
/// overlap by a quarter. Their pooled vectors are averaged, weighted by the number of tokens, and
/// the mean is classified. (DNABERT's heads over chunks divide sequences in their own way, and have
/// a maximum length.) A predictor can be shared between threads.
///
/// ```
/// use dnabert_inference::{Model, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let predictor = Model::open(folder, &device(None)?)?.predictor()?;
/// assert_eq!(predictor.labels(), ["neither", "donor", "acceptor"]);
/// let sequence = "ACGTTGCA".repeat(25).parse()?;
/// let class = predictor.predict_labels(&[sequence])?.remove(0);
/// println!("{} {:.3}", class.label, class.probability);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Predictor<E: Encoder = Bert, T = AnyTokenizer> {
    model: SequenceClassifier<E>,
    reader: SequenceReader<T>,
    config: BertConfig,
    labels: Vec<String>,
}

/// The most probable class of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictedLabel {
    /// The name of the class.
    pub label: String,
    /// Its probability, in [0, 1].
    pub probability: f32,
}

impl PredictedLabel {
    /// The most probable class of a row; the first one of equal probabilities.
    fn new(labels: &[String], row: &[f32]) -> Self {
        let best = (0..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best });
        Self { label: labels[best].clone(), probability: row[best] }
    }
}

impl Predictor {
    /// Writes the folder that [`Model::open`](crate::Model::open) and Python transformers read.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be written. Old files are replaced only when their new
    /// content is complete.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ModelError> {
        let folder = folder.as_ref();
        checkpoint::save(&self.model, &self.config, folder)?;
        self.tokenizer().save(&self.config, folder)
    }
}

impl<E: Encoder, T: Tokenizer> Predictor<E, T> {
    /// A predictor for the current network, without dropout. `config` has the names of its outputs
    /// and their meaning.
    ///
    /// # Panics
    ///
    /// If the config does not have one label for each output.
    pub fn new(
        model: &SequenceClassifier<E>,
        reader: SequenceReader<T>,
        config: &BertConfig,
    ) -> Self {
        assert_eq!(model.labels(), config.labels(), "one label for each output");
        Self {
            model: model.valid(),
            reader,
            labels: config.label_names(),
            config: config.clone().with_labels(&config.label_names()),
        }
    }

    /// Names of the outputs.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What the outputs mean.
    pub fn problem(&self) -> ProblemType {
        self.config.problem()
    }

    /// The network's config.
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &T {
        self.reader.tokenizer()
    }

    /// How many rows are in a forward pass.
    pub fn batch_size(&self) -> BatchSize {
        self.reader.batch_size()
    }

    /// The network.
    pub fn model(&self) -> &SequenceClassifier<E> {
        &self.model
    }

    /// Scores (logits) for token rows, in the same order, with `batch_size` rows in a forward pass.
    pub fn logits(&self, rows: &[&Encoding], batch_size: usize, pad: u32) -> Vec<Vec<f32>> {
        logits(&self.model, rows, batch_size, pad, self.reader.device())
    }

    /// Outputs for token rows, in f64. Depending on the [`problem`](Self::problem), these are class
    /// probabilities, the probability of each label, or numbers.
    pub fn predict_encoded(&self, rows: &[&Encoding]) -> Vec<Vec<f64>> {
        let pad = self.tokenizer().special_tokens().pad;
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let size = self.reader.rows_in_batch(longest);
        let scores = logits(&self.model, rows, size, pad, self.reader.device());
        scores.iter().map(|row| self.outputs(row)).collect()
    }

    /// The most probable class of each sequence, and its probability.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that fails.
    pub fn predict_labels(
        &self,
        sequences: &[Sequence],
    ) -> Result<Vec<PredictedLabel>, TokenizeError>
    where
        E: Sync,
    {
        let rows = self.predict(sequences)?;
        Ok(rows.iter().map(|row| PredictedLabel::new(&self.labels, row)).collect())
    }

    /// As [`predict`](Classifier::predict), for pairs of sequences in one row each.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first pair that fails.
    pub fn predict_pairs(
        &self,
        pairs: &[(Sequence, Sequence)],
    ) -> Result<Vec<Vec<f32>>, TokenizeError> {
        let encode = |(index, (first, second)): (usize, &(Sequence, Sequence))| {
            self.tokenizer()
                .encode_pair(first, second)
                .map_err(|source| TokenizeError::InBatch { index, source: Box::new(source) })
        };
        let rows: Vec<Encoding> = pairs.iter().enumerate().map(encode).collect::<Result<_, _>>()?;
        Ok(narrow(self.predict_encoded(&rows.iter().collect::<Vec<_>>())))
    }

    fn outputs(&self, scores: &[f32]) -> Vec<f64> {
        match self.problem() {
            ProblemType::SingleLabelClassification => softmax(scores),
            ProblemType::MultiLabelClassification => {
                scores.iter().map(|&score| sigmoid(score)).collect()
            }
            ProblemType::Regression => scores.iter().map(|&score| f64::from(score)).collect(),
        }
    }

    /// Outputs from pooled vectors.
    fn classify(&self, pooled: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let shape = [pooled.len(), pooled.first().map_or(0, Vec::len)];
        let pooled = TensorData::new(pooled.concat(), shape);
        let scores = self.model.classify(Tensor::from_data(pooled, self.reader.device()));
        let [_, outputs] = scores.dims();
        let scores: Vec<f32> = scores.into_data().iter::<f32>().collect();
        scores.chunks(outputs).map(|row| self.outputs(row)).collect()
    }
}

fn narrow(rows: Vec<Vec<f64>>) -> Vec<Vec<f32>> {
    rows.into_iter().map(|row| row.into_iter().map(|value| value as f32).collect()).collect()
}

impl<E: Encoder + Sync, T: Tokenizer> Classifier for Predictor<E, T> {
    type Error = TokenizeError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, TokenizeError> {
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        if self.model.chunk_count().is_some() {
            let rows = self.tokenizer().encode_batch(sequences)?;
            return Ok(narrow(self.predict_encoded(&rows.iter().collect::<Vec<_>>())));
        }
        let pool = |batch: &_| self.model.pool(batch, &mut ());
        let pooled = self.reader.mean_over_rows(sequences, pool)?;
        Ok(narrow(self.classify(&pooled)))
    }
}
