//! The attribution methods for a classifier, by name.

use std::str::FromStr;

use dnabert_core::{Attribution, TokenizeError};
#[cfg(doc)]
use dnabert_interpret::Mutagenesis;

#[cfg(doc)]
use crate::{AttentionReader, GradientMethod, GradientReader};

/// An attribution method: it scores the importance of each base for a classifier.
///
/// ```
/// use dnabert_core::Attribution;
/// use dnabert_inference::{AttributionMethod, Model, device};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let model = Model::open(folder, &device(None)?)?;
/// let donor = 1;
/// let method = model.attribution(AttributionMethod::GradientTimesInput, donor)?;
/// let track = method.attribute(&["ACGTTGCA".repeat(25).parse()?])?.remove(0);
/// assert_eq!(track.len(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// Its name, in tables and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Rollout => "rollout",
            Self::GradientTimesInput => "gradient-times-input",
            Self::IntegratedGradients => "integrated-gradients",
            Self::Mutagenesis => "mutagenesis",
        }
    }
}

/// Any attribution method.
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
