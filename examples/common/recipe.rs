//! How the shipped model is fine-tuned, where nothing else is asked for.

use dnabert::BagOfTokens;
use dnabert::model::Pooling;

use super::shipped;

/// Settings for a kind of task; `docs/results.md` tells how they were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each task has its own")]
pub(crate) enum Recipe {
    /// Where it matters most which k-mers a sequence has: a head that counts them, too, and is
    /// fitted before anything else is trained.
    Counts,
    /// Where it matters what stands where: a fresh head over mean states.
    Order,
    /// Where it matters which k-mers a sequence has and where, more or less: as by order, and a regression on placed k-mers
    /// beside the network.
    Places,
    /// Where a model of the same sites in another species is at hand: as by order, but from that model and at a lower rate,
    /// and a regression on k-mers around the site beside the network.
    Transfer,
    /// Where it matters which motifs a sequence has, wherever they are: a fresh head over the largest value of each
    /// hidden unit, as convolutional networks have it.
    Motifs,
    /// Where kin of the motif that is looked for are known: as by motifs, and from a model that has learned to tell known
    /// motifs apart, too.
    KnownMotifs,
}

impl Recipe {
    /// The shipped models that suit it: each is what a network starts from.
    pub(crate) fn models(self) -> &'static [&'static str] {
        match self {
            Self::Counts | Self::Order | Self::Places => &[shipped::SMALL],
            Self::Transfer => &[shipped::FLY_SPLICE_60],
            Self::Motifs => &[shipped::CONVOLUTIONAL],
            Self::KnownMotifs => &[shipped::KNOWN_MOTIFS, shipped::CONVOLUTIONAL],
        }
    }

    pub(crate) fn pooling(self) -> Pooling {
        match self {
            Self::Counts => Pooling::Std,
            Self::Order | Self::Places | Self::Transfer => Pooling::Mean,
            Self::Motifs | Self::KnownMotifs => Pooling::Max,
        }
    }

    /// What reads which k-mers there are, beside the states.
    pub(crate) fn bag_of_tokens(self) -> Option<BagOfTokens> {
        match self {
            Self::Counts => Some(BagOfTokens::PLAIN),
            Self::Places => Some(BagOfTokens::BESIDE),
            Self::Transfer => Some(BagOfTokens::AROUND_SITES),
            Self::Order | Self::Motifs | Self::KnownMotifs => None,
        }
    }

    /// The fitted head knows states without noise.
    pub(crate) fn dropout(self) -> Option<f64> {
        (self == Self::Counts).then_some(0.0)
    }

    pub(crate) fn learning_rate(self) -> f64 {
        match self {
            Self::Counts | Self::Transfer => 2e-4,
            Self::Order | Self::Places | Self::Motifs | Self::KnownMotifs => 5e-4,
        }
    }

    pub(crate) fn token_masking(self) -> f64 {
        match self {
            Self::Counts => 0.0,
            Self::Order | Self::Places | Self::Transfer => 0.2,
            Self::Motifs | Self::KnownMotifs => 0.1,
        }
    }
}
