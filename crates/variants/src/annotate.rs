//! VCF in, VCF with scores out.

use std::collections::BTreeMap;

use dnabert_genome::vcf::Variant;
use dnabert_genome::{Genome, GenomeError};

use crate::{Change, ReferencePolicy, Skipped, Windows};

/// Why the variants of a file cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnotateError {
    /// The genome cannot be read.
    #[error("line {line}")]
    Genome {
        /// The line of the file.
        line: usize,
        /// Why.
        source: GenomeError,
    },
    /// A place that the genome does not have, under [`ReferencePolicy::Error`].
    #[error("line {line}: the genome has no {chromosome}:{position}{hint}")]
    Place {
        /// The line of the file.
        line: usize,
        /// The chromosome.
        chromosome: String,
        /// The position, from 1 as in the file.
        position: usize,
        /// Why, or what it has instead.
        hint: String,
    },
    /// A reference allele that is not the genome's, under [`ReferencePolicy::Error`].
    #[error(
        "line {line}: {chromosome}:{position} has the reference allele {found}, and the genome {expected}"
    )]
    Reference {
        /// The line of the file.
        line: usize,
        /// The chromosome.
        chromosome: String,
        /// The position, from 1 as in the file.
        position: usize,
        /// The file's allele.
        found: String,
        /// The genome's bases.
        expected: String,
    },
}

/// How alleles become windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Bases of a window.
    pub width: usize,
    /// Windows on each side of the middle one.
    pub reach: usize,
    /// What is done with a wrong reference allele.
    pub policy: ReferencePolicy,
}

/// What became of the alleles so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Lines.
    pub variants: usize,
    /// Alternate alleles with windows.
    pub alleles: usize,
    /// Of these, alleles that were exchanged with the reference.
    pub swapped: usize,
    /// Alleles without, by the reason.
    pub skipped: BTreeMap<Skipped, usize>,
}

/// An allele as it is scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Both alleles in their surroundings.
    pub windows: Windows,
    /// Trimmed and left-aligned.
    pub change: Change,
    /// Whether it was exchanged with the reference.
    pub swapped: bool,
}

impl Placement {
    /// The alternate alleles of a variant, in their order, each in its surroundings or with the reason why not.
    ///
    /// # Errors
    ///
    /// [`AnnotateError`] with the line.
    pub fn place(
        &self,
        genome: &Genome,
        variant: &Variant,
        counts: &mut Counts,
    ) -> Result<Vec<Result<Placed, Skipped>>, AnnotateError> {
        counts.variants += 1;
        let mut placed = Vec::with_capacity(variant.alternates.len());
        for allele in &variant.alternates {
            let one = match Change::of(variant, allele) {
                Ok(change) => self.place_change(genome, variant, change)?,
                Err(skipped) => Err(skipped),
            };
            match &one {
                Ok(placed) => {
                    counts.alleles += 1;
                    counts.swapped += usize::from(placed.swapped);
                }
                Err(skipped) => *counts.skipped.entry(*skipped).or_default() += 1,
            }
            placed.push(one);
        }
        Ok(placed)
    }

