//! Masked-LM training: it learns, batches add up, and interrupted runs give the same bits.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::convert::Infallible;
use std::fs;

use burn::tensor::Device;
use dnabert_core::{Encoding, Tokenizer, derive_seed};
use dnabert_kmer::{KmerMasking, KmerTokenizer, SPECIAL_TOKENS};
use dnabert_model::checkpoint::{NamedTensor, tensors};
use dnabert_model::{BertConfig, MaskedLanguageModel};
use dnabert_train::pretrain::{
    Checkpoints, MaskSchedule, MaskedEvaluation, PretrainConfig, PretrainData, Rows, pretrain,
};
use dnabert_train::{AdamWSettings, Observer, StepSummary, TrainError};

/// Repeats of one motif with different lengths; hidden tokens follow from their neighbours.
struct Repeats(KmerTokenizer);

impl Rows for Repeats {
    type Error = Infallible;

    fn row(&self, number: u64) -> Result<Encoding, Infallible> {
        let length = 20 + derive_seed(99, &[number]) as usize % 30;
        let bases = &"ACGGTCT".repeat(10)[..length];
        Ok(self.0.encode(&bases.parse().unwrap()).unwrap())
    }
}

fn rows() -> Repeats {
    Repeats(KmerTokenizer::new(3).unwrap())
}

fn fresh(dropout: f64) -> MaskedLanguageModel {
    let config = BertConfig {
        hidden_size: 12,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 24,
        max_position_embeddings: 64,
        hidden_dropout_prob: dropout,
        attention_probs_dropout_prob: dropout,
        initializer_range: 0.2, // for a width of 12
        ..BertConfig::new(69)
    };
    config.masked_language_model(3, &Device::flex())
}

fn config(steps: usize) -> PretrainConfig {
    PretrainConfig {
        steps,
        batch_size: 10,
        pass_size: 4, // passes of 4, 4 and 2 rows
        learning_rate: 5e-3,
        warmup_steps: 5,
        adamw: AdamWSettings { beta_2: 0.98, epsilon: 1e-6, ..AdamWSettings::default() },
        evaluate_every: 0,
        save_every: 3,
        workers: 2,
        seed: 5,
        ..PretrainConfig::default()
    }
}

#[derive(Default)]
struct Seen {
    steps: Vec<usize>,
    losses: Vec<f64>,
    evaluations: Vec<MaskedEvaluation>,
}

impl Observer for Seen {
    fn step(&mut self, summary: &StepSummary) {
        self.steps.push(summary.report.step);
        self.losses.push(summary.loss);
    }
    fn evaluation(&mut self, _: usize, evaluation: &MaskedEvaluation) {
        self.evaluations.push(*evaluation);
    }
}

/// Stops the run after some steps, like a killed process.
struct KilledAfter(usize);

impl Observer for KilledAfter {
    fn step(&mut self, summary: &StepSummary) {
        assert!(summary.report.step < self.0, "killed");
    }
}

fn train(
    model: MaskedLanguageModel,
    config: &PretrainConfig,
    checkpoints: Option<&Checkpoints>,
    observer: &mut dyn Observer,
) -> Result<Vec<NamedTensor>, TrainError> {
    let [early, late] = [0.15, 0.25].map(|share| KmerMasking::new(3, share).unwrap());
    let rows = rows();
    let held_out: Vec<Encoding> = (1000..1010).map(|number| rows.row(number).unwrap()).collect();
    let data = PretrainData {
        rows: &rows,
        held_out: &held_out,
        masks: MaskSchedule { early: &early, late: &late, change_at: config.steps * 5 / 6 },
        tokens: SPECIAL_TOKENS,
    };
    let (model, _) = pretrain(model, &data, config, checkpoints, observer)?;
    Ok(tensors(&model))
}

