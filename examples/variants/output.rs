//! Files of scored variants, which a run that was stopped goes on with.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Lines, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use dnabert::core::file::replace;
use dnabert::genome::vcf::{Allele, Variant};
use dnabert::variants::annotate::{self, InfoField};

/// The header's line of settings.
const SETTINGS: &str = "##DNABERT=";

/// The line of a shard, which is not in the merged file.
const SHARD: &str = "##DNABERT_shard=";

/// Every n-th variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
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
    pub(crate) fn has(self, number: usize) -> bool {
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

/// Whether a file is to be VCF, and not a table.
pub(crate) fn check_name(path: &Path) -> Result<bool, String> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("vcf") => Ok(true),
        Some("tsv") => Ok(false),
        _ => Err(format!("{}: neither .vcf nor .tsv", path.display())),
    }
}

/// Scored variants as they are written: beside the file, until all are there.
pub(crate) struct Output {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    fields: Vec<InfoField>,
    is_vcf: bool,
    done: usize,
}

impl Output {
    /// Begins a file, or goes on with one that a stopped run with the same header left.
    pub(crate) fn open(
        path: &Path,
        header: &[String],
        fields: &[InfoField],
        settings: &str,
        shard: Shard,
    ) -> Result<Self, Box<dyn Error>> {
        let is_vcf = check_name(path)?;
        let head = if is_vcf {
            // A file of other settings is not gone on with.
            let mut lines = annotate::header(header, fields);
            lines.retain(|line| !line.starts_with(SETTINGS) && !line.starts_with(SHARD));
            let at = lines.iter().position(|line| line.starts_with("#CHROM"));
            let at = at.unwrap_or(lines.len());
            lines.insert(at, format!("{SETTINGS}{settings}"));
            if shard.count > 1 {
                lines.insert(at + 1, format!("{SHARD}{}/{}", shard.index + 1, shard.count));
            }
            lines.join("\n") + "\n"
        } else {
            let keys: Vec<&str> = fields.iter().map(|field| &*field.key).collect();
            format!("chromosome\tposition\tid\treference\talternate\t{}\n", keys.join("\t"))
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}of{}.partial", shard.index + 1, shard.count));
        let partial = PathBuf::from(name);
        let (end, done) = left_over(&partial, &head, is_vcf)?;
        if end == 0 && partial.exists() {
            eprintln!("{} is of another run: begun anew", partial.display());
        }
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(false).open(&partial)?;
        file.set_len(end)?;
        file.seek(SeekFrom::End(0))?;
        let mut file = BufWriter::new(file);
        if end == 0 {
            file.write_all(head.as_bytes())?;
        } else {
            eprintln!("{done} variants are there from an earlier run");
        }
        Ok(Self { path: path.into(), partial, file, fields: fields.to_vec(), is_vcf, done })
    }

    /// Variants that are there from an earlier run.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Writes a variant; `columns` has, for each field, a value for each alternate allele. A table has a line
    /// for each allele, and one for a variant without.
    pub(crate) fn push(&mut self, variant: &Variant, columns: &[Vec<String>]) -> io::Result<()> {
        if self.is_vcf {
            return writeln!(self.file, "{}", annotate::line(&variant.text, &self.fields, columns));
        }
        let ids = if variant.ids.is_empty() { ".".to_owned() } else { variant.ids.join(";") };
        let start = format!(
            "{}\t{}\t{ids}\t{}",
            variant.interval.chromosome(),
            variant.interval.start() + 1,
            variant.reference
        );
        // One write for a variant: a stopped run leaves whole ones, or a piece at the end.
        let mut text = String::new();
        for (at, allele) in variant.alternates.iter().enumerate() {
            let allele = match allele {
                Allele::Bases(bases) => bases.to_string(),
                Allele::Deleted => "*".into(),
                Allele::Symbolic(text) | Allele::Breakend(text) => text.clone(),
            };
            let values: Vec<&str> = columns.iter().map(|column| &*column[at]).collect();
            text += &format!("{start}\t{allele}\t{}\n", values.join("\t"));
        }
        if variant.alternates.is_empty() {
            let values = vec!["."; self.fields.len()];
            text += &format!("{start}\t.\t{}\n", values.join("\t"));
        }
        self.file.write_all(text.as_bytes())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// All are there: the file gets its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.partial, &self.path)
    }
}

