//! Stretches of a chromosome: 0-based, half-open.

use std::fmt;

use dnabert_core::{Strand, StrandError};

/// A stretch of a chromosome, from `start` up to but without `end`, counted from 0 on the forward
/// strand whichever strand is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    chromosome: String,
    start: usize,
    end: usize,
    strand: Strand,
}

/// Why an interval cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// It ends before it starts.
    #[error("{chromosome}: end {end} lies before start {start}")]
    Backwards {
        /// The chromosome.
        chromosome: String,
        /// Start, from 0.
        start: usize,
        /// End.
        end: usize,
    },
    /// It would start before the chromosome does.
    #[error("{chromosome}: {bases} bases before base {base} begin before the chromosome")]
    BeforeStart {
        /// The chromosome.
        chromosome: String,
        /// The base that is counted from, from 0.
        base: usize,
        /// The bases asked for on its left.
        bases: usize,
    },
    /// It would end behind all numbers.
    #[error("{chromosome}: {bases} bases from base {base} on cannot be counted")]
    TooFar {
        /// The chromosome.
        chromosome: String,
        /// The base that is counted from, from 0.
        base: usize,
        /// The bases asked for on its right.
        bases: usize,
    },
    /// A position that counts from 1 is 0.
    #[error("{chromosome}: position 0, where positions count from 1")]
    Zero {
        /// The chromosome.
        chromosome: String,
    },
    /// A strand that is neither `+`, `-` nor `.`.
    #[error(transparent)]
    Strand(#[from] StrandError),
}

impl Interval {
    /// The bases from `start` up to but without `end`, from 0, as BED has them.
    ///
    /// # Errors
    ///
    /// [`IntervalError::Backwards`]; an interval may be empty.
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

    /// The bases from `first` to `last`, both included and counted from 1, as GTF, GFF3 and VCF
    /// have them.
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

    /// `upstream` bases before the base at `base` (from 0) and `downstream` bases from it on, in the
    /// direction of `strand`: of a transcription start, 249 and 51 make −249..+50 with the start as
    /// 0.
    ///
    /// # Errors
    ///
    /// [`IntervalError::BeforeStart`] and [`IntervalError::TooFar`]; the end of the chromosome is not
    /// known here.
    pub fn around(
        chromosome: impl Into<String>,
        base: usize,
        upstream: usize,
        downstream: usize,
        strand: Strand,
    ) -> Result<Self, IntervalError> {
        let chromosome = chromosome.into();
        // The border that upstream ends and downstream begins at, and the bases on both its sides.
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

    /// The same bases of a chromosome that is called otherwise.
    #[must_use]
    pub fn on(self, chromosome: impl Into<String>) -> Self {
        Self { chromosome: chromosome.into(), ..self }
    }

    /// The chromosome.
    pub fn chromosome(&self) -> &str {
        &self.chromosome
    }

    /// The first base, from 0.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The base behind the last, from 0.
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

    /// Whether there is no base in it.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether both have a base in common, on whichever strands.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.chromosome == other.chromosome && self.start.max(other.start) < self.end.min(other.end)
    }

    /// The base in the middle, from 0; of an even number of bases the one on the right.
    pub fn middle(&self) -> usize {
        usize::midpoint(self.start, self.end)
    }
}

impl fmt::Display for Interval {
    /// As genome browsers have it: counted from 1, both ends included, with the strand if known.
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
    fn first_and_last_base_convert() {
        let first = Interval::from_closed("c", 1, 1, Strand::Forward).unwrap();
        assert_eq!((first.start(), first.end(), first.len()), (0, 1, 1));
        assert_eq!(first.to_string(), "c:1-1(+)");
        let zero = Interval::from_closed("c", 0, 5, Strand::Forward).unwrap_err();
        assert_eq!(zero.to_string(), "c: position 0, where positions count from 1");
        let backwards = Interval::new("c", 7, 6, Strand::Unknown).unwrap_err();
        assert_eq!(backwards.to_string(), "c: end 6 lies before start 7");
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
    fn neighbours_do_not_overlap() {
        let at = |start, end| Interval::new("c", start, end, Strand::Unknown).unwrap();
        assert!(!at(0, 5).overlaps(&at(5, 9)));
        assert!(at(0, 6).overlaps(&at(5, 9)));
        assert!(!at(0, 6).overlaps(&at(3, 3)));
        let elsewhere = Interval::new("d", 0, 6, Strand::Unknown).unwrap();
        assert!(!at(0, 6).overlaps(&elsewhere));
    }

    proptest! {
        #[test]
        fn a_window_is_as_long_as_asked_for_and_holds_its_base(
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
