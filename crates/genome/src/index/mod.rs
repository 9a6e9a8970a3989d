//! Indices for random access to FASTA files.

mod blocks;
mod fit;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use dnabert_core::file;
use dnabert_core::text::{self, Watched};
use noodles::bgzf;
use noodles::fasta::fai;
use noodles::fasta::io::indexed_reader::Builder;
use noodles::fasta::io::{BufReader, IndexedReader, Indexer};

use self::blocks::blocks;
use self::fit::fits;

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
    let known = fresh(path).and_then(|index| fai::fs::read(index).ok());
    let index = match known {
        Some(index) if fits(&index, &mut inner)? => index,
        _ => {
            let Some(index) = records(path)? else { return Ok(None) };
            keep(path, &index);
            index
        }
    };
    Builder::default().set_index(index).build_from_reader(inner).map(Some)
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

/// The path of the index of a file, next to it.
fn index_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".fai");
    name.into()
}

/// The path of the index, if it exists and is not older than the file.
fn fresh(path: &Path) -> Option<PathBuf> {
    let index = index_path(path);
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified());
    (changed(&index).ok()? >= changed(path).ok()?).then_some(index)
}

/// Writes an index next to the file. A failure is ignored: the index then exists in memory only.
fn keep(path: &Path, index: &fai::Index) {
    let mut bytes = Vec::new();
    if fai::io::Writer::new(&mut bytes).write_index(index).is_ok() {
        let _ = file::write(&index_path(path), &bytes);
    }
}

/// The index of the records of a FASTA file; `None` if it has none that fits: lines of different
/// lengths, blanks between bases, or returns that are line ends of their own.
fn records(path: &Path) -> io::Result<Option<fai::Index>> {
    let mut is_apart = false;
    let (mut line, mut after_return) = (Line::Start, false);
    let see = |bytes: &[u8]| {
        for &byte in bytes {
            line = match (line, byte) {
                (_, b'\n') => Line::Start,
                (Line::Start, b'>') => Line::Header,
                (Line::Start, _) => Line::Bases,
                (line, _) => line,
            };
            is_apart |= line == Line::Bases && matches!(byte, b' ' | b'\t');
            is_apart |= after_return && byte != b'\n';
            after_return = byte == b'\r';
        }
    };
    let index = index_of(Watched::new(text::decompress(path)?, see))?;
    Ok(index.filter(|_| !is_apart))
}

/// The line that a byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Start,
    Header,
    Bases,
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
