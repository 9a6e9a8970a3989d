//! The examples that use a trained model, as a user runs them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dnabert::kmer::{KmerTokenizer, Vocabulary};
use dnabert::model::{BertConfig, checkpoint};
use dnabert::{AnyTokenizer, device};
use tempfile::TempDir;

/// An example, as a plain `cargo test` builds it before this test (`--test reading` would not).
fn program(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Two models with k = 3 and 4, rows of 32 tokens and width 12, and sequences short and long.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let device = device(None).unwrap();
        for k in [3, 4] {
            let config = BertConfig {
                hidden_size: 12,
                num_hidden_layers: 2,
                num_attention_heads: 3,
                intermediate_size: 24,
                max_position_embeddings: 32,
                initializer_range: 0.4,
                ..BertConfig::new(Vocabulary::new(k).unwrap().size())
            };
            let config = config.with_labels(&["no", "yes"]);
            let folder = desk.path(&format!("k{k}"));
            let model = config.sequence_classifier(k as u64, &device);
            checkpoint::save(&model, &config, &folder).unwrap();
            let tokenizer = AnyTokenizer::from(KmerTokenizer::new(k).unwrap());
            tokenizer.save(&config, &folder).unwrap();
        }
        desk.write("x.fa", &format!(">short\nACGTACGTTT\n>long\n{}\n", "ACGGTCA".repeat(20)));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs an example in the folder.
    fn run(&self, name: &str, arguments: &[&str]) -> Output {
        Command::new(program(name)).args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn table(&self, name: &str, arguments: &[&str]) -> Vec<Vec<String>> {
        let output = self.run(name, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        rows(&String::from_utf8(output.stdout).unwrap())
    }

    fn refuses(&self, output: &Output, what: &str) {
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(what) && !message.contains("panicked"), "{message}");
    }
}

fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn predictions_of_an_ensemble_are_the_mean() {
    let desk = Desk::new();
    let one = |k: &str| desk.table("predict", &["--model", k, "x.fa"]);
    let (k3, k4) = (one("k3"), one("k4"));
    assert_eq!(k3[0], ["name", "predicted", "p_no", "p_yes"]);
    assert_eq!((k3[1][0].as_str(), k3[2][0].as_str(), k3.len()), ("short", "long", 3));
    let both = desk.table("predict", &["--model", "k3", "--model", "k4", "x.fa"]);
    for row in 1..3 {
        let number = |table: &[Vec<String>]| table[row][3].parse::<f64>().unwrap();
        let mean = (number(&k3) + number(&k4)) / 2.0;
        assert!((number(&both) - mean).abs() < 2e-6, "{both:?}");
    }
}

#[test]
fn tables_and_pairs_are_read_and_files_are_written_whole() {
    let desk = Desk::new();
    desk.write("pairs.tsv", "ACGTAC\tGGGTTT\nACGTAC\tACGTAC\n");
    let pairs = desk.table("predict", &["--model", "k3", "--pairs", "pairs.tsv"]);
    assert_eq!((pairs.len(), pairs[2][0].as_str()), (3, "pairs.tsv:2"));

    desk.write("out.tsv", "an older result");
    desk.write("bad.tsv", "ACGTAC\nACNTAC\n");
    let output = desk.run("predict", &["--model", "k3", "--out", "out.tsv", "bad.tsv"]);
    desk.refuses(&output, "bad.tsv:2: ambiguous base 'N' at position 2");
    assert_eq!(fs::read_to_string(desk.path("out.tsv")).unwrap(), "an older result");
    let output =
        desk.run("predict", &["--model", "k3", "--unknown", "--out", "out.tsv", "bad.tsv"]);
    assert!(output.status.success());
    assert_eq!(rows(&fs::read_to_string(desk.path("out.tsv")).unwrap()).len(), 3);
}

#[test]
fn vectors_of_sequences_tokens_and_bases_are_written() {
    let desk = Desk::new();
    let per = |what: &str| desk.table("embed", &["--model", "k3", "--per", what, "x.fa"]);
    let sequences = per("sequence");
    assert_eq!((sequences.len(), sequences[1].len()), (3, 3 + 12));
    let bases = per("base");
    assert_eq!(bases.len(), 1 + 10 + 140);
    assert_eq!(bases[11][..3], ["long", "0", "1"]);
    let tokens = per("token");
    assert_eq!(tokens[1][..3], ["short", "NA", "NA"]); // [CLS]
    assert_eq!(tokens[2][..3], ["short", "0", "3"]);

    // The same numbers in NumPy's format, with an index.
    let arguments = ["--model", "k3", "--per", "base", "--out", "x.npy", "x.fa"];
    assert!(desk.run("embed", &arguments).status.success());
    let bytes = fs::read(desk.path("x.npy")).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..128]).contains("'shape': (150, 12)"));
    let values: Vec<f32> = bytes[128..]
        .chunks_exact(4)
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    let expected: Vec<f32> =
        bases[1..].iter().flat_map(|row| &row[3..]).map(|text| text.parse().unwrap()).collect();
    assert_eq!(values, expected);
    let index = rows(&fs::read_to_string(desk.path("x.index.tsv")).unwrap());
    assert_eq!(index.len(), 151);
}

