//! Data sets from primary sources: a genome, and where its sites are.
//!
//! Every builder gives [`Window`]s: intervals with a class and their bases. [`Splits`] deals them to
//! train, dev and test by where they lie, and [`write()`] makes tables and a manifest. The same
//! genome, sites, settings and seed give the same bytes.

mod binding;
mod hard_negatives;
mod negatives;
mod output;
mod promoters;
mod shuffle;
mod splice;
mod splits;
mod task;

use std::collections::HashSet;

use dnabert_core::{Sequence, SequenceError};
use dnabert_genome::{GenomeError, Interval, IntervalError};
use serde::Serialize;

pub use binding::{BindingConfig, build_binding};
pub use hard_negatives::HardNegatives;
pub use negatives::{Background, Negatives};
pub use output::{WriteError, write};
pub use promoters::{PromoterConfig, TataBox, build_promoters, has_tata_box, spaced};
pub use shuffle::{shuffle_dinucleotides, substitute_pieces};
pub use splice::{NonSites, SpliceConfig, adversarial_non_sites, build_splice};
pub use splits::Splits;
pub use task::BuiltTask;

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
    /// Sites that have none.
    pub left_out: LeftOut,
}

/// Sites that are left out, by the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeftOut {
    /// Their window would leave the chromosome.
    pub off_the_chromosome: usize,
    /// Their window has letters that are not `A C G T`.
    pub ambiguous: usize,
    /// They need a strand and have none.
    pub without_strand: usize,
    /// They have the window of another.
    pub repeated: usize,
    /// They lie too close to one that is taken.
    pub too_close: usize,
    /// They are no GT or AG, where only such are asked for.
    pub not_canonical: usize,
    /// They have a TATA box where those without are asked for, or none where those with are.
    pub other_box: usize,
    /// No negative was found for them: none has their GC content, or none but themselves has their
    /// dinucleotides.
    pub unmatched: usize,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons = [
            (self.off_the_chromosome, "leave the chromosome"),
            (self.ambiguous, "are ambiguous"),
            (self.without_strand, "have no strand"),
            (self.repeated, "are given twice"),
            (self.too_close, "lie too close to another"),
            (self.not_canonical, "are not GT or AG"),
            (self.other_box, "have the other kind of box"),
            (self.unmatched, "have no negative"),
        ];
        let some = reasons.iter().filter(|(count, _)| *count > 0);
        let some: Vec<String> = some.map(|(count, reason)| format!("{count} {reason}")).collect();
        f.write_str(if some.is_empty() { "none is left out" } else { "" })?;
        f.write_str(&some.join(", "))
    }
}

/// Why a data set cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The genome cannot be read, or has no such chromosome.
    #[error(transparent)]
    Genome(#[from] GenomeError),
    /// The classifier that looks for hard negatives cannot read a window.
    #[error("the classifier cannot read a window")]
    Classifier(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A chromosome of both dev and test.
    #[error("{name} cannot be in both dev and test")]
    InTwoSplits {
        /// Its name.
        name: String,
    },
    /// Hard negatives in splits by what sequences share.
    #[error("hard negatives need splits by place: other windows make other clusters")]
    HardInClusters,
    /// No site is left.
    #[error("no window is left of {sites} sites: {left_out}")]
    NoSite {
        /// Sites that were given.
        sites: usize,
        /// What became of them.
        left_out: LeftOut,
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

/// Reads the windows of `sites`, none of them twice; those that cannot be are counted in `left_out`.
fn positives(
    genome: &dnabert_genome::Genome,
    sites: impl IntoIterator<Item = Result<Interval, IntervalError>>,
    mut left_out: LeftOut,
) -> Result<Built, BuildError> {
    let (mut windows, mut seen) = (Vec::new(), HashSet::new());
    let mut count = left_out.without_strand + left_out.repeated + left_out.too_close;
    for site in sites {
        count += 1;
        let Ok(interval) = site else {
            left_out.off_the_chromosome += 1;
            continue;
        };
        let interval = genome.resolve(interval)?;
        let sequence = match genome.sequence(&interval) {
            Ok(sequence) => sequence,
            Err(GenomeError::OffTheEnd { .. }) => {
                left_out.off_the_chromosome += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if sequence.ambiguous() > 0 {
            left_out.ambiguous += 1;
        } else if !seen.insert(interval.clone()) {
            left_out.repeated += 1;
        } else {
            windows.push(Window { interval, label: 1, sequence });
        }
    }
    if windows.is_empty() {
        return Err(BuildError::NoSite { sites: count, left_out });
    }
    Ok(Built { windows, left_out })
}

/// Bases as a sequence.
fn sequence_of(letters: &[u8]) -> Result<Sequence, SequenceError> {
    String::from_utf8_lossy(letters).parse()
}
