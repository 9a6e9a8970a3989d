//! The promoter example as a user runs it, on small files.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The example, as a plain `cargo test` builds it before this test (`--test promoter` would not).
fn program() -> PathBuf {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    profile.join("examples").join(format!("promoter{}", std::env::consts::EXE_SUFFIX))
}

/// Three tables and an output folder that already holds a result.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for split in ["train", "dev", "test"] {
            let row = |i: usize| {
                let motif = if i % 2 == 1 { "TATAAA" } else { "GCGCGC" };
                format!("ACGT{motif}{}\t{}\n", &"ACCAGGTTCA"[i % 4..], i % 2)
            };
            let rows: String = (0..16).map(row).collect();
            desk.write(&format!("{split}.tsv"), &format!("sequence\tlabel\n{rows}"));
        }
        fs::create_dir(desk.path("out")).unwrap();
        desk.write("out/metrics.json", "an older result");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, more: &[&str]) -> Output {
        let mut command = Command::new(program());
        for split in ["train", "dev", "test"] {
            command.arg(format!("--{split}")).arg(self.path(&format!("{split}.tsv")));
        }
        command.arg("--out").arg(self.path("out")).args(["--epochs", "1"]);
        command.args(more).output().unwrap()
    }

    fn run_fresh(&self) -> Output {
        self.run(&["--size", "tiny", "--k", "3"])
    }

    fn run_from(&self, model: &str) -> Output {
        let folder = self.path(model);
        self.run(&["--model", folder.to_str().unwrap()])
    }

    /// Fails with exit status 1 and a message that names `what`, and leaves the old result alone.
    fn refuses(&self, output: &Output, what: &[&str]) {
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        let errors = message.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{message}");
        assert!(!message.contains("panicked"), "{message}");
        for part in what {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
        let result = fs::read_to_string(self.path("out/metrics.json")).unwrap();
        assert_eq!(result, "an older result");
        assert_eq!(fs::read_dir(self.path("out")).unwrap().count(), 1);
    }
}

