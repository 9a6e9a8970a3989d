//! Where an experiment starts, and what its head makes of that.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::Path;

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::Tensor;
use dnabert::core::{Classifier, Example, Sequence, Split, Task, derive_seed};
use dnabert::kmer::KmerTokenizer;
use dnabert::model::{
    Adaptation, BertConfig, Encoder, EncoderOutput, LayerSink, LowRank, Pooling, TokenBatch,
    initialize,
};
use dnabert::train::{FineTuneConfig, Observer};
use dnabert::{
    AnyClassifier, AnyTokenizer, Device, Ensemble, Experiment, ExperimentError, HeadInit, Model,
    ModelInit, ModelSize, Ngrams, Outcome, OwnEncoder, Predictor, ReadOptions,
};

/// Sequences of random bases, of which each class but the first has a box of its own somewhere.
struct Boxes {
    classes: Vec<String>,
}

impl Task for Boxes {
    type Error = Infallible;

    fn name(&self) -> &str {
        "boxes"
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, Infallible> {
        let (rows, salt) = match split {
            Split::Train => (120, 1),
            Split::Dev => (60, 2),
            Split::Test => (80, 3),
        };
        let example = |row: u64| {
            let random = |place: u64, below: u64| derive_seed(salt, &[row, place]) % below;
            let mut bases: Vec<u8> =
                (0..60).map(|place| b"ACGT"[random(place, 4) as usize]).collect();
            let label = row as usize % self.classes.len();
            if label > 0 {
                let place = random(60, 50) as usize;
                bases[place..place + 6].copy_from_slice([b"TATAAA", b"CAGGTG"][label - 1]);
            }
            let sequence = String::from_utf8(bases).unwrap().parse::<Sequence>().unwrap();
            Example { name: row.to_string(), sequence, pair: None, label }
        };
        Ok((0..rows).map(example).collect())
    }
}

fn boxes() -> Boxes {
    Boxes { classes: ["none", "box"].map(str::to_owned).to_vec() }
}

fn config(outcome: &Outcome) -> &BertConfig {
    outcome.metrics.config.model.bert().unwrap()
}

fn experiment(start: ModelInit, head: HeadInit, epochs: usize, learning_rate: f64) -> Experiment {
    Experiment {
        start,
        further_starts: Vec::new(),
        head,
        pooled_parts: None,
        ngrams: None,
        both_strands: false,
        dropout: None,
        adaptation: Adaptation::Full,
        ambiguity: Default::default(),
        truncate: false,
        fine_tune: FineTuneConfig { epochs, learning_rate, ..FineTuneConfig::default() },
        members: NonZeroUsize::MIN,
    }
}

fn run(start: ModelInit, head: HeadInit, epochs: usize, learning_rate: f64) -> Outcome {
    let experiment = experiment(start, head, epochs, learning_rate);
    experiment.run(&boxes(), &Device::flex()).unwrap()
}

fn fresh() -> ModelInit {
    ModelInit::Fresh { size: ModelSize::Small, k: 4, pooling: None }
}

#[test]
fn a_regressed_head_tells_what_the_states_know_without_an_epoch() {
    let outcome = run(fresh(), HeadInit::Regression, 0, 1e-3);
    assert_eq!(outcome.metrics.trainings[0].best_epoch, 0);
    assert!(outcome.metrics.config.fine_tune.keep_start);
    // Means over random states tell which 4-mers occur.
    let area = outcome.metrics.evaluation.test.auroc.unwrap();
    assert!(area > 0.65, "{area}");
    let random = run(fresh(), HeadInit::Random, 1, 1e-12).metrics.evaluation.test.auroc.unwrap();
    assert!(random < area, "{random} {area}");
}

#[test]
fn a_reset_network_has_the_shape_of_its_folder_and_other_weights() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = || ModelInit::Fresh { size: ModelSize::Tiny, k: 3, pooling: None };
    let trained = run(tiny(), HeadInit::Random, 1, 1e-3);
    trained.write(folder.path()).unwrap();
    let path = folder.path().join("model");
    let frozen = |start| run(start, HeadInit::Regression, 0, 1e-3);
    let reset = frozen(ModelInit::Reset { path: path.clone(), pooling: None });
    let first = frozen(tiny());
    let other = frozen(ModelInit::Reset { path: path.clone(), pooling: Some(Pooling::Std) });
    assert_eq!(
        (config(&other).pooling, config(&reset).pooling),
        (Pooling::Std, config(&first).pooling)
    );
    let kept = ModelInit::Folder { path, pooling: None, mask_mode: None, padded_length: None };
    let kept = frozen(kept);
    assert_eq!(config(&reset).hidden_size, config(&trained).hidden_size);
    assert_eq!(config(&reset).num_hidden_layers, config(&trained).num_hidden_layers);
    assert_eq!(reset.predictions, first.predictions, "drawn as a fresh one is");
    assert_ne!(reset.predictions, kept.predictions);
    assert_ne!(reset.predictions, other.predictions);
}

