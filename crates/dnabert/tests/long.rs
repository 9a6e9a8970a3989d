//! Sequences longer than a row of tokens, and several models together.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::Tensor;
use dnabert::core::{Classifier, Encoding, Sequence, Tiling, TokenizeError, Tokenizer};
use dnabert::kmer::{KmerTokenizer, Vocabulary};
use dnabert::model::softmax;
use dnabert::model::{BertConfig, Pooling, SequenceClassifier, TokenBatch};
use dnabert::{
    AnyTokenizer, Device, Embedder, Ensemble, EnsembleError, Model, Predictor, SequenceReader,
    device,
};

/// A fresh model that takes rows of up to 16 tokens.
fn config(k: usize) -> BertConfig {
    BertConfig {
        hidden_size: 12,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 24,
        max_position_embeddings: 16,
        initializer_range: 0.5,
        ..BertConfig::new(Vocabulary::new(k).unwrap().size())
    }
}

fn predictor(k: usize, seed: u64) -> Predictor {
    tiled(k, seed, Tiling::new(16, 3))
}

fn tiled(k: usize, seed: u64, tiling: Tiling) -> Predictor {
    let (config, device) = (config(k), device(None).unwrap());
    let model = config.sequence_classifier(seed, &device);
    let tokenizer = Vocabulary::new(k).unwrap().into();
    let tokenizer =
        AnyTokenizer::Kmer(tokenizer).with_length(dnabert::kmer::LengthPolicy::Reject(16));
    let reader = SequenceReader::for_config(tokenizer, &config, device).with_tiling(tiling);
    Predictor::new(&model, reader, &config)
}

fn sequence(length: usize) -> Sequence {
    let letter = |i: usize| ["A", "C", "G", "T"][i * i % 7 % 4];
    (0..length).map(letter).collect::<String>().parse().unwrap()
}

fn close(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < tolerance, "{found} and {expected}");
    }
}

#[test]
fn the_pooled_vectors_of_tiles_are_averaged_by_their_tokens() {
    let predictor = tiled(3, 4, Tiling::new(16, 4));
    let long = sequence(30); // 28 k-mers in rows of 14, 14 and 8
    let rows: Vec<Encoding> =
        predictor.tokenizer().tiles(&long, Tiling::new(16, 4)).map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(Encoding::len).collect::<Vec<_>>(), [16, 16, 10]);
    let device = device(None).unwrap();
    let model: &SequenceClassifier<_> = predictor.model();
    let pooled: Vec<Tensor<2>> = rows
        .iter()
        .map(|row| model.pool(&TokenBatch::from_encodings(&[row], 0, &device), &mut ()))
        .collect();
    let shares = Tensor::<1>::from_floats([14.0 / 36.0, 14.0 / 36.0, 8.0 / 36.0], &device);
    let mean = (Tensor::cat(pooled, 0) * shares.reshape([3, 1])).sum_dim(0);
    let scores: Vec<f32> = model.classify(mean).into_data().iter::<f32>().collect();
    // A short one and a longer one beside it change nothing.
    let found = predictor.predict(&[sequence(9), long, sequence(50)]).unwrap();
    close(&found[1], &softmax(&scores), 1e-6);
}

#[test]
fn rows_are_as_long_as_the_tiling_says() {
    let cut = tiled(3, 4, Tiling::new(8, 2));
    let mut rows = 0;
    for row in cut.tokenizer().tiles(&sequence(16), Tiling::new(8, 2)) {
        assert!(row.unwrap().len() <= 8);
        rows += 1;
    }
    assert!(rows > 1);
    let whole = predictor(3, 4).predict(&[sequence(16)]).unwrap();
    assert_ne!(cut.predict(&[sequence(16)]).unwrap(), whole);

    // A tokenizer without a limit of its own is held to the network's.
    let encoder = config(3).init(4, &device(None).unwrap()).without_pooler().valid();
    let tokenizer = KmerTokenizer::new(3).unwrap();
    let embedder =
        Embedder::new(encoder, SequenceReader::new(tokenizer, 16, device(None).unwrap()));
    assert_eq!(embedder.sequences(&[sequence(60)], Pooling::Mean).unwrap()[0].len(), 12);
}

#[test]
fn a_sequence_that_fits_is_one_row() {
    let predictor = predictor(3, 4);
    let short = sequence(16);
    let row = predictor.tokenizer().encode(&short).unwrap();
    let expected = predictor.predict_encoded(&[&row]);
    close(&predictor.predict(&[short]).unwrap()[0], &expected[0], 1e-6);
}

