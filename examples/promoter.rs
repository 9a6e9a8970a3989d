//! Promoters: a shipped model beside simple baselines on held-out sequences.
//!
//! `cargo run --release --example promoter` takes under a minute. With the argument `train` it
//! fine-tunes the pre-trained model again, with the settings of docs/results.md, in some minutes.
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::error::Error;

use dnabert::prelude::*;
use dnabert::train::ProgressBar;
use dnabert::{AnyClassifier, Ngrams};

fn main() -> Result<(), Box<dyn Error>> {
    let (datasets, device) = (Datasets::find()?, device(None)?);
    let benchmark = Benchmark::Promoter300;
    let task = benchmark.task(&datasets);
    println!("{}: is a sequence of 300 bases a promoter?\n", benchmark.description());

    // Baselines, fitted to the training rows.
    for baseline in [Baseline::Gc, Baseline::Kmers, Baseline::PlacedKmers(Ngrams::BESIDE)] {
        let found = baseline.learn(&task, false, 1, &device, 1)?;
        print(baseline.name(), &found.test);
    }

    // A network that was trained on the same rows.
    let model = datasets.model(benchmark.shipped_model().ok_or("a shipped model")?);
    let model = AnyClassifier::open(&model, &device)?;
    print("shipped network with k-mers", &evaluate(&model, &task, Split::Test)?);

    if std::env::args().nth(1).as_deref() == Some("train") {
        println!("\nfine-tuning on {} rows:", task.examples(Split::Train)?.len());
        let outcome = benchmark.run(&datasets, 1, &device, &mut ProgressBar::default())?;
        println!("{}", outcome.metrics);
        outcome.write("runs/promoter-300")?;
        println!("wrote metrics, figures and the model to runs/promoter-300");
    } else {
        println!(
            "\nNext: fine-tune it yourself, `cargo run --release --example promoter -- train`;"
        );
        println!("other examples: tf_binding, splice, predict, fine_tune, motifs, score_vcf.");
    }
    Ok(())
}

fn print(name: &str, found: &Predictions) {
    let report = found.report();
    let auroc = found.auroc().unwrap_or(f64::NAN);
    println!("{name:<28} AUROC {auroc:.3}  accuracy {:.3}  MCC {:.3}", report.accuracy, report.mcc);
}
