//! `dnabert pretrain`, killed and resumed.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use dnabert::core::{Encoding, Tokenizer, derive_seed};
use dnabert::device;
use dnabert::kmer::KmerTokenizer;
use dnabert::model::{Checkpoint, TokenBatch};

use support::{DATA, Desk, IO, USAGE, bases, told};

/// A folder with a genome of 6000 bases.
fn desk() -> Desk {
    let desk = Desk::new();
    let bases = bases(6000, 7);
    desk.write("x.fa", &format!(">x\n{bases}\n"));
    desk.write("benchmark.tsv", &format!("{}\n", &bases[2000..2100]));
    desk
}

/// The arguments of a run on the genome, with a checkpoint after every second step.
fn arguments(out: &str, more: &str) -> String {
    let fixed = "--k 3 --longest 40 --steps 120 --batch-size 8 --pass-size 8 --every 2 \
                 --evaluation-rows 5 --held-out 0";
    let size = if more.contains("--model") { "" } else { "--size tiny" };
    format!("pretrain {fixed} {size} --out {out} {more} x.fa")
}

fn weights(desk: &Desk, out: &str) -> Vec<u8> {
    desk.bytes(&format!("{out}/model/model.safetensors"))
}

#[test]
fn a_run_killed_ten_times_ends_with_the_same_bits() {
    let desk = desk();
    let started = Instant::now();
    desk.prints(&arguments("whole", ""));
    let whole = started.elapsed();

    let resumed = arguments("killed", "--resume");
    let mut killed = 0;
    for turn in 0..10 {
        let mut command: Command = desk.command(&resumed);
        let mut child: Child = command.spawn().unwrap();
        let moment = derive_seed(8, &[turn]) as f64 / u64::MAX as f64;
        sleep(whole.mul_f64(moment / 5.0) + Duration::from_millis(1));
        child.kill().unwrap(); // SIGKILL: nothing is tidied up
        killed += usize::from(!child.wait().unwrap().success());
    }
    assert!(killed >= 5, "the run was over after {killed} kills");
    desk.prints(&resumed);
    assert!(weights(&desk, "killed") == weights(&desk, "whole"));

    // The log holds every step once, and the losses of the run that was never stopped.
    let losses = |out: &str| -> Vec<(u64, f64)> {
        let text = desk.read(&format!("{out}/log.jsonl"));
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
    let desk = desk();
    let output = desk.run(&arguments("out", "--exclude benchmark.tsv --no-overlap"));
    let text = told(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("6000 bases: 5900 to train on, 0 held out, 100 excluded"), "{text}");
    assert!(desk.read("out/loss.svg").starts_with("<svg"));
    assert!(desk.read("out/run.toml").contains("command = \"pretrain\""));
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
    let desk = desk();
    desk.prints(&arguments("out", ""));
    let model = weights(&desk, "out");
    for (more, message) in [
        ("", "holds a run of 120 steps"),
        ("--resume --seed 2", "made with other settings"),
        ("--resume --hidden 0.4", "made with other settings"),
    ] {
        desk.refuses(&arguments("out", more), USAGE, &[message]);
    }
    assert!(weights(&desk, "out") == model);
}

#[test]
fn a_run_can_go_on_from_a_model() {
    let desk = desk();
    desk.prints(&arguments("first", ""));
    // Steps too small to change a weight show where the run began.
    desk.prints(&arguments("second", "--model first/model --learning-rate 1e-30"));
    assert!(weights(&desk, "second") == weights(&desk, "first"));

    let other = arguments("third", "--model @models/small-4");
    desk.refuses(&other, USAGE, &["is a model of 4-mers"]);
    assert!(!desk.path("third").exists());
}

#[test]
fn what_cannot_be_trained_on_is_said() {
    let desk = desk();
    desk.refuses("pretrain none.fa --k 3 --size tiny --out out", IO, &["none.fa"]);
    let exclude = arguments("out", "--exclude none.tsv");
    desk.refuses(&exclude, IO, &["none.tsv"]);
    fs::write(desk.path("x.fa"), "").unwrap();
    desk.refuses(&arguments("out", ""), DATA, &["x.fa"]);
    desk.write("x.fa", ">x\nNNNN\n");
    desk.refuses(&arguments("out", ""), DATA, &[]);
    desk.refuses("pretrain --exclude benchmark.tsv", USAGE, &["GENOMES"]);
    assert!(!desk.path("out").exists());
}
