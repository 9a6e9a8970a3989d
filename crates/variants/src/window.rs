//! Both alleles of a change in their surroundings.

use std::ops::Range;

use dnabert_core::{Sequence, Strand};
use dnabert_genome::{Genome, GenomeError, Interval};

use crate::{Change, Skipped};

/// The surroundings of a change, without it and with it, from which windows are cut.
///
/// The position of a window is the boundary in its middle, before base ⌊width / 2⌋; for even widths it
/// is the same on both strands. Positions are aligned across indels: a position outside the change is
/// aligned with the same position of the other allele. If bases are inserted or deleted, every
/// position of the change, its two ends included, is aligned with every such position of the other
/// allele.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    reference: Allele,
    alternate: Allele,
    width: usize,
    reach: usize,
}

/// An allele with the bases around it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allele {
    bases: Sequence,
    /// The range of the allele itself; empty if its bases are deleted.
    own: Range<usize>,
}

/// Applies all changes of one chromosome to a part of it that starts at base `start`, as a haplotype
/// has them; `None` if two changes overlap or one is outside the part.
///
/// ```
/// use dnabert_variants::{Change, apply};
///
/// let change = |start, reference: &str, alternate: &str| Change {
///     chromosome: "chr1".into(),
///     start,
///     reference: reference.parse().unwrap(),
///     alternate: alternate.parse().unwrap(),
/// };
/// let part = "AAAACCCC".parse()?; // chr1, bases 100 to 107
/// let changes = [change(101, "A", "T"), change(104, "CC", "")];
/// assert_eq!(apply(&part, 100, &changes).unwrap().as_str(), "ATAACC");
/// # Ok::<(), dnabert_core::SequenceError>(())
/// ```
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
    /// The window with this position in its middle; `None` if it extends past the bases or has ambiguous
    /// letters.
    fn window(&self, place: usize, width: usize) -> Option<Sequence> {
        let start = place.checked_sub(width / 2)?;
        if start + width > self.bases.len() {
            return None;
        }
        let window = self.bases.slice(start..start + width);
        (window.ambiguous() == 0).then_some(window)
    }

    /// The window around the allele, moved inward at an end of the chromosome.
    fn middle(&self, width: usize) -> Option<Sequence> {
        let ideal = (self.own.start + self.own.end) / 2;
        let last = self.bases.len().checked_sub(width)? + width / 2;
        self.window(ideal.clamp(width / 2, last), width)
    }
}

/// A window of an allele, and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedWindow {
    /// Its position in bases from the first base of the change; right of the change, in reference
    /// coordinates.
    pub at: isize,
    /// The bases of the window.
    pub window: Sequence,
    /// The windows of the other allele at aligned positions, as indices into [`Along::alternate`] or
    /// [`Along::reference`].
    pub partners: Vec<usize>,
}

/// The windows of both alleles around a change, from left to right, without those that extend past the
/// chromosome or have ambiguous letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Along {
    /// The windows of the reference.
    pub reference: Vec<PlacedWindow>,
    /// The windows of the alternate allele.
    pub alternate: Vec<PlacedWindow>,
}

impl Windows {
    /// The surroundings of a change, for windows of `width` bases at positions up to `reach` bases from
    /// it.
    ///
    /// # Errors
    ///
    /// [`GenomeError`] if the genome cannot be read; `Ok(Err(reason))` if the change has no windows.
    ///
    /// ```
    /// use dnabert_core::LetterPolicy;
    /// use dnabert_genome::Genome;
    /// use dnabert_variants::{Change, Windows};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let fasta = folder.path().join("genome.fa");
    /// # std::fs::write(&fasta, ">chr1\nAAAACCCCGGGGTTTTACGTACGT\n")?;
    /// let genome = Genome::open(&fasta, LetterPolicy::default())?; // AAAACCCCGGGGTTTT…
    /// let deletion = Change {
    ///     chromosome: "chr1".into(),
    ///     start: 10,
    ///     reference: "GG".parse()?,
    ///     alternate: "".parse()?,
    /// };
    /// let windows = Windows::new(&genome, &deletion, 8, 2)?.expect("it fits");
    /// let [reference, alternate] = windows.middle();
    /// assert_eq!((reference.as_str(), alternate.as_str()), ("CGGGGTTT", "CCGGTTTT"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::missing_panics_doc, reason = "the start is before the end")]
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
        // Room for a whole window on either side, because the middle window is moved inward at an end of
        // the chromosome.
        let room = width + reach + longest;
        let start = change.start.saturating_sub(room);
        let end = (change.end() + room).min(length);
        let interval = Interval::new(chromosome.to_owned(), start, end, Strand::Forward)
            .expect("the start is before the end");
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

    /// The reference and the alternate window, each with its allele in the middle; at an end of the
    /// chromosome they are moved inward.
    #[allow(clippy::missing_panics_doc, reason = "new() checks that the windows fit")]
    pub fn middle(&self) -> [Sequence; 2] {
        self.try_middle().expect("new() checks that the windows fit")
    }

    /// By how many bases the alternate allele is longer.
    fn growth(&self) -> isize {
        self.alternate.own.len() as isize - self.reference.own.len() as isize
    }

    /// The windows of both alleles at all positions up to `reach` bases from the change.
    pub fn along(&self) -> Along {
        let start = self.reference.own.start;
        let places = |allele: &Allele| -> Vec<usize> {
            let (first, last) = if self.growth() == 0 {
                // Substitutions: as many positions on either side of the middle.
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
