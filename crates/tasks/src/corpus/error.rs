//! Errors of a corpus.

use dnabert_genome::fasta::FastaError;

/// Why a corpus cannot be built or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A FASTA file cannot be read.
    #[error(transparent)]
    Fasta(#[from] FastaError),
    /// The temporary file with the bases cannot be written or read.
    #[error("the temporary file of the corpus cannot be written or read")]
    Store(#[source] std::io::Error),
    /// A setting is out of range.
    #[error("`{field}` is {value}: {reason}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// No bases to train on are left.
    #[error(
        "no stretch of at least {shortest} bases is left to train on: {bases} bases were read, \
         {excluded} are excluded, {repeated} are in repeats"
    )]
    Empty {
        /// The shortest stretch that is long enough.
        shortest: usize,
        /// Bases that were read.
        bases: u64,
        /// Bases in k-mers of the excluded set.
        excluded: u64,
        /// Bases in repeats.
        repeated: u64,
    },
}
