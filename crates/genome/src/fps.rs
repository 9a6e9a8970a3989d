//! Transcription starts from the functional position sets (FPS) of the Eukaryotic Promoter
//! Database.

use std::path::Path;

use crate::bed::BedRecord;
use crate::lines::{LineError, Lines, TableError};
use crate::{Interval, Strand};

/// Reads the transcription starts of an FPS file.
///
/// A line `FP` has the name of the promoter, the sequence (`EU:NC_000001.10`), the strand (`1+` or
/// `1-`) and the 1-based position; other lines are skipped. Chromosomes keep the accession and
/// version that the file has, so the genome must use the same names, as RefSeq genomes do.
///
/// ```
/// use dnabert_genome::fps::read_fps;
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), "FP   A_1    :+S  EU:NC_000001.10      1+     894636; 1.\n")?;
/// let starts = read_fps(file.path())?; // FP   A_1    :+S  EU:NC_000001.10      1+     894636; 1.
/// assert_eq!(starts[0].interval.chromosome(), "NC_000001.10");
/// assert_eq!(starts[0].transcription_start(), 894_635);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TableError`] with the line and the value.
pub fn read_fps(path: impl AsRef<Path>) -> Result<Vec<BedRecord>, TableError> {
    let mut lines = Lines::open(path.as_ref())?;
    let mut records = Vec::new();
    while let Some(line) = lines.next()? {
        if line.strip_prefix("FP").is_some_and(|rest| rest.starts_with(' ')) {
            let record = parse(line);
            records.push(record.map_err(|error| lines.error(error))?);
        }
    }
    Ok(records)
}

fn parse(line: &str) -> Result<BedRecord, LineError> {
    let format = |what: &str| LineError::Format(what.to_owned());
    let (name, place) = line[2..]
        .split_once(':')
        .ok_or_else(|| format("FP: no colon after the name of the promoter"))?;
    let mut words = place.split_whitespace().skip(1); // the kind of start
    let sequence = words.next().and_then(|word| word.split_once(':'));
    let (_, chromosome) =
        sequence.ok_or_else(|| format("FP: no sequence, such as EU:NC_000001.10"))?;
    let strand = match words.next().and_then(|word| word.chars().last()) {
        Some('+') => Strand::Forward,
        Some('-') => Strand::Reverse,
        _ => return Err(format("FP: no strand, 1+ or 1-, after the sequence")),
    };
    let position = words.next().unwrap_or_default().trim_end_matches(';');
    let base: usize = position
        .parse()
        .map_err(|_| format(&format!("FP: {position:?} is not a 1-based position")))?;
    Ok(BedRecord {
        interval: Interval::from_closed(chromosome, base, base, strand)?,
        name: Some(name.trim().to_owned()),
        score: None,
        thick: None,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn read(text: &str) -> Result<Vec<BedRecord>, TableError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_fps(file.path())
    }

    #[test]
    fn a_start_is_one_base_on_its_strand() {
        let text = "ID  x\nFP   A_1                 :+S  EU:NC_000001.10      1+     894636; 1.\n\
                    FP   B C                 :+S  EU:chr2      1-          1; 2.\n";
        let found = read(text).unwrap();
        assert_eq!(found.len(), 2);
        let expected = Interval::new("NC_000001.10", 894_635, 894_636, Strand::Forward).unwrap();
        assert_eq!((&found[0].interval, found[0].name.as_deref()), (&expected, Some("A_1")));
        let expected = Interval::new("chr2", 0, 1, Strand::Reverse).unwrap();
        assert_eq!((&found[1].interval, found[1].name.as_deref()), (&expected, Some("B C")));
    }

    #[test]
    fn an_error_names_its_line() {
        for (line, expected) in [
            ("FP   A", "FP: no colon after the name of the promoter"),
            ("FP   A :+S chr1 1+ 5;", "FP: no sequence, such as EU:NC_000001.10"),
            ("FP   A :+S EU:chr1 5;", "FP: no strand, 1+ or 1-, after the sequence"),
            ("FP   A :+S EU:chr1 1+ x;", "FP: \"x\" is not a 1-based position"),
        ] {
            let error = read(&format!("\n{line}\n")).unwrap_err();
            assert!(error.to_string().ends_with("line 2"), "{error}");
            assert_eq!(error.source().unwrap().to_string(), expected);
        }
        assert!(read("FP   A :+S EU:chr1 1+ 0;\n").is_err());
    }
}
