//! Predict classes of sequences with a trained model.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::open(Datasets::find()?.model("splice-fly"), &device(None)?)?;
    // Rows of any table or FASTA file; here the first of a shipped test table.
    let task = Benchmark::SpliceFly.task(&Datasets::find()?);
    let rows: Vec<Example> = task.examples(Split::Test)?.into_iter().take(5).collect();
    let sequences: Vec<Sequence> = rows.iter().map(|row| row.sequence.clone()).collect();
    for (row, class) in rows.iter().zip(model.predictor()?.predict_labels(&sequences)?) {
        let truth = &task.classes()[row.label];
        println!("{}: {} ({:.3}), in truth {truth}", row.name, class.label, class.probability);
    }
    Ok(())
}
