//! The interface for progress reports.

use std::time::Duration;

use crate::StepReport;
use crate::pretrain::MaskedEvaluation;

/// Receives the progress of a run; every method has an empty default.
///
/// ```
/// use std::time::Duration;
///
/// use dnabert_train::{Observer, StepReport, StepSummary};
///
/// #[derive(Default)]
/// struct Losses(Vec<f64>);
///
/// impl Observer for Losses {
///     fn step(&mut self, summary: &StepSummary) {
///         self.0.push(summary.loss);
///     }
/// }
///
/// let mut losses = Losses::default();
/// let report = StepReport { step: 0, learning_rate: 1e-4, gradient_norm: 0.3 };
/// let (examples, tokens, elapsed) = (32, 3000, Duration::from_secs(1));
/// losses.step(&StepSummary { report, total_steps: 9, loss: 0.7, examples, tokens, elapsed });
/// assert_eq!(losses.0, [0.7]);
/// ```
pub trait Observer {
    /// Called before each of `networks` networks is trained; `number` counts from 1.
    fn network(&mut self, _number: usize, _networks: usize) {}

    /// Called after each optimizer step.
    fn step(&mut self, _summary: &StepSummary) {}

    /// Called after the evaluation of each epoch.
    fn epoch(&mut self, _summary: &EpochSummary<'_>) {}

    /// Called after each evaluation of a masked language model; `step` is the number of completed
    /// steps.
    fn evaluation(&mut self, _step: usize, _evaluation: &MaskedEvaluation) {}

    /// Called if something looks wrong but training continues.
    fn warning(&mut self, _warning: &Warning) {}

    /// Called with what a run has found out or decided, and why, in a sentence.
    fn note(&mut self, _text: &str) {}
}

impl Observer for () {}

/// Two observers, called one after the other.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn network(&mut self, number: usize, networks: usize) {
        self.0.network(number, networks);
        self.1.network(number, networks);
    }

    fn step(&mut self, summary: &StepSummary) {
        self.0.step(summary);
        self.1.step(summary);
    }

    fn epoch(&mut self, summary: &EpochSummary<'_>) {
        self.0.epoch(summary);
        self.1.epoch(summary);
    }

    fn evaluation(&mut self, step: usize, evaluation: &MaskedEvaluation) {
        self.0.evaluation(step, evaluation);
        self.1.evaluation(step, evaluation);
    }

    fn warning(&mut self, warning: &Warning) {
        self.0.warning(warning);
        self.1.warning(warning);
    }

    fn note(&mut self, text: &str) {
        self.0.note(text);
        self.1.note(text);
    }
}

/// The numbers of one optimizer step.
#[derive(Debug, Clone, Copy)]
pub struct StepSummary {
    /// The step number, the learning rate and the gradient norm.
    pub report: StepReport,
    /// The number of steps of the whole run.
    pub total_steps: usize,
    /// The mean loss over the examples of the step.
    pub loss: f64,
    /// The number of examples in the step.
    pub examples: usize,
    /// The number of tokens in the step, without padding.
    pub tokens: usize,
    /// The time since the start of the run.
    pub elapsed: Duration,
}

/// The numbers of one epoch.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a report need not have Debug here")]
pub struct EpochSummary<'a> {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The number of planned epochs.
    pub epochs: usize,
    /// The mean training loss, with dropout.
    pub train_loss: f64,
    /// The report on the dev split; it prints as one line.
    pub dev: &'a dyn std::fmt::Display,
    /// The model-selection metric on the dev split.
    pub score: f64,
    /// Whether this is the best epoch so far.
    pub best: bool,
    /// The time since the start of the run.
    pub elapsed: Duration,
}

/// A problem that does not stop training.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The model predicts the same class for every dev example.
    Collapse {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The class.
        class: usize,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Collapse { epoch, class } => write!(
                f,
                "epoch {epoch}: every dev example is given class {class}; \
                 if this persists, lower the learning rate or try another seed"
            ),
        }
    }
}
