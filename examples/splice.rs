//! Splice sites: donor, acceptor or neither, in the fruit fly and, without further training, in
//! humans.
//!
//! With the argument `train` the pre-trained model is fine-tuned again, in about ten minutes.
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::error::Error;

use dnabert::prelude::*;
use dnabert::train::ProgressBar;

fn main() -> Result<(), Box<dyn Error>> {
    let (datasets, device) = (Datasets::find()?, device(None)?);
    let benchmark = Benchmark::SpliceFly;
    let task = benchmark.task(&datasets);
    println!("{}: {}?\n", benchmark.description(), task.classes().join(", "));

    let found = Baseline::Positions.learn(&task, false, 1, &device, 1)?;
    print("fly: position regression", &found.test);
    let model = datasets.model(benchmark.shipped_model().ok_or("a shipped model")?);
    let model = Model::open(&model, &device)?.predictor()?;
    print("fly: shipped network", &evaluate(&model, &task, Split::Test)?);
    for human in benchmark.other_tasks(&datasets) {
        print("human: shipped network", &evaluate(&model, &human, Split::Test)?);
    }

    if std::env::args().nth(1).as_deref() == Some("train") {
        let outcome = benchmark.run(&datasets, 1, &device, &mut ProgressBar::default())?;
        println!("{}", outcome.metrics);
        outcome.write("runs/splice-fly")?;
    } else {
        println!(
            "\nNext: score variants near splice sites, `cargo run --release --example score_vcf`."
        );
    }
    Ok(())
}

fn print(name: &str, found: &Predictions) {
    let report = found.report();
    println!("{name:<28} accuracy {:.3}  MCC {:.3}", report.accuracy, report.mcc);
}
