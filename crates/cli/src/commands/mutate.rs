//! The reference's own mode: sequences of a table, mutated by row.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use dnabert::Ensemble;
use dnabert::core::file::replace;
use dnabert::core::{Classifier, Sequence};
use dnabert::tasks::{TableFormat, read_inputs};
use dnabert::variants::reference::{Mutation, all_substitutions, parse, scores};
use crate::console::{outln};
use crate::failure::Outcome;

/// Mutants that are read at once.
const AT_ONCE: usize = 1024;

/// Writes the columns of `mutations.tsv` as `SNP.py` does, row by row of the table.
pub(crate) fn run(
    models: &Ensemble,
    class: usize,
    table: &Path,
    mutations: Option<&Path>,
    out: &Path,
) -> Outcome {
    if class >= models.labels().len() {
        return Err(
            format!("--class {class}: the model has {} classes", models.labels().len()).into()
        );
    }
    let rows = read_inputs(table, &TableFormat::default())?.collect::<Result<Vec<_>, _>>()?;
    let sequences: Vec<Sequence> = rows.into_iter().map(|row| row.sequence).collect();
    let mut mutations: Vec<Mutation> = match mutations {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            parse(&text).map_err(|error| format!("{}: {error}", path.display()))?
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
    outln!("wrote {number} mutants to {}", out.display());
    Ok(())
}
