//! Who is told how a run goes.

use std::time::Duration;

use crate::StepReport;
use crate::pretrain::MaskedEvaluation;

/// Watches a run; every method may be left out.
pub trait Observer {
    /// Before a network is trained that is one of `networks`, the `number`-th from 1.
    fn network(&mut self, _number: usize, _networks: usize) {}

    /// After each optimizer step.
    fn step(&mut self, _summary: &StepSummary) {}

    /// After each epoch's evaluation.
    fn epoch(&mut self, _summary: &EpochSummary<'_>) {}

    /// After each evaluation of a masked language model, and the steps done until then.
    fn evaluation(&mut self, _step: usize, _evaluation: &MaskedEvaluation) {}

    /// When something looks wrong but training goes on.
    fn warning(&mut self, _warning: &Warning) {}
}

impl Observer for () {}

/// Two observers are told one after the other.
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
}

/// One optimizer step.
#[derive(Debug, Clone, Copy)]
pub struct StepSummary {
    /// Step number, rate and gradient norm.
    pub report: StepReport,
    /// Steps of the whole run.
    pub total_steps: usize,
    /// Mean loss over the step's examples.
    pub loss: f64,
    /// Examples in the step.
    pub examples: usize,
    /// Their tokens, padding not counted.
    pub tokens: usize,
    /// Time since the run began.
    pub elapsed: Duration,
}

/// One epoch.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "a report need not have Debug here")]
pub struct EpochSummary<'a> {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Epochs planned.
    pub epochs: usize,
    /// Mean training loss, dropout included.
    pub train_loss: f64,
    /// What the dev split says, in one line.
    pub dev: &'a dyn std::fmt::Display,
    /// Value by which the best epoch is chosen.
    pub score: f64,
    /// Whether this is the best epoch so far.
    pub best: bool,
    /// Time since the run began.
    pub elapsed: Duration,
}

/// Something that looks wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The model gives every dev example the same class.
    Collapse {
        /// Epoch, counted from 1.
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
