//! `dnabert merge`: joins the output files of all shards.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Lines, Write};
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::console::noteln;
use crate::failure::Outcome;
use crate::files::{FileError, replace};
use dnabert::variants::{Format, SHARD};

/// Join the output files of all shards of a run.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert merge --out scored.vcf shard-1.vcf shard-2.vcf")]
pub(crate) struct Arguments {
    /// The files of all shards, in their order
    #[arg(required = true, value_name = "SHARD")]
    shards: Vec<PathBuf>,
    /// File to write: .vcf or .tsv
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    merge(&arguments.shards, &arguments.out)
}

/// A file of a shard, after its header.
struct Part {
    lines: Peekable<Lines<BufReader<File>>>,
    format: Format,
}

impl Part {
    /// The lines of the next variant; none at the end.
    fn variant(&mut self) -> io::Result<Vec<String>> {
        let Some(first) = self.lines.next().transpose()? else { return Ok(Vec::new()) };
        let mut variant = vec![first];
        if self.format == Format::Vcf {
            return Ok(variant);
        }
        let number = |line: &str| line.split('\t').next().map(str::to_owned);
        let own = number(&variant[0]);
        while let Some(line) =
            self.lines.next_if(|line| line.as_ref().is_ok_and(|line| number(line) == own))
        {
            variant.push(line?);
        }
        Ok(variant)
    }
}

/// Joins the files of all shards: the first variant of each, then the second, and so on.
fn merge(shards: &[PathBuf], out: &Path) -> Outcome {
    let format = Format::from_path(out)?;
    if format != Format::Vcf && format != Format::Table {
        return Err(format!("{}: shards are put together as .vcf or .tsv", out.display()).into());
    }
    let mut parts = Vec::new();
    let mut head: Option<Vec<String>> = None;
    for path in shards {
        if Format::from_path(path)? != format {
            return Err(format!("{}: not of the kind of {}", path.display(), out.display()).into());
        }
        let failed = |error: io::Error| FileError::new(path, error);
        let mut lines = BufReader::new(File::open(path).map_err(failed)?).lines();
        let mut own = header_of(&mut lines, format).map_err(failed)?;
        let part = Part { lines: lines.peekable(), format };
        let shard = own.iter().find_map(|line| line.strip_prefix(SHARD)).map(str::to_owned);
        let expected = format!("{}/{}", parts.len() + 1, shards.len());
        if shard.as_deref() != Some(&*expected) {
            let found = shard.unwrap_or_else(|| "no shard".into());
            return Err(format!(
                "{}: shard {expected} is expected here, and this is {found}: give all of them, in their order",
                path.display()
            )
            .into());
        }
        own.retain(|line| !line.starts_with(SHARD));
        if head.get_or_insert_with(|| own.clone()) != &own {
            return Err(
                format!("{}: its header is not that of the first file", path.display()).into()
            );
        }
        parts.push(part);
    }
    replace(out, |beside| -> Outcome {
        let mut file = BufWriter::new(File::create(beside)?);
        // A table of all variants has no header lines except its columns.
        let is_kept = |line: &&String| format == Format::Vcf || !line.starts_with("##");
        for line in head.iter().flatten().filter(is_kept) {
            writeln!(file, "{line}")?;
        }
        let (mut ended, mut count) = (None, 0);
        while ended.is_none() {
            for (index, part) in parts.iter_mut().enumerate() {
                let variant = part.variant()?;
                match ended {
                    _ if variant.is_empty() => ended = ended.or(Some(index)),
                    Some(first) => {
                        let (early, late): (&PathBuf, &PathBuf) = (&shards[first], &shards[index]);
                        return Err(format!(
                            "{} has a variant more than {}: give the shards in their order, 1/n first, all of them",
                            late.display(),
                            early.display()
                        )
                        .into());
                    }
                    None => {
                        count += 1;
                        if format == Format::Table && !variant[0].starts_with(&format!("{count}\t"))
                        {
                            return Err(format!(
                                "{}: variant {count} is expected, and this is another: give all shards, in their order",
                                shards[index].display()
                            )
                            .into());
                        }
                        for line in variant {
                            writeln!(file, "{line}")?;
                        }
                    }
                }
            }
        }
        for (part, path) in parts.iter_mut().zip(shards) {
            if part.lines.peek().is_some() {
                return Err(format!(
                    "{} has more variants than the shards behind it: give the shards in their order, 1/n first, all of them, each whole",
                    path.display()
                )
                .into());
            }
        }
        file.flush()?;
        noteln!("wrote {count} variants to {}", out.display());
        Ok(())
    })
}

/// Lines up to and including `#CHROM`, or the first line of a table.
fn header_of(lines: &mut Lines<BufReader<File>>, format: Format) -> io::Result<Vec<String>> {
    let mut header = Vec::new();
    for line in lines {
        header.push(line?);
        let is_last = header.last().is_some_and(|line| match format {
            Format::Vcf => line.starts_with("#CHROM"),
            _ => !line.starts_with("##"),
        });
        if is_last {
            return Ok(header);
        }
    }
    let missing = if format == Format::Table { "no header" } else { "no line begins with #CHROM" };
    Err(io::Error::new(io::ErrorKind::InvalidData, missing))
}
