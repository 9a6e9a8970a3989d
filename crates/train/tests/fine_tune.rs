//! Fine-tuning of toy models through the public interface.

mod planted;

use burn::module::Module;
use burn::tensor::Device;
use dnabert_model::{Bert, SequenceClassifier};
use dnabert_train::{
    ClassWeights, EarlyStop, EncodedExample, EpochSummary, FineTuneConfig, FineTuned, Observer,
    StepSummary, TrainError, Warning, fine_tune,
};
use planted::{SPECIAL, config, random, row};

fn example(ids: &[u32], label: usize) -> EncodedExample {
    EncodedExample { encoding: row(ids), label }
}

/// Rows of 4 to 9 random tokens; only class 1 contains token 9.
fn planted(count: u64, salt: u64) -> Vec<EncodedExample> {
    (0..count)
        .map(|row| {
            let random = |place: u64, below: u64| random(salt, [row, place], below);
            let length = 4 + row % 6;
            let mut ids: Vec<u32> =
                (0..length).map(|place| 10 + random(place, 20) as u32).collect();
            if row % 2 == 1 {
                ids[random(99, length) as usize] = 9;
            }
            example(&ids, (row % 2) as usize)
        })
        .collect()
}

fn model(dropout: f64) -> SequenceClassifier<Bert> {
    config(dropout).sequence_classifier(5, &Device::flex())
}

fn settings() -> FineTuneConfig {
    FineTuneConfig { epochs: 12, batch_size: 8, learning_rate: 5e-3, ..FineTuneConfig::default() }
}

fn tune(
    dropout: f64,
    settings: &FineTuneConfig,
    observer: &mut dyn Observer,
) -> Result<FineTuned<SequenceClassifier<Bert>>, TrainError> {
    fine_tune(model(dropout), &planted(160, 1), &planted(80, 2), SPECIAL, settings, observer)
}

/// The bits of all weights.
fn bits(model: &SequenceClassifier<Bert>) -> Vec<u32> {
    let mut all = Vec::new();
    struct Collect<'a>(&'a mut Vec<u32>);
    impl burn::module::ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(
            &mut self,
            param: &burn::module::Param<burn::tensor::Tensor<D>>,
        ) {
            self.0.extend(param.val().into_data().iter::<f32>().map(f32::to_bits));
        }
    }
    model.visit(&mut Collect(&mut all));
    all
}

#[derive(Default)]
struct Record {
    losses: Vec<f64>,
    epochs: usize,
    warnings: Vec<Warning>,
}

impl Observer for Record {
    fn step(&mut self, summary: &StepSummary) {
        self.losses.push(summary.loss);
    }
    fn epoch(&mut self, _: &EpochSummary<'_>) {
        self.epochs += 1;
    }
    fn warning(&mut self, warning: &Warning) {
        self.warnings.push(warning.clone());
    }
}

#[test]
fn a_planted_token_is_found() {
    let tuned = tune(0.1, &settings(), &mut ()).unwrap();
    assert!(tuned.dev.auroc.unwrap() > 0.98, "{:?}", tuned.dev);
    assert!(!tuned.collapsed);
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let short = FineTuneConfig { epochs: 2, token_masking: 0.2, ..settings() };
    let first = bits(&tune(0.1, &short, &mut ()).unwrap().model);
    assert_eq!(first, bits(&tune(0.1, &short, &mut ()).unwrap().model));
    let other = FineTuneConfig { seed: 1, ..short };
    assert_ne!(first, bits(&tune(0.1, &other, &mut ()).unwrap().model));
}

#[test]
fn accumulated_batches_equal_one_large_batch() {
    // 90 rows do not divide evenly into batches.
    let train = planted(90, 1);
    let steps = |batch_size, accumulation| {
        let mut record = Record::default();
        let settings = FineTuneConfig { epochs: 2, batch_size, accumulation, ..settings() };
        let weights = ClassWeights::Given(vec![1.0, 3.0]);
        let settings = FineTuneConfig { class_weights: weights, ..settings };
        // All rows fit in one window, so the order by length is the same for both batch sizes.
        fine_tune(model(0.0), &train, &train, SPECIAL, &settings, &mut record).unwrap();
        record.losses
    };
    let (small, large) = (steps(90, 1), steps(45, 2));
    assert_eq!(small.len(), large.len());
    for (a, b) in small.iter().zip(&large) {
        assert!((a - b).abs() < 1e-5 * a, "{a} and {b}");
    }
}