#[test]
fn settings_that_make_no_network_are_refused() {
    let wrong = Experiment { dropout: Some(1.5), ..experiment(fresh(), HeadInit::Random, 1, 1e-3) };
    let error = wrong.run(&boxes(), &Device::flex()).unwrap_err();
    assert!(matches!(error, ExperimentError::Model(_)), "{error}");
}

#[test]
fn counts_in_the_head_are_learned_and_kept_in_the_folder() {
    let with_counts = Experiment {
        ngrams: Some(Ngrams::PLAIN),
        ..experiment(fresh(), HeadInit::Regression, 1, 1e-4)
    };
    let outcome = with_counts.run(&boxes(), &Device::flex()).unwrap();
    let area = outcome.metrics.evaluation.test.auroc.unwrap();
    assert!(area > 0.8, "{area}");
    assert_eq!(outcome.metrics.trainings[0].ngram_fraction, None);
    is_the_same_in_its_folder(&outcome);
}

#[test]
fn placed_kmers_beside_the_network_make_it_better_and_are_kept_in_the_folder() {
    let without = experiment(fresh(), HeadInit::Random, 1, 1e-4);
    let ngrams = Some(Ngrams::BESIDE);
    let beside = Experiment { ngrams, ..without.clone() };
    let run = |experiment: &Experiment| experiment.run(&boxes(), &Device::flex()).unwrap();
    let (without, beside) = (run(&without), run(&beside));
    // The network is trained as it would be without.
    let [alone, together] = [&without, &beside].map(|outcome| &outcome.metrics.trainings[0]);
    assert_eq!(alone.history, together.history);
    assert!(together.ngram_fraction.unwrap() > 0.0);
    let area = |outcome: &Outcome| outcome.metrics.evaluation.test.auroc.unwrap();
    assert!(area(&beside) > area(&without).max(0.8), "{} {}", area(&beside), area(&without));
    is_the_same_in_its_folder(&beside);
}

#[test]
fn placed_kmers_stand_beside_each_of_several_members_on_both_strands_and_of_three_classes() {
    let boxes = Boxes { classes: ["none", "box", "other"].map(str::to_owned).to_vec() };
    let start = ModelInit::Fresh { size: ModelSize::Tiny, k: 4, pooling: None };
    let beside = Experiment {
        ngrams: Some(Ngrams::BESIDE),
        both_strands: true,
        members: NonZeroUsize::new(2).unwrap(),
        ..experiment(start, HeadInit::Random, 1, 1e-4)
    };
    let outcome = beside.run(&boxes, &Device::flex()).unwrap();
    let area = outcome.metrics.evaluation.test.auroc.unwrap();
    assert!(area > 0.75, "{area}");
    assert!(outcome.metrics.trainings.iter().all(|member| member.ngram_fraction.unwrap() > 0.0));
    // The folder knows that both strands are read.
    is_the_same_in_its_folder_on(&outcome, &boxes);
}

/// Whether what is written, and read again, says what the run said of the test split.
fn is_the_same_in_its_folder(outcome: &Outcome) {
    is_the_same_in_its_folder_on(outcome, &boxes());
}

