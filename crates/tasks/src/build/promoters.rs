//! Promoters, and windows without one.

use std::collections::HashMap;

use dnabert_core::Sequence;
use dnabert_genome::{Genome, Interval, Strand};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Background, BuildError, Built, LeftOut, Negatives, Window, positives, sequence_of};

/// How a promoter set is built.
#[derive(Debug, Clone, PartialEq)]
pub struct PromoterConfig {
    /// Bases before the transcription start site.
    pub upstream: usize,
    /// Bases from the start on, including it.
    pub downstream: usize,
    /// Least distance in bases between starts on one strand; of starts that are closer, the first one
    /// is used.
    pub spacing: usize,
    /// Least distance in bases between a genomic negative and any start.
    pub away: usize,
    /// Which promoters are used. Unless it is [`TataBox::Any`], the 38 bases before the start must be
    /// on the chromosome and unambiguous.
    pub tata: TataBox,
    /// The kind of negatives.
    pub negatives: Negatives,
    /// Draws the negatives.
    pub seed: u64,
}

/// Which promoters are used by their TATA box: `TATAAA` or `TATATA` within the bases −38 to −19 from
/// the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TataBox {
    /// Promoters with and without one.
    #[default]
    Any,
    /// Only promoters with one; genomic negatives have one at the same position.
    With,
    /// Only promoters without one.
    Without,
}

/// Where a TATA box is, in bases before the start: first base, and end.
const TATA_PLACE: (usize, usize) = (38, 18);

/// Whether a window has a TATA box at its usual distance from the transcription start at `start`.
///
/// ```
/// use dnabert_tasks::build::has_tata_box;
///
/// let bases = format!("{}TATAAA{}", "G".repeat(10), "C".repeat(40));
/// assert!(has_tata_box(&bases.parse()?, 40)); // from −30 on
/// assert!(!has_tata_box(&bases.parse()?, 20)); // from −10 on
/// # Ok::<(), dnabert_core::SequenceError>(())
/// ```
pub fn has_tata_box(sequence: &Sequence, start: usize) -> bool {
    let (from, to) = TATA_PLACE;
    let end = start.saturating_sub(to).min(sequence.len());
    let place = &sequence.as_bytes()[start.saturating_sub(from).min(end)..end];
    place.windows(6).any(|word| word == b"TATAAA" || word == b"TATATA")
}

impl Default for PromoterConfig {
    /// −249..+50, where the start is 0, as in the shipped set of fruit-fly promoters.
    fn default() -> Self {
        Self {
            upstream: 249,
            downstream: 51,
            spacing: 150,
            away: 1000,
            tata: TataBox::Any,
            negatives: Negatives::Genomic,
            seed: 1,
        }
    }
}

/// The starts that are at least `spacing` bases from the one kept before on the same strand, in
/// ascending order, as chromosome, base and strand.
///
/// The base of a start is the first base of its interval in the direction of its strand.
pub fn spaced(starts: &[Interval], spacing: usize) -> Vec<(String, usize, Strand)> {
    let mut sorted: Vec<_> = starts
        .iter()
        .map(|start| {
            let base = match start.strand() {
                Strand::Reverse => start.end().saturating_sub(1),
                _ => start.start(),
            };
            (start.chromosome().to_owned(), base, start.strand())
        })
        .collect();
    sorted.sort();
    let mut last = HashMap::<(String, Strand), usize>::new();
    sorted.retain(|(name, base, strand)| {
        let line = (name.clone(), *strand);
        let is_far = last.get(&line).is_none_or(|last| base - last >= spacing);
        if is_far {
            last.insert(line, *base);
        }
        is_far
    });
    sorted.dedup();
    sorted
}

