//! Indices for random access to FASTA files.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use dnabert_core::{file, text};
use noodles::bgzf::{self, gzi};
use noodles::fasta::fai;
use noodles::fasta::io::indexed_reader::Builder;
use noodles::fasta::io::{BufReader, IndexedReader, Indexer};

/// A reader with the index of the file, which is created if it is missing, older than the file, or
/// does not fit it. `None` for a file that cannot be read at any place: gzip that is not bgzip, lines
/// of different lengths in one record, or a byte order mark.
pub(crate) fn reader(path: &Path) -> io::Result<Option<IndexedReader<BufReader<File>>>> {
    let mut inner = match compression(path)? {
        Compression::Whole => return Ok(None),
        Compression::None => BufReader::Uncompressed(io::BufReader::new(File::open(path)?)),
        Compression::Blocks => {
            let builder = bgzf::io::indexed_reader::Builder::default().set_index(blocks(path)?);
            BufReader::Bgzf(builder.build_from_reader(File::open(path)?)?)
        }
    };
    let known = fresh(path, "fai").and_then(|index| fai::fs::read(index).ok());
    let known = match known {
        Some(index) if fits(&index, &mut inner)? => Some(index),
        _ => None,
    };
    let index = match known {
        Some(index) => index,
        None => {
            let Some(index) = records(path)? else { return Ok(None) };
            keep(path, "fai", |bytes| fai::io::Writer::new(bytes).write_index(&index));
            index
        }
    };
    Builder::default().set_index(index).build_from_reader(inner).map(Some)
}

/// The number of records, and of lines in each, that an index is compared with.
const SAMPLES: u64 = 1000;

/// Whether an index is that of the file: names, lengths of lines, line ends, and the end of the file.
/// In an index of many records, some are looked at. The dates of both say little: a file that is
/// unpacked or copied may be older than the index of the one that it replaces.
fn fits<R: BufRead + Seek>(index: &fai::Index, file: &mut R) -> io::Result<bool> {
    let records = index.as_ref();
    let step = (records.len() as u64).div_ceil(SAMPLES).max(1) as usize;
    let mut before = 0;
    for (number, record) in records.iter().enumerate() {
        let Some(end) = last_byte(record) else { return Ok(false) };
        let is_last = number + 1 == records.len();
        if (number % step == 0 || is_last) && !fits_record(record, before, end, is_last, file)? {
            return Ok(false);
        }
        before = end;
    }
    Ok(!records.is_empty())
}

/// The byte after the last base of a record; `None` if the numbers are impossible.
fn last_byte(record: &fai::Record) -> Option<u64> {
    let (bases, width) = (record.line_base_count().get(), record.line_width().get());
    let ends = width.checked_sub(bases).filter(|ends| (1..=2).contains(ends))?;
    let lines_before = record.length().saturating_sub(1) / bases;
    let in_lines = record.length().checked_add(lines_before.checked_mul(ends)?)?;
    record.position().checked_add(in_lines)
}

fn fits_record<R: BufRead + Seek>(
    record: &fai::Record,
    before: u64,
    end: u64,
    is_last: bool,
    file: &mut R,
) -> io::Result<bool> {
    // Between the record before and this one there are line ends and the header.
    let Some(length) = record.position().checked_sub(before).filter(|length| *length < 1 << 20)
    else {
        return Ok(false);
    };
    let head = bytes(file, before, length)?;
    let head = head.strip_prefix(b"\r").unwrap_or(&head);
    let head = head.strip_prefix(b"\n").unwrap_or(head);
    let name = head.strip_prefix(b">").and_then(|head| head.strip_suffix(b"\n"));
    let name = name.map(|name| name.strip_suffix(b"\r").unwrap_or(name));
    let Some(name) = name.filter(|name| !name.contains(&b'\n') && !name.contains(&b'\r')) else {
        return Ok(false);
    };
    let name = name.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_known = record.name().iter().all(u8::is_ascii_graphic);
    if !is_known || name != AsRef::<[u8]>::as_ref(record.name()) {
        return Ok(false);
    }
    let (bases, width) = (record.line_base_count().get(), record.line_width().get());
    let line_end: &[u8] = if width == bases + 2 { b"\r\n" } else { b"\n" };
    let whole_lines = record.length().saturating_sub(1) / bases;
    let step = whole_lines.div_ceil(SAMPLES).max(1);
    for line in (0..whole_lines).step_by(step as usize).chain(whole_lines.checked_sub(1)) {
        // With a base on either side, of which neither belongs to the line end.
        let found = bytes(file, record.position() + line * width + bases - 1, width - bases + 2)?;
        let is_base = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_whitespace());
        let has_bases = is_base(found.first()) && is_base(found.last());
        if !has_bases || found.get(1..found.len() - 1) != Some(line_end) {
            return Ok(false);
        }
    }
    // After the last base: a line end or the end of the file.
    let after = bytes(file, end, 3)?;
    let is_end = after.iter().all(u8::is_ascii_whitespace);
    Ok(match after.first() {
        None => is_last,
        Some(b'\n' | b'\r') => !is_last || is_end,
        Some(_) => false,
    })
}

