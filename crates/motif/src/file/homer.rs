//! HOMER (<http://homer.ucsd.edu>) and gimmemotifs: `>ID name`, then A, C, G and T of each position in
//! a line of its own.

use std::fmt::Write as _;

use super::ParseError;
use super::numbers::{DEFAULT_SITES, Lines, is_numbers};
use crate::{CountMatrix, Motif};

/// How far a sum of frequencies may be from 1.
const ROUNDING: f64 = 0.02;

/// Whether the matrices below `>` lines have a line for each position, not for each base; `None` if
/// both would do.
pub(super) fn is_homer(text: &str) -> Option<bool> {
    let mut blocks: Vec<Vec<Vec<f64>>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('>') {
            blocks.push(Vec::new());
        } else if !line.is_empty() && !line.starts_with('#') {
            // Letters and brackets are JASPAR's; other text is an error that its reader explains.
            if !is_numbers(line) {
                return Some(false);
            }
            let numbers = line.split_whitespace().filter_map(|part| part.parse().ok()).collect();
            blocks.last_mut()?.push(numbers);
        }
    }
    if blocks.iter().any(|rows| rows.len() != 4) {
        return Some(blocks.iter().flatten().all(|row| row.len() == 4));
    }
    if blocks.iter().flatten().any(|row| row.len() != 4) {
        return Some(false);
    }
    // All matrices are of four by four: positions are what sums alike.
    let columns = |rows: &[Vec<f64>]| -> Vec<f64> {
        (0..4).map(|column| rows.iter().map(|row| row[column]).sum()).collect()
    };
    let rows =
        |rows: &[Vec<f64>]| -> Vec<f64> { rows.iter().map(|row| row.iter().sum()).collect() };
    let alike = |sums: Vec<f64>| {
        let close = |sum: &f64| (sum - sums[0]).abs() <= ROUNDING * sums[0].abs();
        sums.iter().all(close)
    };
    let by_rows = blocks.iter().all(|block| alike(rows(block)));
    let by_columns = blocks.iter().all(|block| alike(columns(block)));
    (by_rows != by_columns).then_some(by_rows)
}

pub(super) fn parse(text: &str) -> Result<Vec<Motif>, ParseError> {
    let mut lines = Lines::new(text);
    let mut motifs = Vec::new();
    while let Some(header) = lines.next() {
        if header.starts_with('#') {
            continue;
        }
        let (id, name) = lines.header(header)?;
        let mut rows = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with(['>', '#'])) {
            rows.push(lines.four(line.split_whitespace())?);
        }
        let is_frequency = |row: &[f64; 4]| (row.iter().sum::<f64>() - 1.0).abs() <= ROUNDING;
        if rows.iter().all(is_frequency) {
            rows.iter_mut().flatten().for_each(|frequency| *frequency *= DEFAULT_SITES);
        }
        let counts = CountMatrix::new(rows).map_err(|error| lines.error(error))?;
        motifs.push(Motif { id, name, counts });
    }
    Ok(motifs)
}

pub(super) fn format(motifs: &[Motif]) -> String {
    let mut text = String::new();
    for motif in motifs {
        let _ = writeln!(text, ">{}\t{}", motif.id, motif.name);
        for [a, c, g, t] in motif.counts.rows() {
            let _ = writeln!(text, "{a}\t{c}\t{g}\t{t}");
        }
    }
    text
}
