//! The pieces of a corpus, by number.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use dnabert_core::{Sequence, derive_seed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::permutation::Permutation;
use super::store::Store;
use super::{CorpusConfig, CorpusError, Cutting, cut_lengths};

/// A piece of a genome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The FASTA record that it comes from.
    pub record: Arc<str>,
    /// Where it starts in the record, from 0 on the forward strand.
    pub start: usize,
    /// Whether it is the reverse complement.
    pub reverse: bool,
    /// The bases, on the strand that is read.
    pub sequence: Sequence,
}

/// The pieces of one part of a corpus. They can be read by several threads.
#[derive(Debug)]
pub struct Pieces {
    store: Store,
    config: CorpusConfig,
    /// The pieces without overlap; `None` if pieces are sampled.
    table: Option<Table>,
}

/// The random streams that draw a piece, the order of an epoch, and the cuts.
const PIECE: u64 = 0;
const ORDER: u64 = 1;
const CUT: u64 = 2;

impl Pieces {
    pub(super) fn new(store: Store, config: CorpusConfig) -> io::Result<Self> {
        let table = match config.cutting {
            Cutting::Sampled => None,
            Cutting::NoOverlap => Some(Table::cut(&store, &config)?),
        };
        Ok(Self { store, config, table })
    }

    /// The number of bases that pieces are cut from.
    pub fn bases(&self) -> u64 {
        self.store.bases()
    }

    /// The number of pieces in an epoch; `None` if pieces are sampled, which has no end.
    pub fn epoch(&self) -> Option<u64> {
        self.table.as_ref().map(|table| table.len)
    }

    /// The regions that pieces are cut from: record, start and end.
    pub fn regions(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        let runs = self.store.runs().iter();
        runs.map(|run| (&*run.record, run.start, run.start + run.len as usize))
    }

    /// All bases on the forward strand, in the order of the files, in stretches of at most `longest`
    /// bases.
    ///
    /// Each stretch of a region but the first starts with the last `overlap` bases of the one before,
    /// so that every k-mer of `overlap` + 1 bases is in a stretch.
    ///
    /// # Panics
    ///
    /// If `overlap` is not below `longest`.
    pub fn stretches(
        &self,
        longest: usize,
        overlap: usize,
    ) -> impl Iterator<Item = Result<Piece, CorpusError>> {
        assert!(overlap < longest, "stretches of {longest} bases cannot overlap by {overlap}");
        self.store.runs().iter().flat_map(move |run| {
            let last = run.len.saturating_sub(overlap as u64).max(1);
            (0..last).step_by(longest - overlap).map(move |within| {
                let len = (run.len - within).min(longest as u64) as usize;
                let sequence = self.store.read(run.offset + within, len);
                Ok(Piece {
                    record: Arc::clone(&run.record),
                    start: run.start + within as usize,
                    reverse: false,
                    sequence: sequence.map_err(CorpusError::Store)?,
                })
            })
        })
    }

    /// The piece with this number, any number from 0; the same number always gives the same piece.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Store`] if the temporary file cannot be read.
    ///
    /// # Panics
    ///
    /// If the corpus has no bases.
    pub fn piece(&self, number: u64) -> Result<Piece, CorpusError> {
        let mut random = ChaCha8Rng::seed_from_u64(derive_seed(self.config.seed, &[PIECE, number]));
        let (run, within, len) = match &self.table {
            Some(table) => {
                let epoch = number / table.len;
                let order =
                    Permutation::new(table.len, derive_seed(self.config.seed, &[ORDER, epoch]));
                let entry = table.read(order.at(number % table.len));
                let (place, len) = entry.map_err(CorpusError::Store)?;
                let (run, within) = self.store.locate(place);
                (run, within, len)
            }
            None => {
                let lengths = self.config.lengths;
                let kmers = if random.random::<f64>() < lengths.full_fraction {
                    lengths.longest
                } else {
                    random.random_range(lengths.shortest..=lengths.longest)
                };
                let (run, within) = self.store.locate(random.random_range(0..self.store.bases()));
                let len = (self.config.bases(kmers) as u64).min(run.len);
                (run, within.min(run.len - len), len as usize)
            }
        };
        let forward = self.store.read(run.offset + within, len).map_err(CorpusError::Store)?;
        let reverse = self.config.both_strands && random.random::<bool>();
        Ok(Piece {
            record: Arc::clone(&run.record),
            start: run.start + within as usize,
            reverse,
            sequence: if reverse { forward.reverse_complement() } else { forward },
        })
    }
}

/// Positions and lengths of pieces, in a temporary file.
#[derive(Debug)]
struct Table {
    file: Mutex<File>,
    len: u64,
}

/// The bits of an entry that hold the length; the others hold the position.
const LENGTH_BITS: u32 = 16;

impl Table {
    /// Cuts every run as DNABERT does; pieces that are too short are left out.
    fn cut(store: &Store, config: &CorpusConfig) -> io::Result<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(derive_seed(config.seed, &[CUT]));
        let [shortest, longest] =
            [config.lengths.shortest, config.lengths.longest].map(|kmers| config.bases(kmers));
        let mut output = BufWriter::new(tempfile::tempfile()?);
        let (mut place, mut len) = (0, 0);
        for run in store.runs() {
            // In parts, so that memory does not grow with the run.
            let mut rest = run.len;
            while rest > 0 {
                let part = rest.min(1 << 20);
                let lengths =
                    cut_lengths(part as usize, longest, config.lengths.full_fraction, || {
                        random.random()
                    });
                for length in lengths {
                    if length >= shortest {
                        let entry: u64 = (place << LENGTH_BITS) | length as u64;
                        output.write_all(&entry.to_le_bytes())?;
                        len += 1;
                    }
                    place += length as u64;
                }
                rest -= part;
            }
        }
        let file = output.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self { file: Mutex::new(file), len })
    }

    fn read(&self, index: u64) -> io::Result<(u64, usize)> {
        let mut bytes = [0; 8];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(8 * index))?;
        file.read_exact(&mut bytes)?;
        let entry = u64::from_le_bytes(bytes);
        Ok((entry >> LENGTH_BITS, (entry & ((1 << LENGTH_BITS) - 1)) as usize))
    }
}