/// So many bytes of a file from a position on, fewer if it ends before.
fn bytes<R: BufRead + Seek>(file: &mut R, from: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut found = Vec::new();
    match file.take(count).read_to_end(&mut found) {
        // A position behind the last block of bgzip.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        read => read.map(|_| found),
    }
}

enum Compression {
    None,
    /// bgzip: gzip members of at most 64 kB, each with its length in its header.
    Blocks,
    Whole,
}

fn compression(path: &Path) -> io::Result<Compression> {
    let mut head = Vec::new();
    File::open(path)?.take(18).read_to_end(&mut head)?;
    // SAM specification, section 4.1: gzip's magic, the flag for extra fields, and the field BC.
    Ok(match head[..] {
        [0x1f, 0x8b, 8, 4, _, _, _, _, _, _, _, _, b'B', b'C', ..] => Compression::Blocks,
        [0x1f, 0x8b, ..] => Compression::Whole,
        _ => Compression::None,
    })
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(extension);
    name.into()
}

/// The path of the index next to the file, if it exists and is not older than the file.
fn fresh(path: &Path, extension: &str) -> Option<PathBuf> {
    let index = beside(path, extension);
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified());
    (changed(&index).ok()? >= changed(path).ok()?).then_some(index)
}

/// Writes an index next to the file. A failure is ignored: the index then exists in memory only.
fn keep(path: &Path, extension: &str, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) {
    let mut bytes = Vec::new();
    if write(&mut bytes).is_ok() {
        let _ = file::write(&beside(path, extension), &bytes);
    }
}

/// The index of the records of a FASTA file; `None` if it has none that fits, as with lines of
/// different lengths, or blanks between bases.
fn records(path: &Path) -> io::Result<Option<fai::Index>> {
    let mut found = false;
    let file = Blanks {
        file: text::decompress(path)?,
        line: Line::Start,
        after_return: false,
        found: &mut found,
    };
    let index = index_of(file)?;
    Ok(index.filter(|_| !found))
}

fn index_of(file: impl BufRead) -> io::Result<Option<fai::Index>> {
    let mut indexer = Indexer::new(file);
    let mut records = Vec::new();
    loop {
        match indexer.index_record().map_err(io::Error::from) {
            // Not all readers end a name at the same letters beyond ASCII's.
            Ok(Some(record)) if !record.name().iter().all(u8::is_ascii_graphic) => return Ok(None),
            Ok(Some(record)) => records.push(record),
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok((!records.is_empty()).then(|| fai::Index::from(records)))
}

/// Reads a FASTA file, and looks for blanks in lines of bases, and for returns that are line ends of
/// their own.
struct Blanks<'a, R> {
    file: R,
    line: Line,
    after_return: bool,
    found: &'a mut bool,
}

/// The line that a byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Start,
    Header,
    Bases,
}

impl<R: BufRead> BufRead for Blanks<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let seen = self.file.fill_buf().unwrap_or_default();
        for &byte in &seen[..count.min(seen.len())] {
            self.line = match (self.line, byte) {
                (_, b'\n') => Line::Start,
                (Line::Start, b'>') => Line::Header,
                (Line::Start, _) => Line::Bases,
                (line, _) => line,
            };
            *self.found |= self.line == Line::Bases && matches!(byte, b' ' | b'\t');
            *self.found |= self.after_return && byte != b'\n';
            self.after_return = byte == b'\r';
        }
        self.file.consume(count);
    }
}

impl<R: BufRead> io::Read for Blanks<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let found = self.fill_buf()?;
        let count = found.len().min(to.len());
        to[..count].copy_from_slice(&found[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// The index of the blocks of a bgzip file; by convention it leaves out the first block.
///
/// It is made of the sizes that are in the head and the end of each block (SAM specification,
/// section 4.1), which takes a moment. So no index beside the file is read, which could be old.
fn blocks(path: &Path) -> io::Result<gzi::Index> {
    let mut file = io::BufReader::new(File::open(path)?);
    let (mut offsets, mut compressed, mut position) = (Vec::new(), 0_u64, 0_u64);
    let mut length = 0;
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "a block of bgzip is not whole");
    loop {
        let mut head = [0; 18];
        let found = bytes(&mut file, compressed, head.len() as u64)?;
        if found.is_empty() {
            // The last block is an empty one, so that a file that was cut can be told.
            return if length == 0 { Ok(gzi::Index::from(offsets)) } else { Err(invalid()) };
        }
        head.get_mut(..found.len()).ok_or_else(invalid)?.copy_from_slice(&found);
        if found.len() < head.len() || head[..4] != [0x1f, 0x8b, 8, 4] || head[12..14] != *b"BC" {
            return Err(invalid());
        }
        let size = u64::from(u16::from_le_bytes([head[16], head[17]])) + 1;
        let end = bytes(&mut file, compressed + size - 4, 4)?;
        length = u32::from_le_bytes(end.try_into().map_err(|_| invalid())?);
        if compressed > 0 && length > 0 {
            offsets.push((compressed, position));
        }
        compressed += size;
        position += u64::from(length);
    }
}
