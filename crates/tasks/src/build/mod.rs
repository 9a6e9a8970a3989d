//! Data sets from primary sources: a genome, and where its sites are.
//!
//! Every builder gives [`Window`]s: intervals with a class, whose bases can be read again at any
//! time. [`Splits`] deals them to train, dev and test by where they lie, and [`write`] makes tables
//! and a manifest. The same genome, sites, settings and seed give the same bytes.

mod binding;
mod negatives;
mod output;
mod promoters;
mod shuffle;
mod splice;
mod splits;

use dnabert_core::{Sequence, SequenceError};
use dnabert_genome::{GenomeError, Interval, IntervalError};

pub use binding::{BindingConfig, build_binding};
pub use negatives::{Background, Negatives};
pub use output::{WriteError, write};
pub use promoters::{PromoterConfig, build_promoters, spaced};
pub use shuffle::{shuffle_dinucleotides, substitute_pieces};
pub use splice::{NonSites, SpliceConfig, build_splice};
pub use splits::Splits;

/// A row of a data set to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Where its bases come from, whatever was done to them.
    pub interval: Interval,
    /// Its class.
    pub label: usize,
    /// Its bases, as they are read on its strand.
    pub sequence: Sequence,
}

/// What a builder made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The rows.
    pub windows: Vec<Window>,
    /// Sites whose window would leave the chromosome.
    pub off_the_chromosome: usize,
    /// Sites whose window has letters that are not `A C G T`.
    pub ambiguous: usize,
}

/// Why a data set cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The genome cannot be read, or has no such chromosome.
    #[error(transparent)]
    Genome(#[from] GenomeError),
    /// No site is left.
    #[error(
        "none of {sites} sites has a window: {off} leave the chromosome, {ambiguous} are ambiguous"
    )]
    NoSite {
        /// Sites that were given.
        sites: usize,
        /// Windows that leave the chromosome.
        off: usize,
        /// Windows with other letters than bases.
        ambiguous: usize,
    },
    /// The genome has too little sequence of the wanted kind.
    #[error("{found} of {wanted} negatives found after {tries} random windows; they need {what}")]
    TooFewNegatives {
        /// Windows that were found.
        found: usize,
        /// Windows that were wanted.
        wanted: usize,
        /// Windows that were tried.
        tries: usize,
        /// What they must be.
        what: &'static str,
    },
}

/// Reads the windows of `sites`, of which those that leave the chromosome or are ambiguous are
/// counted and left out.
fn positives(
    genome: &dnabert_genome::Genome,
    sites: impl IntoIterator<Item = Result<Interval, IntervalError>>,
) -> Result<Built, BuildError> {
    let mut built = Built { windows: Vec::new(), off_the_chromosome: 0, ambiguous: 0 };
    let mut count = 0;
    for site in sites {
        count += 1;
        let Ok(interval) = site else {
            built.off_the_chromosome += 1;
            continue;
        };
        let sequence = match genome.sequence(&interval) {
            Ok(sequence) => sequence,
            Err(GenomeError::OffTheEnd { .. }) => {
                built.off_the_chromosome += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if sequence.ambiguous() > 0 {
            built.ambiguous += 1;
        } else {
            built.windows.push(Window { interval, label: 1, sequence });
        }
    }
    if built.windows.is_empty() {
        let Built { off_the_chromosome: off, ambiguous, .. } = built;
        return Err(BuildError::NoSite { sites: count, off, ambiguous });
    }
    Ok(built)
}

/// Bases as a sequence.
fn sequence_of(letters: &[u8]) -> Result<Sequence, SequenceError> {
    String::from_utf8_lossy(letters).parse()
}
