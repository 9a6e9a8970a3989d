//! How a pre-trained model is fine-tuned for a kind of task.

use std::str::FromStr;

use dnabert_model::Pooling;
use serde::{Deserialize, Serialize};

use crate::{Experiment, HeadInit, Ngrams};

/// Fine-tuning settings for a kind of task. They were chosen on dev splits, as `docs/results.md`
/// says.
///
/// ```
/// use dnabert_experiment::{Experiment, Recipe};
/// use dnabert_model::Pooling;
///
/// let experiment =
///     Experiment::from_pretrained("datasets/models/small-4").with_recipe(Recipe::Order);
/// assert_eq!(Recipe::Order.pooling(), Pooling::Mean);
/// assert_eq!(experiment.fine_tune.learning_rate, Recipe::Order.learning_rate());
/// assert_eq!("order".parse(), Ok(Recipe::Order));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Recipe {
    /// For tasks where the order of bases matters, such as splice sites: a new head on the mean of
    /// the hidden states.
    Order,
    /// For tasks where the k-mer content matters, such as core promoters: a head that also counts
    /// k-mers. The head is fitted before anything else is trained.
    Content,
    /// For tasks where both matter, such as promoters: as `Order`, combined with a regression on
    /// k-mers in bins along the sequence.
    PlacedKmers,
    /// For sites of a second species, starting from a model of the same sites in another species:
    /// as `Order` with a lower learning rate, combined with a regression on k-mers around the site.
    Transfer,
    /// For tasks where motifs at any position matter, such as binding sites: a new head on the
    /// maximum of each hidden unit.
    Motifs,
    /// As `Motifs`, for factors with known motifs of related factors. A second network starts from
    /// a model that was trained to distinguish known motifs.
    KnownMotifs,
}

impl Recipe {
    /// All recipes.
    pub const ALL: [Self; 6] = [
        Self::Order,
        Self::Content,
        Self::PlacedKmers,
        Self::Transfer,
        Self::Motifs,
        Self::KnownMotifs,
    ];

    /// Its name, in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Content => "content",
            Self::PlacedKmers => "placed-kmers",
            Self::Transfer => "transfer",
            Self::Motifs => "motifs",
            Self::KnownMotifs => "known-motifs",
        }
    }

    /// The shipped models for it, by their names in `datasets/models`. One network starts from
    /// each.
    pub fn models(self) -> &'static [&'static str] {
        match self {
            Self::Content | Self::Order | Self::PlacedKmers => &["small-4"],
            Self::Transfer => &["splice-fly-60"],
            Self::Motifs => &["convolutional-4"],
            Self::KnownMotifs => &["convolutional-4-motifs", "convolutional-4"],
        }
    }

    /// How hidden states are pooled.
    pub fn pooling(self) -> Pooling {
        match self {
            Self::Content => Pooling::Std,
            Self::Order | Self::PlacedKmers | Self::Transfer => Pooling::Mean,
            Self::Motifs | Self::KnownMotifs => Pooling::Max,
        }
    }

    /// The counts of k-mers that are read, if any.
    pub fn ngrams(self) -> Option<Ngrams> {
        match self {
            Self::Content => Some(Ngrams::PLAIN),
            Self::PlacedKmers => Some(Ngrams::BESIDE),
            Self::Transfer => Some(Ngrams::AROUND_SITES),
            Self::Order | Self::Motifs | Self::KnownMotifs => None,
        }
    }

    /// How the head is initialised.
    pub fn head(self) -> HeadInit {
        if self == Self::Content { HeadInit::Regression } else { HeadInit::Random }
    }

    /// Dropout of hidden states, if not as the model says. A fitted head was fitted to states
    /// without dropout.
    pub fn dropout(self) -> Option<f64> {
        (self == Self::Content).then_some(0.0)
    }

    /// The highest learning rate.
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::Content | Self::Transfer => 2e-4,
            Self::Order | Self::PlacedKmers | Self::Motifs | Self::KnownMotifs => 5e-4,
        }
    }

    /// The fraction of input tokens that are masked during training.
    pub fn token_masking(self) -> f64 {
        match self {
            Self::Content => 0.0,
            Self::Order | Self::PlacedKmers | Self::Transfer => 0.2,
            Self::Motifs | Self::KnownMotifs => 0.1,
        }
    }

    /// The experiment with these settings. Data, start weights, epochs and seeds stay as they are.
    #[must_use]
    pub fn apply(self, mut experiment: Experiment) -> Experiment {
        for start in [&mut experiment.start].into_iter().chain(&mut experiment.further_starts) {
            start.set_pooling(self.pooling());
        }
        experiment.head = self.head();
        experiment.ngrams = self.ngrams();
        experiment.dropout = self.dropout();
        experiment.fine_tune.learning_rate = self.learning_rate();
        experiment.fine_tune.token_masking = self.token_masking();
        experiment
    }
}

impl FromStr for Recipe {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|recipe| recipe.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown recipe {name:?}: choose one of {names}")
        })
    }
}
