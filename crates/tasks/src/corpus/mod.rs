//! The pre-training corpus: pieces of genomes, from FASTA of any size.
//!
//! A corpus is built in one pass over the files, or two where repeats are left out: bases go to a temporary file, two bits each, and
//! memory holds only where their runs begin, and 128 MB of counts where repeats are left out. A piece is then a function of its number, so that a
//! run of training that was stopped goes on with the pieces it would have seen.

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
