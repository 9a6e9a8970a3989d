//! Joins neighbouring alleles that a sample has on the same copy of a chromosome.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt::Write as _;

use dnabert_core::{Sequence, Strand};
use dnabert_genome::vcf::{Allele, Variant};
use dnabert_genome::{Genome, GenomeError, GenotypeError, Interval, TableError};

use crate::{Change, Skipped, apply};

/// Why the variants of a file cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HaplotypeError {
    /// The VCF file cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A genotype cannot be read.
    #[error(transparent)]
    Genotype(#[from] GenotypeError),
    /// The genome cannot be read between two alleles.
    #[error("line {line}")]
    Genome {
        /// The line of the file, from 1.
        line: usize,
        /// The cause.
        source: GenomeError,
    },
    /// The variants are not sorted.
    #[error(
        "line {line}: {chromosome}:{position} comes after a later position; sort the file first"
    )]
    Unsorted {
        /// The line of the file, from 1.
        line: usize,
        /// The chromosome.
        chromosome: String,
        /// The position, from 1 as in the file.
        position: usize,
    },
}

/// An allele of the sample on one copy.
#[derive(Debug, Clone)]
struct Carried {
    /// Trimmed, so that an anchor base does not overlap a neighbour.
    change: Change,
    /// The variant in the file with only this allele.
    variant: Variant,
    /// The copy; `None` if the phase is unknown.
    copy: Option<usize>,
    /// The phase set; `None` for alleles on all copies, which fit every set.
    set: Option<String>,
    everywhere: bool,
}

/// Reads the variants of one sample and joins neighbouring alleles on the same copy of a chromosome.
///
/// The results are variants with one alternate allele, which are scored like any other:
///
/// - A joined variant spans the first to the last base that changes. Its identifiers are those of its
///   parts; a part without one is named like `6T>C`, with the position from 1.
/// - Its INFO column has `HAPLOTYPE`, the copies that have it (from 1; `.` if the phase is unknown),
///   and `PARTS`, the number of joined alleles.
/// - An allele of unknown phase, or one that overlaps the others, is not joined. An allele on all
///   copies joins the phase set before it.
/// - An allele that stays alone is written as in the file.
/// - Alleles that the sample does not have are left out. Its alleles without bases (`*` and symbolic
///   ones), and lines without a genotype, are left out and [counted](Self::left_out).
///
/// The file must be sorted by position within each chromosome. Memory holds one run of neighbours.
///
/// ```
/// use dnabert_core::LetterPolicy;
/// use dnabert_genome::{Genome, vcf::Variants};
/// use dnabert_variants::Haplotypes;
///
/// # let folder = tempfile::tempdir()?;
/// # let (fasta, vcf) = (folder.path().join("genome.fa"), folder.path().join("in.vcf"));
/// # std::fs::write(&fasta, ">chr1\nACGTACGTACGT\n")?;
/// # let head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tme\n";
/// # let lines = "chr1\t2\ta\tC\tT\t.\t.\t.\tGT\t0|1\nchr1\t4\tb\tT\tG\t.\t.\t.\tGT\t0|1\n";
/// # std::fs::write(&vcf, format!("{head}{lines}"))?;
/// let genome = Genome::open(&fasta, LetterPolicy::default())?;
/// let variants = Variants::open(&vcf)?; // chr1 2 C>T and 4 T>G, both on the second copy
/// let joined = Haplotypes::new(variants, &genome, /* sample */ 0, /* within */ 5);
/// let joined = joined.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(joined.len(), 1);
/// assert_eq!(joined[0].reference.as_str(), "CGT"); // bases 2 to 4, from 1
/// assert!(joined[0].text.ends_with("TGG\t.\t.\tHAPLOTYPE=2;PARTS=2"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Haplotypes<'a, I> {
    variants: I,
    genome: &'a Genome,
    sample: usize,
    within: usize,
    /// The alleles of the current run of neighbours, and its end.
    run: Vec<Carried>,
    end: usize,
    /// The last position that was read, and the chromosomes before.
    last: Option<(String, usize)>,
    before: HashSet<String>,
    ready: VecDeque<Variant>,
    left_out: LeftOut,
    is_over: bool,
}

