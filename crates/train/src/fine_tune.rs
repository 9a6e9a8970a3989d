//! Fine-tuning a network with a head.

use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::Device;
use dnabert_core::{Encoding, SpecialTokens, derive_seed};
use dnabert_model::{Scorer, TokenBatch, logits};
use serde::{Deserialize, Serialize};

use crate::batch::{EncodedExample, bucketed_batches};
use crate::mask::mask_tokens;
use crate::objective::{EpochScore, SplitView};
use crate::setting;
use crate::workers::{Rows, StepSum, Workers};
use crate::{
    AdamWSettings, ClassWeights, Classification, ClassificationReport, EpochSummary,
    LinearSchedule, Objective, Observer, Selection, StepLoop, StepSummary, TrainError, Warning,
    adamw,
};

/// The settings of a fine-tuning run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FineTuneConfig {
    /// Passes over the training split; 0 is allowed only with `keep_start`.
    pub epochs: usize,
    /// Whether the model before training takes part in the selection, as epoch 0.
    ///
    /// Useful if the head was fitted before training.
    pub keep_start: bool,
    /// Examples in one forward pass.
    pub batch_size: usize,
    /// Batches whose gradients are summed for one optimizer step.
    pub accumulation: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Fraction of all steps over which the learning rate rises.
    pub warmup_fraction: f64,
    /// Settings of the optimizer.
    pub adamw: AdamWSettings,
    /// Largest norm over all gradients; larger gradients are scaled down.
    pub max_gradient_norm: f64,
    /// Fraction of the input tokens that are replaced by `[MASK]` during training; 0 for none.
    ///
    /// The tokens are drawn anew in each epoch. This regularises training without a pre-trained
    /// model.
    pub token_masking: f64,
    /// The weight of each class in the loss.
    pub class_weights: ClassWeights,
    /// Model-selection metric on the dev split.
    ///
    /// An epoch that predicts one class only ranks below any other epoch. Accuracy breaks ties.
    pub selection: Selection,
    /// When to stop before the last epoch.
    pub early_stop: EarlyStop,
    /// Number of CPU cores that share each batch: 1 on a GPU, all cores on a CPU.
    ///
    /// The result is the same up to rounding.
    pub workers: usize,
    /// Seed for the order of examples, dropout and masking.
    pub seed: u64,
}

impl Default for FineTuneConfig {
    /// Three epochs at BERT's usual learning rate for a pre-trained model.
    fn default() -> Self {
        Self {
            epochs: 3,
            keep_start: false,
            batch_size: 32,
            accumulation: 1,
            learning_rate: 5e-5,
            warmup_fraction: 0.1,
            adamw: AdamWSettings::default(),
            max_gradient_norm: 1.0,
            token_masking: 0.0,
            class_weights: ClassWeights::Equal,
            selection: Selection::Auroc,
            early_stop: EarlyStop::Never,
            workers: 1,
            seed: 0,
        }
    }
}

/// When to stop before the last epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyStop {
    /// Run all epochs.
    Never,
    /// Stop after this many epochs in a row without a better one.
    Patience(usize),
}

/// The result of a run: the model of the best epoch and the history.
#[derive(Debug)]
pub struct FineTuned<M, R = ClassificationReport> {
    /// The model of the best epoch, in inference mode.
    pub model: M,
    /// The best epoch, counted from 1; 0 for the model before training.
    pub best_epoch: usize,
    /// The dev report of the best epoch.
    pub dev: R,
    /// One record for each epoch that was run.
    pub history: Vec<EpochRecord>,
    /// Whether the best model predicts the same class for every dev example.
    pub collapsed: bool,
}

/// The numbers of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Mean training loss, dropout included.
    pub train_loss: f64,
    /// The model-selection metric on the dev split.
    pub score: f64,
}

