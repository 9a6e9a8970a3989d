//! Checkpoints that are whole, damaged, or of another network.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use dnabert::Device;
use dnabert::model::checkpoint::{self, TensorProblems, tensors};
use dnabert::model::{
    BertConfig, Checkpoint, CheckpointError, HeadKind, NewHead, Pooling, ProblemType,
};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle/models").join(name)
}

fn device() -> Device {
    dnabert::device(None).unwrap()
}

/// A folder with the config of `name` and `bytes` as the weights file `file`.
fn folder(name: &str, file: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(model(name).join("config.json"), folder.path().join("config.json")).unwrap();
    fs::write(folder.path().join(file), bytes).unwrap();
    folder
}

fn new_head<'a>(labels: &'a [&'a str]) -> NewHead<'a> {
    NewHead {
        labels,
        problem: ProblemType::SingleLabelClassification,
        pooling: Pooling::Cls,
        new_pooler: false,
        seed: 4,
    }
}

fn problems(error: CheckpointError) -> TensorProblems {
    match error {
        CheckpointError::Tensors { problems, .. } => problems,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_written_is_read_back_to_the_bit() {
    let checkpoint = Checkpoint::open(model("k3_mlm")).unwrap();
    let network = checkpoint.masked_language_model(&device()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    checkpoint::save(&network, checkpoint.config(), folder.path()).unwrap();
    let again = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(again.config(), checkpoint.config());
    let again = again.masked_language_model(&device()).unwrap();
    assert_eq!(tensors(&again), tensors(&network));
}

#[test]
fn a_convolution_is_written_and_read_under_a_type_of_its_own() {
    let config = BertConfig {
        hidden_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 16,
        max_position_embeddings: 12,
        ..BertConfig::new(69)
    };
    let config = config.with_convolution(5);
    let network = config.masked_language_model(1, &device());
    let folder = tempfile::tempdir().unwrap();
    checkpoint::save(&network, &config, folder.path()).unwrap();
    let again = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(again.config().convolution_width, Some(5));
    let again = tensors(&again.masked_language_model(&device()).unwrap());
    assert_eq!(again, tensors(&network));
    let weight = again.iter().find(|t| t.name == "bert.embeddings.convolution.dense.weight");
    assert_eq!(weight.unwrap().shape, [8, 5 * 8]);
    // Without its type and width the file holds tensors that a BERT has no use for.
    let path = folder.path().join("config.json");
    let json = fs::read_to_string(&path).unwrap();
    fs::write(&path, json.replace("convolutional-bert", "bert")).unwrap();
    assert!(matches!(Checkpoint::open(folder.path()), Err(CheckpointError::Config(_))));
    let plain = BertConfig { model_type: "bert".into(), convolution_width: None, ..config };
    plain.write(&path).unwrap();
    let plain = Checkpoint::open(folder.path()).unwrap();
    let error = problems(plain.masked_language_model(&device()).unwrap_err());
    assert_eq!(error.unused.len(), 4, "{error:?}");
}

#[test]
fn half_precision_keeps_what_f16_holds_and_refuses_what_it_cannot() {
    let checkpoint = Checkpoint::open(model("k3_mlm")).unwrap();
    let network = checkpoint.masked_language_model(&device()).unwrap();
    let (whole, half) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    checkpoint::save(&network, checkpoint.config(), whole.path()).unwrap();
    checkpoint::save_half(&network, checkpoint.config(), half.path()).unwrap();
    let size = |folder: &Path| fs::metadata(folder.join("model.safetensors")).unwrap().len();
    assert!(size(half.path()) < size(whole.path()) * 6 / 10);
    let again = Checkpoint::open(half.path()).unwrap().masked_language_model(&device()).unwrap();
    for (found, exact) in tensors(&again).iter().zip(&tensors(&network)) {
        assert_eq!((&found.name, &found.shape), (&exact.name, &exact.shape));
        for (found, exact) in found.values.iter().zip(&exact.values) {
            // Ten bits behind the first one; below 2^-14, steps of 2^-24.
            assert!((found - exact).abs() <= exact.abs() / 2048.0 + 3e-8, "{found} {exact}");
        }
    }
    let large = network.map(&mut Enlarge);
    let other = tempfile::tempdir().unwrap();
    let error = checkpoint::save_half(&large, checkpoint.config(), other.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::NotHalf { .. }), "{error}");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0, "nothing is written");
}

/// Multiplies every weight by a million.
struct Enlarge;

impl ModuleMapper for Enlarge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weights| weights * 1e6)
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error_and_never_a_panic() {
    for file in ["model.safetensors", "pytorch_model.bin", "pytorch_model_legacy.bin"] {
        let whole = fs::read(model("k3_mlm").join(file)).unwrap();
        for part in [0, 1, 7, 8, 9, 100, 3000, whole.len() / 2, whole.len() - 1] {
            let folder = folder("k3_mlm", file, &whole[..part]);
            let error = Checkpoint::open_file(folder.path(), file)
                .and_then(|checkpoint| checkpoint.masked_language_model(&device()))
                .unwrap_err();
            assert!(error.to_string().contains(file), "{file} cut to {part}: {error}");
        }
    }
}

#[test]
fn a_head_is_never_random_unless_asked_for() {
    let checkpoint = Checkpoint::open(model("k3_mlm")).unwrap();
    let found = problems(checkpoint.sequence_classifier(&device()).unwrap_err());
    assert_eq!(found.missing, ["classifier.weight", "classifier.bias"]);
    assert!(found.unused.contains(&"cls.predictions.bias".to_owned()), "{found}");

    let head = new_head(&["a", "b", "c"]);
    let (network, config) = checkpoint.with_new_head(&head, &device()).unwrap();
    assert_eq!((network.labels(), config.labels()), (3, 3));
    let (same, _) = checkpoint.with_new_head(&head, &device()).unwrap();
    assert_eq!(tensors(&network), tensors(&same));
    // The encoder is the file's.
    let encoder = tensors(&checkpoint.encoder(&device()).unwrap());
    assert_eq!(tensors(&network)[..encoder.len()], encoder);
}

#[test]
fn a_pooler_that_is_missing_must_be_asked_for_too() {
    let checkpoint = Checkpoint::open(model("k3_tokcls")).unwrap(); // has none
    let head = new_head(&["a", "b"]);
    let found = problems(checkpoint.with_new_head(&head, &device()).unwrap_err());
    assert_eq!(found.missing, ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]);
    let head = NewHead { new_pooler: true, ..head };
    checkpoint.with_new_head(&head, &device()).unwrap();
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    let mut checkpoint = Checkpoint::open(model("k3_cls")).unwrap();
    checkpoint.config_mut().vocab_size = 261;
    checkpoint.config_mut().num_hidden_layers = 4;
    let found = problems(checkpoint.sequence_classifier(&device()).unwrap_err());
    assert_eq!(found.misshapen.len(), 1);
    assert_eq!(found.misshapen[0].name, "bert.embeddings.word_embeddings.weight");
    assert_eq!(found.misshapen[0].expected, [261, 48]);
    assert!(found.missing.iter().all(|name| name.starts_with("bert.encoder.layer.3.")));
}

