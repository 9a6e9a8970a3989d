//! Both alleles with what stands around them.

use std::ops::Range;

use dnabert_core::{Sequence, Strand};
use dnabert_genome::{Genome, GenomeError, Interval};

use crate::{Change, Skipped};

/// A stretch of the genome around a change, and the same stretch with the change in it.
///
/// Windows of any place along the stretch can be cut from both; an insertion or deletion is filled up, or made
/// room for, by the genome at the right of the change where a window begins left of it, and by the genome at
/// the left where it begins right of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// As the genome has it.
    reference: Sequence,
    /// With the change.
    alternate: Sequence,
    /// The bases that change, in `reference`.
    changed: Range<usize>,
    /// Bases of a window.
    width: usize,
    /// Windows on each side of the middle one.
    reach: usize,
    /// How far the middle window lies right of where it would, were the chromosome endless.
    shift: isize,
}

/// Puts changes of one chromosome into a stretch of it that begins at base `start`, all at once: a haplotype.
/// The sequence, or `None` where two of them overlap or one lies outside.
pub fn apply(stretch: &Sequence, start: usize, changes: &[Change]) -> Option<Sequence> {
    let mut order: Vec<&Change> = changes.iter().collect();
    order.sort_by_key(|change| (change.start, change.end()));
    if order.windows(2).any(|pair| pair[1].start < pair[0].end() || pair[1].start == pair[0].start)
    {
        return None;
    }
    let mut changed = stretch.clone();
    for change in order.iter().rev() {
        let from = change.start.checked_sub(start)?;
        let to = change.end() - start;
        if to > stretch.len() {
            return None;
        }
        changed = changed.replace(from..to, &change.alternate);
    }
    Some(changed)
}

impl Windows {
    /// The stretch that holds windows of `width` bases whose middle lies up to `reach` bases from the change.
    /// The middle window has the change's bases in its middle; near an end of the chromosome it is moved
    /// inward, and fewer others are left.
    ///
    /// # Errors
    ///
    /// That of the genome; `Ok(Err)` tells why there are no windows.
    #[allow(clippy::missing_panics_doc, reason = "a stretch begins before it ends")]
    pub fn new(
        genome: &Genome,
        change: &Change,
        width: usize,
        reach: usize,
    ) -> Result<Result<Self, Skipped>, GenomeError> {
        let Ok((chromosome, length)) = genome.chromosome(&change.chromosome) else {
            return Ok(Err(Skipped::Place));
        };
        if change.end() > length {
            return Ok(Err(Skipped::Place));
        }
        let growth = change.alternate.len() as isize - change.reference.len() as isize;
        let longest = change.reference.len().max(change.alternate.len());
        if longest > width || length < width || (length as isize + growth) < width as isize {
            return Ok(Err(Skipped::Width));
        }
        // Room for a whole window on either side: at an end of the chromosome the middle one is moved there.
        let room = width + reach + longest;
        let start = change.start.saturating_sub(room);
        let end = (change.end() + room).min(length);
        let chromosome = chromosome.to_owned();
        let interval = Interval::new(chromosome, start, end, Strand::Forward)
            .expect("a stretch begins before it ends");
        let reference = genome.sequence(&interval)?;
        let changed = change.start - start..change.end() - start;
        if reference.slice(changed.clone()) != change.reference {
            return Ok(Err(Skipped::Reference));
        }
        let alternate = reference.replace(changed.clone(), &change.alternate);
        let mut windows = Self { reference, alternate, changed, width, reach: 0, shift: 0 };
        // The nearest place for the middle window that fits into both alleles.
        let fits = |windows: &Self, shift: isize| windows.at(shift).is_some();
        let far = (width + longest) as isize;
        let shift = (0..=far).flat_map(|away| [away, -away]).find(|&shift| fits(&windows, shift));
        let Some(shift) = shift else { return Ok(Err(Skipped::Width)) };
        windows.shift = shift;
        if windows.middle().iter().any(|window| window.ambiguous() > 0) {
            return Ok(Err(Skipped::Ambiguous));
        }
        windows.reach = reach;
        Ok(Ok(windows))
    }

    /// Reference and alternate window whose middle lies `away` bases from that of the middle window's ideal
    /// place; `None` where it reaches out of either allele.
    fn at(&self, away: isize) -> Option<[Sequence; 2]> {
        // The middle of the bases that change: of an insertion, the base at its right.
        let middle = (self.changed.start + self.changed.end) / 2;
        let start = middle as isize + away - (self.width / 2) as isize;
        let growth = self.alternate.len() as isize - self.reference.len() as isize;
        // A window whose middle is left of the change keeps its left end, one at its right its right end.
        let is_right = start + (self.width / 2) as isize >= self.changed.end as isize && away > 0;
        let moved = if is_right { start + growth } else { start };
        let cut = |sequence: &Sequence, start: isize| {
            let start = usize::try_from(start).ok()?;
            let end = start + self.width;
            (end <= sequence.len()).then(|| sequence.slice(start..end))
        };
        Some([cut(&self.reference, start)?, cut(&self.alternate, moved)?])
    }

    /// Reference and alternate window around the change.
    #[allow(clippy::missing_panics_doc, reason = "new() saw to it that it fits")]
    pub fn middle(&self) -> [Sequence; 2] {
        self.at(self.shift).expect("new() saw to it that it fits")
    }

    /// Reference and alternate windows along the stretch, each with how many bases its middle lies right of the
    /// change's: those that fit and are made of bases alone, from left to right, the middle one always.
    pub fn along(&self) -> Vec<(isize, [Sequence; 2])> {
        let reach = self.reach as isize;
        (-reach..=reach)
            .filter_map(|away| {
                let place = away + self.shift;
                let pair = self.at(place)?;
                pair.iter().all(|window| window.ambiguous() == 0).then_some((place, pair))
            })
            .collect()
    }
}
