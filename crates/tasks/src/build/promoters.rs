//! Promoters and windows that are none.

use std::collections::HashMap;

use dnabert_core::Sequence;
use dnabert_genome::{Genome, Interval, Strand};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Background, BuildError, Built, LeftOut, Negatives, Window, positives, sequence_of};

/// How a promoter set is made.
#[derive(Debug, Clone, PartialEq)]
pub struct PromoterConfig {
    /// Bases before the transcription start.
    pub upstream: usize,
    /// Bases from the start on, with it.
    pub downstream: usize,
    /// Bases between the starts of one strand, at least; of starts closer together, the first is
    /// taken.
    pub spacing: usize,
    /// Bases between a genomic negative and any start, at least.
    pub away: usize,
    /// Which promoters are taken; where boxes count, 38 bases before the start have to be there and unambiguous.
    pub tata: TataBox,
    /// What promoters are told from.
    pub negatives: Negatives,
    /// Decides over the negatives.
    pub seed: u64,
}

/// Whether a promoter has a TATA box: `TATAAA` or `TATATA` within the bases −38 to −19 of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TataBox {
    /// Either.
    #[default]
    Any,
    /// Only promoters with one; genomic negatives have one in the same place.
    With,
    /// Only promoters without.
    Without,
}

/// Where a TATA box lies, in bases before the start: from, and up to.
const TATA_PLACE: (usize, usize) = (38, 18);

/// Whether a window whose transcription start is at `start` has a TATA box in its place.
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
    /// −249..+50 with the start as 0, as in the shipped set of fruit-fly promoters.
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

/// Of `starts`, each of which stands for its first base in the direction of its strand, those that
/// keep `spacing` bases from the one that was taken before on the same strand, in ascending order.
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

/// Builds a promoter set: class 1 around transcription starts, class 0 the negatives. A start
/// without a strand is left out.
///
/// # Errors
///
/// [`BuildError`].
pub fn build_promoters(
    genome: &Genome,
    starts: &[Interval],
    config: &PromoterConfig,
) -> Result<Built, BuildError> {
    // Where boxes count, windows reach back to them until all are built.
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
    // Away from all starts, those that were passed over too.
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

/// `window` without its first bases, `count` of them.
fn without_first(window: &Window, count: usize) -> Window {
    let Window { interval, label, sequence } = window;
    let (start, end) = match interval.strand() {
        Strand::Reverse => (interval.start(), interval.end() - count),
        _ => (interval.start() + count, interval.end()),
    };
    let interval = Interval::new(interval.chromosome(), start, end, interval.strand());
    Window {
        interval: interval.expect("a part of an interval is one"),
        label: *label,
        sequence: sequence_of(&sequence.as_bytes()[count..]).expect("a part of a sequence is one"),
    }
}
