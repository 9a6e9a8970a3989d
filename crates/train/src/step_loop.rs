//! One optimizer step: clipped gradients, scheduled rate, new weights.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};

use crate::{LinearSchedule, TrainError, clip_gradients};

/// Optimizer, schedule and step counter of a run; the model passes through it.
///
/// It knows nothing of data or epochs: fine-tuning and pre-training hand it gradients.
#[allow(missing_debug_implementations, reason = "burn's optimizer has no Debug")]
pub struct StepLoop {
    optimizer: ModuleOptimizer,
    schedule: LinearSchedule,
    max_gradient_norm: f64,
    step: usize,
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The step, counted from 0.
    pub step: usize,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Norm over all gradients before clipping.
    pub gradient_norm: f64,
}

impl StepLoop {
    /// A run from step 0.
    pub fn new(
        optimizer: ModuleOptimizer,
        schedule: LinearSchedule,
        max_gradient_norm: f64,
    ) -> Self {
        Self::resume(optimizer, schedule, max_gradient_norm, 0)
    }

    /// A run that goes on at `step`, with the optimizer as it was there.
    pub fn resume(
        optimizer: ModuleOptimizer,
        schedule: LinearSchedule,
        max_gradient_norm: f64,
        step: usize,
    ) -> Self {
        Self { optimizer, schedule, max_gradient_norm, step }
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &ModuleOptimizer {
        &self.optimizer
    }

    /// The number of steps done.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Applies `gradients`, summed over all batches of the step.
    ///
    /// # Errors
    ///
    /// [`TrainError::NotFinite`] where the norm is NaN or infinite; the weights are then lost.
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
