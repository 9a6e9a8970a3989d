//! How the shipped model is fine-tuned, where nothing else is asked for.

use dnabert::model::Pooling;

/// Settings for a kind of task; `docs/results.md` tells how they were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// Where it matters most which k-mers a sequence has: a head that counts them, too, and is
    /// fitted before anything else is trained.
    Counts,
    /// Where it matters what stands where: a fresh head over mean states.
    Order,
}

impl Recipe {
    pub(crate) fn pooling(self) -> Pooling {
        match self {
            Self::Counts => Pooling::Std,
            Self::Order => Pooling::Mean,
        }
    }

    /// The fitted head knows states without noise.
    pub(crate) fn dropout(self) -> Option<f64> {
        (self == Self::Counts).then_some(0.0)
    }

    pub(crate) fn learning_rate(self) -> f64 {
        match self {
            Self::Counts => 2e-4,
            Self::Order => 5e-4,
        }
    }

    pub(crate) fn token_masking(self) -> f64 {
        match self {
            Self::Counts => 0.0,
            Self::Order => 0.2,
        }
    }
}