/// What the sample has, or may have, and no haplotype contains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Lines without a genotype of the sample.
    pub no_call: usize,
    /// Alleles on a copy that cannot be scored, by reason.
    pub alleles: BTreeMap<Skipped, usize>,
}

impl<'a, I> Haplotypes<'a, I> {
    /// Joins the alleles of a sample, by its index from 0, with at most `within` unchanged bases between
    /// one and the next.
    pub fn new(variants: I, genome: &'a Genome, sample: usize, within: usize) -> Self {
        Self {
            variants,
            genome,
            sample,
            within,
            run: Vec::new(),
            end: 0,
            last: None,
            before: HashSet::new(),
            ready: VecDeque::new(),
            left_out: LeftOut::default(),
            is_over: false,
        }
    }

    /// What was left out so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// The header for the joined variants: without the columns of samples, and with the two INFO fields.
    pub fn header(lines: &[String]) -> Vec<String> {
        let own = |line: &String| {
            line.starts_with("##FORMAT=")
                || ["HAPLOTYPE", "PARTS"]
                    .iter()
                    .any(|key| line.starts_with(&format!("##INFO=<ID={key},")))
        };
        let mut header: Vec<String> = lines.iter().filter(|line| !own(line)).cloned().collect();
        if let Some(columns) = header.last_mut() {
            let fixed: Vec<&str> = columns.split('\t').take(8).collect();
            *columns = fixed.join("\t");
        }
        let at = header.len().saturating_sub(1);
        header.splice(
            at..at,
            [
                "##INFO=<ID=HAPLOTYPE,Number=.,Type=String,Description=\"Copies of the chromosome that have the allele, from 1\">"
                    .to_owned(),
                "##INFO=<ID=PARTS,Number=1,Type=Integer,Description=\"Number of joined alleles\">"
                    .to_owned(),
            ],
        );
        header
    }

    /// Adds a variant; if it is too far from the run before it, that run is joined.
    fn take(&mut self, variant: &Variant) -> Result<(), HaplotypeError> {
        let (chromosome, start) = (variant.interval.chromosome(), variant.interval.start());
        if let Some((last, before)) = &self.last {
            let is_new = last != chromosome;
            if is_new && !self.before.contains(chromosome) {
                self.before.insert(last.clone());
                self.join()?;
            } else if is_new || start < *before {
                return Err(HaplotypeError::Unsorted {
                    line: variant.line,
                    chromosome: chromosome.to_owned(),
                    position: start + 1,
                });
            }
        }
        self.last = Some((chromosome.to_owned(), start));
        let Some(genotype) = variant.genotype(self.sample)? else {
            self.left_out.no_call += 1;
            return Ok(());
        };
        self.left_out.no_call += usize::from(genotype.alleles.iter().all(Option::is_none));
        // Later alleles start at this line's position or after it, so none of them can join the run.
        if start > self.end.saturating_add(self.within) {
            self.join()?;
        }
        let everywhere = genotype.is_homozygous();
        for (copy, allele) in genotype.alleles.iter().enumerate() {
            let Some(allele) =
                allele.filter(|allele| *allele > 0).map(|allele| &variant.alternates[allele - 1])
            else {
                continue;
            };
            let change = match Change::from_variant(variant, allele) {
                Ok(change) if !variant.is_telomere() => change,
                Ok(_) => {
                    *self.left_out.alleles.entry(Skipped::Place).or_default() += 1;
                    continue;
                }
                Err(reason) => {
                    *self.left_out.alleles.entry(reason).or_default() += 1;
                    continue;
                }
            };
            let change = change.trimmed();
            let is_known = genotype.phased || everywhere;
            // An allele of unknown phase is added once, not once for each copy.
            let known = self.run.iter().any(|other| {
                !is_known && other.variant.line == variant.line && other.change == change
            });
            if known {
                continue;
            }
            let id = match &variant.ids[..] {
                [] => format!(
                    "{}{}>{}",
                    change.start + 1,
                    dash(&change.reference),
                    dash(&change.alternate)
                ),
                ids => ids.join(";"),
            };
            self.end = if self.run.is_empty() { change.end() } else { self.end.max(change.end()) };
            self.run.push(Carried {
                change,
                variant: Variant {
                    ids: vec![id],
                    alternates: vec![allele.clone()],
                    text: String::new(),
                    ..variant.clone()
                },
                copy: is_known.then_some(copy),
                set: genotype.phase_set.clone().filter(|_| !everywhere),
                everywhere,
            });
        }
        Ok(())
    }

