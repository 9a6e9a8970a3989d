//! The tables of DNABERT's own variant tools, `mutate_seqs.py` and `SNP.py`: mutations of sequences that stand in
//! a table, by row.

use std::ops::Range;

use dnabert_core::Sequence;

/// A line of a mutation file: tab-separated row, start, end and allele, without a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The row of the table, from 0.
    pub row: usize,
    /// The bases that are replaced; empty for an insertion.
    pub bases: Range<usize>,
    /// What stands there instead; empty for a deletion.
    pub allele: Sequence,
}

/// A mutation file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct MutationError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Reads a mutation file's text. An allele that is missing, `NA` or `nan` is a deletion, as it is there.
///
/// # Errors
///
/// [`MutationError`] with the line.
pub fn parse(text: &str) -> Result<Vec<Mutation>, MutationError> {
    let mutation = |(index, line): (usize, &str)| {
        let failed = |what: String| MutationError { line: index + 1, what };
        let columns: Vec<&str> = line.trim_end_matches('\r').split('\t').collect();
        let ([row, start, end] | [row, start, end, _]) = columns[..] else {
            return Err(failed(format!("{} columns, where 3 or 4 are expected", columns.len())));
        };
        let number = |text: &str| {
            text.parse::<usize>().map_err(|_| failed(format!("{text:?} is no number")))
        };
        let bases = number(start)?..number(end)?;
        if bases.start > bases.end {
            return Err(failed(format!("start {} lies behind end {}", bases.start, bases.end)));
        }
        let allele = match columns.get(3).copied().unwrap_or_default() {
            "NA" | "nan" => "",
            letters => letters,
        };
        let allele = allele.parse().map_err(|error| failed(format!("{error}")))?;
        Ok(Mutation { row: number(row)?, bases, allele })
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(mutation).collect()
}

/// Every base of every sequence in turn as A, T, G and C, the base itself included: what the reference does
/// without a mutation file.
#[allow(clippy::missing_panics_doc, reason = "A, T, G and C are bases")]
pub fn all_substitutions(sequences: &[Sequence]) -> impl Iterator<Item = Mutation> + '_ {
    sequences.iter().enumerate().flat_map(|(row, sequence)| {
        (0..sequence.len()).flat_map(move |base| {
            ["A", "T", "G", "C"].map(|letter| Mutation {
                row,
                bases: base..base + 1,
                allele: letter.parse().expect("a base"),
            })
        })
    })
}

impl Mutation {
    /// The mutated sequence.
    ///
    /// # Errors
    ///
    /// Text that tells the row or the place that is not there.
    pub fn apply(&self, sequences: &[Sequence]) -> Result<Sequence, String> {
        let Some(sequence) = sequences.get(self.row) else {
            return Err(format!("row {} of {}", self.row, sequences.len()));
        };
        if self.bases.end > sequence.len() {
            let (row, end, bases) = (self.row, self.bases.end, sequence.len());
            return Err(format!("row {row}: the mutation ends at {end}, the sequence at {bases}"));
        }
        Ok(sequence.replace(self.bases.clone(), &self.allele))
    }
}

/// The reference's two scores, in single precision as there: `diff` and `logOR`, which is infinite at 0 and 1.
pub fn scores(original: f32, mutated: f32) -> (f32, f32) {
    let difference = (mutated - original) * original.max(mutated);
    let log_odds = |p: f32| (p / (1.0 - p)).log2();
    (difference, log_odds(original) - log_odds(mutated))
}
