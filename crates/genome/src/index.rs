//! Indices for random access to FASTA files.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use dnabert_core::file;
use noodles::bgzf::{self, gzi};
use noodles::fasta::fai;
use noodles::fasta::io::indexed_reader::Builder;
use noodles::fasta::io::{BufReader, IndexedReader, Indexer};

/// A reader with the index of the file, which is created if it is missing or older than the file;
/// `None` for a gzip file that is not bgzip.
pub(crate) fn reader(path: &Path) -> io::Result<Option<IndexedReader<BufReader<File>>>> {
    let inner = match compression(path)? {
        Compression::Whole => return Ok(None),
        Compression::None => BufReader::Uncompressed(io::BufReader::new(File::open(path)?)),
        Compression::Blocks => {
            let index = match fresh(path, "gzi").map(gzi::fs::read) {
                Some(index) => index?,
                None => {
                    let index = blocks(path)?;
                    keep(path, "gzi", |bytes| gzi::io::Writer::new(bytes).write_index(&index));
                    index
                }
            };
            let builder = bgzf::io::indexed_reader::Builder::default().set_index(index);
            BufReader::Bgzf(builder.build_from_reader(File::open(path)?)?)
        }
    };
    let index = match fresh(path, "fai").map(fai::fs::read) {
        Some(index) => index?,
        None => {
            let index = records(path)?;
            keep(path, "fai", |bytes| fai::io::Writer::new(bytes).write_index(&index));
            index
        }
    };
    Builder::default().set_index(index).build_from_reader(inner).map(Some)
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

/// The index of the records of a FASTA file.
fn records(path: &Path) -> io::Result<fai::Index> {
    let mut indexer = Indexer::new(crate::open(path)?);
    let mut records = Vec::new();
    while let Some(record) = indexer.index_record().map_err(io::Error::from)? {
        records.push(record);
    }
    if records.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no FASTA record"));
    }
    Ok(fai::Index::from(records))
}

/// The index of the blocks of a bgzip file; by convention it leaves out the first block.
fn blocks(path: &Path) -> io::Result<gzi::Index> {
    let mut reader = bgzf::io::Reader::new(io::BufReader::new(File::open(path)?));
    let (mut offsets, mut last, mut position) = (Vec::new(), 0, 0);
    loop {
        let len = reader.fill_buf()?.len();
        if len == 0 {
            return Ok(gzi::Index::from(offsets));
        }
        let block = reader.virtual_position().compressed();
        if block != last {
            offsets.push((block, position));
            last = block;
        }
        position += len as u64;
        reader.consume(len);
    }
}
