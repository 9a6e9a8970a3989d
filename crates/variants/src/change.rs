//! An allele that replaces bases of the reference.

use std::fmt;

use dnabert_core::{Sequence, Strand};
use dnabert_genome::vcf::{Allele, Variant};
use dnabert_genome::{Genome, GenomeError, Interval};

/// Bases of a chromosome and the bases that replace them, on the forward strand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The chromosome, by its name in the genome.
    pub chromosome: String,
    /// The first base that is replaced, from 0.
    pub start: usize,
    /// The bases of the genome; empty for an insertion.
    pub reference: Sequence,
    /// The bases that replace them; empty for a deletion.
    pub alternate: Sequence,
}

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Both alleles are equal.
    None,
    /// One base is replaced by another.
    Snv,
    /// Several bases are replaced by as many others.
    Mnv,
    /// Bases are inserted.
    Insertion,
    /// Bases are deleted.
    Deletion,
    /// Bases are replaced by another number of bases.
    Complex,
}

/// What to do with a variant whose reference allele is not the genome's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReferencePolicy {
    /// The run ends with an error: file and genome do not match.
    #[default]
    Error,
    /// The allele is skipped and counted.
    Skip,
    /// If the alternate allele is the genome's, the two are swapped and counted; otherwise the allele is
    /// skipped.
    Swap,
}

/// Why an allele is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Skipped {
    /// A symbolic allele such as `<DEL>`, which has no bases.
    Symbolic,
    /// `*`: the base is missing because of an upstream deletion.
    Missing,
    /// A breakend.
    Breakend,
    /// An ambiguous letter in the allele or around it.
    Ambiguous,
    /// The reference allele is not the genome's.
    Reference,
    /// The genome does not have the chromosome, or the chromosome ends before the allele.
    Place,
    /// The allele is longer than the window, or the chromosome is shorter.
    Width,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Symbolic => "symbolic allele",
            Self::Missing => "missing allele (*)",
            Self::Breakend => "break end",
            Self::Ambiguous => "ambiguous letter",
            Self::Reference => "reference allele is not the genome's",
            Self::Place => "not in the genome",
            Self::Width => "does not fit the window",
        })
    }
}

impl Change {
    /// An allele of a variant as it is written, before it is compared with a genome.
    ///
    /// # Errors
    ///
    /// [`Skipped`] if the allele has no bases, or ambiguous ones.
    pub fn from_variant(variant: &Variant, alternate: &Allele) -> Result<Self, Skipped> {
        let alternate = match alternate {
            Allele::Bases(bases) => bases.clone(),
            Allele::Symbolic(_) => return Err(Skipped::Symbolic),
            Allele::Deleted => return Err(Skipped::Missing),
            Allele::Breakend(_) => return Err(Skipped::Breakend),
        };
        if alternate.ambiguous() > 0 || variant.reference.ambiguous() > 0 {
            return Err(Skipped::Ambiguous);
        }
        Ok(Self {
            chromosome: variant.interval.chromosome().to_owned(),
            start: variant.interval.start(),
            reference: variant.reference.clone(),
            alternate,
        })
    }

    /// The kind of the change after [`trimmed`](Self::trimmed).
    pub fn kind(&self) -> Kind {
        let trimmed = self.trimmed();
        match (trimmed.reference.len(), trimmed.alternate.len()) {
            (0, 0) => Kind::None,
            (1, 1) => Kind::Snv,
            (0, _) => Kind::Insertion,
            (_, 0) => Kind::Deletion,
            (from, to) if from == to => Kind::Mnv,
            _ => Kind::Complex,
        }
    }

    /// The same change without the equal bases at the ends of both alleles; the right end is trimmed
    /// first.
    ///
    /// ```
    /// use dnabert_variants::{Change, Kind};
    ///
    /// let change = Change {
    ///     chromosome: "chr1".into(),
    ///     start: 99,
    ///     reference: "CGG".parse()?,
    ///     alternate: "CG".parse()?,
    /// };
    /// let trimmed = change.trimmed();
    /// assert_eq!((trimmed.start, trimmed.reference.as_str()), (100, "G"));
    /// assert_eq!(change.kind(), Kind::Deletion);
    /// # Ok::<(), dnabert_core::SequenceError>(())
    /// ```
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let (from, to) = (self.reference.as_bytes(), self.alternate.as_bytes());
        let shorter = from.len().min(to.len());
        let right = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
        let left = from.iter().zip(to).take_while(|(a, b)| a == b).count().min(shorter - right);
        Self {
            chromosome: self.chromosome.clone(),
            start: self.start + left,
            reference: self.reference.slice(left..from.len() - right),
            alternate: self.alternate.slice(left..to.len() - right),
        }
    }

    /// The normal form of a change: trimmed, and left-aligned in repeats (Tan, Abecasis and Kang 2015,
    /// doi 10.1093/bioinformatics/btv112, but without an anchor base).
    ///
    /// # Errors
    ///
    /// [`GenomeError`] if the genome cannot be read.
    pub fn normalized(&self, genome: &Genome) -> Result<Self, GenomeError> {
        let mut change = self.trimmed();
        let is_indel = change.reference.is_empty() != change.alternate.is_empty();
        while is_indel && change.start > 0 {
            let before = Interval::new(
                change.chromosome.clone(),
                change.start - 1,
                change.start,
                Strand::Forward,
            );
            let Ok(before) = before else { break };
            let before = genome.sequence(&before)?;
            let bases = if change.reference.is_empty() {
                &mut change.alternate
            } else {
                &mut change.reference
            };
            if bases.as_bytes().last() != before.as_bytes().first() {
                break;
            }
            let kept = bases.slice(0..bases.len() - 1);
            *bases = before.replace(1..1, &kept);
            change.start -= 1;
        }
        Ok(change)
    }

    /// The change that reverts this one, in a sequence that has it.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            reference: self.alternate.clone(),
            alternate: self.reference.clone(),
            ..self.clone()
        }
    }

    /// The end of the bases that are replaced.
    pub fn end(&self) -> usize {
        self.start + self.reference.len()
    }
}