/// Fine-tunes a classifier on `train` and returns the model of the epoch that is best on `dev`.
///
/// The model stays on its device. The same seed and number of workers on the same device give the
/// same bits. Frozen parameters do not change.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_core::Example;
/// use dnabert_kmer::{KmerTokenizer, SPECIAL_TOKENS};
/// use dnabert_model::BertConfig;
/// use dnabert_train::{FineTuneConfig, encode_examples, fine_tune};
///
/// // Class 1 contains the motif TATA, class 0 does not.
/// let tokenizer = KmerTokenizer::new(3)?;
/// let example = |text: &str, label| -> Result<_, dnabert_core::SequenceError> {
///     Ok(Example { name: text.into(), sequence: text.parse()?, pair: None, label })
/// };
/// let texts = [("GCTATAGC", 1), ("CGGCGCAC", 0), ("TATACGGC", 1), ("GCCGACGG", 0)];
/// let examples: Result<Vec<_>, _> =
///     texts.into_iter().map(|(text, label)| example(text, label)).collect();
/// let rows = encode_examples(&tokenizer, &examples?)?;
///
/// let config = BertConfig {
///     hidden_size: 12,
///     num_hidden_layers: 2,
///     num_attention_heads: 3,
///     intermediate_size: 24,
///     max_position_embeddings: 16,
///     initializer_range: 0.1, // the default of 0.02 suits a width of 768
///     ..BertConfig::new(69)
/// };
/// let model = config.sequence_classifier(1, &Device::flex());
/// let settings =
///     FineTuneConfig { epochs: 30, batch_size: 4, learning_rate: 5e-3, ..Default::default() };
/// let tuned = fine_tune(model, &rows, &rows, SPECIAL_TOKENS, &settings, &mut ())?;
/// assert!(tuned.dev.accuracy > 0.9);
/// assert_eq!(tuned.history.len(), 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TrainError`] for settings or data that cannot be used, and if the loss or the gradients become
/// NaN or infinite.
pub fn fine_tune<M: Scorer>(
    model: M,
    train: &[EncodedExample],
    dev: &[EncodedExample],
    tokens: SpecialTokens,
    config: &FineTuneConfig,
    observer: &mut dyn Observer,
) -> Result<FineTuned<M>, TrainError> {
    let labels = train.iter().map(|example| example.label);
    let (weights, selection) = (&config.class_weights, config.selection);
    let objective = Classification::new(weights, selection, &labels, model.labels())?;
    fine_tune_for(&objective, model, Splits { train, dev }, tokens, config, observer)
}

/// The training and dev examples of a run.
#[derive(Debug)]
pub struct Splits<'a, L = usize> {
    /// Examples to train on.
    pub train: &'a [EncodedExample<L>],
    /// Examples to select the best epoch on.
    pub dev: &'a [EncodedExample<L>],
}

/// Fine-tunes `model` for any [`Objective`], as [`fine_tune`] does for classes.
///
/// The fields `class_weights` and `selection` of `config` are not used.
///
/// # Errors
///
/// See [`fine_tune`].
#[expect(
    clippy::missing_panics_doc,
    reason = "there is an epoch or a start, and the first of them is the best yet"
)]
pub fn fine_tune_for<M: Scorer, O: Objective>(
    objective: &O,
    model: M,
    Splits { train, dev }: Splits<'_, O::Label>,
    tokens: SpecialTokens,
    config: &FineTuneConfig,
    observer: &mut dyn Observer,
) -> Result<FineTuned<M, O::Report>, TrainError> {
    check(config)?;
    for (name, examples) in [("train", train), ("dev", dev)] {
        if examples.is_empty() {
            return Err(TrainError::EmptySplit(name));
        }
        let examples: Vec<_> = examples.iter().map(|row| (&row.encoding, &row.label)).collect();
        objective.check(SplitView { name, examples: &examples }, model.labels())?;
    }
    let device = model.devices().first().cloned().unwrap_or_default();
    let run = Run {
        steps_per_epoch: train.len().div_ceil(config.batch_size).div_ceil(config.accumulation),
        started: Instant::now(),
        device: device.autodiff(),
        workers: Workers::new(config.workers)?,
        tokens,
        objective,
        config,
        train,
    };
    let total_steps = run.steps_per_epoch * config.epochs;
    let schedule = LinearSchedule {
        peak: config.learning_rate,
        warmup_steps: (config.warmup_fraction * total_steps as f64) as usize,
        total_steps,
    };
    let mut model = model.train();
    let optimizer = adamw(&model, &config.adamw);
    let mut steps = StepLoop::new(optimizer, schedule, config.max_gradient_norm);

    let mut best: Option<(EpochScore, FineTuned<M, O::Report>)> = None;
    let mut history = Vec::new();
    if config.keep_start {
        let valid = model.valid();
        let report = run.evaluate(&valid, dev);
        best = Some((objective.standing(&report), FineTuned::at(0, valid, report)));
    }
    for epoch in 1..=config.epochs {
        let train_loss;
        (model, train_loss) = run.epoch(model, &mut steps, epoch, observer)?;
        let valid = model.valid();
        let report = run.evaluate(&valid, dev);
        let standing = objective.standing(&report);
        let score = standing.score;
        history.push(EpochRecord { epoch, train_loss, score });
        let is_best = best.as_ref().is_none_or(|(best, _)| standing.is_better_than(best));
        observer.epoch(&EpochSummary {
            epoch,
            epochs: config.epochs,
            train_loss,
            dev: &report,
            score,
            best: is_best,
            elapsed: run.started.elapsed(),
        });
        if let Some(class) = standing.collapsed_to {
            observer.warning(&Warning::Collapse { epoch, class });
        }
        if is_best {
            best = Some((standing, FineTuned::at(epoch, valid, report)));
        }
        let since_best = epoch - best.as_ref().map_or(epoch, |(_, best)| best.best_epoch);
        if matches!(config.early_stop, EarlyStop::Patience(epochs) if since_best >= epochs) {
            break;
        }
    }
    let (standing, best) = best.expect("a start or an epoch, and any score is better than none");
    Ok(FineTuned { history, collapsed: standing.collapsed_to.is_some(), ..best })
}

