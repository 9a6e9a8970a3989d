//! Ranges of a chromosome.

use std::fmt;

use dnabert_core::{Strand, StrandError};

/// A range of a chromosome, `start..end`, and a strand.
///
/// Coordinates are 0-based, half-open, and always those of the forward strand.
///
/// ```
/// use dnabert_genome::{Interval, Strand};
///
/// let bed = Interval::new("chr1", 100, 300, Strand::Reverse)?; // as in BED
/// let gtf = Interval::from_closed("chr1", 101, 300, Strand::Reverse)?; // as in GTF, GFF3 and VCF
/// assert_eq!(bed, gtf);
/// assert_eq!(bed.to_string(), "chr1:101-300(-)"); // as in genome browsers
///
/// // 249 bases before a transcription start, and 51 from it on.
/// let promoter = Interval::around("chr1", 1000, 249, 51, Strand::Forward)?;
/// assert_eq!((promoter.start(), promoter.end()), (751, 1051));
/// # Ok::<(), dnabert_genome::IntervalError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    chromosome: String,
    start: usize,
    end: usize,
    strand: Strand,
}

/// Why an interval is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// The end is before the start.
    #[error("{chromosome}: end {end} is before start {start}")]
    Backwards {
        /// The chromosome.
        chromosome: String,
        /// The start.
        start: usize,
        /// The end.
        end: usize,
    },
    /// The interval would start before the chromosome.
    #[error(
        "{chromosome}: {bases} bases before position {base} reach past the start of the chromosome"
    )]
    BeforeStart {
        /// The chromosome.
        chromosome: String,
        /// The position that the bases are counted from.
        base: usize,
        /// The number of bases requested to its left.
        bases: usize,
    },
    /// The end would exceed the largest number.
    #[error("{chromosome}: {bases} bases from position {base} on exceed the largest position")]
    TooFar {
        /// The chromosome.
        chromosome: String,
        /// The position that the bases are counted from.
        base: usize,
        /// The number of bases requested to its right.
        bases: usize,
    },
    /// A 1-based position is 0.
    #[error("{chromosome}: position 0 does not exist in 1-based coordinates")]
    Zero {
        /// The chromosome.
        chromosome: String,
    },
    /// The strand is not `+`, `-` or `.`.
    #[error(transparent)]
    Strand(#[from] StrandError),
}

impl Interval {
    /// The bases `start..end`, as in BED; the interval may be empty.
    ///
    /// # Errors
    ///
    /// [`IntervalError::Backwards`] if `end` is before `start`.
    pub fn new(
        chromosome: impl Into<String>,
        start: usize,
        end: usize,
        strand: Strand,
    ) -> Result<Self, IntervalError> {
        let chromosome = chromosome.into();
        if start > end {
            return Err(IntervalError::Backwards { chromosome, start, end });
        }
        Ok(Self { chromosome, start, end, strand })
    }

    /// The bases from `first` to `last`, both included and 1-based, as in GTF, GFF3 and VCF.
    ///
    /// # Errors
    ///
    /// [`IntervalError::Zero`] and [`IntervalError::Backwards`].
    pub fn from_closed(
        chromosome: impl Into<String>,
        first: usize,
        last: usize,
        strand: Strand,
    ) -> Result<Self, IntervalError> {
        let chromosome = chromosome.into();
        let Some(start) = first.checked_sub(1) else {
            return Err(IntervalError::Zero { chromosome });
        };
        if last < first {
            return Err(IntervalError::Backwards { chromosome, start, end: last });
        }
        Self::new(chromosome, start, last, strand)
    }

    /// The `upstream` bases before position `base` and the `downstream` bases from it on, in the
    /// direction of `strand`.
    ///
    /// For a transcription start, 249 and 51 give the positions −249 to +50, with the start at 0.
    ///
    /// # Errors
    ///
    /// [`IntervalError::BeforeStart`] and [`IntervalError::TooFar`]. The end of the chromosome is
    /// not checked, because its length is not known here.
    pub fn around(
        chromosome: impl Into<String>,
        base: usize,
        upstream: usize,
        downstream: usize,
        strand: Strand,
    ) -> Result<Self, IntervalError> {
        let chromosome = chromosome.into();
        // The border between upstream and downstream, and the number of bases on its two sides.
        let (border, left, right) = match strand {
            Strand::Reverse => (base.checked_add(1), downstream, upstream),
            _ => (Some(base), upstream, downstream),
        };
        let Some((border, end)) =
            border.and_then(|border| Some((border, border.checked_add(right)?)))
        else {
            return Err(IntervalError::TooFar { chromosome, base, bases: right });
        };
        let Some(start) = border.checked_sub(left) else {
            return Err(IntervalError::BeforeStart { chromosome, base, bases: left });
        };
        Ok(Self { chromosome, start, end, strand })
    }

