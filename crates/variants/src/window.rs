//! Both alleles with what stands around them.

use std::ops::Range;

use dnabert_core::{Sequence, Strand};
use dnabert_genome::{Genome, GenomeError, Interval};

use crate::{Change, Skipped};

/// A stretch of the genome around a change, and the same stretch with the change in it, from both of which windows
/// are cut.
///
/// A window's place is the boundary in its middle: before base ⌊width / 2⌋ of it, on either strand the same for even
/// widths. Places outside of the change stand for the same place of the other allele; where bases are inserted or deleted,
/// every place of the change, its two ends included, stands for every such place of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    reference: Allele,
    alternate: Allele,
    width: usize,
    reach: usize,
}

/// An allele in its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allele {
    bases: Sequence,
    /// Its own bases, empty where they are deleted.
    own: Range<usize>,
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

impl Allele {
    /// The window in whose middle the place is; `None` where it leaves the stretch or has ambiguous letters.
    fn window(&self, place: usize, width: usize) -> Option<Sequence> {
        let start = place.checked_sub(width / 2)?;
        if start + width > self.bases.len() {
            return None;
        }
        let window = self.bases.slice(start..start + width);
        (window.ambiguous() == 0).then_some(window)
    }

    /// The window around its own bases, moved inward at an end of the chromosome.
    fn middle(&self, width: usize) -> Option<Sequence> {
        let ideal = (self.own.start + self.own.end) / 2;
        let last = self.bases.len().checked_sub(width)? + width / 2;
        self.window(ideal.clamp(width / 2, last), width)
    }
}

/// A window along an allele.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedWindow {
    /// Its place: bases right of the first that changes; right of the change, as the reference counts.
    pub at: isize,
    /// Its bases.
    pub window: Sequence,
    /// The windows of the other allele whose places stand for its own, as indices into
    /// [`Along::reference`] or [`Along::alternate`].
    pub partners: Vec<usize>,
}

/// The windows of both alleles along a stretch, from left to right; those that leave the chromosome, or have ambiguous
/// letters, are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Along {
    /// Of the reference.
    pub reference: Vec<PlacedWindow>,
    /// Of the alternate.
    pub alternate: Vec<PlacedWindow>,
}

impl Windows {
    /// The surroundings of a change, for windows of `width` bases whose places lie up to `reach` bases away from it.
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
        let longest = change.reference.len().max(change.alternate.len());
        let changed_length = length - change.reference.len() + change.alternate.len();
        if longest > width || length.min(changed_length) < width {
            return Ok(Err(Skipped::Width));
        }
        // Room for a whole window on either side: at an end of the chromosome the middle one is moved there.
        let room = width + reach + longest;
        let start = change.start.saturating_sub(room);
        let end = (change.end() + room).min(length);
        let interval = Interval::new(chromosome.to_owned(), start, end, Strand::Forward)
            .expect("a stretch begins before it ends");
        let bases = genome.sequence(&interval)?;
        let own = change.start - start..change.end() - start;
        if bases.slice(own.clone()) != change.reference {
            let is_unknown = bases.slice(own).ambiguous() > 0;
            return Ok(Err(if is_unknown { Skipped::Ambiguous } else { Skipped::Reference }));
        }
        let changed = bases.replace(own.clone(), &change.alternate);
        let alternate =
            Allele { bases: changed, own: own.start..own.start + change.alternate.len() };
        let windows = Self { reference: Allele { bases, own }, alternate, width, reach };
        Ok(match windows.try_middle() {
            Some(_) => Ok(windows),
            None => Err(Skipped::Ambiguous),
        })
    }

    fn try_middle(&self) -> Option<[Sequence; 2]> {
        Some([self.reference.middle(self.width)?, self.alternate.middle(self.width)?])
    }

    /// Reference and alternate window, each with its allele in the middle: as many bases of the genome on either side as
    /// fit.
    #[allow(clippy::missing_panics_doc, reason = "new() saw to it that they fit")]
    pub fn middle(&self) -> [Sequence; 2] {
        self.try_middle().expect("new() saw to it that they fit")
    }

    /// How much longer the alternate is.
    fn growth(&self) -> isize {
        self.alternate.own.len() as isize - self.reference.own.len() as isize
    }

    /// The windows of both alleles along the stretch.
    pub fn along(&self) -> Along {
        let start = self.reference.own.start;
        let places = |allele: &Allele| -> Vec<usize> {
            let (first, last) = if self.growth() == 0 {
                // Base for base: as many on either side of the middle.
                let middle = (allele.own.start + allele.own.end) / 2;
                (middle, middle)
            } else {
                (allele.own.start, allele.own.end)
            };
            let places = first.saturating_sub(self.reach)..=last + self.reach;
            places.filter(|&place| allele.window(place, self.width).is_some()).collect()
        };
        let (of_reference, of_alternate) = (places(&self.reference), places(&self.alternate));
        let partners = |own: &Allele, place: usize, other: &Allele, others: &[usize]| {
            let is_partner = |&(_, candidate): &(usize, &usize)| {
                if self.growth() == 0 || place < own.own.start {
                    place == *candidate
                } else if place > own.own.end {
                    place + other.own.end == *candidate + own.own.end
                } else {
                    (other.own.start..=other.own.end).contains(candidate)
                }
            };
            others.iter().enumerate().filter(is_partner).map(|(index, _)| index).collect()
        };
        let placed = |own: &Allele, places: &[usize], other: &Allele, others: &[usize]| {
            let placed = places.iter().filter_map(|&place| {
                let right = place as isize - own.own.end as isize;
                let at = if right > 0 {
                    right + self.reference.own.len() as isize
                } else {
                    place as isize - start as isize
                };
                let window = own.window(place, self.width)?;
                Some(PlacedWindow { at, window, partners: partners(own, place, other, others) })
            });
            placed.collect::<Vec<_>>()
        };
        Along {
            reference: placed(&self.reference, &of_reference, &self.alternate, &of_alternate),
            alternate: placed(&self.alternate, &of_alternate, &self.reference, &of_reference),
        }
    }
}