/// Builds a promoter set: class 1 are windows around transcription starts, class 0 are negatives.
/// Starts without a strand are left out.
///
/// # Errors
///
/// [`BuildError`] if the genome cannot be read, no start has a window, or there are too few
/// negatives.
///
/// ```
/// use dnabert_core::{LetterPolicy, Strand};
/// use dnabert_genome::{Genome, Interval};
/// use dnabert_tasks::build::{PromoterConfig, build_promoters};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("genome.fa");
/// # let base = |at| b"ACGT"[dnabert_core::derive_seed(1, &[at]) as usize % 4] as char;
/// # std::fs::write(&path, format!(">chr1\n{}\n", (0..20_000).map(base).collect::<String>()))?;
/// let genome = Genome::open(&path, LetterPolicy::default())?; // one chromosome of random bases
/// let start = |base: usize, strand| Interval::new("chr1", base, base + 1, strand).unwrap();
/// let starts = [start(3000, Strand::Forward), start(9000, Strand::Reverse)];
/// let built = build_promoters(&genome, &starts, &PromoterConfig::default())?;
/// let labels: Vec<usize> = built.windows.iter().map(|window| window.label).collect();
/// assert_eq!(labels, [1, 1, 0, 0]);
/// assert_eq!(built.windows[0].sequence.len(), 300);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn build_promoters(
    genome: &Genome,
    starts: &[Interval],
    config: &PromoterConfig,
) -> Result<Built, BuildError> {
    // Windows include the TATA box until the promoters are chosen, and are then shortened.
    let upstream = match config.tata {
        TataBox::Any => config.upstream,
        TataBox::With | TataBox::Without => config.upstream.max(TATA_PLACE.0),
    };
    let stranded = |spacing| {
        let mut kept = spaced(starts, spacing);
        kept.retain(|(_, _, strand)| *strand != Strand::Unknown);
        kept
    };
    let (kept, distinct) = (stranded(config.spacing), stranded(0).len());
    let without_strand = starts.iter().filter(|start| start.strand() == Strand::Unknown).count();
    let left_out = LeftOut {
        without_strand,
        repeated: starts.len() - without_strand - distinct,
        too_close: distinct - kept.len(),
        ..LeftOut::default()
    };
    let windows = kept.into_iter().map(|(name, base, strand)| {
        Interval::around(name, base, upstream, config.downstream, strand)
    });
    let mut built = positives(genome, windows, left_out)?;
    let has_box = |sequence: &Sequence| has_tata_box(sequence, upstream);
    let sites = built.windows.len();
    built.windows.retain(|window| match config.tata {
        TataBox::Any => true,
        TataBox::With => has_box(&window.sequence),
        TataBox::Without => !has_box(&window.sequence),
    });
    built.left_out.other_box = sites - built.windows.len();
    if built.windows.is_empty() {
        return Err(BuildError::NoSite { sites: starts.len(), left_out: built.left_out });
    }
    // Negatives keep away from all starts, also from those that are not used.
    let sites = spaced(starts, 0).into_iter().map(|(name, base, _)| (name, base));
    let mut random = ChaCha8Rng::seed_from_u64(config.seed);
    // No negative may overlap a promoter.
    let away = config.away.max(upstream.saturating_add(1)).max(config.downstream);
    let mut background = Background::new(genome, sites, away)?;
    let cut = |built: &mut Built| {
        let further = upstream - config.upstream;
        if further > 0 {
            built.windows =
                built.windows.iter().map(|window| without_first(window, further)).collect();
        }
    };
    let is_drawn = matches!(config.negatives, Negatives::Genomic | Negatives::GcMatched);
    if config.tata == TataBox::With && is_drawn {
        background = background.only(has_box);
        background.negatives(&mut built, config.negatives, &mut random)?;
        cut(&mut built);
    } else {
        cut(&mut built);
        background.negatives(&mut built, config.negatives, &mut random)?;
    }
    Ok(built)
}

/// The window without its first `count` bases.
fn without_first(window: &Window, count: usize) -> Window {
    let Window { interval, label, sequence } = window;
    let (start, end) = match interval.strand() {
        Strand::Reverse => (interval.start(), interval.end() - count),
        _ => (interval.start() + count, interval.end()),
    };
    let interval = Interval::new(interval.chromosome(), start, end, interval.strand());
    Window {
        interval: interval.expect("a part of an interval is an interval"),
        label: *label,
        sequence: sequence_of(&sequence.as_bytes()[count..])
            .expect("a part of a sequence is a sequence"),
    }
}
