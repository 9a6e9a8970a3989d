//! `dnabert predict`: probabilities for sequences without labels.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use clap::Args;
use dnabert::core::{BothStrands, Classifier, Sequence};
use dnabert::model::{Pooling, ProblemType};
use dnabert::tasks::{Input, TableFormat};
use dnabert::train::metric::argmax;
use dnabert::{Ensemble, MemberError};
use serde_json::json;

use crate::args::Strands;
use crate::args::input::{Count, ReadingOptions, name_failure, next_inputs};
use crate::console;
use crate::failure::Outcome;
use crate::files::replace;

/// Predict class probabilities of sequences with a trained model.
///
/// Writes a table: name, predicted class, and the probability of each class.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert predict --model datasets/models/splice-fly sequences.fa")]
pub(crate) struct Arguments {
    /// Trained model: a folder, or a name on the Hugging Face Hub; several form an ensemble, whose
    /// predictions are averaged
    #[arg(long, required = true)]
    model: Vec<String>,
    /// Strands that are read. With both, predictions are means over a sequence and its reverse
    /// complement (binding sites)
    #[arg(long, value_enum, default_value = "one")]
    strands: Strands,
    /// Read two sequences from each row of the table
    #[arg(long, conflicts_with = "strands")]
    pairs: bool,
    /// How hidden states are pooled: cls, mean, max or std [default: as the model says]
    #[arg(long)]
    pooling: Option<Pooling>,
    /// Write a JSON object for each sequence instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let models = open(arguments)?;
    match &arguments.reading.out {
        None => predict(arguments, &models, &mut console::output()),
        Some(path) => replace(path, |beside| {
            let mut output = BufWriter::new(File::create(beside)?);
            predict(arguments, &models, &mut output)
        }),
    }
}

fn open(arguments: &Arguments) -> Outcome<Ensemble> {
    let options = &arguments.reading.model;
    let device = options.device()?;
    Ok(Ensemble::new(options.open(&arguments.model, arguments.pooling, &device)?)?)
}

fn predict(arguments: &Arguments, models: &Ensemble, output: &mut impl Write) -> Outcome {
    let format = TableFormat { pairs: arguments.pairs, ..TableFormat::default() };
    let mut writer = Rows { models, json: arguments.json, output };
    writer.header()?;
    let mut count = Count::new();
    for mut inputs in arguments.reading.inputs(&format)? {
        loop {
            let some = next_inputs(&mut inputs)?;
            if some.is_empty() {
                break;
            }
            let rows = predict_rows(models, &some, arguments.strands == Strands::Both).map_err(
                |MemberError { member, source }| {
                    let failure = name_failure(&some, source);
                    match &arguments.model[..] {
                        [_] => failure,
                        models => format!("{}: {failure}", models[member]).into(),
                    }
                },
            )?;
            for (input, row) in some.iter().zip(&rows) {
                writer.row(&input.name, row)?;
            }
            count.add(some.len());
        }
    }
    Ok(output.flush()?)
}

/// Writes the rows of predictions.
struct Rows<'a, W> {
    models: &'a Ensemble,
    json: bool,
    output: &'a mut W,
}

impl<W: Write> Rows<'_, W> {
    /// Whether the model predicts exactly one of several classes.
    fn are_classes(&self) -> bool {
        self.models.problem() == ProblemType::SingleLabelClassification
    }

    fn header(&mut self) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let prefix = if self.models.problem() == ProblemType::Regression { "" } else { "p_" };
        write!(self.output, "name{}", if self.are_classes() { "\tpredicted" } else { "" })?;
        for label in self.models.labels() {
            write!(self.output, "\t{prefix}{label}")?;
        }
        writeln!(self.output)
    }

    fn row(&mut self, name: &str, row: &[f32]) -> io::Result<()> {
        let labels = self.models.labels();
        let predicted = &labels[argmax(row)];
        if self.json {
            let values: serde_json::Map<String, serde_json::Value> =
                labels.iter().cloned().zip(row.iter().map(|&value| json!(value))).collect();
            let mut object = json!({ "name": name, "values": values });
            if self.are_classes() {
                object["predicted"] = json!(predicted);
            }
            return writeln!(self.output, "{object}");
        }
        write!(self.output, "{name}")?;
        if self.are_classes() {
            write!(self.output, "\t{predicted}")?;
        }
        for value in row {
            write!(self.output, "\t{value:.6}")?;
        }
        writeln!(self.output)
    }
}

fn predict_rows(
    models: &Ensemble,
    inputs: &[Input],
    both_strands: bool,
) -> Result<Vec<Vec<f32>>, MemberError> {
    let pairs: Option<Vec<(Sequence, Sequence)>> =
        inputs.iter().map(|input| Some((input.sequence.clone(), input.pair.clone()?))).collect();
    match pairs {
        Some(pairs) => models.predict_pairs(&pairs),
        None => {
            let sequences: Vec<Sequence> =
                inputs.iter().map(|input| input.sequence.clone()).collect();
            if both_strands {
                BothStrands(models).predict(&sequences)
            } else {
                models.predict(&sequences)
            }
        }
    }
}