impl<M, R> FineTuned<M, R> {
    /// The model after `best_epoch`; the history is added at the end of the run.
    fn at(best_epoch: usize, model: M, dev: R) -> Self {
        Self { model, best_epoch, dev, history: Vec::new(), collapsed: false }
    }
}

/// The parts of a run that do not change between epochs.
struct Run<'a, O: Objective> {
    objective: &'a O,
    config: &'a FineTuneConfig,
    train: &'a [EncodedExample<O::Label>],
    tokens: SpecialTokens,
    device: Device,
    workers: Workers,
    steps_per_epoch: usize,
    started: Instant,
}

impl<O: Objective> Run<'_, O> {
    fn epoch<M: Scorer>(
        &self,
        mut model: M,
        steps: &mut StepLoop,
        epoch: usize,
        observer: &mut dyn Observer,
    ) -> Result<(M, f64), TrainError> {
        let lengths: Vec<usize> = self.train.iter().map(|row| row.encoding.len()).collect();
        let order_seed = derive_seed(self.config.seed, &[0, epoch as u64]);
        let batches = bucketed_batches(&lengths, self.config.batch_size, order_seed);
        let mut epoch_loss = 0.0;
        for group in batches.chunks(self.config.accumulation) {
            let (gradients, loss) = self.gradients(&model, group, steps.step())?;
            let report;
            (model, report) = steps.apply(model, gradients)?;
            let examples = group.iter().map(Vec::len).sum();
            let rows = group.iter().flatten().map(|&index| lengths[index]);
            epoch_loss += loss * examples as f64;
            observer.step(&StepSummary {
                report,
                total_steps: self.steps_per_epoch * self.config.epochs,
                loss,
                examples,
                tokens: rows.sum(),
                elapsed: self.started.elapsed(),
            });
        }
        Ok((model, epoch_loss / self.train.len() as f64))
    }

    /// Returns the gradients and the mean loss over the batches of one step.
    fn gradients<M: Scorer>(
        &self,
        model: &M,
        group: &[Vec<usize>],
        step: usize,
    ) -> Result<(GradientsParams, f64), TrainError> {
        let total: f64 = group.iter().flatten().map(|&index| self.weight(index)).sum();
        let mut sum = StepSum::new();
        for (turn, batch) in group.iter().enumerate() {
            let dropout = derive_seed(self.config.seed, &[1, step as u64, turn as u64]);
            let longest = batch.iter().map(|&index| self.train[index].encoding.len()).max();
            let length = model.padded_length(longest.unwrap_or_default());
            sum.add(&self.workers, model, &self.device, Rows { count: batch.len(), dropout }, {
                |model, rows, device| {
                    let part = &batch[rows];
                    let scores = model.scores(&self.inputs(part, length, step, device));
                    let labels: Vec<_> =
                        part.iter().map(|&index| &self.train[index].label).collect();
                    let shares: Vec<_> =
                        part.iter().map(|&index| self.weight(index) / total).collect();
                    self.objective.loss(scores, &labels, &shares)
                }
            });
        }
        sum.finish(step)
    }

    fn weight(&self, index: usize) -> f64 {
        self.objective.weight(&self.train[index].label)
    }

    /// Uploads the rows with the tokens masked for this step, padded to `length`.
    fn inputs(&self, part: &[usize], length: usize, step: usize, device: &Device) -> TokenBatch {
        let mask = |&index: &usize| {
            let seed = derive_seed(self.config.seed, &[2, step as u64, index as u64]);
            let share = self.config.token_masking;
            mask_tokens(&self.train[index].encoding, share, self.tokens, seed)
        };
        let masked: Vec<Encoding> = part.iter().map(mask).collect();
        let rows: Vec<&Encoding> = masked.iter().collect();
        TokenBatch::padded(&rows, length, self.tokens.pad, device)
    }

    fn evaluate<M: Scorer>(&self, model: &M, dev: &[EncodedExample<O::Label>]) -> O::Report {
        let device = model.devices().first().cloned().unwrap_or_default();
        let rows: Vec<_> = dev.iter().map(|example| &example.encoding).collect();
        let labels: Vec<_> = dev.iter().map(|example| &example.label).collect();
        let scores = logits(model, &rows, self.config.batch_size, self.tokens.pad, &device);
        self.objective.report(&scores, &labels)
    }
}

fn check(config: &FineTuneConfig) -> Result<(), TrainError> {
    setting::at_least_one(&[
        ("epochs", config.epochs + usize::from(config.keep_start)),
        ("batch_size", config.batch_size),
        ("accumulation", config.accumulation),
        ("workers", config.workers),
    ])?;
    setting::share(&[
        ("warmup_fraction", config.warmup_fraction),
        ("token_masking", config.token_masking),
    ])?;
    setting::positive(&[
        ("learning_rate", config.learning_rate),
        ("max_gradient_norm", config.max_gradient_norm),
    ])
}