    /// Joins the alleles of the run to variants.
    fn join(&mut self) -> Result<(), HaplotypeError> {
        let run = std::mem::take(&mut self.run);
        let copies = run.iter().filter_map(|carried| carried.copy).max().map_or(0, |last| last + 1);
        let mut groups: Vec<(Option<usize>, Vec<&Carried>)> = run
            .iter()
            .filter(|carried| carried.copy.is_none())
            .map(|carried| (None, vec![carried]))
            .collect();
        for copy in 0..copies {
            let mut own: Vec<&Carried> =
                run.iter().filter(|carried| carried.copy == Some(copy)).collect();
            own.sort_by_key(|carried| (carried.change.start, carried.change.end()));
            let mut open: Vec<Vec<&Carried>> = Vec::new();
            for carried in own {
                // Alleles of other phase sets, or overlapping ones, may be in between.
                match open.iter_mut().rev().find(|group| self.belongs(group, carried)) {
                    Some(group) => group.push(carried),
                    None => open.push(vec![carried]),
                }
            }
            groups.extend(open.into_iter().map(|group| (Some(copy), group)));
        }
        let mut joined: Vec<(Joined<'_>, Vec<usize>)> = Vec::new();
        for (copy, parts) in groups {
            let own = Joined(parts);
            let copy = copy.map(|copy| copy + 1);
            match joined
                .iter_mut()
                .find(|(other, copies)| copy.is_some() && !copies.is_empty() && other.same(&own))
            {
                Some((_, copies)) => copies.extend(copy),
                None => joined.push((own, copy.into_iter().collect())),
            }
        }
        let mut variants = Vec::new();
        for (own, copies) in joined {
            variants.push((own.variant(self.genome, &copies)?, copies));
        }
        variants.sort_by_key(|(variant, copies)| {
            (variant.interval.start(), variant.interval.end(), copies.clone())
        });
        self.ready.extend(variants.into_iter().map(|(variant, _)| variant));
        Ok(())
    }

    fn belongs(&self, group: &[&Carried], next: &Carried) -> bool {
        let Some(last) = group.last() else { return false };
        let set = group.iter().find(|carried| !carried.everywhere).map(|carried| &carried.set);
        let same_set = next.everywhere || set.is_none_or(|set| *set == next.set);
        let (end, start) = (last.change.end(), next.change.start);
        // Two insertions at one position, or an insertion directly before a changed base, have no
        // defined order.
        let apart = start >= end && start > last.change.start;
        apart && start - end <= self.within && same_set
    }
}

/// Bases, or `-` for none.
fn dash(bases: &Sequence) -> String {
    if bases.is_empty() { "-".into() } else { bases.to_string() }
}

/// Alleles that are joined to one.
struct Joined<'a>(Vec<&'a Carried>);

