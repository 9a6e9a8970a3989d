//! One optimizer step: clip the gradients, schedule the learning rate, update the weights.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};

use crate::{LinearSchedule, TrainError, clip_gradients};

/// The optimizer, the schedule and the step counter of a run.
///
/// It does not know data or epochs: fine-tuning and pre-training both pass it gradients.
#[allow(missing_debug_implementations, reason = "burn's optimizer has no Debug")]
pub struct StepLoop {
    optimizer: ModuleOptimizer,
    schedule: LinearSchedule,
    max_gradient_norm: f64,
    step: usize,
}

/// The numbers of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The step, from 0.
    pub step: usize,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// The norm over all gradients before clipping.
    pub gradient_norm: f64,
}

impl StepLoop {
    /// Creates the step loop of a run that starts at step 0.
    pub fn new(
        optimizer: ModuleOptimizer,
        schedule: LinearSchedule,
        max_gradient_norm: f64,
    ) -> Self {
        Self::resume(optimizer, schedule, max_gradient_norm, 0)
    }

    /// Creates the step loop of a run that continues at `step` with the optimizer state of that
    /// step.
    pub fn resume(
        optimizer: ModuleOptimizer,
        schedule: LinearSchedule,
        max_gradient_norm: f64,
        step: usize,
    ) -> Self {
        Self { optimizer, schedule, max_gradient_norm, step }
    }

    /// Returns the optimizer.
    pub fn optimizer(&self) -> &ModuleOptimizer {
        &self.optimizer
    }

    /// Returns the number of completed steps.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Applies `gradients`, which are summed over all batches of the step, and returns the new
    /// model.
    ///
    /// # Errors
    ///
    /// [`TrainError::NotFinite`] if the gradient norm is NaN or infinite; the model is dropped
    /// then.
    pub fn apply<M: Module>(
        &mut self,
        model: M,
        gradients: GradientsParams,
    ) -> Result<(M, StepReport), TrainError> {
        let step = self.step;
        let (gradients, gradient_norm) = clip_gradients(&model, gradients, self.max_gradient_norm);
        if !gradient_norm.is_finite() {
            return Err(TrainError::NotFinite {
                what: "gradient norm",
                value: gradient_norm,
                step,
            });
        }
        let learning_rate = self.schedule.rate(step);
        let model = self.optimizer.step(learning_rate, model, gradients);
        self.step += 1;
        Ok((model, StepReport { step, learning_rate, gradient_norm }))
    }
}
