//! BED and narrowPeak.

use std::path::Path;
use std::str::FromStr;

use crate::lines::{LineError, Lines, TableError};
use crate::{Interval, Strand};

/// One line of a BED file with at least 3 columns.
#[derive(Debug, Clone, PartialEq)]
pub struct BedRecord {
    /// The bases of the feature; the strand is unknown if the file gives none.
    pub interval: Interval,
    /// The name, unless it is `.`.
    pub name: Option<String>,
    /// The score, unless it is `.`.
    pub score: Option<f64>,
    /// The first and the last base that genome browsers draw thick, from lines with 8 or 9 columns.
    ///
    /// In lines with more columns the thick part is the coding part of a transcript, and is not
    /// read. `None` if these columns give no bases of the interval.
    pub thick: Option<(usize, usize)>,
}

impl BedRecord {
    /// The base where transcription starts: the first base, in the direction of the strand, of the
    /// thick part, or of the interval if there is no thick part.
    ///
    /// EPDnew gives 60 bases around each start; their thick part begins at the start.
    pub fn transcription_start(&self) -> usize {
        let whole = (self.interval.start(), self.interval.end().saturating_sub(1));
        let (first, last) = self.thick.unwrap_or(whole);
        match self.interval.strand() {
            Strand::Reverse => last,
            _ => first,
        }
    }
}

/// One line of a narrowPeak file, which has the columns of BED and four more.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// The bases of the peak.
    pub interval: Interval,
    /// The name, unless it is `.`.
    pub name: Option<String>,
    /// The enrichment; `None` in a file without this column.
    pub signal: Option<f64>,
    /// −log10 of the p-value; `None` if the file has −1.
    pub p_value: Option<f64>,
    /// −log10 of the q-value; `None` if the file has −1.
    pub q_value: Option<f64>,
    /// The position of the summit on the chromosome; `None` if the file has −1, or no such column.
    pub summit: Option<usize>,
}

impl Peak {
    /// The `width` bases around the summit, or around the middle if the peak has no summit.
    ///
    /// If the width is even, one base more lies before the centre than after it.
    ///
    /// # Errors
    ///
    /// [`IntervalError::BeforeStart`](crate::IntervalError::BeforeStart) if the window would start
    /// before the chromosome.
    pub fn window(&self, width: usize) -> Result<Interval, crate::IntervalError> {
        let centre = self.summit.unwrap_or_else(|| self.interval.middle());
        let before = width / 2;
        Interval::around(
            self.interval.chromosome(),
            centre,
            before,
            width - before,
            Strand::Forward,
        )
    }
}

/// Reads a BED file with columns separated by tabs or spaces.
///
/// Comments, `track` lines and `browser` lines are skipped.
///
/// ```
/// use dnabert_genome::Strand;
/// use dnabert_genome::bed::read_bed;
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), "chr1\t100\t300\tpromoter-1\t0\t-\n")?;
/// let records = read_bed(file.path())?; // chr1 100 300 promoter-1 0 -
/// assert_eq!(records[0].name.as_deref(), Some("promoter-1"));
/// assert_eq!((records[0].interval.start(), records[0].interval.end()), (100, 300));
/// assert_eq!(records[0].interval.strand(), Strand::Reverse);
/// assert_eq!(records[0].transcription_start(), 299);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TableError`] with the line and the value.
pub fn read_bed(path: impl AsRef<Path>) -> Result<Vec<BedRecord>, TableError> {
    read(path.as_ref(), |columns| {
        let interval = columns.interval()?;
        Ok(BedRecord {
            name: columns.word(3),
            score: columns.optional(4, "score")?,
            thick: columns.thick(&interval),
            interval,
        })
    })
}