impl Joined<'_> {
    fn start(&self) -> usize {
        self.0[0].change.start
    }

    fn end(&self) -> usize {
        self.0.last().map_or(0, |carried| carried.change.end())
    }

    fn same(&self, other: &Self) -> bool {
        let changes = |own: &Self| {
            own.0.iter().map(|part| (part.variant.line, part.change.clone())).collect::<Vec<_>>()
        };
        changes(self) == changes(other)
    }

    /// The variant, with an anchor base if an allele would be empty.
    fn variant(&self, genome: &Genome, copies: &[usize]) -> Result<Variant, HaplotypeError> {
        let first = self.0[0];
        let line = first.variant.line;
        let failed = |source| HaplotypeError::Genome { line, source };
        let changes: Vec<Change> = self.0.iter().map(|part| part.change.clone()).collect();
        // The reference alleles are those of the file, so that later checks find a wrong file.
        let stretch = |start: usize, end: usize| -> Result<(Interval, Sequence), GenomeError> {
            let interval =
                Interval::new(first.change.chromosome.clone(), start, end, Strand::Forward)
                    .expect("the start is before the end");
            let bases = genome.sequence(&genome.resolve(interval.clone())?)?;
            let own = changes.iter().fold(bases, |bases, change| {
                bases.replace(change.start - start..change.end() - start, &change.reference)
            });
            Ok((interval, own))
        };
        let alternate = |start: usize, reference: &Sequence| {
            apply(reference, start, &changes).expect("groups do not overlap")
        };
        let (interval, reference, other) =
            if let ([_], [Allele::Bases(own)]) = (&self.0[..], &first.variant.alternates[..]) {
                (first.variant.interval.clone(), first.variant.reference.clone(), own.clone())
            } else {
                let (mut interval, mut reference) =
                    stretch(self.start(), self.end()).map_err(failed)?;
                let mut other = alternate(self.start(), &reference);
                if reference.is_empty() || other.is_empty() {
                    // At the first base of a chromosome the anchor is the base after it.
                    let (start, end) = match self.start() {
                        0 => (0, self.end() + 1),
                        start => (start - 1, self.end()),
                    };
                    (interval, reference) = stretch(start, end).map_err(failed)?;
                    other = alternate(start, &reference);
                }
                (interval, reference, other)
            };
        let ids: Vec<String> = self.0.iter().flat_map(|part| part.variant.ids.clone()).collect();
        let copies: Vec<String> = copies.iter().map(usize::to_string).collect();
        let mut text =
            format!("{}\t{}\t{}", interval.chromosome(), interval.start() + 1, ids.join(";"));
        let _ = write!(
            text,
            "\t{reference}\t{other}\t.\t.\tHAPLOTYPE={};PARTS={}",
            if copies.is_empty() { ".".to_owned() } else { copies.join(",") },
            changes.len()
        );
        Ok(Variant { interval, ids, reference, alternates: vec![Allele::Bases(other)], line, text })
    }
}

