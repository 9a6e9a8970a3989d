//! JASPAR (<https://jaspar.elixir.no>): `>ID name`, then the counts of A, C, G and T, with or
//! without letter and brackets.

use std::fmt::Write as _;

use super::numbers::Lines;
use super::{ParseError, ParseErrorKind};
use crate::{CountMatrix, Motif};

const LETTERS: [&str; 4] = ["A", "C", "G", "T"];

pub(super) fn parse(text: &str) -> Result<Vec<Motif>, ParseError> {
    let mut lines = Lines::new(text);
    let mut motifs = Vec::new();
    while let Some(header) = lines.next() {
        let (id, name) = lines.header(header)?;
        let mut rows: Vec<[f64; 4]> = Vec::new();
        for (base, letter) in LETTERS.into_iter().enumerate() {
            let line = lines.expect()?;
            let bare = line.strip_prefix(letter).unwrap_or(line);
            let parts = bare.split(|c: char| c.is_whitespace() || c == '[' || c == ']');
            let numbers = lines.numbers(parts.filter(|part| !part.is_empty()))?;
            if base == 0 {
                rows = vec![[0.0; 4]; numbers.len()];
            }
            let (found, expected) = (numbers.len(), rows.len());
            if found != expected {
                return Err(lines.error(ParseErrorKind::Numbers { found, expected }));
            }
            rows.iter_mut().zip(numbers).for_each(|(row, number)| row[base] = number);
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
        for (base, letter) in LETTERS.into_iter().enumerate() {
            let _ = write!(text, "{letter}  [");
            for row in motif.counts.rows() {
                let _ = write!(text, " {:>6}", row[base]);
            }
            text.push_str(" ]\n");
        }
    }
    text
}