/// Reads a narrowPeak file, or a file of peaks with fewer columns (broadPeak, BED).
///
/// ```
/// use dnabert_genome::bed::read_narrow_peak;
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), "chr1\t100\t300\tp1\t0\t.\t8.5\t-1\t3.2\t70\n")?;
/// let peaks = read_narrow_peak(file.path())?; // chr1 100 300 p1 0 . 8.5 -1 3.2 70
/// assert_eq!((peaks[0].summit, peaks[0].p_value), (Some(170), None));
/// let window = peaks[0].window(101)?;
/// assert_eq!((window.start(), window.end()), (120, 221));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TableError`] with the line and the value.
pub fn read_narrow_peak(path: impl AsRef<Path>) -> Result<Vec<Peak>, TableError> {
    read(path.as_ref(), |columns| {
        let interval = columns.interval()?;
        let known = |value: f64| (value >= 0.0).then_some(value);
        let offset: i64 = match columns.0.get(9) {
            Some(_) => columns.number(9, "summit", "a whole number")?,
            None => -1,
        };
        let summit = match usize::try_from(offset) {
            Ok(offset) if offset < interval.len() => Some(interval.start() + offset),
            Err(_) if offset == -1 => None,
            _ => return Err(columns.wrong(9, "summit", "a position in the peak, or -1")),
        };
        Ok(Peak {
            name: columns.word(3),
            signal: columns.optional(6, "signal")?,
            p_value: columns.optional(7, "p-value")?.and_then(known),
            q_value: columns.optional(8, "q-value")?.and_then(known),
            summit,
            interval,
        })
    })
}

fn read<T>(
    path: &Path,
    parse: impl Fn(&Columns<'_>) -> Result<T, LineError>,
) -> Result<Vec<T>, TableError> {
    let mut lines = Lines::open(path)?;
    let mut records = Vec::new();
    while let Some(line) = lines.next()? {
        let first = line.split_whitespace().next();
        if first.is_none_or(|word| word.starts_with('#') || word == "track" || word == "browser") {
            continue;
        }
        // As UCSC does: spaces separate columns only in lines without a tab.
        let tabs = line.contains('\t');
        let columns =
            if tabs { line.split('\t').collect() } else { line.split_whitespace().collect() };
        let record = parse(&Columns(columns));
        records.push(record.map_err(|error| lines.error(error))?);
    }
    Ok(records)
}

/// The columns of a line, counted from 0 here and from 1 in errors.
struct Columns<'a>(Vec<&'a str>);

