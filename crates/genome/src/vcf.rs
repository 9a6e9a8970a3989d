//! Variants from VCF (versions 4.x), one at a time.

use std::path::{Path, PathBuf};

use dnabert_core::{LetterPolicy, Sequence};
use noodles::vcf;
use noodles::vcf::variant::record::AlternateBases as _;

use crate::lines::{LineError, Lines, TableError};
use crate::{Genome, GenomeError, Interval, Strand};

/// A line of a VCF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The reference bases, on the forward strand; 0-based, where VCF counts from 1.
    pub interval: Interval,
    /// Its identifiers; none for `.`.
    pub ids: Vec<String>,
    /// The reference allele.
    pub reference: Sequence,
    /// The other alleles, in order; none for `.`.
    pub alternates: Vec<Allele>,
    /// The line of the file, from 1.
    pub line: usize,
    /// The line as it stands there, without its end.
    pub text: String,
}

/// An allele that is not the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allele {
    /// These bases in place of the reference's.
    Bases(Sequence),
    /// `*`: the bases are missing because of a deletion upstream.
    Deleted,
    /// `<DEL>`, `<*>` and the like: a kind of change without its bases.
    Symbolic(String),
    /// A place that another part of the genome is joined to (`G]17:198982]`, `.A`).
    Breakend(String),
}

/// Reads a VCF file, plain or gzip (bgzip), from top to bottom; memory does not grow with it.
pub struct Variants {
    path: PathBuf,
    lines: Lines,
    header: Vec<String>,
}

impl std::fmt::Debug for Variants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variants").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A reference allele that is not what the genome has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The genome cannot be read there.
    #[error("line {line}")]
    Genome {
        /// The line of the VCF file, from 1.
        line: usize,
        /// The cause.
        #[source]
        source: GenomeError,
    },
    /// The bases differ.
    #[error("line {line}: the reference is {found} at {interval}, and the genome has {expected}")]
    Contradicts {
        /// The line of the VCF file, from 1.
        line: usize,
        /// The place.
        interval: Box<Interval>,
        /// The bases of the VCF file.
        found: Sequence,
        /// The bases of the genome.
        expected: Sequence,
    },
}

impl Variants {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// [`TableError`] for a file that cannot be read, that does not begin with `##fileformat=VCFv4`, or
    /// that has no `#CHROM` line.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let path = path.as_ref().to_path_buf();
        let mut lines = Lines::open(&path)?;
        let mut header: Vec<String> = Vec::new();
        loop {
            let line = lines.next()?.map(str::to_owned);
            let wrong = |what: &str| LineError::Format(what.to_owned());
            let Some(line) = line else {
                return Err(lines.error(wrong("the file ends before its #CHROM line")));
            };
            if header.is_empty() && !line.starts_with("##fileformat=VCFv4") {
                return Err(lines.error(wrong("a VCF file begins with ##fileformat=VCFv4")));
            }
            if !line.starts_with('#') {
                return Err(lines.error(wrong("a record before the #CHROM line")));
            }
            let is_last = !line.starts_with("##");
            if is_last && !line.starts_with("#CHROM\tPOS\tID\tREF\tALT") {
                return Err(
                    lines.error(wrong("this is no #CHROM line, with tabs between its words"))
                );
            }
            header.push(line);
            if is_last {
                return Ok(Self { path, lines, header });
            }
        }
    }

    /// The lines of the header, `#CHROM` as the last.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The names of the samples, whose genotypes [`Variant::genotype`] reads by their numbers.
    pub fn samples(&self) -> Vec<&str> {
        self.header.last().map_or(Vec::new(), |columns| columns.split('\t').skip(9).collect())
    }
}

impl Iterator for Variants {
    type Item = Result<Variant, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            if line.trim().is_empty() {
                continue;
            }
            let variant = parse(line);
            return Some(match variant {
                Ok(variant) => Ok(Variant { line: self.lines.number(), ..variant }),
                Err(error) => Err(self.lines.error(error)),
            });
        }
    }
}

