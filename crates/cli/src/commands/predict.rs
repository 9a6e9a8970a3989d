//! Probabilities for sequences without labels, from one trained model or several together.
//!
//! `cargo run --release --example predict -- --model runs/promoter-300/model sequences.fa`; give
//! `--model` again for an ensemble.


use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use clap::Args;
use dnabert::core::file::replace;
use dnabert::core::{BothStrands, Classifier, Sequence};
use dnabert::model::{Checkpoint, Pooling, ProblemType};
use dnabert::tasks::{Input, TableFormat, read_inputs};
use dnabert::{Ensemble, MemberError, Predictor, model_folder};
use reading::{Count, ReadingOptions, name_failure, next_inputs};
use crate::failure::Outcome;

/// Judges sequences with trained models.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Trained model: a folder in the Hugging Face layout, or a name on its Hub; several make an
    /// ensemble, whose answer is the mean
    #[arg(long, required = true)]
    model: Vec<String>,
    /// How hidden states are pooled: cls, mean, max or std [default: as the model says]
    #[arg(long)]
    pooling: Option<Pooling>,
    /// Read two sequences from each row of the table
    #[arg(long)]
    pairs: bool,
    /// Give the mean over a sequence and its reverse complement: for binding sites
    #[arg(long, conflicts_with = "pairs")]
    both_strands: bool,
    #[command(flatten)]
    reading: ReadingOptions,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let models = open(arguments)?;
    match &arguments.reading.out {
        None => predict(arguments, &models, &mut BufWriter::new(io::stdout().lock())),
        Some(path) => replace(path, |beside| {
            let mut output = BufWriter::new(File::create(beside)?);
            predict(arguments, &models, &mut output)
        }),
    }
}

fn open(arguments: &Arguments) -> Outcome<Ensemble> {
    let device = arguments.reading.device()?;
    let mut members = Vec::new();
    for model in &arguments.model {
        let folder = model_folder(model)?;
        let mut checkpoint = Checkpoint::open(&folder)?;
        arguments.reading.switch(&mut checkpoint);
        let config = checkpoint.config_mut();
        config.pooling = arguments.pooling.unwrap_or(config.pooling);
        let predictor = Predictor::of(&checkpoint, &folder, &device)?
            .with_batch_size(arguments.reading.batch_size())
            .map_tokenizer(|tokenizer| arguments.reading.policy(tokenizer));
        members.push(predictor);
    }
    Ok(Ensemble::new(members)?)
}

fn predict(
    arguments: &Arguments,
    models: &Ensemble,
    output: &mut impl Write,
) -> Outcome {
    let format = TableFormat { pairs: arguments.pairs, ..TableFormat::default() };
    let mut inputs = read_inputs(&arguments.reading.input, &format)?;
    let of_class = models.problem() == ProblemType::SingleLabelClassification;
    let prefix = if models.problem() == ProblemType::Regression { "" } else { "p_" };
    write!(output, "name{}", if of_class { "\tpredicted" } else { "" })?;
    models.labels().iter().try_for_each(|label| write!(output, "\t{prefix}{label}"))?;
    writeln!(output)?;
    let mut count = Count::new();
    loop {
        let some = next_inputs(&mut inputs)?;
        if some.is_empty() {
            return Ok(output.flush()?);
        }
        let rows = judge(models, &some, arguments.both_strands).map_err(
            |MemberError { member, source }| {
                let failure = name_failure(&some, source);
                match &arguments.model[..] {
                    [_] => failure,
                    models => format!("{}: {failure}", models[member]).into(),
                }
            },
        )?;
        for (input, row) in some.iter().zip(&rows) {
            write!(output, "{}", input.name)?;
            if of_class {
                write!(output, "\t{}", models.labels()[first_largest(row)])?;
            }
            row.iter().try_for_each(|value| write!(output, "\t{value:.6}"))?;
            writeln!(output)?;
        }
        count.add(some.len());
    }
}

fn judge(
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

fn first_largest(row: &[f32]) -> usize {
    (0..row.len()).fold(0, |best, index| if row[index] > row[best] { index } else { best })
}
