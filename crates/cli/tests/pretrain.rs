//! The pre-training example, killed and resumed.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use dnabert::core::{Encoding, Tokenizer, derive_seed};
use dnabert::device;
use dnabert::kmer::KmerTokenizer;
use dnabert::model::{Checkpoint, TokenBatch};
use tempfile::TempDir;

/// A folder with a genome of 6000 bases.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let base = |place| ["A", "C", "G", "T"][derive_seed(7, &[place]) as usize % 4];
        let bases: String = (0..6000).map(base).collect();
        fs::write(desk.path("x.fa"), format!(">x\n{bases}\n")).unwrap();
        fs::write(desk.path("judged.tsv"), format!("{}\n", &bases[2000..2100])).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The example on the genome, with a checkpoint after every second step.
    fn command(&self, out: &str, more: &[&str]) -> Command {
        let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
        let profile = here.parent().and_then(Path::parent).unwrap();
        let program = format!("examples/pretrain{}", std::env::consts::EXE_SUFFIX);
        let mut command = Command::new(profile.join(program));
        let fixed = "--k 3 --longest 40 --steps 120 --batch-size 8 --pass-size 8 --every 2 --evaluation-rows 5 --held-out 0";
        command.args(fixed.split(' ')).args(["--out", out]).args(more).arg("x.fa");
        if !more.contains(&"--model") {
            command.args(["--size", "tiny"]);
        }
        command.current_dir(self.0.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    fn weights(&self, out: &str) -> Vec<u8> {
        fs::read(self.path(out).join("model/model.safetensors")).unwrap()
    }
}

#[test]
fn a_run_killed_ten_times_ends_with_the_same_bits() {
    let desk = Desk::new();
    let started = Instant::now();
    let output = desk.run("whole", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let whole = started.elapsed();

    let mut killed = 0;
    for turn in 0..10 {
        let mut child: Child = desk.command("killed", &["--resume"]).spawn().unwrap();
        let moment = derive_seed(8, &[turn]) as f64 / u64::MAX as f64;
        sleep(whole.mul_f64(moment / 5.0) + Duration::from_millis(1));
        child.kill().unwrap(); // SIGKILL: nothing is tidied up
        killed += usize::from(!child.wait().unwrap().success());
    }
    assert!(killed >= 5, "the run was over after {killed} kills");
    let output = desk.run("killed", &["--resume"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(desk.weights("killed"), desk.weights("whole"));

    // The log holds every step once, and the losses of the run that was never stopped.
    let losses = |out: &str| -> Vec<(u64, f64)> {
        let text = fs::read_to_string(desk.path(out).join("log.jsonl")).unwrap();
        let lines =
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let steps = lines.filter(|line| line["loss"].is_f64());
        steps.map(|line| (line["step"].as_u64().unwrap(), line["loss"].as_f64().unwrap())).collect()
    };
    assert_eq!(losses("whole").len(), 120);
    assert_eq!(losses("killed"), losses("whole"));
}

#[test]
fn the_model_is_one_that_other_programs_read() {
    let desk = Desk::new();
    let output = desk.run("out", &["--exclude", "judged.tsv", "--no-overlap"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("6000 bases: 5900 to train on, 0 held out, 100 excluded"), "{text}");
    let curve = fs::read_to_string(desk.path("out/loss.svg")).unwrap();
    assert!(curve.starts_with("<svg"));
    let device = device(None).unwrap();
    let checkpoint = Checkpoint::open(desk.path("out/model")).unwrap();
    let model = checkpoint.masked_language_model(&device).unwrap();
    let row: Encoding =
        KmerTokenizer::new(3).unwrap().encode(&"ACGTTGCATG".parse().unwrap()).unwrap();
    let scores = model.forward(&TokenBatch::from_encodings(&[&row], 0, &device), &mut ());
    assert_eq!(scores.dims(), [1, 10, 69]);
}

#[test]
fn a_run_is_not_mixed_with_another() {
    let desk = Desk::new();
    assert!(desk.run("out", &[]).status.success());
    for (more, message) in [
        (&[][..], "holds a run of 120 steps"),
        (&["--resume", "--seed", "2"], "made with other settings"),
        (&["--resume", "--hidden", "0.4"], "made with other settings"),
    ] {
        let output = desk.run("out", more);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(message) && !error.contains("panicked"), "{error}");
    }
}

#[test]
fn a_run_can_go_on_from_a_model() {
    let desk = Desk::new();
    assert!(desk.run("first", &[]).status.success());
    // Steps too small to change a weight show where the run began.
    let still = ["--model", "first/model", "--learning-rate", "1e-30"];
    let output = desk.run("second", &still);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(desk.weights("second"), desk.weights("first"));

    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/small-4");
    let output = desk.run("third", &["--model", shipped]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("is a model of 4-mers, not of 3-mers"), "{error}");
}
