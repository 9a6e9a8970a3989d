//! Variants from VCF 4.x.

use std::path::{Path, PathBuf};

use dnabert_core::{LetterPolicy, Sequence};
use noodles::vcf;
use noodles::vcf::variant::record::AlternateBases as _;

use crate::lines::{LineError, Lines, TableError};
use crate::{Genome, GenomeError, Interval, Strand};

/// One line of a VCF file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The bases of the reference allele, on the forward strand.
    pub interval: Interval,
    /// The identifiers; empty for `.`.
    pub ids: Vec<String>,
    /// The reference allele.
    pub reference: Sequence,
    /// The alternate alleles in the order of the line; empty for `.`.
    pub alternates: Vec<Allele>,
    /// The number of the line, from 1.
    pub line: usize,
    /// The text of the line, without its line end.
    pub text: String,
}

/// An alternate allele.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allele {
    /// Bases that replace the reference bases.
    Bases(Sequence),
    /// `*`: a deletion that starts upstream removes these bases.
    Deleted,
    /// A symbolic allele, such as `<DEL>` or `<*>`, which does not give its bases.
    Symbolic(String),
    /// A breakend, where two positions of the genome are joined (`G]17:198982]`, `.A`).
    Breakend(String),
}

/// Iterates over the variants of a VCF file, with one line in memory at a time.
///
/// ```
/// use dnabert_genome::vcf::{Allele, Variants};
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n\
/// #     chr1\t5\trs1\tA\tG,<DEL>\n")?;
/// for variant in Variants::open(file.path())? {
///     let variant = variant?; // chr1 5 rs1 A G,<DEL>
///     assert_eq!((variant.interval.start(), variant.interval.end()), (4, 5));
///     assert_eq!(variant.alternates[0], Allele::Bases("G".parse()?));
///     assert_eq!(variant.alternates[1], Allele::Symbolic("<DEL>".to_owned()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// Why a reference allele does not agree with the genome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The genome cannot be read at the variant.
    #[error("line {line}: the genome cannot be read at the variant")]
    Genome {
        /// The line of the VCF file, from 1.
        line: usize,
        /// The cause.
        #[source]
        source: GenomeError,
    },
    /// The bases differ.
    #[error(
        "line {line}: the reference allele at {interval} is {found}, but the genome has {expected}"
    )]
    Contradicts {
        /// The line of the VCF file, from 1.
        line: usize,
        /// The bases of the reference allele.
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
    /// [`TableError`] for a file that cannot be read, is of another version than 4, or has no
    /// `#CHROM` line.
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
            let is_other = match line.strip_prefix("##fileformat=") {
                Some(format) => !format.starts_with("VCFv4"),
                // Files that were edited by hand may begin with any other line of the header.
                None => header.is_empty() && !line.starts_with('#'),
            };
            if is_other {
                return Err(lines.error(wrong("a VCF file begins with ##fileformat=VCFv4")));
            }
            if !line.starts_with('#') {
                return Err(lines.error(wrong("a record before the #CHROM line")));
            }
            let is_last = !line.starts_with("##");
            if is_last && !line.starts_with("#CHROM\tPOS\tID\tREF\tALT") {
                return Err(lines.error(wrong("expected a #CHROM line with tab-separated columns")));
            }
            header.push(line);
            if is_last {
                return Ok(Self { path, lines, header });
            }
        }
    }

    /// The lines of the header; the `#CHROM` line is the last.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The names of the samples; [`Variant::genotype`] takes an index into them.
    pub fn samples(&self) -> Vec<&str> {
        let columns = self.header.last().map_or("", |columns| columns.trim_end_matches('\t'));
        columns.split('\t').skip(9).collect()
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
    let position: usize =
        found[1].parse().map_err(|_| wrong(1, "a position (from 1; 0 is the telomere)"))?;
    // noodles splits the alleles; their content is checked here.
    let mut record = vcf::Record::default();
    let sites = [&found[..columns.len()], &["."; 3]].concat().join("\t");
    vcf::io::Reader::new(sites.as_bytes())
        .read_record(&mut record)
        .map_err(|error| LineError::Format(error.to_string()))?;
    let bases = |text: &str| Sequence::read(text, &LetterPolicy::default()).ok().map(|read| read.0);
    let reference = bases(record.reference_bases())
        .filter(|reference| !reference.is_empty())
        .ok_or_else(|| wrong(3, "a sequence of bases"))?;
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
                None => return Err(wrong(4, "a list of alleles (bases, *, <KIND> or a breakend)")),
            },
        });
    }
    let ids = match found[2] {
        "." => Vec::new(),
        ids => ids.split(';').map(str::to_owned).collect(),
    };
    // The telomere before the first base has no bases of the genome.
    let (start, end) = match position.checked_sub(1) {
        Some(start) => (start, start + reference.len()),
        None => (0, 0),
    };
    let interval = Interval::new(found[0], start, end, Strand::Forward)?;
    Ok(Variant { interval, ids, reference, alternates, line: 0, text: line.to_owned() })
}

