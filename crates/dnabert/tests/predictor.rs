//! The predictor as a caller sees it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use dnabert::core::{Classifier, Sequence};
use dnabert::model::softmax;
use dnabert::model::{Checkpoint, CheckpointError, MaskMode};
use dnabert::{Model, ModelError, device};

fn shared_between_threads<T: Send + Sync>(_: &T) {}

#[test]
fn a_folder_predicts_and_survives_a_round_trip() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle/models/k4_splice3");
    let device = device(None).unwrap();
    let predictor = Model::open(&model, &device).and_then(|model| model.predictor()).unwrap();
    shared_between_threads(&predictor);
    let sequences: Vec<Sequence> = ["AGCATATTTATCGAACTCC", "TCCGG", "AATGTTCGCGCTTAACC"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let together = predictor.predict(&sequences).unwrap();
    for (sequence, row) in sequences.iter().zip(&together) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        // A sequence's probabilities do not depend on the company it is padded with.
        let alone = predictor.predict(std::slice::from_ref(sequence)).unwrap();
        for (alone, together) in alone[0].iter().zip(row) {
            assert!((alone - together).abs() < 1e-6);
        }
    }

    let folder = tempfile::tempdir().unwrap();
    predictor.save(folder.path()).unwrap();
    let again = Model::open(folder.path(), &device).and_then(|model| model.predictor()).unwrap();
    assert_eq!(again.predict(&sequences).unwrap(), together);
    assert_eq!(again.labels(), ["LABEL_0", "LABEL_1", "LABEL_2"]);

    dnabert::kmer::Vocabulary::new(3).unwrap().write(folder.path().join("vocab.txt")).unwrap();
    let error =
        Model::open(folder.path(), &device).and_then(|model| model.predictor()).unwrap_err();
    assert!(matches!(error, ModelError::VocabularySize { tokenizer: 69, network: 261 }), "{error}");
}

#[test]
fn where_padding_is_attended_to_every_row_has_the_same_length() {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle");
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        let from = oracle.join("models/k3_cls").join(file);
        std::fs::copy(from, folder.path().join(file)).unwrap();
    }
    let vocabulary = dnabert::kmer::Vocabulary::new(3).unwrap();
    vocabulary.write(folder.path().join("vocab.txt")).unwrap();
    let device = device(None).unwrap();
    let mut checkpoint = Checkpoint::open(folder.path()).unwrap();
    checkpoint.config_mut().mask_mode = MaskMode::Head;
    let error = Model::from_checkpoint(&checkpoint, folder.path(), &device)
        .and_then(|model| model.predictor())
        .unwrap_err();
    let ModelError::Checkpoint(CheckpointError::Config(error)) = error else { panic!("{error}") };
    assert!(error.to_string().contains("padded_length"), "{error}");

    checkpoint.config_mut().padded_length = Some(36);
    let predictor = Model::from_checkpoint(&checkpoint, folder.path(), &device)
        .and_then(|model| model.predictor())
        .unwrap();
    let inputs = std::fs::read_to_string(oracle.join("io/k3_cls_inputs.json")).unwrap();
    let inputs: serde_json::Value = serde_json::from_str(&inputs).unwrap();
    let bytes = std::fs::read(oracle.join("io/k3_cls.safetensors")).unwrap();
    let arrays = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let logits = arrays.tensor("logits_headmask").unwrap();
    let logits: Vec<f32> = logits
        .data()
        .chunks_exact(4)
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    let mut compared = 0;
    for (text, logits) in inputs["sequences"].as_array().unwrap().iter().zip(logits.chunks(2)) {
        let text = text.as_str().unwrap();
        // Those that DNABERT cut, or that hold other letters, are read in another way here.
        if text.len() > 36 || text.contains(|letter| !"ACGT".contains(letter)) {
            continue;
        }
        // Alone, without a longer one beside it: the padding is DNABERT's all the same.
        let found = predictor.predict(&[text.parse().unwrap()]).unwrap();
        for (found, expected) in found[0].iter().zip(softmax(logits)) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found}, not {expected}");
        }
        compared += 1;
    }
    assert!(compared > 1, "{compared} sequences");
}
