//! Hidden states of a model: one vector for each sequence, and one for each base.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::open(Datasets::find()?.model("small-4"), &device(None)?)?;
    let embedder = model.embedder();
    let sequences: Vec<Sequence> = ["ATGACCGTTAACGGTACCA", "TTTTTTTTTTTTTTTTTTT"]
        .map(str::parse)
        .into_iter()
        .collect::<Result<_, _>>()?;
    let vectors = embedder.sequences(&sequences, Pooling::Mean)?; // [sequences][hidden]
    println!("{} vectors of {} values", vectors.len(), embedder.hidden_size());

    // Sequences of any length: bases are given from left to right.
    embedder.bases(&sequences[0], |base, vector| match vector {
        Some(vector) => println!("base {base}: {:+.3} {:+.3} …", vector[0], vector[1]),
        None => println!("base {base}: no token covers it"),
    })?;
    Ok(())
}
