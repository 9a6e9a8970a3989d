//! The program as a user runs it, in a folder of its own.
#![allow(dead_code, reason = "each test needs some of it")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use dnabert::kmer::{KmerTokenizer, Vocabulary};
use dnabert::model::{BertConfig, checkpoint};
use dnabert::{AnyTokenizer, device};
use tempfile::TempDir;

/// Exit codes that scripts rely on.
pub(crate) const USAGE: i32 = 2;
pub(crate) const DATA: i32 = 65;
pub(crate) const IO: i32 = 74;

/// Training that takes a moment.
pub(crate) const TINY: &str = "--size tiny --k 3 --epochs 1";

/// Three tables by their options.
pub(crate) const TABLES: &str = "--train train.tsv --dev dev.tsv --test test.tsv";

/// The shipped data.
pub(crate) fn datasets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../datasets").canonicalize().unwrap()
}

/// What a run wrote to standard error.
pub(crate) fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a run that must succeed wrote to standard output.
pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{:?}: {}", output.status, told(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One message, which names `what`, and the exit code of its kind.
#[track_caller]
pub(crate) fn refuses(output: &Output, code: i32, what: &[&str]) {
    let message = told(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    let errors = message.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{message}");
    assert!(!message.contains("panicked") && !message.contains("fault of dnabert"), "{message}");
    for part in what {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

/// The cells of a table.
pub(crate) fn cells(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// As many bases as asked for, always the same ones for a salt.
pub(crate) fn bases(count: usize, salt: u64) -> String {
    let mut state = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"ACGT"[(state >> 33) as usize % 4])
    };
    (0..count).map(|_| next()).collect()
}

/// A folder that the program runs in. In arguments, `@` stands for the folder of the shipped data.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With tables `train.tsv`, `dev.tsv` and `test.tsv` of 16 rows, whose classes are easily told.
    pub(crate) fn with_tables() -> Self {
        let desk = Self::new();
        for split in ["train", "dev", "test"] {
            let row = |i: usize| {
                let motif = if i % 2 == 1 { "TATAAA" } else { "GCGCGC" };
                format!("ACGT{motif}{}\t{}\n", &"ACCAGGTTCA"[i % 4..], i % 2)
            };
            let rows: String = (0..16).map(row).collect();
            desk.write(&format!("{split}.tsv"), &format!("sequence\tlabel\n{rows}"));
        }
        desk
    }

    /// With a table `all.tsv` of 60 rows that are not alike, of which every other has a motif.
    pub(crate) fn with_one_table() -> Self {
        let desk = Self::new();
        let row = |i: usize| {
            let motif = if i % 2 == 1 { "TATAAATATAAA" } else { "GCGCGCGCGCGC" };
            format!("{}{motif}\t{}\n", bases(30, i as u64), i % 2)
        };
        let rows: String = (0..60).map(row).collect();
        desk.write("all.tsv", &format!("sequence\tlabel\n{rows}"));
        desk
    }

    /// With the tables, and a model of them in `model`.
    pub(crate) fn with_model() -> Self {
        let desk = Self::with_tables();
        desk.prints(&format!("train {TABLES} {TINY} --out trained"));
        fs::rename(desk.path("trained/model"), desk.path("model")).unwrap();
        desk
    }

    /// With models `k3` and `k4` of classes "no" and "yes", rows of 32 tokens and width 12, and
    /// sequences short and long in `x.fa`.
    pub(crate) fn with_two_models() -> Self {
        let desk = Self::new();
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    #[track_caller]
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of what lies in a folder, in order.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn command(&self, arguments: &str) -> Command {
        let shipped = format!("{}/", datasets().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_dnabert"));
        command
            .args(arguments.split_whitespace().map(|word| word.replace('@', &shipped)))
            .current_dir(self.0.path())
            .env("DNABERT_DATASETS", datasets())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that must succeed writes to standard output.
    #[track_caller]
    pub(crate) fn prints(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {:?}: {}", output.status, told(&output));
        printed(&output)
    }

    /// A command that must fail, with one message.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &str, code: i32, what: &[&str]) {
        refuses(&self.run(arguments), code, what);
    }
}
