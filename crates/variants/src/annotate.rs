//! Reads variants from VCF, places their alleles in windows, and writes VCF with scores.
//!
//! ```
//! use dnabert_core::LetterPolicy;
//! use dnabert_genome::{Genome, vcf::Variants};
//! use dnabert_variants::ReferencePolicy;
//! use dnabert_variants::annotate::{Counts, InfoField, Placement, header, line};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (fasta, vcf) = (folder.path().join("genome.fa"), folder.path().join("in.vcf"));
//! # std::fs::write(&fasta, format!(">chr1\n{}\n", "ACGTTGCA".repeat(10)))?;
//! # let lines = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
//! # std::fs::write(&vcf, format!("{lines}chr1\t41\t.\tA\tG,<DEL>\t.\t.\tDP=7\n"))?;
//! let genome = Genome::open(&fasta, LetterPolicy::default())?;
//! let placement = Placement { width: 20, reach: 5, policy: ReferencePolicy::Error };
//! let field = InfoField {
//!     key: "DNABERT_WIDTH".into(),
//!     description: "Bases of the window".into(),
//!     kind: "Integer",
//! };
//! let mut counts = Counts::default();
//! let mut variants = Variants::open(&vcf)?; // chr1 41 A G,<DEL>
//! let head = header(variants.header(), &[field.clone()]);
//! assert!(head[1].starts_with("##INFO=<ID=DNABERT_WIDTH,Number=A,Type=Integer"));
//! for variant in &mut variants {
//!     let variant = variant?;
//!     let alleles = placement.place(&genome, &variant, &mut counts)?;
//!     let value = |allele: &Result<_, _>| if allele.is_ok() { "20" } else { "." }.to_owned();
//!     let values = [alleles.iter().map(value).collect()];
//!     let text = line(&variant.text, &[field.clone()], &values);
//!     assert!(text.ends_with("DP=7;DNABERT_WIDTH=20,."));
//! }
//! assert_eq!((counts.alleles, counts.skipped.len()), (1, 1)); // <DEL> has no bases
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;

use dnabert_genome::vcf::Variant;
use dnabert_genome::{Genome, GenomeError};

use crate::{Change, ReferencePolicy, Skipped, Windows};

/// Why a variant ends the run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnotateError {
    /// The genome cannot be read.
    #[error("line {line}")]
    Genome {
        /// The line of the file.
        line: usize,
        /// The cause.
        source: GenomeError,
    },
    /// The position is not in the genome, under [`ReferencePolicy::Error`].
    #[error("line {line}: the genome has no {chromosome}:{position}{hint}")]
    Place {
        /// The line of the file.
        line: usize,
        /// The chromosome.
        chromosome: String,
        /// The position, from 1 as in the file.
        position: usize,
        /// The reason, or where the chromosome ends.
        hint: String,
    },
    /// The reference allele is not the genome's, under [`ReferencePolicy::Error`].
    #[error(
        "line {line}: the reference allele at {chromosome}:{position} is {found}, but the genome has \
         {expected}"
    )]
    Reference {
        /// The line of the file.
        line: usize,
        /// The chromosome.
        chromosome: String,
        /// The position, from 1 as in the file.
        position: usize,
        /// The allele in the file.
        found: String,
        /// The genome's bases.
        expected: String,
    },
}

/// How alleles are placed in windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Bases of a window.
    pub width: usize,
    /// How many bases from the change, on either side, windows are placed.
    pub reach: usize,
    /// What to do if the reference allele is not the genome's.
    pub policy: ReferencePolicy,
}

/// Counts of the variants and alleles so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Variants, which are lines of the file.
    pub variants: usize,
    /// Alternate alleles that were placed.
    pub alleles: usize,
    /// Placed alleles that were swapped with the reference.
    pub swapped: usize,
    /// Alternate alleles that were skipped, by reason.
    pub skipped: BTreeMap<Skipped, usize>,
}

/// An allele in its windows, ready to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The windows of both alleles.
    pub windows: Windows,
    /// The change, trimmed and left-aligned.
    pub change: Change,
    /// Whether it was swapped with the reference.
    pub swapped: bool,
}

impl Placement {
    /// Places the alternate alleles of a variant, in their order; an allele that cannot be placed has the
    /// reason instead. `counts` is updated.
    ///
    /// # Errors
    ///
    /// [`AnnotateError`] if the genome cannot be read, and under [`ReferencePolicy::Error`] if file
    /// and genome do not match.
    pub fn place(
        &self,
        genome: &Genome,
        variant: &Variant,
        counts: &mut Counts,
    ) -> Result<Vec<Result<Placed, Skipped>>, AnnotateError> {
        counts.variants += 1;
        let mut placed = Vec::with_capacity(variant.alternates.len());
        for allele in &variant.alternates {
            let one = match Change::from_variant(variant, allele) {
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
            let (chromosome, position) = (change.chromosome.clone(), variant.position());
            Err(AnnotateError::Place { line, chromosome, position, hint })
        };
        let (chromosome, length) = match genome.chromosome(&change.chromosome) {
            Ok(found) => found,
            Err(error) => return nowhere(&change, format!(" ({error})")),
        };
        change.chromosome = chromosome.to_owned();
        if variant.is_telomere() {
            return nowhere(&change, format!(", which has bases from 1 to {length}"));
        }
        if change.end() > length {
            return nowhere(&change, format!(", which ends at {length}"));
        }
        let mut swapped = false;
        if variant.check_reference(genome).is_err() {
            // Only alleles of equal length are compared with the genome: an insertion or deletion always
            // starts with the genome's base.
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

/// `count` bases of the genome from the start of a change; `None` past the end of the chromosome.
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

/// The definition of a field of the INFO column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfoField {
    /// Its key.
    pub key: String,
    /// Its description.
    pub description: String,
    /// Its type: `Float`, `Integer` or `String`.
    pub kind: &'static str,
}

/// The prefix of all keys; fields of an earlier run are found by it and removed.
pub const PREFIX: &str = "DNABERT_";

/// Columns of a VCF file up to INFO.
const COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

/// The header of a VCF file with the definitions of `fields`, which have one value for each alternate
/// allele; definitions of an earlier run are removed.
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

/// A line of a VCF file with `fields` in its INFO column; fields of an earlier run are removed.
///
/// For each field, `values` has one value for each alternate allele, `.` for a missing one. A field
/// without values, as for a line without alternate alleles, is not written.
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
