//! The bases of a genome, by interval.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dnabert_core::{LetterPolicy, Sequence, SequenceError};
use noodles::core::{Position, Region};
use noodles::fasta::io::{BufReader, IndexedReader};

use crate::fasta::{FastaError, Reader};
use crate::index;
use crate::{Interval, Strand};

/// A genome whose bases are read by interval; can be shared between threads.
///
/// A plain or bgzip FASTA file stays on disk. Its index (`.fai`, and `.gzi`) is created if it is
/// missing or older than the file. A gzip file does not allow random access, so it is read into
/// memory.
///
/// ```
/// use dnabert_genome::{Genome, Interval, LetterPolicy, Naming, Strand};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("genome.fa");
/// # std::fs::write(&path, ">chr1\nACGTTTGACA\n")?;
/// let genome = Genome::open(&path, LetterPolicy::default())?.with_naming(Naming::IgnoreChr);
/// assert_eq!(genome.chromosomes().collect::<Vec<_>>(), [("chr1", 10)]);
///
/// let interval = Interval::new("1", 4, 10, Strand::Reverse)?;
/// assert_eq!(genome.sequence(&interval)?.to_string(), "TGTCAA");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Genome {
    path: PathBuf,
    policy: LetterPolicy,
    naming: Naming,
    /// Names and lengths, in the order of the file.
    chromosomes: Vec<(String, usize)>,
    by_name: HashMap<String, usize>,
    bases: Bases,
}

enum Bases {
    File(Mutex<IndexedReader<BufReader<File>>>),
    Memory(Vec<Sequence>),
}

impl std::fmt::Debug for Bases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File",
            Self::Memory(_) => "Memory",
        })
    }
}

/// Which chromosome names are treated as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// Equal names only.
    #[default]
    Exact,
    /// Also names that differ only in the prefix `chr`, such as `chr1` and `1`; `chrM` equals `MT`.
    IgnoreChr,
}

/// Why a genome cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenomeError {
    /// The file or its index cannot be read.
    #[error("{}: the genome or its index cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not valid FASTA.
    #[error(transparent)]
    Fasta(#[from] FastaError),
    /// Two records have the same name.
    #[error("{}: two records are named {name:?}", path.display())]
    TwiceNamed {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The genome has no chromosome of this name.
    #[error("{}: no chromosome {name:?}{}", path.display(), hint(other))]
    NoChromosome {
        /// The file.
        path: PathBuf,
        /// The requested name.
        name: String,
        /// A chromosome of the file whose name differs only in the prefix `chr`.
        other: Option<String>,
    },
    /// The interval ends after the end of the chromosome.
    #[error(
        "{}: {interval} ends after {}, which has {length} bases",
        path.display(),
        interval.chromosome()
    )]
    OffTheEnd {
        /// The file.
        path: PathBuf,
        /// The interval.
        interval: Box<Interval>,
        /// The length of the chromosome in bases.
        length: usize,
    },
    /// A letter that is invalid or that the policy rejects.
    #[error("{}: {interval} cannot be read as DNA", path.display())]
    Letter {
        /// The file.
        path: PathBuf,
        /// The interval that was read.
        interval: Box<Interval>,
        /// The letter and its position in the interval.
        #[source]
        source: SequenceError,
    },
}

fn hint(other: &Option<String>) -> String {
    other.as_ref().map_or_else(String::new, |other| {
        format!("; the file has {other:?}, which is the same if the prefix chr is ignored (--ignore-chr)")
    })
}

impl Genome {
    /// Opens a FASTA file, whose letters are read under `policy`.
    ///
    /// If the index cannot be written next to the file, it is created again each time.
    ///
    /// # Errors
    ///
    /// [`GenomeError::Io`], [`GenomeError::Fasta`] and [`GenomeError::TwiceNamed`].
    pub fn open(path: impl AsRef<Path>, policy: LetterPolicy) -> Result<Self, GenomeError> {
        let path = path.as_ref().to_path_buf();
        let failed = |source| GenomeError::Io { path: path.clone(), source };
        let (chromosomes, bases) = match index::reader(&path).map_err(failed)? {
            Some(reader) => {
                let records = reader.index().as_ref().iter();
                let known =
                    records.map(|record| (record.name().to_string(), record.length() as usize));
                (known.collect(), Bases::File(Mutex::new(reader)))
            }
            None => {
                let records = Reader::open(&path, policy)?.collect::<Result<Vec<_>, _>>()?;
                let (names, sequences): (Vec<_>, Vec<_>) = records
                    .into_iter()
                    .map(|record| ((record.name, record.sequence.len()), record.sequence))
                    .unzip();
                (names, Bases::Memory(sequences))
            }
        };
        let mut by_name = HashMap::new();
        for (number, (name, _)) in chromosomes.iter().enumerate() {
            if by_name.insert(name.clone(), number).is_some() {
                return Err(GenomeError::TwiceNamed { path, name: name.clone() });
            }
        }
        Ok(Self { path, policy, naming: Naming::Exact, chromosomes, by_name, bases })
    }