#[test]
fn a_run_leaves_metrics_predictions_and_a_model_to_start_from() {
    let desk = Desk::new();
    let output = desk.run_fresh();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(desk.path("out/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["accuracy", "f1_macro", "mcc", "auroc", "auprc", "data_sha256"] {
        assert!(!metrics[key].is_null(), "{key} in {text}");
    }
    assert_eq!((&metrics["seed"], &metrics["config"]["k"]), (&1.into(), &3.into()));
    let table = fs::read_to_string(desk.path("out/predictions.tsv")).unwrap();
    assert_eq!(table.lines().next(), Some("name\tlabel\tpredicted\tp_0\tp_1"));
    assert_eq!(table.lines().count(), 17);
    assert!(table.contains("\ntest.tsv:2\t0\t"));

    fs::rename(desk.path("out/model"), desk.path("model")).unwrap();
    let output = desk.run_from("model");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_bad_row_is_named() {
    let desk = Desk::new();
    desk.write("train.tsv", "sequence\tlabel\nACGTACGT\t0\nACGT!CGT\t1\n");
    desk.refuses(&desk.run_fresh(), &["train.tsv:3", "invalid base '!' at position 4"]);
}

#[test]
fn an_empty_file_is_named() {
    let desk = Desk::new();
    desk.write("dev.tsv", "");
    desk.refuses(&desk.run_fresh(), &["dev.tsv: no row of data"]);
}

#[test]
fn a_sequence_shorter_than_k_is_named() {
    let desk = Desk::new();
    desk.write("test.tsv", "ACGTACGT\t0\nAC\t1\n");
    desk.refuses(&desk.run_fresh(), &["test.tsv:2", "a sequence of 2 bases holds no token"]);
}

#[test]
fn a_label_out_of_range_is_named() {
    let desk = Desk::new();
    desk.write("dev.tsv", "ACGTACGT\t0\nACGTACGT\t2\n");
    desk.refuses(&desk.run_fresh(), &["dev.tsv:2", r#"label "2" is none of the 2 classes"#]);
}

#[test]
fn a_damaged_or_misshapen_checkpoint_is_named() {
    let desk = Desk::new();
    assert!(desk.run_fresh().status.success());
    fs::rename(desk.path("out/model"), desk.path("model")).unwrap();
    for file in ["predictions.tsv", "curves.svg", "confusion.svg"] {
        fs::remove_file(desk.path("out").join(file)).unwrap();
    }
    desk.write("out/metrics.json", "an older result");

    let weights = desk.path("model/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    desk.refuses(&desk.run_from("model"), &["model.safetensors: damaged"]);

    fs::write(&weights, whole).unwrap();
    let config = fs::read_to_string(desk.path("model/config.json")).unwrap();
    let wider = config.replace(r#""intermediate_size": 64"#, r#""intermediate_size": 96"#);
    assert_ne!(config, wider);
    desk.write("model/config.json", &wider);
    let name = "bert.encoder.layer.1.intermediate.dense.weight has shape [64, 32] where [96, 32]";
    desk.refuses(&desk.run_from("model"), &["model.safetensors", name]);

    fs::remove_file(desk.path("model/vocab.txt")).unwrap();
    desk.write("model/config.json", &config);
    desk.refuses(&desk.run_from("model"), &["vocab.txt"]);
}

#[test]
fn several_seeds_and_baselines_stand_side_by_side() {
    let desk = Desk::new();
    let more = ["--size", "tiny", "--k", "3", "--seeds", "2", "--baselines"];
    let output = desk.run(&more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let methods = [
        "dnabert",
        "GC content",
        "k-mer regression",
        "placed k-mer regression",
        "position regression",
        "CNN",
        "CNN + LSTM",
        "CNN + GRU",
    ];
    for method in methods {
        assert!(text.contains(&format!("| {method} | 2 |")), "{method}: {text}");
    }
    assert!(
        text.contains("| 100, from dev | dnabert |") && text.contains("dnabert − CNN"),
        "{text}"
    );
    let runs = fs::read_to_string(desk.path("out/runs.jsonl")).unwrap();
    assert_eq!(runs.lines().count(), 2 * methods.len());
    let svg = fs::read_to_string(desk.path("out/comparison.svg")).unwrap();
    assert!(svg.contains("k-mer regression"), "{svg}");
    assert_eq!(fs::read_to_string(desk.path("out/metrics.json")).unwrap(), "an older result");
    // Nothing is done twice.
    let again = desk.run(&more);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), text);
    assert_eq!(fs::read_to_string(desk.path("out/runs.jsonl")).unwrap(), runs);
}

#[test]
fn folds_judge_every_row_once() {
    let desk = Desk::new();
    let mut state = 1_u64;
    let mut base = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"ACGT"[(state >> 33) as usize % 4])
    };
    for split in ["train", "dev", "test"] {
        let mut row = |row: usize| -> String {
            let bases: String = (0..40).map(|_| base()).collect();
            format!("{bases}\t{}\n", row % 2)
        };
        let rows: String = (0..20).map(&mut row).collect();
        desk.write(&format!("{split}.tsv"), &format!("sequence\tlabel\n{rows}"));
    }
    let output = desk.run(&["--size", "tiny", "--k", "3", "--folds", "3"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let runs = fs::read_to_string(desk.path("out/runs.jsonl")).unwrap();
    let labels = |line: &str| {
        let run: serde_json::Value = serde_json::from_str(line).unwrap();
        run["test"]["labels"].as_array().unwrap().len()
    };
    assert_eq!(runs.lines().map(labels).sum::<usize>(), 60);
    assert!(runs.contains("fold 3 of 3"), "{runs}");
}

#[test]
fn a_scan_writes_tracks_and_calls() {
    let desk = Desk::new();
    assert!(desk.run_fresh().status.success());
    desk.write("long.fa", &format!(">c\n{}\n>short\nACGT\n", "ACGTTATAAAACCAGGTTCAN".repeat(9)));
    desk.write("known.bed", "c\t24\t25\tstart\t0\t+\n");
    let [input, known, model, out] =
        ["long.fa", "known.bed", "out/model", "scan"].map(|name| desk.path(name));
    let output = Command::new(program())
        .args(["--scan", input.to_str().unwrap(), "--known", known.to_str().unwrap()])
        .args(["--model", model.to_str().unwrap(), "--window", "4", "14", "--stride", "1"])
        .args(["--threshold", "0.1", "--spacing", "5", "--tolerance", "3"])
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("short: passed over, no window of 18 bases"), "{text}");
    assert!(text.contains("1 known starts, same strand, within 3 bases"), "{text}");
    let track = fs::read_to_string(out.join("forward.bedgraph")).unwrap();
    assert!(track.starts_with("c\t4\t5\t0."), "{track}");
    // Three windows of each stretch hold no N, but for the ends.
    assert_eq!(track.lines().count(), 9 * 3);
    let calls = fs::read_to_string(out.join("calls.bed")).unwrap();
    assert!(calls.lines().all(|line| line.split('\t').count() == 6), "{calls}");
    assert!(fs::read_to_string(out.join("1_c.svg")).unwrap().contains("known site"));
    let told: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("scan.json")).unwrap()).unwrap();
    assert_eq!((told[0]["bases"].as_u64(), told[0]["windows"].as_u64()), (Some(189), Some(54)));
}

#[test]
fn a_scan_that_means_nothing_is_refused() {
    let desk = Desk::new();
    assert!(desk.run_fresh().status.success());
    desk.write("long.fa", &format!(">c\n{}\n", "ACGTTATAAAACCAGGTTCA".repeat(9)));
    let refuses = |known: &str, more: &[&str], code: i32, what: &str| {
        desk.write("known.bed", known);
        let [input, known, model, out] =
            ["long.fa", "known.bed", "out/model", "scan"].map(|name| desk.path(name));
        let output = Command::new(program())
            .args(["--scan", input.to_str().unwrap(), "--known", known.to_str().unwrap()])
            .args(["--model", model.to_str().unwrap(), "--out", out.to_str().unwrap()])
            .args(more)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.contains(what) && !message.contains("panicked"), "{message}");
    };
    let window = ["--window", "4", "14"];
    refuses("c\t24\t25\n", &window, 1, "a known start without a strand: c:25-25");
    refuses(
        "chrC\t24\t25\tx\t0\t+\n",
        &window,
        1,
        "no known start lies on a sequence that was scanned; one lies on \"chrC\"",
    );
    assert!(desk.path("scan/calls.bed").exists(), "what was found is kept");
    refuses("c\t24\t25\tx\t0\t+\n", &["--window", "4", "0"], 1, "is 1 at least");
    refuses("c\t24\t25\tx\t0\t+\n", &["--seeds", "3"], 2, "cannot be used with");
}
