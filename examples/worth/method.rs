//! The methods that are compared, and how each is trained.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use dnabert::comparison::Learned;
use dnabert::core::Task;
use dnabert::model::{Adaptation, Pooling};
use dnabert::tasks::{DataError, Subset, sha256};
use dnabert::train::{AdamWSettings, FineTuneConfig};
use dnabert::{Device, Experiment, Floor, HeadStart, Start};

use crate::shipped;

/// A way to learn a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Something simple.
    Floor(Floor),
    /// The network from random weights, in the way that suits them best.
    Random,
    /// The network from random weights, with the head and the settings of the pre-trained one.
    RandomAlike,
    /// The pre-trained network as it is, under a head that is trained.
    Frozen,
    /// The pre-trained network, all of it trained.
    FineTuned,
}

impl Method {
    /// All methods, the simplest first.
    pub(crate) fn all() -> Vec<Self> {
        let own = [Self::Random, Self::RandomAlike, Self::Frozen, Self::FineTuned];
        Floor::ALL.map(Self::Floor).into_iter().chain(own).collect()
    }

    /// The method that is called so on the command line: its name with dashes.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let called =
            |method: &Self| method.name().replace(", ", "-").replace(' ', "-").to_lowercase();
        let all = Self::all();
        all.iter().copied().find(|method| called(method) == name).ok_or_else(|| {
            let names: Vec<String> = all.iter().map(called).collect();
            format!("choose from {}", names.join(", "))
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor(floor) => floor.name(),
            Self::Random => "random weights",
            Self::RandomAlike => "random weights, trained alike",
            Self::Frozen => "pre-trained, frozen",
            Self::FineTuned => "pre-trained, fine-tuned",
        }
    }

    /// Whether it is a method of its own there.
    pub(crate) fn suits(self, contest: &Contest) -> bool {
        // Where order decides, the settings of the pre-trained network are the usual ones but for the rate.
        self != Self::RandomAlike || contest.decided_by != DecidedBy::Order
    }

    /// What a run depends on besides task, share and seed.
    pub(crate) fn settings(self, contest: &Contest, share: f64) -> std::io::Result<String> {
        if let Self::Floor(_) = self {
            let both_strands = contest.decided_by.both_strands();
            return Ok(if both_strands { "both strands".to_owned() } else { String::new() });
        }
        // Random weights have the shape of the folder's, and no more.
        let random = matches!(self, Self::Random | Self::RandomAlike);
        let file = if random { "config.json" } else { "model.safetensors" };
        let content = sha256(&contest.model.join(file))?;
        // The folder may be called by another name.
        let experiment = self.experiment(contest, share, 0, Path::new(""));
        Ok(format!("{content} {experiment:?}"))
    }

    /// Learns `share` of the training rows of `task`, drawn from `seed`.
    pub(crate) fn run(
        self,
        contest: &Contest,
        share: f64,
        seed: u64,
        device: &Device,
    ) -> Result<Learned, Box<dyn Error + Send + Sync>> {
        let task = &Subset::new(&contest.task, share, seed);
        match self {
            Self::Floor(floor) => {
                Ok(floor.learn(task, contest.decided_by.both_strands(), seed, device, 1)?)
            }
            _ => {
                let experiment = self.experiment(contest, share, seed, &contest.model);
                Ok(experiment.learn(task, device, &mut ())?)
            }
        }
    }

    /// Settings chosen on dev splits, with training rows and seeds that the table does not have.
    fn experiment(self, contest: &Contest, share: f64, seed: u64, model: &Path) -> Experiment {
        let start = |pooling| {
            let (path, pooling) = (model.to_owned(), Some(pooling));
            match self {
                Self::Frozen | Self::FineTuned => {
                    Start::Folder { path, pooling, mask_mode: None, padded_length: None }
                }
                _ => Start::Reset { path, pooling },
            }
        };
        // Fewer rows make fewer steps an epoch.
        let passes = |all| match share {
            share if share > 0.5 => all,
            share if share > 0.05 => 5 * all / 2,
            _ => 5 * all,
        };
        let fine_tune = |epochs, learning_rate, token_masking| FineTuneConfig {
            epochs,
            learning_rate,
            token_masking,
            adamw: AdamWSettings::default(),
            workers: 1,
            seed,
            ..FineTuneConfig::default()
        };
        let both_strands = contest.decided_by.both_strands();
        let of_motifs = contest.decided_by == DecidedBy::Motifs;
        let usual = |learning_rate| Experiment {
            start: start(if of_motifs { Pooling::Max } else { Pooling::Mean }),
            head: HeadStart::Random,
            pooled_parts: None,
            bag_of_tokens: false,
            both_strands,
            dropout: None,
            adaptation: Adaptation::Full,
            ambiguity: Default::default(),
            truncate: false,
            fine_tune: fine_tune(passes(8), learning_rate, 0.2),
            members: NonZeroUsize::MIN,
        };
        let motifs = || Experiment { fine_tune: fine_tune(passes(8), 5e-4, 0.1), ..usual(5e-4) };
        // Deviations of random states say less than their means.
        let pooling = if self == Self::RandomAlike { Pooling::Mean } else { Pooling::Std };
        let regressed = |epochs| Experiment {
            start: start(pooling),
            head: HeadStart::Regression,
            bag_of_tokens: true,
            // The head is fitted to states without noise.
            dropout: Some(0.0),
            fine_tune: fine_tune(epochs, 2e-4, 0.0),
            ..usual(2e-4)
        };
        match (self, contest.decided_by) {
            (Self::Random, _) => usual(1e-3),
            (Self::Frozen, _) => regressed(0),
            (_, DecidedBy::Order) => usual(5e-4),
            (_, DecidedBy::Motifs) => motifs(),
            (_, DecidedBy::Counts) => regressed(passes(4)),
        }
    }
}

/// A task to compare methods on.
pub(crate) struct Contest {
    pub(crate) task: Box<dyn Task<Error = DataError>>,
    pub(crate) decided_by: DecidedBy,
    /// The pre-trained model.
    pub(crate) model: PathBuf,
}

/// What in a sequence decides its class, which decides how the network is fine-tuned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecidedBy {
    /// Mostly which k-mers it has.
    Counts,
    /// What stands where.
    Order,
    /// Which motifs it has, wherever they are and on either strand.
    Motifs,
}

impl DecidedBy {
    /// The shipped model that the examples take there.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Counts | Self::Order => shipped::SMALL,
            Self::Motifs => shipped::CONVOLUTIONAL,
        }
    }

    fn both_strands(self) -> bool {
        self == Self::Motifs
    }
}
