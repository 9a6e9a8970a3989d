//! Frozen encoders and low-rank adapters: what is trained, and what keeps the same bits.
#![allow(clippy::unwrap_used, reason = "a test")]

mod planted;

use std::fs;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use dnabert_core::Encoding;
use dnabert_model::checkpoint::{self, tensors};
use dnabert_model::logits;
use dnabert_model::{
    Adaptation, Bert, BertConfig, Checkpoint, CheckpointError, LowRank, SequenceClassifier, adapt,
};
use dnabert_train::{EncodedExample, FineTuneConfig, fine_tune};
use planted::{SPECIAL, config, random, row};

fn examples(salt: u64) -> Vec<EncodedExample> {
    (0..80)
        .map(|index| {
            let ids: Vec<u32> =
                (0..6).map(|place| 10 + random(salt, [index, place], 20) as u32).collect();
            EncodedExample { label: usize::from(ids.contains(&12)), encoding: row(&ids) }
        })
        .collect()
}

fn tune(model: SequenceClassifier<Bert>) -> SequenceClassifier<Bert> {
    let settings = FineTuneConfig {
        epochs: 3,
        batch_size: 8,
        learning_rate: 1e-2,
        workers: 2,
        ..FineTuneConfig::default()
    };
    fine_tune(model, &examples(1), &examples(2), SPECIAL, &settings, &mut ()).unwrap().model
}

/// The bits of each parameter, without merged adapters, by its path in the module.
fn bases(model: &SequenceClassifier<Bert>) -> Vec<(String, Vec<u32>)> {
    #[derive(Default)]
    struct Bases(Vec<String>, Vec<(String, Vec<u32>)>);
    impl ModuleVisitor for Bases {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let bits = param.base().into_data().iter::<f32>().map(f32::to_bits).collect();
            self.1.push((self.0.join("."), bits));
        }
    }
    let mut bases = Bases::default();
    model.visit(&mut bases);
    bases.1
}

/// Names of the parameters that training changed.
fn changed(before: &SequenceClassifier<Bert>, after: &SequenceClassifier<Bert>) -> Vec<String> {
    let pairs = bases(before).into_iter().zip(bases(after));
    pairs
        .filter(|(before, after)| {
            assert_eq!(before.0, after.0);
            before.1 != after.1
        })
        .map(|((name, _), _)| name)
        .collect()
}

fn scores(model: &SequenceClassifier<Bert>) -> Vec<f32> {
    let rows: Vec<Encoding> = examples(3).into_iter().map(|example| example.encoding).collect();
    let rows: Vec<&Encoding> = rows.iter().collect();
    logits(&model.valid(), &rows, 16, SPECIAL.pad, &Device::flex()).concat()
}

const SMALL: LowRank = LowRank { rank: 2, alpha: 4.0 };

const HEAD: [&str; 4] = [
    "encoder.pooler.dense.weight",
    "encoder.pooler.dense.bias",
    "classifier.weight",
    "classifier.bias",
];

#[test]
fn a_probe_moves_the_head_only() {
    let fresh = config(0.1).sequence_classifier(5, &Device::flex());
    let probed = tune(adapt(fresh.clone(), Adaptation::Probe, 1));
    assert_eq!(changed(&fresh, &probed), HEAD);
}

#[test]
fn adapters_start_as_nothing_and_leave_the_base_to_the_bit() {
    let fresh = config(0.1).sequence_classifier(5, &Device::flex());
    let adapted = adapt(fresh.clone(), Adaptation::LowRank(SMALL), 1);
    assert_eq!(scores(&adapted), scores(&fresh));
    let tuned = tune(adapted.clone());
    let changed = changed(&adapted, &tuned);
    let factors = |name: &&String| name.contains(".lora.");
    assert_eq!(changed.iter().filter(factors).count(), 2 * 2 * 2); // layers, weights, factors
    let others: Vec<_> = changed.iter().filter(|name| !factors(name)).collect();
    assert_eq!(others, HEAD);
}

#[test]
fn adapters_are_saved_alone_and_merged() {
    let base = tempfile::tempdir().unwrap();
    let device = Device::flex();
    let config = config(0.0);
    let fresh = config.sequence_classifier(5, &device);
    checkpoint::save(&fresh, &config, base.path()).unwrap();
    let adapted = adapt(fresh, Adaptation::LowRank(SMALL), 1);
    let tuned = tune(adapted);

    let alone = tempfile::tempdir().unwrap();
    checkpoint::save_adapters(&tuned, &config, SMALL, "a toy", alone.path()).unwrap();
    let (again, _) =
        Checkpoint::open(base.path()).unwrap().with_adapters(alone.path(), &device).unwrap();
    assert_eq!(bases(&again), bases(&tuned));

    let merged = tempfile::tempdir().unwrap();
    checkpoint::save(&tuned, &config, merged.path()).unwrap();
    let merged = Checkpoint::open(merged.path()).unwrap().sequence_classifier(&device).unwrap();
    assert_eq!(tensors(&merged).len(), tensors(&tuned).len());
    for (merged, apart) in scores(&merged).iter().zip(scores(&tuned)) {
        assert!((merged - apart).abs() < 1e-6, "{merged} and {apart}");
    }
}

#[test]
fn adapters_are_a_small_part_of_a_model() {
    let config = BertConfig {
        num_hidden_layers: 4,
        hidden_size: 256,
        num_attention_heads: 8,
        intermediate_size: 1024,
        ..BertConfig::new(4101)
    };
    let model = config.sequence_classifier(5, &Device::flex());
    let usual = LowRank::default();
    let model = adapt(model, Adaptation::LowRank(usual), 1);
    let [alone, whole] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    checkpoint::save_adapters(&model, &config, usual, "a toy", alone.path()).unwrap();
    checkpoint::save(&model, &config, whole.path()).unwrap();
    let bytes = |path| fs::metadata(path).unwrap().len();
    let adapters = bytes(alone.path().join("adapter_model.safetensors"));
    assert!(adapters * 20 < bytes(whole.path().join("model.safetensors")), "{adapters}");
}

#[test]
fn adapters_that_do_not_fit_are_named() {
    let (base, alone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = config(0.0);
    let model = config.sequence_classifier(5, &Device::flex());
    let error =
        checkpoint::save_adapters(&model, &config, SMALL, "a toy", alone.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::NoAdapters { .. }), "{error}");

    checkpoint::save(&model, &config, base.path()).unwrap();
    let model = adapt(model, Adaptation::LowRank(SMALL), 1);
    checkpoint::save_adapters(&model, &config, SMALL, "a toy", alone.path()).unwrap();
    let file = alone.path().join("adapter_config.json");
    let text = fs::read_to_string(&file).unwrap();
    let open = || {
        let base = Checkpoint::open(base.path()).unwrap();
        base.with_adapters(alone.path(), &Device::flex()).unwrap_err()
    };
    fs::write(&file, text.replace("\"r\": 2", "\"r\": 4")).unwrap();
    let error = open();
    assert!(error.to_string().contains("lora.a has shape [2, 12] where [4, 12]"), "{error}");
    // A rank that would fill memory is rejected before anything is allocated.
    fs::write(&file, text.replace("\"r\": 2", "\"r\": 4000000000000")).unwrap();
    assert!(matches!(open(), CheckpointError::Tensors { .. }));
    fs::write(&file, text.replace("\"value\"", "\"dense\"")).unwrap();
    assert!(matches!(open(), CheckpointError::Adapters { .. }));
}