    /// Sets which chromosome names are treated as the same.
    #[must_use]
    pub fn with_naming(mut self, naming: Naming) -> Self {
        self.naming = naming;
        self
    }

    /// The names and lengths of the chromosomes, in the order of the file.
    pub fn chromosomes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.chromosomes.iter().map(|(name, length)| (name.as_str(), *length))
    }

    /// The name of a chromosome in the file, and its length in bases.
    ///
    /// # Errors
    ///
    /// [`GenomeError::NoChromosome`].
    pub fn chromosome(&self, name: &str) -> Result<(&str, usize), GenomeError> {
        let number = self.number(name)?;
        let (name, length) = &self.chromosomes[number];
        Ok((name, *length))
    }

    /// The interval with the name that the chromosome has in the file.
    ///
    /// # Errors
    ///
    /// [`GenomeError::NoChromosome`].
    pub fn resolve(&self, interval: Interval) -> Result<Interval, GenomeError> {
        let (name, _) = self.chromosome(interval.chromosome())?;
        Ok(interval.on(name))
    }

    fn number(&self, name: &str) -> Result<usize, GenomeError> {
        if let Some(&number) = self.by_name.get(name) {
            return Ok(number);
        }
        let alike = self.chromosomes.iter().position(|(other, _)| bare(other) == bare(name));
        match (alike, self.naming) {
            (Some(number), Naming::IgnoreChr) => Ok(number),
            _ => Err(GenomeError::NoChromosome {
                path: self.path.clone(),
                name: name.to_owned(),
                other: alike.map(|number| self.chromosomes[number].0.clone()),
            }),
        }
    }

    /// The bases of an interval, read 5′ to 3′ on its strand.
    ///
    /// # Errors
    ///
    /// [`GenomeError`] for an unknown chromosome, an interval that ends after it, and a file that
    /// cannot be read or does not match its index.
    pub fn sequence(&self, interval: &Interval) -> Result<Sequence, GenomeError> {
        let number = self.number(interval.chromosome())?;
        let (name, length) = &self.chromosomes[number];
        if interval.end() > *length {
            return Err(GenomeError::OffTheEnd {
                path: self.path.clone(),
                interval: Box::new(interval.clone()),
                length: *length,
            });
        }
        let forward = match &self.bases {
            Bases::Memory(sequences) => sequences[number].slice(interval.start()..interval.end()),
            Bases::File(_) if interval.is_empty() => Sequence::default(),
            Bases::File(reader) => {
                let text = read(reader, name, interval)
                    .map_err(|source| GenomeError::Io { path: self.path.clone(), source })?;
                let read = Sequence::read(&text, &self.policy);
                let (sequence, _) = read.map_err(|source| GenomeError::Letter {
                    path: self.path.clone(),
                    interval: Box::new(interval.clone()),
                    source,
                })?;
                sequence
            }
        };
        Ok(match interval.strand() {
            Strand::Reverse => forward.reverse_complement(),
            _ => forward,
        })
    }
}