#[test]
fn a_weight_that_is_no_number_is_named() {
    let mut bytes = fs::read(model("k3_cls").join("model.safetensors")).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    let folder = folder("k3_cls", "model.safetensors", &bytes);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let error = checkpoint.sequence_classifier(&device()).unwrap_err();
    assert!(matches!(error, CheckpointError::NotFinite { .. }), "{error}");
}

#[test]
fn a_folder_without_weights_is_named() {
    let folder = folder("k3_cls", "unrelated", b"");
    let error = Checkpoint::open(folder.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::NoWeights { .. }), "{error}");
}

#[test]
fn a_head_over_tokens_is_none_over_sequences() {
    let tokens = Checkpoint::open(model("k3_tokcls")).unwrap();
    assert_eq!(tokens.head(), HeadKind::Tokens);
    let error = tokens.sequence_classifier(&device()).unwrap_err();
    assert!(matches!(error, CheckpointError::OtherHead { classifies: "tokens", .. }), "{error}");
    let sequences = Checkpoint::open(model("k3_cls")).unwrap();
    assert_eq!(sequences.head(), HeadKind::Sequence);
    let error = sequences.token_classifier(&device()).unwrap_err();
    assert!(matches!(error, CheckpointError::OtherHead { classifies: "sequences", .. }), "{error}");
    let masked = Checkpoint::open(model("k3_mlm")).unwrap();
    assert_eq!(masked.head(), HeadKind::MaskedLanguageModel);
}

#[test]
fn the_tensors_tell_the_head_where_the_config_does_not() {
    for name in ["k3_mlm", "k3_cls", "k3_tokcls"] {
        let mut checkpoint = Checkpoint::open(model(name)).unwrap();
        let named = checkpoint.head();
        checkpoint.config_mut().architectures.clear();
        assert_eq!(checkpoint.head(), named, "{name}");
    }
}