#[test]
fn hidden_tokens_are_learned() {
    let config = PretrainConfig { evaluate_every: 100, ..config(300) };
    let mut seen = Seen::default();
    train(fresh(0.0), &config, None, &mut seen).unwrap();
    assert_eq!(seen.evaluations.len(), 3);
    let (first, last) = (seen.evaluations[0], seen.evaluations[2]);
    assert!(seen.losses[0] > 4.0, "{}", seen.losses[0]); // 69 ids
    assert!(last.loss < 0.5 && last.loss < first.loss, "{first} then {last}");
    assert!(last.accuracy > 0.9 && (last.perplexity - last.loss.exp()).abs() < 1e-9);
}

#[test]
fn a_stopped_run_ends_with_the_same_bits() {
    let config = config(14);
    let whole = train(fresh(0.1), &config, None, &mut ()).unwrap();
    for stops in [&[1][..], &[2, 4, 9], &[13], &[3, 3, 6, 12]] {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path().join("run"), 2);
        fs::create_dir_all(folder.path().join("run/.step-00000006.7.partial")).unwrap();
        for &stop in stops {
            let killed = std::panic::catch_unwind(|| {
                train(fresh(0.1), &config, Some(&checkpoints), &mut KilledAfter(stop))
            });
            assert!(killed.is_err(), "the run was over before step {stop}");
        }
        let mut seen = Seen::default();
        let resumed = train(fresh(0.1), &config, Some(&checkpoints), &mut seen).unwrap();
        assert_eq!(seen.steps[0], stops.last().unwrap() / 3 * 3, "{stops:?}");
        for (resumed, whole) in resumed.iter().zip(&whole) {
            let bits = |tensor: &NamedTensor| -> Vec<u32> {
                tensor.values.iter().map(|value| value.to_bits()).collect()
            };
            assert_eq!(bits(resumed), bits(whole), "{} after {stops:?}", whole.name);
        }
        // Two checkpoints are kept, and no incomplete one.
        let mut names: Vec<_> = fs::read_dir(folder.path().join("run"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["step-00000012", "step-00000014"]);
        // A finished run returns its model unchanged.
        let again = train(fresh(0.1), &config, Some(&checkpoints), &mut ()).unwrap();
        assert_eq!(again, resumed);
    }
}

#[test]
fn what_was_half_written_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), 3);
    let settings = config(9);
    let whole = train(fresh(0.0), &settings, Some(&checkpoints), &mut ()).unwrap();
    for name in [".step-00000012.7.partial", "step-00000006.partial", "notes"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    assert_eq!(checkpoints.last().unwrap().unwrap().1, 9);
    assert_eq!(train(fresh(0.0), &settings, Some(&checkpoints), &mut ()).unwrap(), whole);
    let error = train(fresh(0.0), &config(12), Some(&checkpoints), &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
    fs::write(folder.path().join("step-00000009/model.bpk"), "damaged").unwrap();
    let error = train(fresh(0.0), &settings, Some(&checkpoints), &mut ()).unwrap_err();
    assert!(error.to_string().ends_with("model.bpk"), "{error}");
}

#[test]
fn passes_of_any_size_add_up_to_one_step() {
    let of = |pass_size, workers| {
        let config = PretrainConfig { pass_size, workers, ..config(4) };
        train(fresh(0.0), &config, None, &mut ()).unwrap()
    };
    let whole = of(10, 1);
    for (pass_size, workers) in [(4, 1), (3, 2), (1, 1), (10, 3)] {
        for (part, whole) in of(pass_size, workers).iter().zip(&whole) {
            for (one, other) in part.values.iter().zip(&whole.values) {
                assert!((one - other).abs() < 2e-4, "{}: {one} and {other}", whole.name);
            }
        }
    }
}

#[test]
fn settings_that_teach_nothing_are_errors() {
    let error = train(fresh(0.0), &PretrainConfig { steps: 0, ..config(1) }, None, &mut ());
    assert!(matches!(error, Err(TrainError::Setting { field: "steps", .. })));
    let nothing = KmerMasking::new(3, 0.0).unwrap();
    let rows = rows();
    let data = PretrainData {
        rows: &rows,
        held_out: &[],
        masks: MaskSchedule::constant(&nothing),
        tokens: SPECIAL_TOKENS,
    };
    let error = pretrain(fresh(0.0), &data, &config(2), None, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::NothingHidden { step: 0 }), "{error}");
}
