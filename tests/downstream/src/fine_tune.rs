//! A model fine-tuned on one table.
use dnabert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = "../../datasets/uci_promoters/all.tsv.gz";
    let split = SingleTableSplit { dev: 0.2, test: 0.2, ..Default::default() };
    let task = TableTask::open_single("mine", table, TableFormat::default(), &split)?;
    let outcome = Experiment::from_pretrained("../../datasets/models/small-4")
        .with_epochs(1)
        .run(&task, &device(None)?)?;
    outcome.write(std::env::temp_dir().join("dnabert-downstream"))?;
    Ok(println!("{}", outcome.metrics))
}