#[test]
fn a_checkpoint_is_converted_to_the_bit() {
    let desk = Desk::new();
    let output = desk.run("convert", &["--model", "k3", "--out", "again"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for file in ["model.safetensors", "config.json", "vocab.txt"] {
        let [old, new] = ["k3", "again"].map(|folder| fs::read(desk.path(folder).join(file)));
        assert_eq!(old.unwrap(), new.unwrap(), "{file}");
    }
}

#[test]
fn a_checkpoint_that_names_no_class_keeps_its_head() {
    let desk = Desk::new();
    let config = fs::read_to_string(desk.path("k3/config.json")).unwrap();
    let nameless = config.replace("\"BertForSequenceClassification\"", "");
    assert_ne!(config, nameless);
    desk.write("k3/config.json", &nameless);
    assert!(desk.run("convert", &["--model", "k3", "--out", "again"]).status.success());
    let [old, new] = ["k3", "again"].map(|folder| desk.path(folder).join("model.safetensors"));
    assert_eq!(fs::read(old).unwrap(), fs::read(new).unwrap());
}

#[test]
fn a_mask_that_needs_a_length_says_so() {
    let desk = Desk::new();
    let head = ["--model", "k3", "--mask-mode", "head", "x.fa"];
    desk.refuses(&desk.run("predict", &head), "padded_length");
    desk.refuses(&desk.run("embed", &head), "padded_length");
    let long = [&head[..4], &["--padded-length", "33", "x.fa"]].concat();
    desk.refuses(&desk.run("predict", &long), "`padded_length` is 33");
    let fits = [&head[..4], &["--padded-length", "32", "x.fa"]].concat();
    assert_eq!(desk.table("predict", &fits).len(), 3);
}

#[test]
fn causes_are_told_wherever_the_answer_goes() {
    let desk = Desk::new();
    desk.write("bad.fa", ">a\nAC*T\n");
    for out in [&[][..], &["--out", "out.tsv"]] {
        let arguments = [&["--model", "k3"], out, &["bad.fa"]].concat();
        desk.refuses(&desk.run("predict", &arguments), "invalid base '*' at position 2");
    }
}

#[test]
fn models_that_are_not_there_are_named() {
    let desk = Desk::new();
    desk.refuses(&desk.run("predict", &["--model", "k5", "x.fa"]), "k5: no such folder");
    desk.write("k3/vocab.txt", "[PAD]\n");
    desk.refuses(&desk.run("embed", &["--model", "k3", "x.fa"]), "vocab.txt");
}
