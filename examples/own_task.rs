//! A task of your own: anything that can list labelled sequences.
#![allow(clippy::print_stdout, reason = "a program's output")]

use std::convert::Infallible;

use dnabert::ModelSize;
use dnabert::core::derive_seed;
use dnabert::prelude::*;

/// Random sequences, half of which have a TATA box in the middle.
struct Boxes {
    classes: Vec<String>,
}

impl Task for Boxes {
    type Error = Infallible;

    fn name(&self) -> &str {
        "tata-boxes"
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn examples(&self, split: Split) -> Result<Vec<Example>, Infallible> {
        let (part, count) = match split {
            Split::Train => (0, 400),
            Split::Dev => (1, 100),
            Split::Test => (2, 100),
        };
        let example = |number: u64| {
            let base = |at| b"ACGT"[derive_seed(part, &[number, at]) as usize % 4] as char;
            let mut letters: String = (0..40).map(base).collect();
            let label = number as usize % 2;
            if label == 1 {
                letters.replace_range(17..23, "TATAAA");
            }
            let sequence = letters.parse().expect("letters of DNA");
            Example { name: format!("{split}:{number}"), sequence, pair: None, label }
        };
        Ok((0..count).map(example).collect())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task = Boxes { classes: vec!["random".into(), "TATA box".into()] };
    let mut experiment = Experiment::fresh(ModelSize::Tiny, 3).with_epochs(15).on_all_cores();
    experiment.fine_tune.learning_rate = 3e-3;
    let outcome = experiment.run(&task, &device(None)?)?;
    println!("{}", outcome.metrics);
    Ok(())
}