/// The letters of a non-empty interval.
fn read<R: BufRead + io::Seek>(
    reader: &Mutex<IndexedReader<R>>,
    name: &str,
    interval: &Interval,
) -> io::Result<String> {
    let position = |base: usize| Position::try_from(base).map_err(io::Error::other);
    let (first, last) = (position(interval.start() + 1)?, position(interval.end())?);
    let region = Region::new(name, first..=last);
    let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
    let record = reader.query(&region)?;
    let letters = record.sequence().as_ref();
    if letters.len() != interval.len() {
        let message =
            format!("{interval}: found {} letters; does the index match the file?", letters.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(String::from_utf8_lossy(letters).into_owned())
}

/// A chromosome name without the prefix `chr`; `MT` becomes `M`.
fn bare(name: &str) -> &str {
    match name.strip_prefix("chr").unwrap_or(name) {
        "MT" => "M",
        bare => bare,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const TEXT: &str = ">chr1 one\nACGTAC\nGTNNAC\nGT\n>chr2\nttgaca\n";

    fn at(chromosome: &str, start: usize, end: usize, strand: Strand) -> Interval {
        Interval::new(chromosome, start, end, strand).unwrap()
    }

    /// The same text as a plain, a bgzip and a gzip file.
    fn files(folder: &Path) -> [PathBuf; 3] {
        let [plain, blocks, whole] = ["a.fa", "b.fa.gz", "c.fa.gz"].map(|name| folder.join(name));
        std::fs::write(&plain, TEXT).unwrap();
        let mut writer = noodles::bgzf::io::Writer::new(File::create(&blocks).unwrap());
        writer.write_all(TEXT.as_bytes()).unwrap();
        writer.finish().unwrap();
        let mut writer = GzEncoder::new(File::create(&whole).unwrap(), Compression::fast());
        writer.write_all(TEXT.as_bytes()).unwrap();
        writer.finish().unwrap();
        [plain, blocks, whole]
    }

    #[test]
    fn every_format_gives_the_same_bases() {
        let folder = tempfile::tempdir().unwrap();
        for path in files(folder.path()) {
            for opened in 0..2 {
                let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
                let read = |interval| genome.sequence(&interval).unwrap().to_string();
                let known: Vec<_> = genome.chromosomes().collect();
                assert_eq!(known, [("chr1", 14), ("chr2", 6)], "{path:?} {opened}");
                assert_eq!(read(at("chr1", 0, 1, Strand::Forward)), "A");
                assert_eq!(read(at("chr1", 13, 14, Strand::Unknown)), "T");
                assert_eq!(read(at("chr1", 13, 14, Strand::Reverse)), "A");
                assert_eq!(read(at("chr1", 4, 9, Strand::Forward)), "ACGTN");
                assert_eq!(read(at("chr1", 10, 14, Strand::Reverse)), "ACGT");
                assert_eq!(read(at("chr2", 0, 6, Strand::Reverse)), "TGTCAA");
                assert_eq!(read(at("chr2", 6, 6, Strand::Reverse)), "");
            }
        }
        assert!(folder.path().join("a.fa.fai").exists());
        assert!(folder.path().join("b.fa.gz.fai").exists());
        assert!(!folder.path().join("c.fa.gz.fai").exists());
    }

    #[test]
    fn an_index_older_than_its_file_is_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.fa");
        std::fs::write(&path, TEXT).unwrap();
        drop(Genome::open(&path, LetterPolicy::default()).unwrap());
        std::fs::write(&path, ">chr3\nGGCC\n").unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
        assert_eq!(genome.chromosomes().collect::<Vec<_>>(), [("chr3", 4)]);
    }

    /// Writes a text plain or as bgzip.
    fn write(path: &Path, text: &str) {
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut writer = noodles::bgzf::io::Writer::new(File::create(path).unwrap());
            writer.write_all(text.as_bytes()).unwrap();
            writer.finish().unwrap();
        } else {
            std::fs::write(path, text).unwrap();
        }
    }

    /// A record of so many bases, `width` in a line.
    fn record(name: &str, count: usize, width: usize, line_end: &str) -> String {
        let bases: Vec<char> = (0..count).map(|at| b"ACGTTGCA"[at * at % 8] as char).collect();
        let lines = bases.chunks(width).map(|line| String::from_iter(line) + line_end);
        format!(">{name} of a test{line_end}{}", String::from_iter(lines))
    }

    #[test]
    fn an_index_that_does_not_fit_is_created_again_whatever_its_date() {
        let first = record("a", 100_000, 60, "\n") + &record("b", 70, 60, "\n");
        let others = [
            record("a", 100_000, 60, "\r\n") + &record("b", 70, 60, "\r\n"),
            record("a", 100_000, 70, "\n") + &record("b", 70, 70, "\n"),
            record("a", 100_000, 100_000, "\n") + &record("b", 70, 70, "\n"),
            record("a", 99_990, 60, "\n") + &record("b", 70, 60, "\n"),
            record("b", 70, 60, "\n") + &record("a", 100_000, 60, "\n"),
            record("c", 100_000, 60, "\n") + &record("b", 70, 60, "\n"),
            // As long as the first: a line end has moved.
            first
                .replacen("\n", " ", 1)
                .replacen(" of a test ", " of a test\n", 1)
                .replacen('\n', "", 1)
                + "\n",
            first.clone() + &record("c", 10, 60, "\n"),
            first.clone() + "ACGT\n",
            record("a", 100_000, 60, "\n"),
        ];
        for name in ["x.fa", "x.fa.gz"] {
            for other in &others {
                let folder = tempfile::tempdir().unwrap();
                let (path, fresh) =
                    (folder.path().join(name), folder.path().join(format!("y{name}")));
                write(&path, &first);
                drop(Genome::open(&path, LetterPolicy::default()).unwrap());
                assert!(folder.path().join(format!("{name}.fai")).exists());
                write(&path, other);
                let earlier = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
                File::options().append(true).open(&path).unwrap().set_modified(earlier).unwrap();
                write(&fresh, other);
                let [found, expected] = [path, fresh].map(|path| {
                    let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
                    let known: Vec<(String, usize)> = genome
                        .chromosomes()
                        .map(|(name, length)| (name.to_owned(), length))
                        .collect();
                    let all = known.iter().map(|(name, length)| {
                        genome.sequence(&at(name, 0, *length, Strand::Forward)).unwrap()
                    });
                    (all.collect::<Vec<_>>(), known)
                });
                assert!(found == expected, "{name}: {:?} {:?}", found.1, expected.1);
            }
        }
    }

    #[test]
    fn files_without_an_index_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        for (number, text) in [
            ">a\nACGT\nAC\nGGTT\n>b\nTT\n",
            ">a\nACGTAC\n\nGGTT\n\n>b\nTT\n\n",
            "\u{feff}>a\nACGTACGG\nTT\n>b\nTT\n",
            "> a\nACGTAC\nGGTT\n> b first\nTT\n",
            ">a\rACGTAC\rGGTT\r>b\rTT\r",
            ">a\rACGTAC\nGGTT\n>b\nTT\n",
            ">a\nACGT AC\nGGTT\n>b\nTT\n",
        ]
        .into_iter()
        .enumerate()
        {
            for name in ["x.fa", "x.fa.gz"] {
                let path = folder.path().join(format!("{number}{name}"));
                write(&path, text);
                let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
                assert_eq!(
                    genome.chromosomes().collect::<Vec<_>>(),
                    [("a", 10), ("b", 2)],
                    "{text}"
                );
                let found = genome.sequence(&at("a", 5, 8, Strand::Forward)).unwrap();
                assert_eq!(found.to_string(), "CGG", "{text}");
            }
        }
    }

    #[test]
    fn unknown_chromosomes_and_intervals_past_the_end_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let [path, ..] = files(folder.path());
        let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
        let error = genome.sequence(&at("chr1", 10, 15, Strand::Forward)).unwrap_err();
        let text = "chr1:11-15(+) ends after chr1, which has 14 bases";
        assert!(error.to_string().ends_with(text), "{error}");
        let error = genome.sequence(&at("1", 0, 5, Strand::Forward)).unwrap_err();
        let text = "no chromosome \"1\"; the file has \"chr1\", which is the same if the prefix chr is ignored (--ignore-chr)";
        assert!(error.to_string().ends_with(text), "{error}");
        let genome = genome.with_naming(Naming::IgnoreChr);
        assert_eq!(genome.sequence(&at("1", 0, 4, Strand::Forward)).unwrap().to_string(), "ACGT");
        assert!(genome.sequence(&at("3", 0, 4, Strand::Forward)).is_err());
        let twice = folder.path().join("twice.fa");
        std::fs::write(&twice, ">a\nAC\n>a\nGT\n").unwrap();
        let error = Genome::open(&twice, LetterPolicy::default()).unwrap_err();
        assert!(matches!(error, GenomeError::TwiceNamed { .. }), "{error}");
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!(">chr1\n{}\n", "ACGTTGCA".repeat(20_000));
        let path = folder.path().join("x.fa.gz");
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(long.as_bytes()).unwrap();
        let whole = writer.finish().unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Genome::open(&path, LetterPolicy::default()).is_err());
        let mut writer = noodles::bgzf::io::Writer::new(Vec::new());
        writer.write_all(long.as_bytes()).unwrap();
        let whole = writer.finish().unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Genome::open(&path, LetterPolicy::default()).is_err());
    }
}