fn parse(line: &str) -> Result<Variant, LineError> {
    let columns = ["CHROM", "POS", "ID", "REF", "ALT"];
    let found: Vec<&str> = line.split('\t').collect();
    if let Some(column) = (found.len()..columns.len()).next() {
        return Err(LineError::Missing { column: column + 1, name: columns[column] });
    }
    let wrong = |column: usize, expected| LineError::Value {
        column: column + 1,
        name: columns[column],
        found: found[column].to_owned(),
        expected,
    };
    let position: usize = found[1].parse().map_err(|_| wrong(1, "a position, from 1"))?;
    let start = position.checked_sub(1).ok_or_else(|| {
        wrong(1, "a position, from 1 (0 stands for the telomere, which has no bases)")
    })?;
    // The columns are split by a reader made for them; what they may hold is asked here.
    let mut record = vcf::Record::default();
    let whole = pad(&found);
    vcf::io::Reader::new(whole.as_bytes())
        .read_record(&mut record)
        .map_err(|error| LineError::Format(error.to_string()))?;
    let bases = |text: &str| Sequence::read(text, &LetterPolicy::default()).ok().map(|read| read.0);
    let reference = bases(record.reference_bases())
        .filter(|reference| !reference.is_empty())
        .ok_or_else(|| wrong(3, "a word of bases"))?;
    let mut alternates = Vec::new();
    for allele in record.alternate_bases().iter() {
        let allele = allele.map_err(|error| LineError::Format(error.to_string()))?;
        alternates.push(match allele {
            "*" => Allele::Deleted,
            _ if allele.starts_with('<') && allele.ends_with('>') => {
                Allele::Symbolic(allele.to_owned())
            }
            _ if allele.contains(['[', ']'])
                || allele.starts_with('.')
                || allele.ends_with('.') =>
            {
                Allele::Breakend(allele.to_owned())
            }
            _ => match bases(allele).filter(|bases| !bases.is_empty()) {
                Some(bases) => Allele::Bases(bases),
                None => return Err(wrong(4, "alleles: bases, *, <KIND> or a breakend")),
            },
        });
    }
    let ids = match found[2] {
        "." => Vec::new(),
        ids => ids.split(';').map(str::to_owned).collect(),
    };
    let end = start + reference.len();
    let interval = Interval::new(found[0], start, end, Strand::Forward)?;
    Ok(Variant { interval, ids, reference, alternates, line: 0, text: line.to_owned() })
}

/// A line with at least eight columns, as the reader wants them: lists of sites leave out the last.
fn pad(columns: &[&str]) -> String {
    let missing = std::iter::repeat_n(".", 8_usize.saturating_sub(columns.len()));
    columns.iter().copied().chain(missing).collect::<Vec<_>>().join("\t")
}

impl Variant {
    /// Asks whether the genome has the reference allele where the variant says so; letters that stand for
    /// several bases agree where they have one in common.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`], with the line.
    pub fn check_reference(&self, genome: &Genome) -> Result<(), ReferenceError> {
        let failed = |source| ReferenceError::Genome { line: self.line, source };
        let interval = genome.resolve(self.interval.clone()).map_err(failed)?;
        let expected = genome.sequence(&interval).map_err(failed)?;
        let letters = expected.as_bytes().iter().zip(self.reference.as_bytes());
        let agree = |(genome, own): (&u8, &u8)| bases_of(*genome) & bases_of(*own) != 0;
        if letters.into_iter().all(agree) {
            return Ok(());
        }
        Err(ReferenceError::Contradicts {
            line: self.line,
            interval: Box::new(interval),
            found: self.reference.clone(),
            expected,
        })
    }
}

