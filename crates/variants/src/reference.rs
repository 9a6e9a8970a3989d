//! The tables of DNABERT's variant tools, `mutate_seqs.py` and `SNP.py`: mutations of the sequences of a
//! table, by row (Ji et al. 2021, doi 10.1093/bioinformatics/btab083).
//!
//! ```
//! use dnabert_variants::reference::{parse, scores};
//!
//! let sequences = ["ACGTACGT".parse()?];
//! let mutations = parse("0\t2\t3\tT\n0\t4\t6\tNA\n")?; // row, start, end, allele
//! assert_eq!(mutations[0].apply(&sequences)?.as_str(), "ACTTACGT");
//! assert_eq!(mutations[1].apply(&sequences)?.as_str(), "ACGTGT"); // a deletion
//! let (difference, log_odds_ratio) = scores(0.8, 0.5);
//! assert!((difference + 0.24).abs() < 1e-6 && (log_odds_ratio - 2.0).abs() < 1e-5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ops::Range;

use dnabert_core::{Sequence, SequenceError};

/// A line of a mutation file: tab-separated row, start, end and allele, without a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The row of the table, from 0.
    pub row: usize,
    /// The bases that are replaced; empty for an insertion.
    pub bases: Range<usize>,
    /// The bases that replace them; empty for a deletion.
    pub allele: Sequence,
}

/// Why a mutation file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MutationError {
    /// A line does not have 3 or 4 columns.
    #[error("line {line}: {found} columns, but 3 or 4 are expected")]
    Columns {
        /// The line, from 1.
        line: usize,
        /// Columns of the line.
        found: usize,
    },
    /// A row, start or end is not a number.
    #[error("line {line}: {text:?} is not a number")]
    NotNumber {
        /// The line, from 1.
        line: usize,
        /// The text of the column.
        text: String,
    },
    /// The start is after the end.
    #[error("line {line}: start {} is after end {}", bases.start, bases.end)]
    Reversed {
        /// The line, from 1.
        line: usize,
        /// The bases.
        bases: Range<usize>,
    },
    /// The allele is not DNA.
    #[error("line {line}: the allele is not a DNA sequence")]
    Allele {
        /// The line, from 1.
        line: usize,
        /// The cause.
        #[source]
        source: SequenceError,
    },
    /// The table does not have the row of a mutation.
    #[error("there is no row {row}: the table has {rows} rows")]
    NoRow {
        /// The row, from 0.
        row: usize,
        /// Rows of the table.
        rows: usize,
    },
    /// The sequence ends before the mutation.
    #[error("row {row}: the mutation ends at {end}, the sequence at {len}")]
    PastEnd {
        /// The row, from 0.
        row: usize,
        /// The end of the mutation.
        end: usize,
        /// Bases of the sequence.
        len: usize,
    },
}

/// Parses the text of a mutation file; an allele that is missing, `NA` or `nan` is a deletion, as in
/// DNABERT's tools.
///
/// # Errors
///
/// [`MutationError`] for the first line that is wrong.
pub fn parse(text: &str) -> Result<Vec<Mutation>, MutationError> {
    let mutation = |(index, text): (usize, &str)| {
        let line = index + 1;
        let columns: Vec<&str> = text.trim_end_matches('\r').split('\t').collect();
        let ([row, start, end] | [row, start, end, _]) = columns[..] else {
            return Err(MutationError::Columns { line, found: columns.len() });
        };
        let number = |column: &str| {
            let not_number = |_| MutationError::NotNumber { line, text: column.into() };
            column.parse::<usize>().map_err(not_number)
        };
        let bases = number(start)?..number(end)?;
        if bases.start > bases.end {
            return Err(MutationError::Reversed { line, bases });
        }
        let allele = match columns.get(3).copied().unwrap_or_default() {
            "NA" | "nan" => "",
            letters => letters,
        };
        let failed = |source| MutationError::Allele { line, source };
        let allele = allele.parse().map_err(failed)?;
        Ok(Mutation { row: number(row)?, bases, allele })
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(mutation).collect()
}

/// Every base of every sequence replaced by A, T, G and C, the base itself included: the mutations of
/// DNABERT's tools without a mutation file.
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
    /// [`MutationError::NoRow`] if the table does not have the row, and [`MutationError::PastEnd`] if the
    /// sequence ends before the mutation.
    pub fn apply(&self, sequences: &[Sequence]) -> Result<Sequence, MutationError> {
        let row = self.row;
        let Some(sequence) = sequences.get(row) else {
            return Err(MutationError::NoRow { row, rows: sequences.len() });
        };
        if self.bases.end > sequence.len() {
            let (end, len) = (self.bases.end, sequence.len());
            return Err(MutationError::PastEnd { row, end, len });
        }
        Ok(sequence.replace(self.bases.clone(), &self.allele))
    }
}

/// The two scores of DNABERT's `SNP.py` in single precision: `diff` and `logOR`, which is infinite for
/// probabilities of 0 and 1.
pub fn scores(original: f32, mutated: f32) -> (f32, f32) {
    let difference = (mutated - original) * original.max(mutated);
    let log_odds = |p: f32| (p / (1.0 - p)).log2();
    (difference, log_odds(original) - log_odds(mutated))
}
