//! `dnabert embed`: hidden states of a model, one vector for each sequence, token or base.

mod table;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use clap::{Args, ValueEnum};
use dnabert::core::Sequence;
use dnabert::model::Pooling;
use dnabert::tasks::{Inputs, TableFormat};
use dnabert::{Embedder, model_folder};

use self::table::{Npy, Table, Tsv};
use crate::args::DatasetsOptions;
use crate::args::input::{Count, ReadingOptions, name_failure, next_inputs};
use crate::console;
use crate::failure::Outcome;
use crate::files::replace;

/// Write the hidden states of a model for each sequence, token or base.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert embed --per base --out states.npy sequences.fa")]
pub(crate) struct Arguments {
    /// Model: a folder, or a name on the Hugging Face Hub [default: the shipped small-4]
    #[arg(long)]
    model: Option<String>,
    /// Unit that gets one vector
    #[arg(long, value_enum, default_value = "sequence")]
    per: Per,
    /// How the states of a sequence are pooled to one vector: cls, mean, max or std. A long
    /// sequence is read in overlapping rows, and their vectors are averaged
    #[arg(long, default_value = "mean")]
    pooling: Pooling,
    #[command(flatten)]
    reading: ReadingOptions,
    #[command(flatten)]
    datasets: DatasetsOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Per {
    /// One vector for each sequence
    Sequence,
    /// One for each token; start and end are the bases that it covers (0-based, half-open)
    Token,
    /// One for each base: the mean over the tokens that cover it
    Base,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let options = &arguments.reading.model;
    let device = options.device()?;
    let model = match &arguments.model {
        Some(model) => options.open_network(&model_folder(model)?, &device)?,
        None => options.open_network(&arguments.datasets.find()?.model("small-4"), &device)?,
    };
    let embedder = model.embedder();
    let embed = |table: &mut dyn Table| embed(arguments, &embedder, table);
    let width = embedder.hidden_size();
    match &arguments.reading.out {
        None => embed(&mut Tsv::new(console::output(), width)?),
        Some(path) if path.extension().is_some_and(|extension| extension == "npy") => {
            let index = path.with_extension("index.tsv");
            replace(path, |beside| {
                replace(&index, |index_beside| {
                    let create = |path: &Path| File::create(path).map(BufWriter::new);
                    embed(&mut Npy::new(create(beside)?, create(index_beside)?, width)?)
                })
            })
        }
        Some(path) => replace(path, |beside| {
            embed(&mut Tsv::new(BufWriter::new(File::create(beside)?), width)?)
        }),
    }
}

fn embed(arguments: &Arguments, embedder: &Embedder, table: &mut dyn Table) -> Outcome {
    let mut count = Count::new();
    for mut inputs in arguments.reading.inputs(&TableFormat::default())? {
        embed_file(arguments, embedder, &mut inputs, &mut count, table)?;
    }
    Ok(table.finish()?)
}

fn embed_file(
    arguments: &Arguments,
    embedder: &Embedder,
    inputs: &mut Inputs,
    count: &mut Count,
    table: &mut dyn Table,
) -> Outcome {
    let width = embedder.hidden_size();
    loop {
        let some = next_inputs(inputs)?;
        if some.is_empty() {
            return Ok(());
        }
        if arguments.per == Per::Sequence {
            let sequences: Vec<Sequence> =
                some.iter().map(|input| input.sequence.clone()).collect();
            let vectors = embedder
                .sequences(&sequences, arguments.pooling)
                .map_err(|error| name_failure(&some, error))?;
            for (input, vector) in some.iter().zip(&vectors) {
                table.row(&input.name, Some(0..input.sequence.len()), Some(vector))?;
            }
            count.add(some.len());
            continue;
        }
        for input in &some {
            let mut written = Ok(());
            let mut write = |span, vector: Option<&[f32]>| {
                if written.is_ok() {
                    written = table.row(&input.name, span, vector);
                }
            };
            let read = match arguments.per {
                Per::Token => embedder.tokens(&input.sequence, |tokens| {
                    let states = tokens.states.chunks(width);
                    for (span, state) in tokens.row.spans.iter().zip(states) {
                        write(span.clone(), Some(state));
                    }
                }),
                _ => embedder.bases(&input.sequence, |base, vector| {
                    write(Some(base..base + 1), vector);
                }),
            };
            read.map_err(|error| format!("{}: {error}", input.name))?;
            written?;
            count.add(1);
        }
    }
}