/// The bases that a letter stands for, a bit for each of `A C G T`.
fn bases_of(letter: u8) -> u8 {
    match letter {
        b'A' => 1,
        b'C' => 2,
        b'G' => 4,
        b'T' => 8,
        b'R' => 1 | 4,
        b'Y' => 2 | 8,
        b'S' => 2 | 4,
        b'W' => 1 | 8,
        b'K' => 4 | 8,
        b'M' => 1 | 2,
        b'B' => 2 | 4 | 8,
        b'D' => 1 | 4 | 8,
        b'H' => 1 | 2 | 8,
        b'V' => 1 | 2 | 4,
        _ => 15,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const HEAD: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn read(text: &str) -> Result<Vec<Variant>, TableError> {
        Variants::open(file(text.as_bytes()).path())?.collect()
    }

    #[test]
    fn every_kind_of_allele_is_told_from_the_others() {
        let text = format!(
            "{HEAD}c\t1\trs1;x\ta\tG,aTT,*,<DEL>,G]17:198982],.T\t.\tPASS\tDP=3\r\n\nc\t9\t.\tACG\t.\t.\t.\t.\n"
        );
        let found = read(&text).unwrap();
        assert_eq!(found.len(), 2);
        let first = &found[0];
        assert_eq!((first.interval.start(), first.interval.end(), first.line), (0, 1, 3));
        assert_eq!(
            (first.reference.to_string(), &first.ids[..]),
            ("A".into(), &["rs1".to_owned(), "x".into()][..])
        );
        let bases = |text: &str| Allele::Bases(text.parse().unwrap());
        assert_eq!(
            first.alternates,
            [
                bases("G"),
                bases("ATT"),
                Allele::Deleted,
                Allele::Symbolic("<DEL>".into()),
                Allele::Breakend("G]17:198982]".into()),
                Allele::Breakend(".T".into()),
            ]
        );
        assert!(first.text.ends_with("DP=3"), "{}", first.text);
        let second = &found[1];
        assert_eq!((second.interval.start(), second.interval.end(), second.line), (8, 11, 5));
        assert!(second.ids.is_empty() && second.alternates.is_empty());
        // Lists of sites may end behind ALT.
        assert_eq!(read(&format!("{HEAD}c\t1\t.\tA\tG\n")).unwrap()[0].alternates, [bases("G")]);
    }

    #[test]
    fn each_defect_names_line_and_value() {
        for (line, expected) in [
            (
                "c\t0\t.\tA\tG",
                "column 2 (POS): \"0\" is not a position, from 1 (0 stands for the telomere, which has no bases)",
            ),
            ("c\t1.5\t.\tA\tG", "column 2 (POS): \"1.5\" is not a position, from 1"),
            ("c\t1\t.\tA", "no column 5 (ALT)"),
            ("c\t1\t.\t?\tG", "column 4 (REF): \"?\" is not a word of bases"),
            (
                "c\t1\t.\tA\tG,J",
                "column 5 (ALT): \"G,J\" is not alleles: bases, *, <KIND> or a breakend",
            ),
        ] {
            let error = read(&format!("{HEAD}c\t7\t.\tA\tG\n{line}\n")).unwrap_err();
            assert!(error.to_string().ends_with("line 4"), "{error}");
            assert_eq!(error.source().unwrap().to_string(), expected);
        }
        for (text, expected) in [
            ("", "the file ends before its #CHROM line"),
            ("c\t1\t.\tA\tG\n", "a VCF file begins with ##fileformat=VCFv4"),
            ("##fileformat=VCFv4.2\nc\t1\t.\tA\tG\n", "a record before the #CHROM line"),
            (
                "##fileformat=VCFv4.2\n#CHROM POS\n",
                "this is no #CHROM line, with tabs between its words",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().source().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_file_cut_in_half_is_an_error_and_not_an_end() {
        let mut text = HEAD.to_owned();
        (1..5000)
            .for_each(|position| text += &format!("c\t{position}\t.\tA\tG\t.\t.\tX={position}\n"));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let whole = encoder.finish().unwrap();
        assert_eq!(
            Variants::open(file(&whole).path()).unwrap().filter(Result::is_ok).count(),
            4999
        );
        let cut = file(&whole[..whole.len() / 2]);
        let last = Variants::open(cut.path()).unwrap().find(Result::is_err);
        assert!(matches!(last, Some(Err(TableError::Io { .. }))), "{last:?}");
    }

    #[test]
    fn the_reference_is_held_against_the_genome() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("genome.fa");
        std::fs::write(&path, ">c\nACGTNR\n").unwrap();
        let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
        let check = |line: &str| {
            let variants = read(&format!("{HEAD}{line}\n")).unwrap();
            variants[0].check_reference(&genome).map_err(|error| error.to_string())
        };
        assert_eq!(check("c\t1\t.\tA\tG"), Ok(())); // the first base
        assert_eq!(check("c\t4\t.\tTA\tG"), Ok(())); // an N is any base
        assert_eq!(check("c\t6\t.\tG\tT"), Ok(())); // an R is A or G
        assert!(check("c\t6\t.\tC\tT").unwrap_err().contains("the genome has R"));
        let error = check("c\t2\t.\tCC\tG").unwrap_err();
        assert!(error.starts_with("line 3: the reference is CC at c:"), "{error}");
        assert!(error.ends_with("and the genome has CG"), "{error}");
        assert_eq!(check("c\t6\t.\tAC\tG").unwrap_err(), "line 3"); // off the end
        assert_eq!(check("d\t1\t.\tA\tG").unwrap_err(), "line 3");
    }
}
