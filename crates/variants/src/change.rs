//! One allele in the place of the reference.

use std::fmt;

use dnabert_core::{Sequence, Strand};
use dnabert_genome::vcf::{Allele, Variant};
use dnabert_genome::{Genome, GenomeError, Interval};

/// A stretch of a chromosome and what stands there instead, on the forward strand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The chromosome, as the genome calls it.
    pub chromosome: String,
    /// The first base that changes, from 0.
    pub start: usize,
    /// The bases of the genome.
    pub reference: Sequence,
    /// What stands there instead; empty for a deletion.
    pub alternate: Sequence,
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing changes.
    None,
    /// One base for another.
    Snv,
    /// As many bases as before, more than one.
    Mnv,
    /// Bases are added.
    Insertion,
    /// Bases are taken away.
    Deletion,
    /// Some for others, of another number.
    Complex,
}

/// What is done with a variant whose reference allele is not what the genome has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReferencePolicy {
    /// The run ends: file and genome do not belong together.
    #[default]
    Error,
    /// It is passed over, and counted.
    Skip,
    /// Where the alternate allele is the genome's, the two are exchanged, and counted; else it is passed
    /// over.
    Swap,
}

/// Why an allele has no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Skipped {
    /// `<DEL>` and the like: no bases are given.
    Symbolic,
    /// `*`: the base is missing for a deletion upstream.
    Missing,
    /// A break end.
    Breakend,
    /// A letter that is no base, in the allele or around it.
    Ambiguous,
    /// The reference allele is not the genome's.
    Reference,
    /// The genome has no such chromosome, or it ends before the allele does.
    Place,
    /// The allele, or the chromosome, does not fit the window.
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
    /// An allele of a variant as it is written, not yet held against a genome.
    ///
    /// # Errors
    ///
    /// Why it has no bases.
    pub fn of(variant: &Variant, alternate: &Allele) -> Result<Self, Skipped> {
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

    /// The kind of change, by what is left when equal ends are cut.
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

    /// The same change without the bases that both alleles have at their ends: first those at the right.
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

    /// The one way to write a change: trimmed, and as far to the left as it can be in repeats (Tan, Abecasis
    /// and Kang 2015, doi 10.1093/bioinformatics/btv112, without their anchor base).
    ///
    /// # Errors
    ///
    /// That of the genome.
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

    /// The change that undoes this one, in the sequence that has it.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            reference: self.alternate.clone(),
            alternate: self.reference.clone(),
            ..self.clone()
        }
    }

    /// The bases that change.
    pub fn end(&self) -> usize {
        self.start + self.reference.len()
    }
}