/// How many bytes, and variants, of an unfinished file are whole: none where its header is another.
fn left_over(path: &Path, head: &str, is_vcf: bool) -> io::Result<(u64, usize)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(error),
    };
    // Lines of a table do not tell where a variant ends: it is begun anew.
    if !is_vcf {
        return Ok((0, 0));
    }
    let mut reader = BufReader::new(file);
    let mut own = vec![0; head.len()];
    if io::Read::read_exact(&mut reader, &mut own).is_err() || own != head.as_bytes() {
        return Ok((0, 0));
    }
    let (mut end, mut done, mut line) = (head.len() as u64, 0, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        end += line.len() as u64;
        done += 1;
        line.clear();
    }
    Ok((end, done))
}

/// Puts the files of all shards together: the first variant of each, then the second, and so on.
pub(crate) fn merge(shards: &[PathBuf], out: &Path) -> Result<(), Box<dyn Error>> {
    if out.extension().and_then(|extension| extension.to_str()) != Some("vcf") {
        return Err(format!("{}: shards are put together as .vcf", out.display()).into());
    }
    let mut readers = Vec::new();
    let mut head: Option<Vec<String>> = None;
    for path in shards {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let mut lines = BufReader::new(File::open(path).map_err(failed)?).lines();
        let mut own = header_of(&mut lines).map_err(failed)?;
        let shard = own.iter().find_map(|line| line.strip_prefix(SHARD)).map(str::to_owned);
        let expected = format!("{}/{}", readers.len() + 1, shards.len());
        if shard.as_deref() != Some(&*expected) {
            let found = shard.unwrap_or_else(|| "no shard".into());
            return Err(format!(
                "{}: shard {expected} is expected here, and this is {found}: give all of them, in their order",
                path.display()
            )
            .into());
        }
        own.retain(|line| !line.starts_with(SHARD));
        if head.get_or_insert_with(|| own.clone()) != &own {
            return Err(
                format!("{}: its header is not that of the first file", path.display()).into()
            );
        }
        readers.push(lines);
    }
    replace(out, |beside| -> Result<(), Box<dyn Error>> {
        let mut file = BufWriter::new(File::create(beside)?);
        for line in head.iter().flatten() {
            writeln!(file, "{line}")?;
        }
        let (mut ended, mut count) = (None, 0);
        loop {
            for (index, reader) in readers.iter_mut().enumerate() {
                match (reader.next(), ended) {
                    (Some(line), None) => {
                        writeln!(file, "{}", line?)?;
                        count += 1;
                    }
                    (None, None) => ended = Some(index),
                    (None, Some(_)) => (),
                    (Some(_), Some(first)) => {
                        let (early, late) = (shards[first].display(), shards[index].display());
                        return Err(format!(
                            "{late} has a variant more than {early}: give the shards in their order, 1/n \
                             first, all of them"
                        )
                        .into());
                    }
                }
            }
            if ended.is_some() {
                break;
            }
        }
        file.flush()?;
        println!("wrote {count} variants to {}", out.display());
        Ok(())
    })
}

/// Lines up to and with `#CHROM`.
fn header_of(lines: &mut Lines<BufReader<File>>) -> io::Result<Vec<String>> {
    let mut header = Vec::new();
    for line in lines {
        header.push(line?);
        if header.last().is_some_and(|line| line.starts_with("#CHROM")) {
            return Ok(header);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "no line begins with #CHROM"))
}
