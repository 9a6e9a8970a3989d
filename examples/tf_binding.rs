//! Binding sites of CTCF: a shipped model beside baselines on held-out sequences.
//!
//! With the argument `train` the pre-trained model is fine-tuned again (`cargo run --release
//! --example tf_binding -- train`, about a minute on two cores).
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::error::Error;

use dnabert::prelude::*;
use dnabert::train::ProgressBar;

fn main() -> Result<(), Box<dyn Error>> {
    let (datasets, device) = (Datasets::find()?, device(None)?);
    let benchmark = Benchmark::Ctcf;
    let task = benchmark.task(&datasets);
    println!("{}: is it bound?\n", benchmark.description());

    // A site may be on either strand: all methods read both.
    for baseline in [Baseline::Gc, Baseline::Kmers] {
        let found = baseline.learn(&task, true, 1, &device, 1)?;
        print(baseline.name(), &found.test);
    }
    let model = datasets.model(benchmark.shipped_model().ok_or("a shipped model")?);
    let model = BothStrands(Model::open(&model, &device)?.predictor()?);
    print("shipped network", &evaluate(&model, &task, Split::Test)?);

    if std::env::args().nth(1).as_deref() == Some("train") {
        let outcome = benchmark.run(&datasets, 1, &device, &mut ProgressBar::default())?;
        println!("{}", outcome.metrics);
        outcome.write("runs/ctcf")?;
    } else {
        println!("\nNext: which motif does it look at? `cargo run --release --example motifs`.");
    }
    Ok(())
}

fn print(name: &str, found: &Predictions) {
    let report = found.report();
    let auroc = found.auroc().unwrap_or(f64::NAN);
    println!("{name:<28} AUROC {auroc:.3}  accuracy {:.3}  MCC {:.3}", report.accuracy, report.mcc);
}
