//! TRANSFAC: records of tagged lines, ended by `//`, which may be missing where the matrix is over.

use std::fmt::Write as _;

use super::numbers::Lines;
use super::{ParseError, ParseErrorKind};
use crate::{CountMatrix, Motif};

/// A record that is being read.
#[derive(Debug, Default)]
struct Record {
    accession: Option<String>,
    id: Option<String>,
    name: Option<String>,
    /// Whether the header of the counts (`P0`) was read.
    counts: bool,
    /// Whether the counts are over: numbered lines behind them belong to other tables.
    is_over: bool,
    rows: Vec<[f64; 4]>,
}

pub(super) fn parse(text: &str) -> Result<Vec<Motif>, ParseError> {
    let mut lines = Lines::new(text);
    let mut motifs = Vec::new();
    let mut record = Record::default();
    let mut is_open = false;
    while let Some(line) = lines.next() {
        let (tag, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        is_open = tag != "//";
        // Some programs leave the end of a record out.
        if record.is_over && matches!(tag, "AC" | "ID" | "NA") {
            motifs.push(finish(&lines, std::mem::take(&mut record))?);
        }
        match tag {
            "//" => {
                let record = std::mem::take(&mut record);
                if record.counts {
                    motifs.push(finish(&lines, record)?);
                }
                lines.motif = "-".into();
            }
            "AC" => record.accession = Some(rest.to_owned()),
            "ID" => record.id = Some(rest.to_owned()),
            "NA" => record.name = Some(rest.to_owned()),
            "P0" | "PO" => {
                if !rest.split_whitespace().take(4).eq(["A", "C", "G", "T"]) {
                    let found = rest.to_owned();
                    return Err(
                        lines.error(ParseErrorKind::Expected { found, expected: "A C G T" })
                    );
                }
                record.counts = true;
            }
            place if record.counts && place.bytes().all(|byte| byte.is_ascii_digit()) => {
                if !record.is_over {
                    record.rows.push(lines.four(rest.split_whitespace().take(4))?);
                }
            }
            _ => record.is_over = !record.rows.is_empty(),
        }
        if let ("AC" | "ID" | "NA", false) = (tag, rest.is_empty()) {
            lines.motif = rest.to_owned();
        }
    }
    if record.is_over {
        motifs.push(finish(&lines, record)?);
    } else if is_open {
        return Err(lines.error(ParseErrorKind::End));
    }
    Ok(motifs)
}

fn finish(lines: &Lines<'_>, record: Record) -> Result<Motif, ParseError> {
    let counts = CountMatrix::new(record.rows).map_err(|error| lines.error(error))?;
    let id = record.accession.or(record.id.clone()).or(record.name.clone()).unwrap_or_default();
    let name = record.name.or(record.id).unwrap_or_else(|| id.clone());
    Ok(Motif { id, name, counts })
}

pub(super) fn format(motifs: &[Motif]) -> String {
    let mut text = String::new();
    for motif in motifs {
        let _ = writeln!(text, "AC {}\nXX\nID {}\nXX\nP0 A C G T", motif.id, motif.name);
        for (place, ([a, c, g, t], best)) in motif
            .counts
            .rows()
            .iter()
            .zip(motif.counts.frequencies(0.0).consensus().chars())
            .enumerate()
        {
            let _ = writeln!(text, "{:02} {a} {c} {g} {t} {best}", place + 1);
        }
        text.push_str("XX\n//\n");
    }
    text
}
