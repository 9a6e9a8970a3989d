//! Builds data sets from primary sources: a genome, and where its sites are.
//!
//! A builder returns [`Window`]s: intervals with a class and their bases. [`Splits`] divides them into
//! train, dev and test by position or by similarity. [`write()`] writes the tables and a manifest, and
//! [`BuiltTask`] is the set as a task. The same genome, sites, settings and seed give the same bytes.
//!
//! ```no_run
//! use dnabert_core::LetterPolicy;
//! use dnabert_genome::{Genome, bed};
//! use dnabert_tasks::build::{BindingConfig, Splits, build_binding, write};
//!
//! let genome = Genome::open("genome.fa", LetterPolicy::default())?;
//! let peaks = bed::read_narrow_peak("peaks.narrowPeak.gz")?;
//! let built = build_binding(&genome, &peaks, &BindingConfig::default())?;
//! println!("left out: {}", built.left_out);
//! let splits = Splits::chromosomes(&genome, &["chr8".to_owned()], &["chr9".to_owned()])?;
//! write(&built, &splits, &[("genome", "genome.fa".to_owned())], "binding".as_ref())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

/// A row of a built data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Where its bases come from, even if they were shuffled or substituted.
    pub interval: Interval,
    /// Its class.
    pub label: usize,
    /// Its bases, on its strand.
    pub sequence: Sequence,
}

/// The result of a builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The rows.
    pub windows: Vec<Window>,
    /// Counts of the sites without a row.
    pub left_out: LeftOut,
}

/// Counts of the sites that are left out, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeftOut {
    /// The window would extend past an end of the chromosome.
    pub off_the_chromosome: usize,
    /// The window has letters that are not `A C G T`.
    pub ambiguous: usize,
    /// The site has no strand.
    pub without_strand: usize,
    /// Another site has the same window.
    pub repeated: usize,
    /// The site is too close to one that is used.
    pub too_close: usize,
    /// The site is not GT or AG, and only canonical sites are wanted.
    pub not_canonical: usize,
    /// The promoter has a TATA box and those without are wanted, or the other way round.
    pub other_box: usize,
    /// No negative was found for the site: no window has its GC content, or its only dinucleotide
    /// shuffle is the site itself.
    pub unmatched: usize,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons = [
            (self.off_the_chromosome, "extend past an end of the chromosome"),
            (self.ambiguous, "have ambiguous letters"),
            (self.without_strand, "have no strand"),
            (self.repeated, "are duplicates"),
            (self.too_close, "are too close to another"),
            (self.not_canonical, "are not GT or AG"),
            (self.other_box, "are excluded by their TATA box"),
            (self.unmatched, "have no negative"),
        ];
        let some = reasons.iter().filter(|(count, _)| *count > 0);
        let some: Vec<String> = some.map(|(count, reason)| format!("{count} {reason}")).collect();
        f.write_str(if some.is_empty() { "no site is left out" } else { "" })?;
        f.write_str(&some.join(", "))
    }
}

/// Why a data set cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The genome cannot be read, or does not have a chromosome.
    #[error(transparent)]
    Genome(#[from] GenomeError),
    /// The classifier that finds hard negatives fails on a window.
    #[error("the classifier fails on a window")]
    Classifier(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A chromosome is in both dev and test.
    #[error("chromosome {name} cannot be in both dev and test")]
    InTwoSplits {
        /// Its name.
        name: String,
    },
    /// Hard negatives cannot be mined with splits by cluster.
    #[error(
        "hard negatives need splits by chromosome or position: replacing windows changes the clusters"
    )]
    HardInClusters,
    /// No site has a window.
    #[error("none of the {sites} sites has a window: {left_out}")]
    NoSite {
        /// Sites that were given.
        sites: usize,
        /// Why they are left out.
        left_out: LeftOut,
    },
    /// The genome has too few windows of the wanted kind.
    #[error(
        "only {found} of {wanted} negatives found in {tries} random windows; each needs {what}"
    )]
    TooFewNegatives {
        /// Negatives that were found.
        found: usize,
        /// Negatives that were wanted.
        wanted: usize,
        /// Random windows that were tried.
        tries: usize,
        /// What a negative needs.
        what: &'static str,
    },
}

/// Reads the windows of `sites`, each once; the sites without a window are counted in `left_out`.
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

/// The letters as a sequence.
fn sequence_of(letters: &[u8]) -> Result<Sequence, SequenceError> {
    String::from_utf8_lossy(letters).parse()
}
