//! Why a corpus cannot be made or read.

use dnabert_genome::fasta::FastaError;

/// Why a corpus cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A FASTA file.
    #[error(transparent)]
    Fasta(#[from] FastaError),
    /// The temporary file that holds the bases.
    #[error("the temporary file with the bases of the corpus")]
    Store(#[source] std::io::Error),
    /// A setting outside its range.
    #[error("`{field}` is {value}: {reason}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// Nothing to train on.
    #[error(
        "no stretch of {shortest} bases or more is left to train on ({bases} bases were read, {excluded} \
         excluded, {repeated} in repeats)"
    )]
    Empty {
        /// The shortest stretch that would do.
        shortest: usize,
        /// Bases that were read.
        bases: u64,
        /// Bases that share a k-mer with what is excluded.
        excluded: u64,
        /// Bases in repeats.
        repeated: u64,
    },
}