impl Variant {
    /// The position as the file has it: from 1, and 0 for the telomere before the first base.
    pub fn position(&self) -> usize {
        if self.is_telomere() { 0 } else { self.interval.start() + 1 }
    }

    /// Whether the variant is at the telomere before the first base, where a genome has no bases.
    pub fn is_telomere(&self) -> bool {
        self.interval.is_empty()
    }

    /// Checks that the genome has the reference allele at this position.
    ///
    /// Two ambiguous letters agree if they have a base in common.
    ///
    /// ```
    /// use dnabert_genome::vcf::Variants;
    /// use dnabert_genome::{Genome, LetterPolicy};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (fasta, vcf) = (folder.path().join("genome.fa"), folder.path().join("in.vcf"));
    /// # std::fs::write(&fasta, ">chr1\nACGT\n")?;
    /// # std::fs::write(&vcf, "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t2\t.\tC\tT\n")?;
    /// let genome = Genome::open(&fasta, LetterPolicy::default())?; // chr1 is ACGT
    /// for variant in Variants::open(&vcf)? {
    ///     variant?.check_reference(&genome)?; // chr1 2 . C T
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] with the line.
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

/// The bases that a letter can be, with one bit for each of `A C G T`.
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
    fn every_kind_of_allele_is_recognised() {
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
        let telomere = &read(&format!("{HEAD}c\t0\t.\tN\t.[d:3[\n")).unwrap()[0];
        assert!(telomere.is_telomere() && telomere.position() == 0);
        // Lists of sites may end after ALT, and lines after FORMAT or in tabs; INFO may be empty.
        for rest in ["", "\t", "\t.\t.\t", "\t.\t.\t.\tGT", "\t.\t.\t.\tGT\t", "\t.\t.\t.\t\t\t"] {
            let found = &read(&format!("{HEAD}c\t1\t.\tA\tG{rest}\n")).unwrap()[0];
            assert_eq!(found.alternates, [bases("G")], "{rest:?}");
        }
        assert_eq!(read(&HEAD.replace("##fileformat=VCFv4.2\n", "")).unwrap(), []);
        assert_eq!(read(&format!("{HEAD}c\t1\t.\tA\tG\n")).unwrap()[0].alternates, [bases("G")]);
    }

    #[test]
    fn an_error_names_line_and_value() {
        for (line, expected) in [
            (
                "c\t1.5\t.\tA\tG",
                "column 2 (POS): \"1.5\" is not a position (from 1; 0 is the telomere)",
            ),
            ("c\t1\t.\tA", "no column 5 (ALT)"),
            ("c\t1\t.\t?\tG", "column 4 (REF): \"?\" is not a sequence of bases"),
            (
                "c\t1\t.\tA\tG,J",
                "column 5 (ALT): \"G,J\" is not a list of alleles (bases, *, <KIND> or a breakend)",
            ),
        ] {
            let error = read(&format!("{HEAD}c\t7\t.\tA\tG\n{line}\n")).unwrap_err();
            assert!(error.to_string().ends_with("line 4"), "{error}");
            assert_eq!(error.source().unwrap().to_string(), expected);
        }
        for (text, expected) in [
            ("", "the file ends before its #CHROM line"),
            ("c\t1\t.\tA\tG\n", "a VCF file begins with ##fileformat=VCFv4"),
            ("##fileformat=VCFv3.3\n", "a VCF file begins with ##fileformat=VCFv4"),
            ("##fileformat=VCFv4.2\nc\t1\t.\tA\tG\n", "a record before the #CHROM line"),
            (
                "##fileformat=VCFv4.2\n#CHROM POS\n",
                "expected a #CHROM line with tab-separated columns",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().source().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_truncated_file_is_an_error() {
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
    fn the_reference_allele_is_compared_with_the_genome() {
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
        assert!(error.starts_with("line 3: the reference allele at c:2-3(+) is CC"), "{error}");
        assert!(error.ends_with("but the genome has CG"), "{error}");
        for line in ["c\t6\t.\tAC\tG", "d\t1\t.\tA\tG"] {
            // past the end of c, and an unknown chromosome
            let error = check(line).unwrap_err();
            assert_eq!(error, "line 3: the genome cannot be read at the variant");
        }
    }
}