#[test]
fn two_workers_give_the_result_of_one() {
    let losses = |workers| {
        let mut record = Record::default();
        let settings = FineTuneConfig { epochs: 2, token_masking: 0.1, workers, ..settings() };
        tune(0.2, &settings, &mut record).unwrap();
        record.losses
    };
    for (one, two) in losses(1).iter().zip(&losses(2)) {
        assert!((one - two).abs() < 1e-4 * one, "{one} and {two}");
    }
    let settings = FineTuneConfig { epochs: 2, workers: 3, ..settings() };
    let run = || bits(&tune(0.2, &settings, &mut ()).unwrap().model);
    assert_eq!(run(), run());
}

#[test]
fn early_stop_counts_epochs_without_a_better_one() {
    let mut record = Record::default();
    let settings = FineTuneConfig { epochs: 40, early_stop: EarlyStop::Patience(3), ..settings() };
    let tuned = tune(0.1, &settings, &mut record).unwrap();
    assert!(record.epochs < 40);
    assert_eq!(record.epochs, tuned.best_epoch + 3);
    let best = tuned.history.iter().map(|epoch| epoch.score).fold(f64::MIN, f64::max);
    assert_eq!(tuned.history[tuned.best_epoch - 1].score, best);
    assert_eq!(tuned.dev.auroc, Some(best));
}

#[test]
fn a_model_that_gives_one_class_only_is_reported() {
    let mut record = Record::default();
    // The rate is too small to leave the start, where one class has the highest score everywhere.
    let settings = FineTuneConfig { epochs: 1, learning_rate: 1e-9, ..settings() };
    let tuned = tune(0.0, &settings, &mut record).unwrap();
    assert!(tuned.collapsed);
    assert!(matches!(record.warnings[..], [Warning::Collapse { epoch: 1, .. }]));
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run() {
    let settings = FineTuneConfig { learning_rate: 1e30, ..settings() };
    let error = tune(0.0, &settings, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
}

#[test]
fn settings_and_labels_that_do_not_fit_are_named() {
    let error = tune(0.0, &FineTuneConfig { batch_size: 0, ..settings() }, &mut ()).unwrap_err();
    assert!(error.to_string().contains("`batch_size` is 0"), "{error}");
    let error =
        tune(0.0, &FineTuneConfig { token_masking: 1.0, ..settings() }, &mut ()).unwrap_err();
    assert!(error.to_string().contains("`token_masking` is 1"), "{error}");

    let wrong = [example(&[5], 0), example(&[6], 2)];
    let fit = |train: &[EncodedExample], settings: &FineTuneConfig| {
        fine_tune(model(0.0), train, &planted(8, 1), SPECIAL, settings, &mut ()).unwrap_err()
    };
    assert!(
        matches!(fit(&wrong, &settings()), TrainError::Label { index: 1, label, .. } if label == "2")
    );
    assert!(matches!(fit(&[], &settings()), TrainError::EmptySplit("train")));
    let balanced = FineTuneConfig { class_weights: ClassWeights::Balanced, ..settings() };
    assert!(matches!(fit(&wrong[..1], &balanced), TrainError::MissingClass { class: 1, .. }));
}

#[test]
fn a_start_that_may_win_is_kept_where_training_makes_it_worse() {
    // After good training, a learning rate that is too high makes the model worse.
    let good = tune(0.0, &settings(), &mut ()).unwrap();
    let wild = FineTuneConfig { epochs: 2, keep_start: true, learning_rate: 1.0, ..settings() };
    let data = (planted(160, 1), planted(80, 2));
    let tuned = fine_tune(good.model.clone(), &data.0, &data.1, SPECIAL, &wild, &mut ()).unwrap();
    assert_eq!((tuned.best_epoch, tuned.history.len()), (0, 2));
    assert_eq!(bits(&tuned.model), bits(&good.model));

    let none = FineTuneConfig { epochs: 0, ..wild };
    let kept = fine_tune(good.model.clone(), &data.0, &data.1, SPECIAL, &none, &mut ()).unwrap();
    assert_eq!(bits(&kept.model), bits(&good.model));
    let refused = FineTuneConfig { keep_start: false, ..none };
    let error = fine_tune(good.model, &data.0, &data.1, SPECIAL, &refused, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Setting { field: "epochs", .. }), "{error}");
}
