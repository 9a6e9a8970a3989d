//! Writes scored variants to files. A run that was stopped goes on with its file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use dnabert_genome::vcf::{Allele, Variant};

use crate::annotate::{self, InfoField};

/// The header's line of settings.
const SETTINGS: &str = "##DNABERT=";

/// The line of a shard, which is not in the merged file.
pub const SHARD: &str = "##DNABERT_shard=";

/// The columns of a table before the scores, and their types.
const COLUMNS: [(&str, &str); 6] = [
    ("variant", "Integer"),
    ("chromosome", "String"),
    ("position", "Integer"),
    ("id", "String"),
    ("reference", "String"),
    ("alternate", "String"),
];

/// Every n-th variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    index: usize,
    count: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Whether it has the variant of this number, from 0.
    pub fn has(self, number: usize) -> bool {
        number % self.count == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}: i/n is expected, with i from 1 to n");
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let (index, count): (usize, usize) =
            (index.parse().map_err(|_| wrong())?, count.parse().map_err(|_| wrong())?);
        if index == 0 || index > count {
            return Err(wrong());
        }
        Ok(Self { index: index - 1, count })
    }
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// VCF.
    Vcf,
    /// A tab-separated table.
    Table,
    /// Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    /// The format that a file name ends with.
    ///
    /// # Errors
    ///
    /// [`WriterError::Format`] for any other name.
    pub fn from_path(path: &Path) -> Result<Self, WriterError> {
        let wrong = |reason| WriterError::Format { path: path.into(), reason };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("vcf") => Ok(Self::Vcf),
            Some("tsv") => Ok(Self::Table),
            #[cfg(feature = "parquet")]
            Some("parquet") => Ok(Self::Parquet),
            #[cfg(not(feature = "parquet"))]
            Some("parquet") => Err(wrong("this program was built without --features parquet")),
            _ => Err(wrong("the name must end with .vcf, .tsv or .parquet")),
        }
    }
}

/// Why scored variants cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriterError {
    /// A name that does not tell its format.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// A file that cannot be written.
    #[error("{}: the scored variants cannot be written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A Parquet file that cannot be written.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Parquet(#[from] crate::ParquetTableError),
}

/// Writes scored variants: beside the file, until all are there.
#[derive(Debug)]
pub struct VariantWriter {
    path: PathBuf,
    partial: PathBuf,
    writer: Writer,
    fields: Vec<InfoField>,
    shard: Shard,
    /// Variants of this shard that an earlier run has written.
    before: usize,
    /// Variants of this shard that are written.
    done: usize,
}

#[derive(Debug)]
enum Writer {
    Vcf(BufWriter<File>),
    Table(BufWriter<File>),
    #[cfg(feature = "parquet")]
    Parquet(Box<crate::ParquetTable>),
}

impl VariantWriter {
    /// Begins a file, or goes on with one that a stopped run with the same header and settings left; a Parquet file is
    /// always begun anew.
    ///
    /// # Errors
    ///
    /// [`WriterError`] naming the file.
    pub fn open(
        path: impl AsRef<Path>,
        header: &[String],
        fields: &[InfoField],
        settings: &str,
        shard: Shard,
    ) -> Result<Self, WriterError> {
        let path = path.as_ref();
        let failed = |source| WriterError::Io { path: path.into(), source };
        let format = Format::from_path(path)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}of{}", shard.index + 1, shard.count));
        if format != Format::Vcf {
            // A table has no place for its settings: a stopped one is known by its name.
            name.push(format!(".{:016x}", fnv(settings)));
        }
        name.push(".partial");
        let partial = PathBuf::from(name);
        let (writer, done) = match format {
            Format::Vcf => {
                let (file, done) =
                    text(&partial, &vcf_head(header, fields, settings, shard), |_| None)
                        .map_err(failed)?;
                (Writer::Vcf(file), done)
            }
            Format::Table => {
                let own = COLUMNS.map(|(name, _)| name);
                let keys: Vec<&str> =
                    own.into_iter().chain(fields.iter().map(|field| &*field.key)).collect();
                // A shard tells what it is, for those who put shards together.
                let head = match shard.count {
                    1 => String::new(),
                    count => {
                        format!("{SETTINGS}{settings}\n{SHARD}{}/{count}\n", shard.index + 1)
                    }
                };
                let head = head + &keys.join("\t") + "\n";
                let (file, done) = text(&partial, &head, |line| {
                    line.split(|byte| *byte == b'\t').next().map(<[u8]>::to_vec)
                })
                .map_err(failed)?;
                (Writer::Table(file), done)
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => {
                let own = COLUMNS.map(|(key, kind)| InfoField {
                    key: key.into(),
                    kind,
                    description: String::new(),
                });
                let columns: Vec<InfoField> =
                    own.into_iter().chain(fields.iter().cloned()).collect();
                let table = crate::ParquetTable::create(&partial, &columns)?;
                (Writer::Parquet(Box::new(table)), 0)
            }
        };
        Ok(Self {
            path: path.into(),
            partial,
            writer,
            fields: fields.to_vec(),
            shard,
            before: done,
            done,
        })
    }

    /// Variants that are there from an earlier run.
    pub fn before(&self) -> usize {
        self.before
    }

