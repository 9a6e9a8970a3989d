//! The training loop.

use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use dnabert_core::{Encoding, SpecialTokens, derive_seed};
use dnabert_model::MaskedLanguageModel;

use super::masked_batch::{Masked, scores};
use super::{Checkpoints, MaskSchedule, MaskedEvaluation, PretrainConfig, Rows, evaluate_masked};
use crate::workers::{self, StepSum, Workers};
use crate::{Observer, StepLoop, StepSummary, TrainError, adamw, weighted_cross_entropy};

/// The rows, masks and special tokens of a pre-training run.
#[derive(Debug, Clone, Copy)]
pub struct PretrainData<'a, R> {
    /// Rows to train on; step s takes rows from number s × `batch_size` on.
    pub rows: &'a R,
    /// Rows to evaluate on, with the same masks each time; may be empty.
    pub held_out: &'a [Encoding],
    /// The tokens that are hidden.
    pub masks: MaskSchedule<'a>,
    /// The tokenizer's special tokens.
    pub tokens: SpecialTokens,
}

/// Trains `model` and returns it in inference mode, with its last evaluation.
///
/// If `checkpoints` holds a checkpoint, training continues from the last one. The same seed, device
/// and number of workers give the same bits, however often the run was interrupted.
///
/// # Errors
///
/// [`TrainError`] for settings that cannot be used, a row that cannot be read, a checkpoint that
/// belongs to another run or cannot be read or written, and if the loss or the gradients become NaN
/// or infinite.
pub fn pretrain<R: Rows>(
    model: MaskedLanguageModel,
    data: &PretrainData<'_, R>,
    config: &PretrainConfig,
    checkpoints: Option<&Checkpoints>,
    observer: &mut dyn Observer,
) -> Result<(MaskedLanguageModel, Option<MaskedEvaluation>), TrainError> {
    let workers = Workers::new(config.workers)?;
    train(model, data, config, workers, checkpoints, observer)
}

/// Trains `model` as [`pretrain`] does, with each pass shared by several GPUs.
///
/// The GPUs sum their gradients with burn's collective operation, which burn 0.22.1 has for CUDA
/// only. The model stays on the first device. A pass with fewer rows than devices runs on the first
/// device alone. `config.workers` is not used.
///
/// # Errors
///
/// See [`pretrain`].
///
/// # Panics
///
/// If `devices` is empty, or if their backend has no collective operations.
pub fn pretrain_on<R: Rows>(
    devices: &[Device],
    model: MaskedLanguageModel,
    data: &PretrainData<'_, R>,
    config: &PretrainConfig,
    checkpoints: Option<&Checkpoints>,
    observer: &mut dyn Observer,
) -> Result<(MaskedLanguageModel, Option<MaskedEvaluation>), TrainError> {
    let workers = Workers::on(devices);
    train(model.to_device(&devices[0]), data, config, workers, checkpoints, observer)
}

fn train<R: Rows>(
    model: MaskedLanguageModel,
    data: &PretrainData<'_, R>,
    config: &PretrainConfig,
    workers: Workers,
    checkpoints: Option<&Checkpoints>,
    observer: &mut dyn Observer,
) -> Result<(MaskedLanguageModel, Option<MaskedEvaluation>), TrainError> {
    config.check()?;
    let (model, last) = match checkpoints {
        Some(checkpoints) => checkpoints.load(config, model)?,
        None => (model, None),
    };
    let device = model.devices().first().cloned().unwrap_or_default();
    let mut model = model.train();
    let mut optimizer = adamw(&model, &config.adamw);
    let mut first = 0;
    if let Some((file, step)) = last {
        optimizer = Checkpoints::load_optimizer(&file, optimizer)?;
        first = step;
    }
    let mut steps = StepLoop::resume(optimizer, config.schedule(), config.max_gradient_norm, first);
    let run = Run { data, config, device: device.autodiff(), workers };
    let started = Instant::now();
    let is_due =
        |every: usize, done: usize| done == config.steps || every > 0 && done.is_multiple_of(every);
    let mut evaluation = None;
    for step in first..config.steps {
        let rows = run.rows(step)?;
        let (gradients, loss) = run.gradients(&model, &rows, step)?;
        let report;
        (model, report) = steps.apply(model, gradients)?;
        observer.step(&StepSummary {
            report,
            total_steps: config.steps,
            loss,
            examples: rows.len(),
            tokens: rows.iter().map(|masked| masked.row.len()).sum(),
            elapsed: started.elapsed(),
        });
        let done = step + 1;
        if is_due(config.evaluate_every, done) {
            evaluation = run.judge(&model.valid());
            if let Some(evaluation) = &evaluation {
                observer.evaluation(done, evaluation);
            }
        }
        if let Some(checkpoints) = checkpoints
            && is_due(config.save_every, done)
        {
            checkpoints.save(done, config, model.valid(), steps.optimizer())?;
        }
    }
    let model = model.valid();
    if first == config.steps {
        evaluation = run.judge(&model);
    }
    Ok((model, evaluation))
}

