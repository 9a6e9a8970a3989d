//! Binding sites of a transcription factor, and windows without one.

use dnabert_genome::Genome;
use dnabert_genome::bed::Peak;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Background, BuildError, Built, LeftOut, Negatives, positives};

/// How a set of binding sites is built.
#[derive(Debug, Clone, PartialEq)]
pub struct BindingConfig {
    /// Bases around the summit of a peak.
    pub width: usize,
    /// How many of the strongest peaks are used; `None` for all.
    pub top: Option<usize>,
    /// Least distance in bases of a genomic negative from any peak, also from weak ones; at least
    /// `width`.
    pub away: usize,
    /// The kind of negatives.
    pub negatives: Negatives,
    /// Draws the negatives.
    pub seed: u64,
}

impl Default for BindingConfig {
    /// Windows of 101 bases against genomic windows of the same GC content, as DNABERT's (Ji et al.
    /// 2021, doi 10.1093/bioinformatics/btab083).
    fn default() -> Self {
        Self { width: 101, top: None, away: 1000, negatives: Negatives::GcMatched, seed: 1 }
    }
}

/// Builds a set of binding sites: class 1 are windows around the summits of peaks, class 0 are
/// negatives.
///
/// # Errors
///
/// [`BuildError`] if the genome cannot be read, no peak has a window, or there are too few negatives.
///
/// ```
/// use dnabert_core::{LetterPolicy, Strand};
/// use dnabert_genome::{Genome, Interval, bed::Peak};
/// use dnabert_tasks::build::{BindingConfig, Negatives, build_binding};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("genome.fa");
/// # let base = |at| b"ACGT"[dnabert_core::derive_seed(1, &[at]) as usize % 4] as char;
/// # std::fs::write(&path, format!(">chr1\n{}\n", (0..20_000).map(base).collect::<String>()))?;
/// let genome = Genome::open(&path, LetterPolicy::default())?; // one chromosome of random bases
/// let peak = |summit: usize| Peak {
///     interval: Interval::new("chr1", summit - 100, summit + 100, Strand::Unknown).unwrap(),
///     name: None,
///     signal: Some(1.0),
///     p_value: None,
///     q_value: None,
///     summit: Some(summit),
/// };
/// let config = BindingConfig { negatives: Negatives::Genomic, ..BindingConfig::default() };
/// let built = build_binding(&genome, &[peak(2000), peak(9000)], &config)?;
/// let labels: Vec<usize> = built.windows.iter().map(|window| window.label).collect();
/// assert_eq!(labels, [1, 1, 0, 0]);
/// assert_eq!(built.windows[0].sequence.len(), 101);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn build_binding(
    genome: &Genome,
    peaks: &[Peak],
    config: &BindingConfig,
) -> Result<Built, BuildError> {
    // Peaks without a signal come last, in the order of the genome.
    let signal = |peak: &Peak| peak.signal.unwrap_or(f64::NEG_INFINITY);
    let mut strongest: Vec<&Peak> = peaks.iter().collect();
    strongest
        .sort_by(|a, b| signal(b).total_cmp(&signal(a)).then_with(|| a.interval.cmp(&b.interval)));
    strongest.truncate(config.top.unwrap_or(usize::MAX));
    let windows = strongest.iter().map(|peak| peak.window(config.width));
    let mut built = positives(genome, windows, LeftOut::default())?;
    let mut random = ChaCha8Rng::seed_from_u64(config.seed);
    // No negative may overlap a site.
    let away = config.away.max(config.width).max(1);
    let bound = peaks.iter().flat_map(|peak| anchors(peak, away));
    let mut background = Background::new(genome, bound, away)?;
    background.negatives(&mut built, config.negatives, &mut random)?;
    Ok(built)
}

/// Bases of a peak, with its summit, at most `away` apart: a window that is `away` bases from all of
/// them is as far from the whole peak.
fn anchors(peak: &Peak, away: usize) -> impl Iterator<Item = (String, usize)> {
    let interval = &peak.interval;
    let last = interval.end().saturating_sub(1);
    let summit = peak.summit.unwrap_or(interval.middle());
    let name = interval.chromosome().to_owned();
    (interval.start()..last).step_by(away).chain([last, summit]).map(move |at| (name.clone(), at))
}