#[test]
fn a_pooler_that_no_head_reads_is_not_written() {
    // transformers would read it, and judge by it.
    let checkpoint = Checkpoint::open(model("k3_cls")).unwrap();
    let head = NewHead { pooling: Pooling::Mean, ..new_head(&["a", "b"]) };
    let (network, config) = checkpoint.with_new_head(&head, &device()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    checkpoint::save(&network, &config, folder.path()).unwrap();
    let again = Checkpoint::open(folder.path()).unwrap();
    assert!(checkpoint.has_pooler() && !again.has_pooler());
    assert_eq!(tensors(&again.sequence_classifier(&device()).unwrap()), tensors(&network));
}

/// The tensors of a safetensors file, in as many files as asked for, and an index.
fn write_shards(from: &Path, folder: &Path, count: usize) {
    let bytes = fs::read(from.join("model.safetensors")).unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let mut map = serde_json::Map::new();
    for shard in 0..count {
        let file = format!("model-{shard}.safetensors");
        let own = whole.iter().enumerate().filter(|(at, _)| at % count == shard);
        let own: Vec<(String, TensorView<'_>)> =
            own.map(|(_, (name, view))| (name.to_owned(), view)).collect();
        own.iter().for_each(|(name, _)| drop(map.insert(name.clone(), file.clone().into())));
        fs::write(folder.join(file), safetensors::serialize(own, None).unwrap()).unwrap();
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map });
    fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    fs::copy(from.join("config.json"), folder.join("config.json")).unwrap();
}

#[test]
fn weights_in_several_files_are_those_of_one() {
    let folder = tempfile::tempdir().unwrap();
    write_shards(&model("k3_cls"), folder.path(), 3);
    let read = |folder: &Path| {
        let checkpoint = Checkpoint::open(folder)?;
        Ok::<_, CheckpointError>(tensors(&checkpoint.sequence_classifier(&device())?))
    };
    assert_eq!(read(folder.path()).unwrap(), read(&model("k3_cls")).unwrap());
    let index = folder.path().join("model.safetensors.index.json");
    let text = fs::read_to_string(&index).unwrap();
    for name in ["../model-1.safetensors", "/etc/hosts", "a/b.safetensors", "", ".."] {
        fs::write(&index, text.replace("model-1.safetensors", name)).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is not the name of a file beside it"), "{error}");
    }
    fs::write(&index, &text).unwrap();
    fs::remove_file(folder.path().join("model-2.safetensors")).unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("model-2.safetensors is missing"), "{error}");
    fs::copy(folder.path().join("model-0.safetensors"), folder.path().join("model-2.safetensors"))
        .unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("is not in model-2.safetensors"), "{error}");
}

#[test]
fn prefixes_of_training_programs_are_removed() {
    let from = model("k3_cls");
    let bytes = fs::read(from.join("model.safetensors")).unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let expected =
        tensors(&Checkpoint::open(&from).unwrap().sequence_classifier(&device()).unwrap());
    let renamed = |prefix: &str| {
        let all = whole.iter().map(|(name, view)| (format!("{prefix}{name}"), view));
        let bytes = safetensors::serialize(all.collect::<Vec<_>>(), None).unwrap();
        let folder = folder("k3_cls", "model.safetensors", &bytes);
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        checkpoint.sequence_classifier(&device()).map(|model| tensors(&model))
    };
    for prefix in ["module.", "_orig_mod.", "state_dict.model.", "model.module."] {
        assert_eq!(renamed(prefix).unwrap(), expected, "{prefix}");
    }
    // Another prefix is an error of a few lines.
    let error = renamed("mine.").unwrap_err().to_string();
    assert!(error.contains("mine.") && error.contains(" more") && error.len() < 2000, "{error}");
}

#[test]
fn a_config_of_a_larger_network_asks_for_no_memory() {
    let changes: [fn(&mut BertConfig); 5] = [
        |config| config.hidden_size = 1_000_000_000_000,
        |config| config.intermediate_size = usize::MAX / 2,
        |config| config.vocab_size = 1 << 60,
        |config| config.max_position_embeddings = 1 << 50,
        |config| config.type_vocab_size = 1 << 50,
    ];
    for change in changes {
        let mut checkpoint = Checkpoint::open(model("k3_cls")).unwrap();
        change(checkpoint.config_mut());
        let error = checkpoint.sequence_classifier(&device()).unwrap_err();
        let is_refused =
            matches!(error, CheckpointError::Larger { .. } | CheckpointError::Config(_));
        assert!(is_refused, "{error}");
    }
}

#[test]
fn more_layers_than_tensors_are_refused_before_they_are_made() {
    let mut checkpoint = Checkpoint::open(model("k3_cls")).unwrap();
    checkpoint.config_mut().num_hidden_layers = 2_000_000_000;
    let error = checkpoint.sequence_classifier(&device()).unwrap_err();
    assert!(matches!(error, CheckpointError::Config(_)), "{error}");
}