    /// Writes a variant; `columns` has, for each field, a value for each alternate allele. A table has a line
    /// for each allele, and one for a variant without.
    ///
    /// # Errors
    ///
    /// [`WriterError`] naming the file.
    pub fn push(&mut self, variant: &Variant, columns: &[Vec<String>]) -> Result<(), WriterError> {
        let failed = |source| WriterError::Io { path: self.partial.clone(), source };
        let number = self.shard.index + self.shard.count * self.done + 1;
        self.done += 1;
        match &mut self.writer {
            Writer::Vcf(file) => {
                writeln!(file, "{}", annotate::line(&variant.text, &self.fields, columns))
                    .map_err(failed)?;
            }
            Writer::Table(file) => {
                for row in rows(number, variant, columns, self.fields.len()) {
                    writeln!(file, "{}", row.join("\t")).map_err(failed)?;
                }
            }
            #[cfg(feature = "parquet")]
            Writer::Parquet(table) => {
                for row in rows(number, variant, columns, self.fields.len()) {
                    let row: Vec<&str> = row.iter().map(String::as_str).collect();
                    table.push(&row)?;
                }
            }
        }
        Ok(())
    }

    /// Hands what is held to the system.
    ///
    /// # Errors
    ///
    /// [`WriterError`] naming the file.
    pub fn flush(&mut self) -> Result<(), WriterError> {
        let failed = |source| WriterError::Io { path: self.partial.clone(), source };
        match &mut self.writer {
            Writer::Vcf(file) | Writer::Table(file) => file.flush().map_err(failed),
            #[cfg(feature = "parquet")]
            Writer::Parquet(_) => Ok(()),
        }
    }

    /// All are there: the file gets its name.
    ///
    /// # Errors
    ///
    /// [`WriterError`] naming the file.
    pub fn finish(self) -> Result<(), WriterError> {
        let path = self.path.clone();
        let failed = |source| WriterError::Io { path: path.clone(), source };
        match self.writer {
            Writer::Vcf(mut file) | Writer::Table(mut file) => {
                file.flush().map_err(failed)?;
                file.get_ref().sync_all().map_err(failed)?;
            }
            #[cfg(feature = "parquet")]
            Writer::Parquet(table) => table.finish()?,
        }
        fs::rename(&self.partial, &self.path).map_err(failed)
    }
}

/// A hash that stays the same from build to build (Fowler, Noll and Vo's 1a).
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The header of a VCF file, with the settings: a file of others is not gone on with.
fn vcf_head(header: &[String], fields: &[InfoField], settings: &str, shard: Shard) -> String {
    let mut lines = annotate::header(header, fields);
    lines.retain(|line| !line.starts_with(SETTINGS) && !line.starts_with(SHARD));
    let at = lines.iter().position(|line| line.starts_with("#CHROM"));
    let at = at.unwrap_or(lines.len());
    lines.insert(at, format!("{SETTINGS}{settings}"));
    if shard.count > 1 {
        lines.insert(at + 1, format!("{SHARD}{}/{}", shard.index + 1, shard.count));
    }
    lines.join("\n") + "\n"
}

/// The lines of a variant in a table.
fn rows(
    number: usize,
    variant: &Variant,
    columns: &[Vec<String>],
    fields: usize,
) -> Vec<Vec<String>> {
    let ids = if variant.ids.is_empty() { ".".to_owned() } else { variant.ids.join(";") };
    let row = |allele: String, values: Vec<String>| {
        let own = [
            number.to_string(),
            variant.interval.chromosome().to_owned(),
            variant.position().to_string(),
            ids.clone(),
            variant.reference.to_string(),
            allele,
        ];
        own.into_iter().chain(values).collect()
    };
    if variant.alternates.is_empty() {
        return vec![row(".".into(), vec![".".into(); fields])];
    }
    let alleles = variant.alternates.iter().enumerate().map(|(at, allele)| {
        let allele = match allele {
            Allele::Bases(bases) => bases.to_string(),
            Allele::Deleted => "*".into(),
            Allele::Symbolic(text) | Allele::Breakend(text) => text.clone(),
        };
        row(allele, columns.iter().map(|column| column[at].clone()).collect())
    });
    alleles.collect()
}

/// A text file that begins with `head`, behind the last whole variant of an earlier run, and how many those are.
/// `variant_of` tells by what lines belong to one variant; where it says nothing, each line is one.
fn text(
    path: &Path,
    head: &str,
    variant_of: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> io::Result<(BufWriter<File>, usize)> {
    let (end, done) = left_over(path, head, variant_of)?;
    let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
    file.set_len(end)?;
    file.seek(SeekFrom::End(0))?;
    let mut file = BufWriter::new(file);
    if end == 0 {
        file.write_all(head.as_bytes())?;
    }
    Ok((file, done))
}

/// How many bytes, and variants, of an unfinished file are whole: none where its header is another. The last of
/// several lines of a variant may be missing, so that the last variant of such a file is not taken for whole.
fn left_over(
    path: &Path,
    head: &str,
    variant_of: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> io::Result<(u64, usize)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut own = vec![0; head.len()];
    if io::Read::read_exact(&mut reader, &mut own).is_err() || own != head.as_bytes() {
        return Ok((0, 0));
    }
    let (mut end, mut whole, mut done, mut line) =
        (head.len() as u64, head.len() as u64, 0, Vec::new());
    let mut last = None;
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        let variant = variant_of(&line);
        if variant.is_none() {
            (whole, done) = (end + line.len() as u64, done + 1);
        } else if last.is_some() && variant != last {
            (whole, done) = (end, done + 1);
        }
        end += line.len() as u64;
        last = variant;
        line.clear();
    }
    Ok((whole, done))
}
