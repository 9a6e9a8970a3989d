//! The predictor as a caller sees it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use dnabert::core::{Classifier, Sequence};
use dnabert::{Predictor, PredictorError, device};

fn shared_between_threads<T: Send + Sync>(_: &T) {}

#[test]
fn a_folder_predicts_and_survives_a_round_trip() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle/models/k4_splice3");
    let device = device(None).unwrap();
    let predictor = Predictor::open(&model, &device).unwrap();
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
    let config = dnabert::model::BertConfig::read(model.join("config.json")).unwrap();
    predictor.save(&config, folder.path()).unwrap();
    let again = Predictor::open(folder.path(), &device).unwrap();
    assert_eq!(again.predict(&sequences).unwrap(), together);
    assert_eq!(again.labels(), ["LABEL_0", "LABEL_1", "LABEL_2"]);

    dnabert::kmer::Vocabulary::new(3).unwrap().write(folder.path().join("vocab.txt")).unwrap();
    let error = Predictor::open(folder.path(), &device).unwrap_err();
    assert!(
        matches!(error, PredictorError::VocabularySize { tokenizer: 69, network: 261 }),
        "{error}"
    );
}
