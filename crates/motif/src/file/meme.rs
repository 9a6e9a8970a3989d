//! MEME's minimal format (<https://meme-suite.org/meme/doc/meme-format.html>).

use std::fmt::Write as _;

use super::numbers::{DEFAULT_SITES, Lines, is_numbers, names};
use super::{ParseError, ParseErrorKind};
use crate::{Background, CountMatrix, Motif};

pub(super) fn parse(text: &str) -> Result<Vec<Motif>, ParseError> {
    let mut lines = Lines::new(text);
    let mut motifs = Vec::new();
    let mut named: Option<(String, String)> = None;
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("MOTIF ") {
            if named.is_some() {
                let (found, expected) = (line.to_owned(), "a letter-probability matrix");
                return Err(lines.error(ParseErrorKind::Expected { found, expected }));
            }
            let (id, name) = names(header);
            lines.motif.clone_from(&id);
            named = Some((id, name));
        } else if let Some(header) = line.strip_prefix("letter-probability matrix:") {
            let Some((id, name)) = named.take() else {
                let found = line.to_owned();
                return Err(lines.error(ParseErrorKind::Expected { found, expected: "MOTIF" }));
            };
            let counts = matrix(&mut lines, header)?;
            motifs.push(Motif { id, name, counts });
        }
    }
    match named {
        Some(_) => Err(lines.error(ParseErrorKind::End)),
        None => Ok(motifs),
    }
}

/// The value of `key=` in the header of a matrix.
fn value(lines: &Lines<'_>, header: &str, key: &str) -> Result<Option<f64>, ParseError> {
    let Some((_, rest)) = header.split_once(&format!("{key}=")) else { return Ok(None) };
    let numbers = lines.numbers(rest.split_whitespace().take(1))?;
    Ok(numbers.first().copied())
}

fn matrix(lines: &mut Lines<'_>, header: &str) -> Result<CountMatrix, ParseError> {
    if let Some(letters) = value(lines, header, "alength")?.filter(|&letters| letters != 4.0) {
        return Err(lines.error(ParseErrorKind::Alphabet(letters as usize)));
    }
    let sites =
        value(lines, header, "nsites")?.filter(|&sites| sites > 0.0).unwrap_or(DEFAULT_SITES);
    // The space keeps `w=` from matching the end of another key.
    let width = value(lines, &format!(" {header}"), " w")?;
    let mut rows = Vec::new();
    // Without a width, the matrix ends at the first line that is not numbers.
    while width.is_none_or(|width| (rows.len() as f64) < width) {
        let line = match (width, rows.is_empty()) {
            (Some(_), _) | (None, true) => lines.expect()?,
            (None, false) => match lines.next_if(is_numbers) {
                Some(line) => line,
                None => break,
            },
        };
        let frequencies = lines.four(line.split_whitespace())?;
        rows.push(frequencies.map(|frequency| frequency * sites));
    }
    if let Some(line) = lines.next_if(is_numbers) {
        let found = line.to_owned();
        let expected = "the end of the matrix, which has as many rows as w= says";
        return Err(lines.error(ParseErrorKind::Expected { found, expected }));
    }
    CountMatrix::new(rows).map_err(|error| lines.error(error))
}

pub(super) fn format(motifs: &[Motif], background: &Background) -> String {
    let [a, c, g, t] = background.frequencies();
    let mut text = format!(
        "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n\
         A {a:.5} C {c:.5} G {g:.5} T {t:.5}\n"
    );
    for motif in motifs {
        let (width, sites) = (motif.width(), motif.counts.sites());
        let _ = writeln!(text, "\nMOTIF {} {}", motif.id, motif.name);
        let _ = writeln!(text, "letter-probability matrix: alength= 4 w= {width} nsites= {sites}");
        for [a, c, g, t] in motif.counts.frequencies(0.0).rows() {
            let _ = writeln!(text, "{a:.6} {c:.6} {g:.6} {t:.6}");
        }
    }
    text
}
