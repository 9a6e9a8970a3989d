//! Fine-tune a shipped model on a table of your own: a sequence and a label in each row.
//!
//! `cargo run --release --example fine_tune -- mine.tsv`; without a table, on 106 shipped *E. coli*
//! promoters.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let datasets = Datasets::find()?;
    let shipped = datasets.folder().join("uci_promoters/all.tsv.gz");
    let table = std::env::args().nth(1).map_or(shipped, Into::into);
    // One table: rows that share 20 bases in a row are in the same split.
    let split = SingleTableSplit { dev: 0.2, test: 0.2, ..SingleTableSplit::default() };
    let task = TableTask::open_single("mine", &table, TableFormat::default(), &split)?;

    let outcome = Experiment::from_pretrained(datasets.model("small-4"))
        .with_recipe(Recipe::Order)
        .with_epochs(20)
        .on_all_cores()
        .run(&task, &device(None)?)?;
    println!("{}", outcome.metrics);
    outcome.write("runs/fine-tune")?;
    println!("wrote metrics, figures and the model to runs/fine-tune");
    Ok(())
}