#[test]
fn bases_of_long_sequences_are_stitched() {
    let device = device(None).unwrap();
    let encoder = config(3).init(4, &device).without_pooler().valid();
    let tokenizer =
        KmerTokenizer::new(3).unwrap().with_length(dnabert::kmer::LengthPolicy::Reject(16));
    let reader = SequenceReader::new(tokenizer, 16, device).with_tiling(Tiling::new(16, 5));
    let embedder = Embedder::new(encoder, reader);
    let long = sequence(60);
    let mut sums = vec![vec![0.0; 12]; 60];
    let mut counts = [0.0; 60];
    embedder
        .tokens(&long, |tokens| {
            for (span, state) in tokens.row.spans.iter().zip(tokens.states.chunks(12)) {
                for base in span.clone().into_iter().flatten() {
                    counts[base] += 1.0;
                    sums[base].iter_mut().zip(state).for_each(|(s, v)| *s += f64::from(*v));
                }
            }
        })
        .unwrap();
    let mut bases = 0;
    embedder
        .bases(&long, |base, vector| {
            let mean: Vec<f64> = sums[base].iter().map(|sum| sum / counts[base]).collect();
            close(vector.unwrap(), &mean, 1e-6);
            assert_eq!(base, bases);
            bases += 1;
        })
        .unwrap();
    assert_eq!(bases, 60);
    assert!(counts.iter().any(|&count| count > 3.0), "tiles overlap");
    let pooled = embedder.sequences(&[long], Pooling::Mean).unwrap();
    assert_eq!(pooled[0].len(), 12);
}

#[test]
fn an_ensemble_gives_the_mean_and_each_model_its_own_kmers() {
    let sequences = [sequence(20), sequence(7)];
    let [first, second] = [predictor(3, 1), predictor(4, 2)];
    let rows: Vec<_> = [&first, &second].map(|one| one.predict(&sequences).unwrap()).into();
    let ensemble = Ensemble::new(vec![first, second]).unwrap();
    let together = ensemble.predict(&sequences).unwrap();
    for (index, row) in together.iter().enumerate() {
        let mean = |class: usize| f64::from((rows[0][index][class] + rows[1][index][class]) / 2.0);
        close(row, &[mean(0), mean(1)], 1e-6);
    }
    let error = ensemble.predict(&[sequence(3)]).unwrap_err();
    assert_eq!(error.member, 1);
    assert!(matches!(error.source, TokenizeError::InBatch { index: 0, .. }));
}

#[test]
fn models_with_other_outputs_do_not_judge_together() {
    let device: Device = device(None).unwrap();
    let config = config(3).with_labels(&["a", "b", "c"]);
    let model = config.sequence_classifier(4, &device);
    let other = Predictor::new(
        &model,
        SequenceReader::for_config(
            AnyTokenizer::Kmer(KmerTokenizer::new(3).unwrap()),
            &config,
            device,
        ),
        &config,
    );
    let error = Ensemble::new(vec![predictor(3, 1), other]).unwrap_err();
    assert!(matches!(error, EnsembleError::Labels { index: 1, .. }), "{error}");
    assert_eq!(Ensemble::new(Vec::<Predictor>::new()).unwrap_err(), EnsembleError::Empty);
}

/// The folder of an oracle model, with a vocabulary.
fn folder(model: &str) -> tempfile::TempDir {
    let oracle = oracle().join("models").join(model);
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(oracle.join(file), folder.path().join(file)).unwrap();
    }
    Vocabulary::new(3).unwrap().write(folder.path().join("vocab.txt")).unwrap();
    folder
}

fn oracle() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle")
}

#[test]
fn heads_over_chunks_read_long_sequences_in_their_own_rows() {
    let text = fs::read_to_string(oracle().join("io/k3_long_inputs.json")).unwrap();
    let inputs: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sequences: Vec<Sequence> = inputs["sequences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().parse().unwrap())
        .collect();
    for model in ["k3_long_lstm", "k3_long_gru", "k3_longcat"] {
        let bytes = fs::read(oracle().join(format!("io/{model}.safetensors"))).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let logits: Vec<f32> = file
            .tensor("logits")
            .unwrap()
            .data()
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        let predictor = Model::open(folder(model).path(), &device(None).unwrap())
            .and_then(|model| model.predictor())
            .unwrap();
        for (sequence, logits) in sequences.iter().zip(logits.chunks(2)) {
            let found = predictor.predict(std::slice::from_ref(sequence)).unwrap();
            close(&found[0], &softmax(logits), 1e-5);
        }
        let error = predictor.predict(&[sequence(1100)]).unwrap_err();
        assert!(matches!(error, TokenizeError::InBatch { .. }), "{error}");
    }
}

#[test]
fn rows_of_many_chunks_are_averaged() {
    // The way of the code beside the published models, for a plain classifier.
    let (config, device) = (config(3), device(None).unwrap());
    let model = config.sequence_classifier(4, &device);
    let mut ids: Vec<i32> = (0..32).map(|place| 5 + place * 7 % 60).collect();
    let whole = |ids: &[i32], rows: usize| {
        let (segments, mask) = (vec![0; ids.len()], vec![1.0; ids.len()]);
        TokenBatch::from_rows([rows, ids.len() / rows], ids.to_vec(), segments, mask, &device)
    };
    let found: Vec<f32> =
        model.forward(&whole(&ids, 1), &mut ()).into_data().iter::<f32>().collect();
    let pooled = model.pool(&whole(&ids, 2), &mut ()).mean_dim(0);
    let expected: Vec<f64> = model.classify(pooled).into_data().iter::<f64>().collect();
    close(&found, &expected, 1e-6);
    ids.truncate(16);
    assert_eq!(model.forward(&whole(&ids, 1), &mut ()).dims(), [1, 2]);
}