    fn place_change(
        &self,
        genome: &Genome,
        variant: &Variant,
        mut change: Change,
    ) -> Result<Result<Placed, Skipped>, AnnotateError> {
        let line = variant.line;
        let failed = |source| AnnotateError::Genome { line, source };
        let nowhere = |change: &Change, hint: String| {
            if self.policy != ReferencePolicy::Error {
                return Ok(Err(Skipped::Place));
            }
            let (chromosome, position) = (change.chromosome.clone(), change.start + 1);
            Err(AnnotateError::Place { line, chromosome, position, hint })
        };
        let (chromosome, length) = match genome.chromosome(&change.chromosome) {
            Ok(found) => found,
            Err(error) => return nowhere(&change, format!(" ({error})")),
        };
        change.chromosome = chromosome.to_owned();
        if change.end() > length {
            return nowhere(&change, format!(", which ends at {length}"));
        }
        let mut swapped = false;
        if variant.check_reference(genome).is_err() {
            // An insertion or deletion shares its first base with the genome either way: that proves nothing.
            let is_there = if change.reference.len() == change.alternate.len() {
                bases(genome, &change, change.alternate.len()).map_err(failed)?
            } else {
                None
            };
            match self.policy {
                ReferencePolicy::Error => {
                    let expected =
                        bases(genome, &change, change.reference.len()).map_err(failed)?;
                    return Err(AnnotateError::Reference {
                        line,
                        position: change.start + 1,
                        found: change.reference.to_string(),
                        expected: expected.unwrap_or_default(),
                        chromosome: change.chromosome,
                    });
                }
                ReferencePolicy::Swap if is_there.as_deref() == Some(change.alternate.as_str()) => {
                    change = change.inverse();
                    swapped = true;
                }
                _ => return Ok(Err(Skipped::Reference)),
            }
        }
        let change = change.normalized(genome).map_err(failed)?;
        let windows = Windows::new(genome, &change, self.width, self.reach).map_err(failed)?;
        Ok(windows.map(|windows| Placed { windows, change, swapped }))
    }
}

/// So many bases of the genome where a change begins; `None` where the chromosome ends before.
fn bases(genome: &Genome, change: &Change, count: usize) -> Result<Option<String>, GenomeError> {
    let strand = dnabert_core::Strand::Forward;
    let (start, end) = (change.start, change.start + count);
    let interval = dnabert_genome::Interval::new(change.chromosome.clone(), start, end, strand);
    let Ok(interval) = interval else { return Ok(None) };
    match genome.chromosome(&change.chromosome) {
        Ok((_, length)) if end <= length => Ok(Some(genome.sequence(&interval)?.to_string())),
        _ => Ok(None),
    }
}

/// A value that is written into the INFO column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfoField {
    /// Its key.
    pub key: String,
    /// What it means.
    pub description: String,
    /// Its type: `Float`, `Integer` or `String`.
    pub kind: &'static str,
}

/// What the keys of all fields begin with: those of an earlier run are taken out.
pub const PREFIX: &str = "DNABERT_";

/// Columns of a VCF file up to INFO.
const COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

/// The header of a VCF file with the definitions of fields, which have one value for each alternate allele;
/// definitions of an earlier run are taken out.
pub fn header(lines: &[String], fields: &[InfoField]) -> Vec<String> {
    let is_old = |line: &String| line.starts_with(&format!("##INFO=<ID={PREFIX}"));
    let mut header: Vec<String> = lines.iter().filter(|line| !is_old(line)).cloned().collect();
    let at = header.iter().position(|line| line.starts_with("#CHROM")).unwrap_or(header.len());
    match header.get_mut(at) {
        Some(columns) if columns.split('\t').count() < 8 => COLUMNS.clone_into(columns),
        Some(_) => (),
        None => header.push(COLUMNS.to_owned()),
    }
    let definitions = fields.iter().map(|field| {
        let InfoField { key, description, kind } = field;
        let description = description.replace('\\', "\\\\").replace('"', "\\\"");
        format!("##INFO=<ID={key},Number=A,Type={kind},Description=\"{description}\">")
    });
    header.splice(at..at, definitions);
    header
}

/// A line of a VCF file with fields in its INFO column, those of an earlier run taken out; `values` has, for each
/// field, one value for each allele, `.` where there is none. A line without alternate alleles gets none.
pub fn line(text: &str, fields: &[InfoField], values: &[Vec<String>]) -> String {
    let mut columns: Vec<&str> = text.split('\t').collect();
    columns.resize(columns.len().max(8), ".");
    let old = columns[7].split(';').filter(|entry| {
        let key = entry.split('=').next().unwrap_or_default();
        *entry != "." && !entry.is_empty() && !key.starts_with(PREFIX)
    });
    let new = fields.iter().zip(values).filter(|(_, values)| !values.is_empty());
    let new = new.map(|(field, values)| format!("{}={}", field.key, values.join(",")));
    let info: Vec<String> = old.map(str::to_owned).chain(new).collect();
    let info = if info.is_empty() { ".".to_owned() } else { info.join(";") };
    columns[7] = &info;
    columns.join("\t")
}
