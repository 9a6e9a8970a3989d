//! Scores of any number of sequences, a batch at a time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use dnabert::BoxedAttribution;
use dnabert::core::Sequence;
use dnabert::npy::NpyWriter;
use dnabert::tasks::{Input, TableFormat, read_inputs};

use crate::args::subject::name_failure;
use crate::failure::{Outcome, usage};
use crate::files::replace;

/// Maximum number of sequences, and of bases, that are explained at once.
const AT_ONCE: usize = 256;
const BASES: usize = 1 << 20;

/// Writes the scores of a file's sequences. The extension of the output determines the format.
pub(crate) fn run(way: &BoxedAttribution, input: &Path, output: &Path) -> Outcome {
    let extension = output.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("tsv") => replace(output, |beside| {
            let mut file = BufWriter::new(File::create(beside)?);
            writeln!(file, "name\tbase\tletter\tscore")?;
            each(way, input, |input, track| {
                let letters = input.sequence.as_str().chars();
                for (base, (letter, score)) in letters.zip(track).enumerate() {
                    writeln!(file, "{}\t{base}\t{letter}\t{}", input.name, *score as f32)?;
                }
                Ok(())
            })?;
            Ok(file.flush()?)
        }),
        Some("bedgraph" | "bedGraph" | "bg") => replace(output, |beside| {
            let mut file = BufWriter::new(File::create(beside)?);
            each(way, input, |input, track| {
                for (base, score) in track.iter().enumerate() {
                    writeln!(file, "{}\t{base}\t{}\t{}", input.name, base + 1, *score as f32)?;
                }
                Ok(())
            })?;
            Ok(file.flush()?)
        }),
        Some("npy") => npy(way, input, output),
        _ => {
            let message = format!("--to {}: neither .tsv, .bedgraph nor .npy", output.display());
            Err(usage(message))
        }
    }
}

/// A matrix with a row for each sequence. All sequences must have the same length.
fn npy(way: &BoxedAttribution, input: &Path, output: &Path) -> Outcome {
    replace(output, |beside| {
        let file = BufWriter::new(File::create(beside)?);
        let mut writer: Option<NpyWriter<BufWriter<File>>> = None;
        let mut file = Some(file);
        let mut width = 0;
        each(way, input, |input, track| {
            if let Some(file) = file.take() {
                width = track.len();
                writer = Some(NpyWriter::new(file, width)?);
            }
            if track.len() != width {
                let found = track.len();
                return Err(format!(
                    "{}: {found} bases, and the first sequence has {width}: a matrix has rows of one \
                     length; .tsv takes any",
                    input.name
                )
                .into());
            }
            let row: Vec<f32> = track.iter().map(|&score| score as f32).collect();
            Ok(writer.as_mut().map_or(Ok(()), |writer| writer.push(&row))?)
        })?;
        let writer = writer.ok_or("there is no sequence")?;
        writer.finish()?;
        Ok(())
    })
}

/// Calls `take` with every sequence and its track.
fn each(
    way: &BoxedAttribution,
    input: &Path,
    mut take: impl FnMut(&Input, &[f64]) -> Outcome,
) -> Outcome {
    let mut inputs = read_inputs(input, &TableFormat::default())?;
    loop {
        let (mut some, mut bases) = (Vec::<Input>::new(), 0);
        while some.len() < AT_ONCE && bases < BASES {
            let Some(input) = inputs.next() else { break };
            let input = input?;
            bases += input.sequence.len();
            some.push(input);
        }
        if some.is_empty() {
            return Ok(());
        }
        let sequences: Vec<Sequence> = some.iter().map(|input| input.sequence.clone()).collect();
        let tracks =
            way.attribute(&sequences).map_err(|error| name_failure(error, |at| &some[at].name))?;
        for (input, track) in some.iter().zip(&tracks) {
            take(input, track)?;
        }
    }
}
