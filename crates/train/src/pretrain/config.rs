//! Settings of masked-language-model training.

use dnabert_core::MaskPlan;
use serde::{Deserialize, Serialize};

use crate::setting;
use crate::{AdamWSettings, LinearSchedule, TrainError};

/// The settings of masked-language-model training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PretrainConfig {
    /// The number of optimizer steps.
    pub steps: usize,
    /// Rows in a step.
    pub batch_size: usize,
    /// Rows in one forward pass; the gradients of several passes are summed for one step.
    pub pass_size: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises; it then falls to 0 at the last step.
    pub warmup_steps: usize,
    /// Settings of the optimizer.
    pub adamw: AdamWSettings,
    /// Largest norm over all gradients; larger gradients are scaled down.
    pub max_gradient_norm: f64,
    /// Steps between evaluations; 0 evaluates only at the end.
    pub evaluate_every: usize,
    /// Steps between checkpoints; 0 saves only at the end.
    pub save_every: usize,
    /// Whether padding takes part in attention, as in DNABERT's pre-training code by mistake.
    pub attend_to_padding: bool,
    /// Number of CPU cores that share each pass: 1 on a GPU, all cores on a CPU.
    ///
    /// The result is the same up to rounding.
    pub workers: usize,
    /// Seed for masks and dropout.
    pub seed: u64,
    /// A description of the rows and masks, such as settings and hashes of the corpus. A run
    /// refuses to continue from a checkpoint with another description.
    pub rows: String,
}

impl Default for PretrainConfig {
    /// The published recipe: 120,000 steps of 2000 rows, with a warm-up of 10,000 steps to 4e-4.
    fn default() -> Self {
        Self {
            steps: 120_000,
            batch_size: 2000,
            pass_size: 80,
            learning_rate: 4e-4,
            warmup_steps: 10_000,
            adamw: AdamWSettings { beta_1: 0.9, beta_2: 0.98, epsilon: 1e-6, weight_decay: 0.01 },
            max_gradient_norm: 1.0,
            evaluate_every: 1000,
            save_every: 1000,
            attend_to_padding: false,
            workers: 1,
            seed: 0,
            rows: String::new(),
        }
    }
}

impl PretrainConfig {
    pub(super) fn schedule(&self) -> LinearSchedule {
        LinearSchedule {
            peak: self.learning_rate,
            warmup_steps: self.warmup_steps,
            total_steps: self.steps,
        }
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        setting::at_least_one(&[
            ("steps", self.steps),
            ("batch_size", self.batch_size),
            ("pass_size", self.pass_size),
            ("workers", self.workers),
        ])?;
        setting::positive(&[
            ("learning_rate", self.learning_rate),
            ("max_gradient_norm", self.max_gradient_norm),
        ])
    }
}

/// The mask plans of a run, and the step at which they change.
///
/// The published models hid 15 % of the tokens, and 20 % in the last sixth of the steps.
#[derive(Clone, Copy)]
pub struct MaskSchedule<'a> {
    /// The mask plan of the first steps.
    pub early: &'a dyn MaskPlan,
    /// The mask plan from `change_at` on.
    pub late: &'a dyn MaskPlan,
    /// The first step with the late mask plan.
    pub change_at: usize,
}

impl std::fmt::Debug for MaskSchedule<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaskSchedule").field("change_at", &self.change_at).finish_non_exhaustive()
    }
}

impl<'a> MaskSchedule<'a> {
    /// Uses the same mask plan for all steps.
    pub fn constant(plan: &'a dyn MaskPlan) -> Self {
        Self { early: plan, late: plan, change_at: 0 }
    }

    /// Returns the mask plan of a step.
    pub fn at(&self, step: usize) -> &'a dyn MaskPlan {
        if step < self.change_at { self.early } else { self.late }
    }
}
