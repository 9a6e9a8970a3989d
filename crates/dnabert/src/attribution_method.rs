//! The ways of explaining a classifier, by name.

use std::path::Path;
use std::str::FromStr;

use burn::tensor::Device;
use dnabert_core::{Attribution, TokenizeError};
use dnabert_interpret::Mutagenesis;
use dnabert_model::ProblemType;

use crate::{
    AttentionReader, GradientMethod, GradientReader, MaskedScorer, Predictor, PredictorError,
};

/// A way to say how much each base counts for a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributionMethod {
    /// [`AttentionReader`]: the attention of the last layer.
    Attention,
    /// [`AttentionReader::with_rollout`]: attention through all layers.
    Rollout,
    /// [`GradientReader`] with [`GradientMethod::TimesInput`].
    GradientTimesInput,
    /// [`GradientReader`] with [`GradientMethod::Integrated`].
    IntegratedGradients,
    /// [`Mutagenesis`].
    Mutagenesis,
}

impl AttributionMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Attention,
        Self::Rollout,
        Self::GradientTimesInput,
        Self::IntegratedGradients,
        Self::Mutagenesis,
    ];

    /// Its name, as tables and options have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Rollout => "rollout",
            Self::GradientTimesInput => "gradient-times-input",
            Self::IntegratedGradients => "integrated-gradients",
            Self::Mutagenesis => "mutagenesis",
        }
    }

    /// Opens a classifier's folder to explain `class` this way. (Attention knows no class.)
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor, or the class that the model has not.
    pub fn open(
        self,
        folder: impl AsRef<Path>,
        class: usize,
        device: &Device,
    ) -> Result<BoxedAttribution, PredictorError> {
        let gradient = |method| -> Result<BoxedAttribution, PredictorError> {
            Ok(Box::new(GradientReader::open(&folder, class, device)?.with_method(method)))
        };
        match self {
            Self::Attention => Ok(Box::new(AttentionReader::open(folder, device)?)),
            Self::Rollout => Ok(Box::new(AttentionReader::open(folder, device)?.with_rollout())),
            Self::GradientTimesInput => gradient(GradientMethod::TimesInput),
            Self::IntegratedGradients => gradient(GradientMethod::Integrated { steps: 32 }),
            Self::Mutagenesis => {
                let predictor = Predictor::open(&folder, device)?;
                let of_classes = predictor.problem() != ProblemType::Regression;
                let classes = if of_classes { predictor.labels().len() } else { 0 };
                if class >= classes {
                    let folder = folder.as_ref().into();
                    return Err(PredictorError::NoClass { folder, class, classes });
                }
                Ok(Box::new(Mutagenesis::new(predictor, class)))
            }
        }
    }

    /// Opens a pre-trained folder for what a masked language model expects at each base: see
    /// [`MaskedScorer`].
    ///
    /// # Errors
    ///
    /// [`PredictorError`] naming the file or tensor.
    pub fn open_likelihood(
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<BoxedAttribution, PredictorError> {
        Ok(Box::new(MaskedScorer::open(folder, device)?))
    }
}

/// Any way of explaining.
pub type BoxedAttribution = Box<dyn Attribution<Error = TokenizeError>>;

impl FromStr for AttributionMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text}: none of {names}")
        })
    }
}