fn is_the_same_in_its_folder_on(outcome: &Outcome, boxes: &Boxes) {
    let folder = tempfile::tempdir().unwrap();
    outcome.write(folder.path()).unwrap();
    let again = AnyClassifier::open(folder.path().join("model"), &Device::flex()).unwrap();
    assert_eq!(again.labels(), boxes.classes);
    let test = boxes.examples(Split::Test).unwrap();
    let sequences: Vec<Sequence> = test.into_iter().map(|example| example.sequence).collect();
    let found = again.predict(&sequences).unwrap();
    for (found, expected) in found.iter().zip(&outcome.predictions) {
        for (found, expected) in found.iter().zip(&expected.probabilities) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}

#[test]
fn parts_are_kept_in_the_folder_and_by_what_starts_from_it() {
    let parts = NonZeroUsize::new(3);
    let start = ModelInit::Fresh { size: ModelSize::Tiny, k: 3, pooling: Some(Pooling::Max) };
    let in_parts =
        Experiment { pooled_parts: parts, ..experiment(start, HeadInit::Random, 1, 1e-3) };
    let outcome = in_parts.run(&boxes(), &Device::flex()).unwrap();
    assert_eq!(Some(config(&outcome).pooled_parts), parts);
    let folder = tempfile::tempdir().unwrap();
    outcome.write(folder.path()).unwrap();
    let path = folder.path().join("model");
    let again = Model::open(&path, &Device::flex()).and_then(|model| model.predictor()).unwrap();
    // Rows of unequal length in one batch, whose parts are not the same tokens.
    let test = boxes().examples(Split::Test).unwrap();
    let cut = |(row, example): (usize, &Example)| -> Sequence {
        example.sequence.to_string()[..60 - row % 7].parse().unwrap()
    };
    let sequences: Vec<Sequence> = test.iter().enumerate().map(cut).collect();
    let together = again.predict(&sequences).unwrap();
    for (row, sequence) in sequences.iter().enumerate() {
        let alone = again.predict(std::slice::from_ref(sequence)).unwrap();
        assert!((alone[0][1] - together[row][1]).abs() < 1e-5, "{alone:?} {:?}", together[row]);
        if sequence.len() == 60 {
            let expected = outcome.predictions[row].probabilities[1];
            assert!((f64::from(alone[0][1]) - expected).abs() < 1e-5, "{alone:?} {expected}");
        }
    }
    let kept = ModelInit::Folder { path, pooling: None, mask_mode: None, padded_length: None };
    assert_eq!(Some(config(&run(kept, HeadInit::Random, 1, 1e-3)).pooled_parts), parts);
}

#[test]
fn members_start_where_they_are_told_in_turn() {
    let tiny = |k| ModelInit::Fresh { size: ModelSize::Tiny, k, pooling: Some(Pooling::Mean) };
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, k: usize, learning_rate: f64| {
        run(tiny(k), HeadInit::Random, 1, learning_rate).write(folder.path().join(name)).unwrap();
        let path = folder.path().join(name).join("model");
        ModelInit::Folder { path, pooling: None, mask_mode: None, padded_length: None }
    };
    let (one, other, unlike) =
        (made("one", 3, 1e-3), made("other", 3, 3e-3), made("unlike", 4, 1e-3));
    // As if it had learned something else before: the head is new in any case.
    let config = folder.path().join("other/model/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    let class = ["BertForSequenceClassification", "BertForMaskedLM"];
    assert!(text.contains(class[0]));
    std::fs::write(config, text.replace(class[0], class[1])).unwrap();
    let further = |starts: &[&ModelInit]| Experiment {
        further_starts: starts.iter().copied().cloned().collect(),
        members: NonZeroUsize::new(3).unwrap(),
        ..experiment(one.clone(), HeadInit::Random, 1, 1e-3)
    };
    let together = further(&[&other]).run(&boxes(), &Device::flex()).unwrap();
    let trainings = &together.metrics.trainings;
    let ends = ["one/model", "other/model", "one/model"];
    assert!(trainings.iter().zip(ends).all(|(member, end)| member.start.ends_with(end)));
    // The second is what it would be alone.
    let mut alone = experiment(other.clone(), HeadInit::Random, 1, 1e-3);
    alone.fine_tune.seed = trainings[1].seed;
    let alone = alone.run(&boxes(), &Device::flex()).unwrap();
    assert_eq!(alone.metrics.trainings[0], trainings[1]);
    assert_ne!(trainings[0].history, trainings[1].history);
    let ModelInit::Folder { path, .. } = other.clone() else { unreachable!("made so") };
    let reset = ModelInit::Reset { path, pooling: None };
    further(&[&reset]).run(&boxes(), &Device::flex()).unwrap();
    /// Counts the networks whose training has begun.
    struct Begun(usize);
    impl Observer for Begun {
        fn network(&mut self, _number: usize, _networks: usize) {
            self.0 += 1;
        }
    }
    let mut begun = Begun(0);
    let error =
        further(&[&unlike]).run_observed(&boxes(), &Device::flex(), &mut begun).unwrap_err();
    assert!(matches!(error, ExperimentError::UnlikeStarts { .. }), "{error}");
    assert_eq!(begun.0, 0, "nothing is trained that could not be of use");
}

#[test]
fn members_learn_from_seeds_of_their_own_and_answer_with_their_mean() {
    let tiny = || ModelInit::Fresh { size: ModelSize::Tiny, k: 3, pooling: None };
    let one = run(tiny(), HeadInit::Random, 1, 1e-3);
    let three = NonZeroUsize::new(3).unwrap();
    let together = Experiment { members: three, ..experiment(tiny(), HeadInit::Random, 1, 1e-3) };
    let together = together.run(&boxes(), &Device::flex()).unwrap();
    assert_eq!(together.metrics.trainings.len(), 3);
    assert_eq!(together.metrics.trainings[0], one.metrics.trainings[0]);
    assert_ne!(together.metrics.trainings[1].history, together.metrics.trainings[2].history);

    let folder = tempfile::tempdir().unwrap();
    together.write(folder.path()).unwrap();
    let options = ReadOptions::default();
    let again = Ensemble::open(folder.path().join("model"), &options, &Device::flex()).unwrap();
    let test = boxes().examples(Split::Test).unwrap();
    let sequences: Vec<Sequence> = test.into_iter().map(|example| example.sequence).collect();
    let found = again.predict(&sequences).unwrap();
    let first = again.members()[0].classifier.predict(&sequences).unwrap();
    for (row, (found, first)) in found.iter().zip(&first).enumerate() {
        let expected = [&together, &one].map(|outcome| outcome.predictions[row].probabilities[1]);
        assert!((f64::from(found[1]) - expected[0]).abs() < 1e-5, "{found:?} {expected:?}");
        assert!((f64::from(first[1]) - expected[1]).abs() < 1e-5, "{first:?} {expected:?}");
    }
    assert_ne!(found, first);

    one.write(folder.path()).unwrap();
    assert!(folder.path().join("model/config.json").is_file());
    assert!(!folder.path().join("model/ensemble.json").exists(), "members of another run");
}

#[test]
fn a_tokenizer_of_ones_own_is_trained_under_written_and_opened_again() {
    let device = dnabert::device(None).unwrap();
    let kmers = || KmerTokenizer::new(3).unwrap();
    let experiment = Experiment::fresh(ModelSize::Tiny, 3).with_epochs(2);
    let ours = experiment.run(&boxes(), &device).unwrap();
    let own = experiment.run_with_tokenizer(kmers(), &boxes(), &device, &mut ()).unwrap();
    // The same tokens under another name.
    assert_eq!(own.predictions, ours.predictions);
    let folder = tempfile::tempdir().unwrap();
    own.write(folder.path()).unwrap();
    let folder = folder.path().join("model");
    assert!(!folder.join("vocab.txt").exists());
    let error = Model::open(&folder, &device).unwrap_err();
    assert!(
        std::error::Error::source(&error).unwrap().to_string().contains("vocab.txt"),
        "{error}"
    );
    let model = Model::open_with_tokenizer(&folder, AnyTokenizer::own(kmers()), &device).unwrap();
    let sequence = boxes().examples(Split::Test).unwrap()[0].sequence.clone();
    let row = model.predictor().unwrap().predict(&[sequence]).unwrap().remove(0);
    for (found, expected) in row.iter().zip(&ours.predictions[0].probabilities) {
        assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} and {expected}");
    }
    let other = AnyTokenizer::own(KmerTokenizer::new(4).unwrap());
    let error = Model::open_with_tokenizer(&folder, other, &device).unwrap_err();
    assert!(error.to_string().contains("261 ids and the network 69"), "{error}");
}

/// The mean of embedded tokens, as an encoder.
#[derive(Module, Debug)]
struct MeanOfTokens {
    tokens: Embedding,
}

impl MeanOfTokens {
    fn new(width: usize, seed: u64, device: &Device) -> Self {
        let tokens = EmbeddingConfig::new(69, width).init(device);
        initialize(Self { tokens }, 0.1, seed)
    }
}

impl Encoder for MeanOfTokens {
    fn hidden_size(&self) -> usize {
        let [_, width] = self.tokens.weight.dims();
        width
    }

    fn encode(&self, batch: &TokenBatch, _: &mut dyn LayerSink) -> EncoderOutput {
        let hidden: Tensor<3> = self.tokens.forward(batch.ids.clone());
        let pooled = hidden.clone().mean_dim(1).squeeze_dim(1);
        EncoderOutput { hidden, pooled }
    }
}

#[test]
fn an_encoder_of_ones_own_is_trained_joined_written_and_opened_again() {
    let device = Device::flex();
    let kmers = || -> AnyTokenizer { KmerTokenizer::new(3).unwrap().into() };
    let new = |seed: u64, device: &Device| MeanOfTokens::new(16, seed, device);
    let own = OwnEncoder::new(kmers(), new).with_pooling(Pooling::Mean).with_longest_row(60);
    let mut experiment = Experiment::fresh(ModelSize::Tiny, 3).with_epochs(10);
    experiment.fine_tune.learning_rate = 1e-2;
    experiment.members = NonZeroUsize::new(2).unwrap();
    let run = |experiment: &Experiment| {
        experiment.run_with_encoder(&own, &boxes(), &device, &mut ()).unwrap()
    };
    let outcome = run(&experiment);
    assert_eq!(outcome.predictions, run(&experiment).predictions, "the same seed");
    let history = &outcome.metrics.trainings[0].history;
    assert!(history[9].train_loss < history[0].train_loss - 0.02, "{history:?}");

    let folder = tempfile::tempdir().unwrap();
    outcome.write(folder.path()).unwrap();
    let metrics = std::fs::read_to_string(folder.path().join("metrics.json")).unwrap();
    assert!(metrics.contains("MeanOfTokens"), "{metrics}");
    let model = folder.path().join("model");
    let open = |folder: &Path| {
        Ok(AnyClassifier::own(Predictor::open_own(folder, new(0, &device), kmers(), &device)?))
    };
    let options = ReadOptions::default();
    let again = AnyClassifier::open_with_own(&model, &options, &open, &device).unwrap();
    let test = boxes().examples(Split::Test).unwrap();
    let sequences: Vec<Sequence> = test.into_iter().map(|example| example.sequence).collect();
    for (row, expected) in again.predict(&sequences).unwrap().iter().zip(&outcome.predictions) {
        for (found, expected) in row.iter().zip(&expected.probabilities) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} and {expected}");
        }
    }

    let member = model.join("own-1");
    for error in [
        AnyClassifier::open(&model, &device).unwrap_err(),
        Model::open(&member, &device).unwrap_err(),
    ] {
        assert!(error.to_string().contains("MeanOfTokens"), "{error}");
    }
    let wide = MeanOfTokens::new(17, 0, &device);
    let error = Predictor::open_own(&member, wide, kmers(), &device).unwrap_err();
    assert!(error.to_string().contains("weights.bpk"), "{error}");
    let other: AnyTokenizer = KmerTokenizer::new(4).unwrap().into();
    let error = Predictor::open_own(&member, new(0, &device), other, &device).unwrap_err();
    assert!(error.to_string().contains("261 ids and the network 69"), "{error}");

    experiment.adaptation = Adaptation::LowRank(LowRank::default());
    let error = experiment.run_with_encoder(&own, &boxes(), &device, &mut ()).unwrap_err();
    assert!(matches!(error, ExperimentError::NoAdapters), "{error}");
}