impl<I: Iterator<Item = Result<Variant, TableError>>> Iterator for Haplotypes<'_, I> {
    type Item = Result<Variant, HaplotypeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(variant) = self.ready.pop_front() {
                return Some(Ok(variant));
            }
            if self.is_over {
                return None;
            }
            let done = match self.variants.next() {
                Some(Ok(variant)) => self.take(&variant),
                Some(Err(error)) => Err(error.into()),
                None => {
                    self.is_over = true;
                    self.join()
                }
            };
            if let Err(error) = done {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dnabert_core::LetterPolicy;
    use dnabert_genome::vcf::Variants;

    use super::*;

    /// The joined variants of the sample, as `ID POS REF ALT INFO`.
    fn joined(within: usize, lines: &str) -> Result<Vec<String>, HaplotypeError> {
        let folder = tempfile::tempdir().unwrap();
        let (genome, vcf) = (folder.path().join("g.fa"), folder.path().join("v.vcf"));
        std::fs::write(&genome, ">c\nACGTACGTACGTACGTACGT\n>d\nTTTTT\n").unwrap();
        let head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tother\town";
        let lines = lines.replace(' ', "\t");
        std::fs::write(&vcf, format!("{head}\n{lines}")).unwrap();
        let genome = Genome::open(&genome, LetterPolicy::default()).unwrap();
        let variants = Variants::open(&vcf).unwrap();
        assert_eq!(variants.samples(), ["other", "own"]);
        Haplotypes::new(variants, &genome, 1, within)
            .map(|variant| {
                let text = variant?.text;
                let columns: Vec<&str> = text.split('\t').collect();
                Ok([columns[2], columns[1], columns[3], columns[4], columns[7]].join(" "))
            })
            .collect()
    }

    #[test]
    fn neighbours_on_one_copy_are_joined_and_others_stay_alone() {
        let lines = "c 2 a C T . . . GT 0|0 0|1\nc 4 b T G . . . GT 0|0 0|1\nc 5 e A C . . . GT 1|1 1|0\n\
                     c 15 f G A . . . GT 1|1 0|1\nc 17 g A T . . . GT 1|1 0|0\n";
        assert_eq!(
            joined(3, lines).unwrap(),
            [
                "a;b 2 CGT TGG HAPLOTYPE=2;PARTS=2",
                "e 5 A C HAPLOTYPE=1;PARTS=1",
                "f 15 G A HAPLOTYPE=2;PARTS=1"
            ]
        );
    }

    #[test]
    fn alleles_on_both_copies_are_one_variant_and_unknown_phase_is_not_joined() {
        let lines =
            "c 2 a C T . . . GT 0/0 1/1\nc 4 b T G . . . GT 0/0 1|1\nc 5 e A C . . . GT 1|1 0/1\n";
        assert_eq!(
            joined(9, lines).unwrap(),
            ["a;b 2 CGT TGG HAPLOTYPE=1,2;PARTS=2", "e 5 A C HAPLOTYPE=.;PARTS=1"]
        );
        // Alleles of different phase sets are not joined.
        let lines = "c 2 a C T . . . GT:PS . 0|1:1\nc 4 b T G . . . GT:PS . 0|1:2\n";
        assert_eq!(joined(9, lines).unwrap().len(), 2);
    }

    #[test]
    fn indels_are_joined_with_neighbours_and_keep_an_anchor() {
        let lines =
            "c 2 . CG C . . . GT . 1|0\nc 4 s T A . . . GT . 1|0\nd 1 . T TG . . . GT . 1|0\n";
        assert_eq!(
            joined(2, lines).unwrap(),
            ["3G>-;s 3 GT A HAPLOTYPE=1;PARTS=2", "2->G 1 T TG HAPLOTYPE=1;PARTS=1"]
        );
        // A deletion and a change of the deleted bases are not one haplotype.
        let lines = "c 2 x CGTA C . . . GT . 1|0\nc 4 y T A . . . GT . 1|0\n";
        assert_eq!(joined(5, lines).unwrap().len(), 2);
    }

    #[test]
    fn alleles_in_between_do_not_separate_neighbours() {
        let lines = "c 2 a C T . . . GT:PS . 0|1:1\nc 3 b G T . . . GT:PS . 0|1:2\nc 4 e T A . . . GT:PS . 0|1:1\n";
        assert_eq!(
            joined(5, lines).unwrap(),
            ["a;e 2 CGT TGA HAPLOTYPE=2;PARTS=2", "b 3 G T HAPLOTYPE=2;PARTS=1"]
        );
        // A deletion on one copy and a change of its first base on the other: in the order of the lines.
        let lines = "c 9 x AC A . . . GT . 1|0\nc 10 y C T . . . GT . 0|1\n";
        let found = joined(5, lines).unwrap();
        assert!(found[0].starts_with("x 9 AC A") && found[1].starts_with("y 10 C T"), "{found:?}");
        // An allele that stays alone needs no genome; its position is checked when it is scored.
        assert_eq!(
            joined(5, "e 9 x A T . . . GT . 1|0\n").unwrap(),
            ["x 9 A T HAPLOTYPE=1;PARTS=1"]
        );
    }

    #[test]
    fn an_unsorted_file_is_an_error() {
        let lines = "c 9 a A T . . . GT . 0|1\nc 2 b C T . . . GT . 0|1\n";
        let error = joined(3, lines).unwrap_err();
        assert!(
            error.to_string().starts_with("line 4: c:2 comes after a later position"),
            "{error}"
        );
        let lines =
            "c 2 a C T . . . GT . 0|1\nd 2 b T A . . . GT . 0|1\nc 9 a A T . . . GT . 0|1\n";
        assert!(joined(3, lines).unwrap_err().to_string().starts_with("line 5: c:9"));
    }
}