impl Columns<'_> {
    fn get(&self, column: usize, name: &'static str) -> Result<&str, LineError> {
        self.0.get(column).copied().ok_or(LineError::Missing { column: column + 1, name })
    }

    fn wrong(&self, column: usize, name: &'static str, expected: &'static str) -> LineError {
        let found = self.0.get(column).copied().unwrap_or_default().to_owned();
        LineError::Value { column: column + 1, name, found, expected }
    }

    fn number<T: FromStr>(
        &self,
        column: usize,
        name: &'static str,
        expected: &'static str,
    ) -> Result<T, LineError> {
        self.get(column, name)?.parse().map_err(|_| self.wrong(column, name, expected))
    }

    fn optional(&self, column: usize, name: &'static str) -> Result<Option<f64>, LineError> {
        match self.0.get(column) {
            None | Some(&".") => Ok(None),
            Some(_) => self.number(column, name, "a number").map(Some),
        }
    }

    fn word(&self, column: usize) -> Option<String> {
        self.0.get(column).filter(|&&word| word != ".").map(|&word| word.to_owned())
    }

    /// The thick bases, if the line has columns for them and none beyond the colour. Formats with
    /// six columns of BED and three of their own, such as broadPeak, have other numbers there,
    /// which give no bases of the interval.
    fn thick(&self, interval: &Interval) -> Option<(usize, usize)> {
        if !(8..=9).contains(&self.0.len()) {
            return None;
        }
        let (start, end): (usize, usize) = (self.0[6].parse().ok()?, self.0[7].parse().ok()?);
        let is_part = interval.start() <= start && start < end && end <= interval.end();
        is_part.then(|| (start, end - 1))
    }

    fn interval(&self) -> Result<Interval, LineError> {
        let chromosome = self.get(0, "chromosome")?;
        let position = "a 0-based position";
        let start = self.number(1, "start", position)?;
        let end = self.number(2, "end", position)?;
        let strand = self
            .0
            .get(5)
            .map_or(Ok(Strand::Unknown), |text| text.parse().map_err(crate::IntervalError::from))?;
        Ok(Interval::new(chromosome, start, end, strand)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn bed_lines_have_three_or_six_columns() {
        let text = "#c\ntrack name=x\n\nchr1\t0\t5\r\nchr2\t7\t9\tTSS\t.\t-\n";
        let records = read_bed(file(text).path()).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].interval, Interval::new("chr1", 0, 5, Strand::Unknown).unwrap());
        assert_eq!(records[1].interval.strand(), Strand::Reverse);
        assert_eq!((records[1].name.as_deref(), records[1].score), (Some("TSS"), None));
    }

    #[test]
    fn transcription_starts_with_the_thick_part() {
        // As in EPDnew: 49 bases, the start, 10 bases.
        let text = "chr1 960583 960643 KLHL17_1 900 + 960632 960643\n\
                    chr1 959245 959305 NOC2L_1 900 - 959245 959256\n";
        let records = read_bed(file(text).path()).unwrap();
        assert_eq!(records[0].interval.len(), 60);
        let starts = |records: &[BedRecord]| -> Vec<usize> {
            records.iter().map(BedRecord::transcription_start).collect()
        };
        assert_eq!(starts(&records), [960_632, 959_255]);
        // An empty thick part, no thick columns, and a transcript, whose thick part is coding.
        let text = "c\t10\t20\ta\t0\t-\t10\t10\nc\t10\t20\ta\t0\t+\n\
                    c\t10\t20\ta\t0\t+\t12\t14\t0\t1\t10\t0\n";
        assert_eq!(starts(&read_bed(file(text).path()).unwrap()), [19, 10, 10]);
        // broadPeak has signal and p-value in these columns.
        let text = "c\t10\t20\ta\t0\t+\t12.5\t21.3\t-1\n";
        assert_eq!(starts(&read_bed(file(text).path()).unwrap()), [10]);
    }

    #[test]
    fn summits_are_positions_on_the_chromosome() {
        let text =
            "chr1\t100\t300\t.\t0\t.\t8.5\t-1\t3.2\t70\nchr1\t10\t21\tp\t0\t.\t1\t2\t-1\t-1\n";
        let peaks = read_narrow_peak(file(text).path()).unwrap();
        assert_eq!(
            (peaks[0].summit, peaks[0].p_value, peaks[0].q_value),
            (Some(170), None, Some(3.2))
        );
        let window = peaks[0].window(101).unwrap();
        assert_eq!((window.start(), window.end()), (120, 221)); // 50 bases, the summit, 50 bases
        assert_eq!(peaks[1].summit, None);
        let peaks = read_narrow_peak(file("c\t10\t20\nc\t30\t50\tp\t0\t.\t7\n").path()).unwrap();
        let found =
            peaks.iter().map(|peak| (peak.summit, peak.signal, peak.window(4).unwrap().start()));
        assert!(found.eq([(None, None, 13), (None, Some(7.0), 38)]), "{peaks:?}");
        let peaks = read_narrow_peak(file(text).path()).unwrap();
        let window = peaks[1].window(4).unwrap();
        assert_eq!((window.start(), window.end()), (13, 17)); // around base 15
        assert!(peaks[1].window(101).is_err());
    }

    #[test]
    fn an_error_names_line_and_value() {
        for (text, expected) in [
            ("chr1\t0\t5\nchr1\t4\n", "no column 3 (end)"),
            ("chr1\t0\t5\nchr1\t-4\t5\n", "column 2 (start): \"-4\" is not a 0-based position"),
            ("chr1\t0\t5\nchr1\t9\t5\n", "chr1: end 5 is before start 9"),
            ("chr1\t0\t5\nchr1\t0\t5\ta\t1\tx\n", "unknown strand \"x\": expected +, - or ."),
        ] {
            let error = read_bed(file(text).path()).unwrap_err();
            assert!(error.to_string().ends_with("line 2"), "{error}");
            assert_eq!(std::error::Error::source(&error).unwrap().to_string(), expected);
        }
        let peak = "chr1\t100\t300\t.\t0\t.\t8.5\t-1\t3.2\t200\n";
        let error = read_narrow_peak(file(peak).path()).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "column 10 (summit): \"200\" is not a position in the peak, or -1");
    }
}
