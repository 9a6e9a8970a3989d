//! Bases in a temporary file, two bits each, and the runs that they come from.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use dnabert_core::Sequence;

use super::kmer_set::{digit, letter};

/// A stretch of a record in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredRun {
    pub(super) record: Arc<str>,
    /// Where it starts in the record.
    pub(super) start: usize,
    /// Where it starts in the file, in bases.
    pub(super) offset: u64,
    /// Its bases.
    pub(super) len: u64,
}

/// Writes bases and records their runs.
#[derive(Debug)]
pub(super) struct StoreWriter {
    output: BufWriter<File>,
    byte: u8,
    bases: u64,
    runs: Vec<StoredRun>,
}

impl StoreWriter {
    pub(super) fn new() -> io::Result<Self> {
        let output = BufWriter::new(tempfile::tempfile()?);
        Ok(Self { output, byte: 0, bases: 0, runs: Vec::new() })
    }

    /// Starts a run at `start` of `record`.
    pub(super) fn begin(&mut self, record: &Arc<str>, start: usize) {
        let record = Arc::clone(record);
        self.runs.push(StoredRun { record, start, offset: self.bases, len: 0 });
    }

    /// Appends a base to the last run.
    pub(super) fn push(&mut self, base: u8) -> io::Result<()> {
        let bits = digit(base).expect("runs hold bases only") as u8;
        self.byte |= bits << (2 * (self.bases % 4));
        self.bases += 1;
        if let Some(run) = self.runs.last_mut() {
            run.len += 1;
        }
        if self.bases.is_multiple_of(4) {
            self.output.write_all(&[self.byte])?;
            self.byte = 0;
        }
        Ok(())
    }

    /// The finished store, of runs with at least `shortest` bases.
    pub(super) fn finish(mut self, shortest: u64) -> io::Result<Store> {
        self.output.write_all(&[self.byte])?;
        let file = self.output.into_inner().map_err(io::IntoInnerError::into_error)?;
        self.runs.retain(|run| run.len >= shortest);
        // From here on, positions count only the bases of these runs.
        let mut before = Vec::with_capacity(self.runs.len());
        let mut sum = 0;
        for run in &self.runs {
            before.push(sum);
            sum += run.len;
        }
        Ok(Store { file: Mutex::new(file), runs: self.runs, before, bases: sum })
    }
}

/// Runs of bases with random access.
#[derive(Debug)]
pub(super) struct Store {
    file: Mutex<File>,
    runs: Vec<StoredRun>,
    /// Bases of all runs before each run.
    before: Vec<u64>,
    bases: u64,
}

impl Store {
    pub(super) fn bases(&self) -> u64 {
        self.bases
    }

    pub(super) fn runs(&self) -> &[StoredRun] {
        &self.runs
    }

    /// The run of the base at `place` (below [`bases`](Self::bases)), and its offset in the run.
    pub(super) fn locate(&self, place: u64) -> (&StoredRun, u64) {
        let index = self.before.partition_point(|&before| before <= place) - 1;
        (&self.runs[index], place - self.before[index])
    }

    /// Reads `len` bases from `offset` of the file.
    pub(super) fn read(&self, offset: u64, len: usize) -> io::Result<Sequence> {
        let skipped = (offset % 4) as usize;
        let mut bytes = vec![0; (skipped + len).div_ceil(4)];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset / 4))?;
            file.read_exact(&mut bytes)?;
        }
        let base = |place: usize| letter(bytes[place / 4] >> (2 * (place % 4)));
        let letters: Vec<u8> = (skipped..skipped + len).map(base).collect();
        let text = String::from_utf8(letters).expect("bases are ASCII");
        Ok(text.parse().expect("bases only"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_read_back_from_any_position() {
        let mut writer = StoreWriter::new().unwrap();
        let texts = ["ACGTTGCA", "GG", "TTACGGAC"];
        for (index, text) in texts.iter().enumerate() {
            writer.begin(&format!("r{index}").into(), 10 * index);
            text.bytes().for_each(|base| writer.push(base).unwrap());
        }
        let store = writer.finish(3).unwrap();
        assert_eq!((store.bases(), store.runs().len()), (16, 2));
        for place in 0..16 {
            let (run, within) = store.locate(place);
            let text = if place < 8 { texts[0] } else { texts[2] };
            let rest = text.len() - within as usize;
            let read = store.read(run.offset + within, rest).unwrap();
            assert_eq!(read.to_string(), text[within as usize..]);
        }
    }
}
