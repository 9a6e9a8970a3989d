//! The pre-training corpus: pieces of genomes, from FASTA files of any size.
//!
//! A corpus is built in one pass over the files, or in two if repeats are left out. The bases are
//! kept in a temporary file, two bits each. Memory holds only the starts of the runs and, for
//! repeats, 128 MB of counts. A piece is a function of its number, so that interrupted training
//! continues with the same pieces.
//!
//! ```
//! use dnabert_tasks::corpus::{Corpus, CorpusConfig, KmerSet};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("genome.fa");
//! # let base = |at| b"ACGT"[dnabert_core::derive_seed(1, &[at]) as usize % 4] as char;
//! # std::fs::write(&path, format!(">chr1\n{}\n", (0..20_000).map(base).collect::<String>()))?;
//! # let test_row: dnabert_core::Sequence = (4000..4200).map(base).collect::<String>().parse()?;
//! // Without the 31-mers of a test row.
//! let mut excluded = KmerSet::new(31);
//! excluded.add(&test_row);
//! let corpus = Corpus::build(&[path], &CorpusConfig::new(6), &excluded)?;
//! assert_eq!(corpus.report.excluded, 200);
//! let piece = corpus.train.piece(0)?;
//! assert_eq!(excluded.shared(&piece.sequence), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod config;
mod cut;
mod error;
mod kmer_set;
mod permutation;
mod pieces;
mod repeats;
mod store;

pub use build::{Corpus, CorpusReport};
pub use config::{CorpusConfig, Cutting, HeldOut, Lengths};
pub use cut::cut_lengths;
pub use error::CorpusError;
pub use kmer_set::KmerSet;
pub use pieces::{Piece, Pieces};
