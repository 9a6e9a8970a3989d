//! Sites that a factor binds, and windows that it does not.

use dnabert_genome::Genome;
use dnabert_genome::bed::Peak;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Background, BuildError, Built, LeftOut, Negatives, positives};

/// How a set of binding sites is made.
#[derive(Debug, Clone, PartialEq)]
pub struct BindingConfig {
    /// Bases around the summit of a peak.
    pub width: usize,
    /// The strongest peaks, this many; `None` for all.
    pub top: Option<usize>,
    /// Bases between a genomic negative and any peak, weak ones too, at least; never fewer than `width`.
    pub away: usize,
    /// What sites are told from.
    pub negatives: Negatives,
    /// Decides over the negatives.
    pub seed: u64,
}

impl Default for BindingConfig {
    /// 101 bases against genomic ones of the same GC content, as in the paper.
    fn default() -> Self {
        Self { width: 101, top: None, away: 1000, negatives: Negatives::GcMatched, seed: 1 }
    }
}

/// Builds a set of binding sites: class 1 around the summits of peaks, class 0 the negatives.
///
/// # Errors
///
/// [`BuildError`].
pub fn build_binding(
    genome: &Genome,
    peaks: &[Peak],
    config: &BindingConfig,
) -> Result<Built, BuildError> {
    let mut strongest: Vec<&Peak> = peaks.iter().collect();
    strongest
        .sort_by(|a, b| b.signal.total_cmp(&a.signal).then_with(|| a.interval.cmp(&b.interval)));
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

/// Bases of a peak, its summit among them, of which no neighbours are further apart than `away`: what keeps that far from
/// all of them keeps as far from the whole peak.
fn anchors(peak: &Peak, away: usize) -> impl Iterator<Item = (String, usize)> {
    let interval = &peak.interval;
    let last = interval.end().saturating_sub(1);
    let summit = peak.summit.unwrap_or(interval.middle());
    let name = interval.chromosome().to_owned();
    (interval.start()..last).step_by(away).chain([last, summit]).map(move |at| (name.clone(), at))
}
