//! `dnabert mutate`: mutates sequences of a table by row, as DNABERT's scripts do.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::variants::check_class;
use crate::args::network::NetworkOptions;
use crate::console::noteln;
use crate::failure::Outcome;
use crate::files::{self, replace};
use dnabert::Ensemble;
use dnabert::core::{Classifier, Sequence};
use dnabert::tasks::{TableFormat, read_inputs};
use dnabert::variants::reference::{Mutation, all_substitutions, parse, scores};

/// Mutate the sequences of a table and score both, as DNABERT's mutate_seqs.py and SNP.py do.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert mutate --model runs/mine/model --out scores.tsv dev.tsv --mutations mutations.tsv")]
pub(crate) struct Arguments {
    /// Table of sequences
    table: PathBuf,
    /// Mutations: tab-separated row, start, end and allele [default: every base to A, T, G and C]
    #[arg(long, value_name = "FILE")]
    mutations: Option<PathBuf>,
    /// Trained model: a folder, or a name on the Hugging Face Hub; several form an ensemble
    #[arg(long, required = true)]
    model: Vec<String>,
    /// The class to score, by its number
    #[arg(long, default_value_t = 1)]
    class: usize,
    /// Output file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    network: NetworkOptions,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let device = arguments.network.device()?;
    let models = arguments.network.ensemble(&arguments.model, &device)?;
    let mutations = arguments.mutations.as_deref();
    score(&models, arguments.class, &arguments.table, mutations, &arguments.out)
}

/// Number of mutants per batch.
const AT_ONCE: usize = 1024;

/// Writes the columns of `mutations.tsv` as `SNP.py` does, row by row of the table.
fn score(
    models: &Ensemble,
    class: usize,
    table: &Path,
    mutations: Option<&Path>,
    out: &Path,
) -> Outcome {
    check_class(models, class)?;
    let rows = read_inputs(table, &TableFormat::default())?.collect::<Result<Vec<_>, _>>()?;
    let sequences: Vec<Sequence> = rows.into_iter().map(|row| row.sequence).collect();
    let mut mutations: Vec<Mutation> = match mutations {
        Some(path) => {
            parse(&files::read(path)?).map_err(|error| format!("{}: {error}", path.display()))?
        }
        None => all_substitutions(&sequences).collect(),
    };
    mutations.sort_by_key(|mutation| mutation.row);
    let original = models.predict(&sequences)?;
    let mut number = 0;
    replace(out, |beside| -> Outcome {
        let mut file = BufWriter::new(File::create(beside)?);
        writeln!(file, "\tidx\torig_seq\torig_pred\tmut_seq\tmut_pred\tdiff\tlogOR")?;
        for some in mutations.chunks(AT_ONCE) {
            let mutants: Vec<Sequence> =
                some.iter().map(|mutation| mutation.apply(&sequences)).collect::<Result<_, _>>()?;
            for ((mutation, mutant), row) in
                some.iter().zip(&mutants).zip(models.predict(&mutants)?)
            {
                let (before, after) = (original[mutation.row][class], row[class]);
                let (difference, log_odds) = scores(before, after);
                let own = &sequences[mutation.row];
                writeln!(
                    file,
                    "{number}\t{}\t{own}\t{before}\t{mutant}\t{after}\t{difference}\t{log_odds}",
                    mutation.row
                )?;
                number += 1;
            }
        }
        Ok(file.flush()?)
    })?;
    noteln!("wrote {number} mutants to {}", out.display());
    Ok(())
}
