//! Reads gradients of a classifier as a score for each base.

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use dnabert_core::{Attribution, Encoding, Sequence, TokenizeError, Tokenizer};
use dnabert_interpret::{Tracks, gradient_times_input, integrated_gradients};
use dnabert_model::{Bert, SequenceClassifier};

use crate::AnyTokenizer;
use crate::reader::SequenceReader;

/// How gradients are turned into scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradientMethod {
    /// [`gradient_times_input`].
    TimesInput,
    /// [`integrated_gradients`] from a sequence of `[MASK]` tokens.
    Integrated {
        /// Number of steps of the integral.
        steps: usize,
    },
}

/// A classifier whose gradients are read as one score for each base: the mean over the tokens that
/// cover it. Explains the logit of the class minus the mean of the other logits; for two classes,
/// this is the log odds.
///
/// Sequences that do not fit in one row are read in rows that overlap by a quarter. Each row is
/// explained separately.
///
/// ```
/// use dnabert_inference::{GradientMethod, Model, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let donor = 1;
/// let gradients = Model::open(folder, &device(None)?)?.gradients(donor)?;
/// let gradients = gradients.with_method(GradientMethod::Integrated { steps: 8 });
/// let sequences = ["ACGTTGCA".repeat(25).parse()?];
/// let (tracks, errors) = gradients.tracks(&sequences)?;
/// assert_eq!((tracks[0].len(), errors.len()), (200, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct GradientReader<T = AnyTokenizer> {
    model: SequenceClassifier<Bert>,
    reader: SequenceReader<T>,
    class: usize,
    method: GradientMethod,
}

impl<T: Tokenizer> GradientReader<T> {
    /// A reader for the gradients of `class`, by integrated gradients in 32 steps.
    pub(crate) fn new(
        model: &SequenceClassifier<Bert>,
        reader: SequenceReader<T>,
        class: usize,
    ) -> Self {
        // Frozen, so that dropout is off and no gradients of weights are computed.
        let model = model.clone().train().freeze();
        let device = reader.device().clone().autodiff();
        let method = GradientMethod::Integrated { steps: 32 };
        Self { model, reader: reader.with_device(device), class, method }
    }

    /// The same reader with another method.
    ///
    /// # Panics
    ///
    /// If an integral has no step.
    #[must_use]
    pub fn with_method(mut self, method: GradientMethod) -> Self {
        assert!(method != GradientMethod::Integrated { steps: 0 }, "an integral of no step");
        self.method = method;
        self
    }

    /// The scores of the bases of each sequence, 0 where no token covers a base. For each sequence,
    /// also the [relative error](dnabert_interpret::Integrated::relative_errors), the
    /// largest of its rows. It is 0 for [`GradientMethod::TimesInput`], which does not have this
    /// property.
    ///
    /// # Errors
    ///
    /// [`TokenizeError::InBatch`] for the first sequence that cannot be read.
    pub fn tracks(
        &self,
        sequences: &[Sequence],
    ) -> Result<(Vec<Vec<f64>>, Vec<f64>), TokenizeError> {
        let mut tracks = Tracks::default();
        let mut errors = vec![0.0_f64; sequences.len()];
        self.reader.each_batch(sequences, |batch, rows| {
            let (scores, worst) = match self.method {
                GradientMethod::TimesInput => {
                    (gradient_times_input(&self.model, batch, self.class), vec![0.0; rows.len()])
                }
                GradientMethod::Integrated { steps } => {
                    let baseline = self.masked(rows, batch.dims());
                    let found =
                        integrated_gradients(&self.model, batch, baseline, self.class, steps);
                    let errors = found.relative_errors();
                    (found.scores, errors)
                }
            };
            for (((index, row), scores), worst) in rows.iter().zip(scores).zip(worst) {
                let scores: Vec<f32> = scores.into_iter().map(|score| score as f32).collect();
                tracks.add(*index, sequences[*index].len(), row, &scores);
                errors[*index] = errors[*index].max(worst);
            }
        })?;
        Ok((tracks.finish(sequences.iter().map(Sequence::len)), errors))
    }

    /// The ids of the rows of a batch of such sizes, with `[MASK]` for every token that covers a
    /// base.
    fn masked(
        &self,
        rows: &[(usize, Encoding)],
        dims @ [count, length]: [usize; 2],
    ) -> Tensor<2, Int> {
        let special = self.reader.tokenizer().special_tokens();
        let mut ids = vec![special.pad as i32; count * length];
        for ((_, row), ids) in rows.iter().zip(ids.chunks_mut(length)) {
            for ((id, span), place) in row.ids.iter().zip(&row.spans).zip(ids) {
                *place = if span.is_some() { special.mask } else { *id } as i32;
            }
        }
        let ids = TensorData::new(ids, dims);
        Tensor::from_data(ids, self.reader.device())
    }
}

impl<T: Tokenizer> Attribution for GradientReader<T> {
    type Error = TokenizeError;

    /// See [`tracks`](GradientReader::tracks).
    fn attribute(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f64>>, TokenizeError> {
        Ok(self.tracks(sequences)?.0)
    }
}
