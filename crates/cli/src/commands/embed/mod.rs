//! Hidden states of a model: one vector for each sequence, token or base.
//!
//! `cargo run --release --example embed -- --out x.npy sequences.fa`: the shipped model,
//! unless `--model FOLDER` names another.

mod table;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use clap::{Args, ValueEnum};
use dnabert::core::Sequence;
use dnabert::core::file::replace;
use dnabert::model::{Checkpoint, Pooling};
use dnabert::tasks::{TableFormat, read_inputs};
use dnabert::{Embedder, model_folder};
use reading::{Count, ReadingOptions, name_failure, next_inputs};
use table::{Npy, Table, Tsv};
use crate::failure::Outcome;

/// Writes the vectors that a model gives to sequences.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model: a folder in the Hugging Face layout, or a name on its Hub [default: the shipped one]
    #[arg(long, default_value = shipped::SMALL, hide_default_value = true)]
    model: String,
    /// What a vector stands for
    #[arg(long, value_enum, default_value = "sequence")]
    per: Per,
    /// How the states of a sequence become one vector: cls, mean, max or std; a long sequence is
    /// read in rows, and has the mean of theirs
    #[arg(long, default_value = "mean")]
    pooling: Pooling,
    #[command(flatten)]
    reading: ReadingOptions,
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
    let folder = model_folder(&arguments.model)?;
    let mut checkpoint = Checkpoint::open(&folder)?;
    arguments.reading.switch(&mut checkpoint);
    let device = arguments.reading.device()?;
    let embedder = Embedder::of(&checkpoint, &folder, &device)?
        .with_batch_size(arguments.reading.batch_size())
        .map_tokenizer(|tokenizer| arguments.reading.policy(tokenizer));
    let embed = |table: &mut dyn Table| embed(arguments, &embedder, table);
    let width = embedder.hidden_size();
    match &arguments.reading.out {
        None => embed(&mut Tsv::new(BufWriter::new(io::stdout().lock()), width)?),
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

fn embed(
    arguments: &Arguments,
    embedder: &Embedder,
    table: &mut dyn Table,
) -> Outcome {
    let mut inputs = read_inputs(&arguments.reading.input, &TableFormat::default())?;
    let mut count = Count::new();
    let width = embedder.hidden_size();
    loop {
        let some = next_inputs(&mut inputs)?;
        if some.is_empty() {
            return Ok(table.finish()?);
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