struct Run<'a, R> {
    data: &'a PretrainData<'a, R>,
    config: &'a PretrainConfig,
    device: Device,
    workers: Workers,
}

impl<R: Rows> Run<'_, R> {
    /// Returns the masked rows of a step, the shortest first; rows without hidden tokens are left
    /// out.
    fn rows(&self, step: usize) -> Result<Vec<Masked>, TrainError> {
        let size = self.config.batch_size as u64;
        let plan = self.data.masks.at(step);
        let mut rows = Vec::with_capacity(self.config.batch_size);
        for number in step as u64 * size..(step as u64 + 1) * size {
            let row = self.data.rows.row(number);
            let row = row.map_err(|error| TrainError::Row { number, source: error.into() })?;
            let masked = plan.mask(&row, derive_seed(self.config.seed, &[20, number]));
            if !masked.places.is_empty() {
                rows.push(Masked::new(row, masked));
            }
        }
        if rows.is_empty() {
            return Err(TrainError::NothingHidden { step });
        }
        rows.sort_by_key(|masked| masked.row.len());
        Ok(rows)
    }

    /// Returns the gradients and the mean loss over the hidden tokens of a step.
    ///
    /// Each token has the same weight, whichever pass it is in.
    fn gradients(
        &self,
        model: &MaskedLanguageModel,
        rows: &[Masked],
        step: usize,
    ) -> Result<(GradientsParams, f64), TrainError> {
        let hidden: usize = rows.iter().map(|masked| masked.places.len()).sum();
        let share = 1.0 / hidden as f32;
        let mut sum = StepSum::new();
        for (turn, pass) in rows.chunks(self.config.pass_size).enumerate() {
            let pass = dealt(pass, self.workers.count());
            let dropout = derive_seed(self.config.seed, &[21, step as u64, turn as u64]);
            let in_pass = workers::Rows { count: pass.len(), dropout };
            sum.add(&self.workers, model, &self.device, in_pass, |model, range, device| {
                let (scores, targets) = scores(
                    model,
                    &pass[range],
                    self.data.tokens.pad,
                    self.config.attend_to_padding,
                    device,
                );
                let [count, _] = scores.dims();
                let weights = TensorData::new(vec![share; count], [count]);
                weighted_cross_entropy(scores, targets, Tensor::from_data(weights, device))
            });
        }
        sum.finish(step)
    }

    fn judge(&self, model: &MaskedLanguageModel) -> Option<MaskedEvaluation> {
        evaluate_masked(
            model,
            self.data.held_out,
            self.data.masks.early,
            self.data.tokens.pad,
            self.config.pass_size,
            derive_seed(self.config.seed, &[22]),
        )
    }
}

/// Deals the rows of a pass to `hands` workers, like cards, so that each gets rows of all lengths.
fn dealt(rows: &[Masked], hands: usize) -> Vec<&Masked> {
    (0..hands).flat_map(|hand| rows.iter().skip(hand).step_by(hands)).collect()
}