    /// The same range on a chromosome of another name.
    #[must_use]
    pub fn on(self, chromosome: impl Into<String>) -> Self {
        Self { chromosome: chromosome.into(), ..self }
    }

    /// The name of the chromosome.
    pub fn chromosome(&self) -> &str {
        &self.chromosome
    }

    /// The position of the first base.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The position after the last base.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The strand.
    pub fn strand(&self) -> Strand {
        self.strand
    }

    /// The number of bases.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether the interval has no base.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the two intervals have a base in common, regardless of their strands.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.chromosome == other.chromosome && self.start.max(other.start) < self.end.min(other.end)
    }

    /// The position in the middle; for an even number of bases the right one of the two.
    pub fn middle(&self) -> usize {
        usize::midpoint(self.start, self.end)
    }
}

impl fmt::Display for Interval {
    /// Formats the interval as in genome browsers: 1-based, both ends included, strand if known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}", self.chromosome, self.start + 1, self.end)?;
        match self.strand {
            Strand::Unknown => Ok(()),
            strand => write!(f, "({strand})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn closed_intervals_are_converted() {
        let first = Interval::from_closed("c", 1, 1, Strand::Forward).unwrap();
        assert_eq!((first.start(), first.end(), first.len()), (0, 1, 1));
        assert_eq!(first.to_string(), "c:1-1(+)");
        let zero = Interval::from_closed("c", 0, 5, Strand::Forward).unwrap_err();
        assert_eq!(zero.to_string(), "c: position 0 does not exist in 1-based coordinates");
        let backwards = Interval::new("c", 7, 6, Strand::Unknown).unwrap_err();
        assert_eq!(backwards.to_string(), "c: end 6 is before start 7");
        assert!(Interval::new("c", 7, 7, Strand::Unknown).unwrap().is_empty());
        assert!(Interval::from_closed("c", 11, 10, Strand::Unknown).is_err());
    }

    #[test]
    fn windows_follow_the_strand() {
        // A start at base 10: one base before it, two from it on.
        let forward = Interval::around("c", 10, 1, 2, Strand::Forward).unwrap();
        assert_eq!((forward.start(), forward.end()), (9, 12));
        let reverse = Interval::around("c", 10, 1, 2, Strand::Reverse).unwrap();
        assert_eq!((reverse.start(), reverse.end()), (9, 12));
        let reverse = Interval::around("c", 10, 3, 1, Strand::Reverse).unwrap();
        assert_eq!((reverse.start(), reverse.end()), (10, 14));
        let behind = Interval::around("c", 10, 3, 0, Strand::Reverse).unwrap();
        assert_eq!((behind.start(), behind.end()), (11, 14));
        assert!(Interval::around("c", 1, 1, 1, Strand::Forward).is_ok());
        let far = Interval::around("c", usize::MAX - 1, 0, 5, Strand::Reverse);
        assert!(far.is_ok(), "{far:?}");
        for strand in [Strand::Forward, Strand::Reverse] {
            let far = Interval::around("c", usize::MAX - 1, 3, 3, strand);
            assert!(matches!(far, Err(IntervalError::TooFar { bases: 3, .. })));
        }
        assert!(matches!(
            Interval::around("c", 1, 2, 1, Strand::Forward),
            Err(IntervalError::BeforeStart { bases: 2, .. })
        ));
    }

    #[test]
    fn adjacent_intervals_do_not_overlap() {
        let at = |start, end| Interval::new("c", start, end, Strand::Unknown).unwrap();
        assert!(!at(0, 5).overlaps(&at(5, 9)));
        assert!(at(0, 6).overlaps(&at(5, 9)));
        assert!(!at(0, 6).overlaps(&at(3, 3)));
        let elsewhere = Interval::new("d", 0, 6, Strand::Unknown).unwrap();
        assert!(!at(0, 6).overlaps(&elsewhere));
    }

    proptest! {
        #[test]
        fn a_window_has_the_requested_length_and_contains_its_base(
            base in 500_usize..1000, upstream in 0_usize..400, downstream in 1_usize..400,
        ) {
            for strand in [Strand::Forward, Strand::Reverse] {
                let window = Interval::around("c", base, upstream, downstream, strand).unwrap();
                prop_assert_eq!(window.len(), upstream + downstream);
                prop_assert!((window.start()..window.end()).contains(&base));
            }
        }
    }
}
