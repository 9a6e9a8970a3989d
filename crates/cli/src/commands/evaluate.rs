//! `dnabert evaluate`: a trained model on a labelled table.

use std::path::PathBuf;

use clap::Args;
use dnabert::core::{BothStrands, Classifier, Example, Sequence};
use dnabert::model::ProblemType;
use dnabert::tasks::{TableFormat, read_examples};
use dnabert::train::bootstrap;
use dnabert::{Ensemble, MemberError, Predictions};
use serde_json::json;

use crate::args::Strands;
use crate::args::input::ModelOptions;
use crate::console::outln;
use crate::failure::{Outcome, usage};

/// Evaluate a trained model on labelled sequences.
///
/// Prints accuracy, MCC, AUROC and AUPRC with 95 % bootstrap intervals. Labels are class names of
/// the model, or their numbers.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert evaluate --model runs/mine/model test.tsv")]
pub(crate) struct Arguments {
    /// Table (TSV or CSV, plain or .gz: sequence, label)
    table: PathBuf,
    /// Trained model: a folder, or a name on the Hugging Face Hub; several form an ensemble
    #[arg(long, required = true)]
    model: Vec<String>,
    /// Strands that are read. With both, predictions are means over a sequence and its reverse
    /// complement (binding sites)
    #[arg(long, value_enum, default_value = "one")]
    strands: Strands,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Seed of the intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    reading: ModelOptions,
}

/// Number of bootstrap resamples for an interval.
const RESAMPLES: usize = 1000;

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let device = arguments.reading.device()?;
    let models = Ensemble::new(arguments.reading.open(&arguments.model, None, &device)?)?;
    if models.problem() != ProblemType::SingleLabelClassification {
        return Err(usage("--model: a classifier of single classes is needed"));
    }
    let classes = models.labels().to_vec();
    let examples = read_examples(&arguments.table, &TableFormat::default(), &classes)?;
    if examples.is_empty() {
        return Err(format!("{}: the table is empty", arguments.table.display()).into());
    }
    let scored = Predictions {
        probabilities: predict(&models, &examples, arguments.strands == Strands::Both)?,
        labels: examples.iter().map(|example| example.label).collect(),
    };
    let report = scored.report();
    let interval = |value: fn(&Predictions) -> Option<f64>| {
        let found = bootstrap(scored.labels.len(), RESAMPLES, arguments.seed, |rows| {
            value(&scored.subset(rows))
        })?;
        Some([found.low, found.high])
    };
    let (mcc, auroc) = (interval(|rows| Some(rows.report().mcc)), interval(Predictions::auroc));
    if arguments.json {
        let value = json!({
            "schema": 1,
            "table": arguments.table.display().to_string(),
            "model": arguments.model,
            "rows": examples.len(),
            "class_names": classes,
            "report": report,
            "mcc_interval": mcc,
            "auroc_interval": auroc,
        });
        outln!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let range = |interval: Option<[f64; 2]>| {
        interval.map_or(String::new(), |[low, high]| format!("{low:.4} to {high:.4}"))
    };
    outln!("{} examples of {} classes\n", examples.len(), classes.len());
    outln!("{:<18}{:>9}{:>22}", "", "value", "95 % interval");
    for (name, value, interval) in [
        ("accuracy", Some(report.accuracy), None),
        ("F1, macro", Some(report.f1_macro), None),
        ("MCC", Some(report.mcc), mcc),
        ("AUROC", report.auroc, auroc),
        ("AUPRC", report.auprc, None),
    ] {
        let line = format!("{name:<18}{:>9}{:>22}", number(value), range(interval));
        outln!("{}", line.trim_end());
    }
    Ok(())
}

fn predict(models: &Ensemble, examples: &[Example], both: bool) -> Outcome<Vec<Vec<f64>>> {
    let sequences: Vec<Sequence> = examples.iter().map(|row| row.sequence.clone()).collect();
    let pairs: Option<Vec<(Sequence, Sequence)>> =
        examples.iter().map(|row| Some((row.sequence.clone(), row.pair.clone()?))).collect();
    let rows = match pairs {
        Some(pairs) => models.predict_pairs(&pairs),
        None if both => BothStrands(models).predict(&sequences),
        None => models.predict(&sequences),
    };
    let rows = rows.map_err(|MemberError { source, .. }| {
        crate::args::subject::name_failure(source, |at| &examples[at].name)
    })?;
    Ok(rows.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect())
}
