//! Splice sites and places that only look like them.

use std::collections::{BTreeSet, HashSet};

use dnabert_genome::annotation::Transcript;
use dnabert_genome::{Genome, GenomeError, Interval, Strand};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{BuildError, Built, LeftOut, Window};

/// How a set of splice sites is made. Classes: 0 neither, 1 donor, 2 acceptor.
#[derive(Debug, Clone, PartialEq)]
pub struct SpliceConfig {
    /// Bases of a window; the boundary of exon and intron lies in its middle.
    pub width: usize,
    /// Leave out donors that are not GT and acceptors that are not AG.
    pub canonical: bool,
    /// What sites are told from.
    pub others: NonSites,
    /// Decides over what is no site.
    pub seed: u64,
}

/// Windows of genes whose middle is no boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonSites {
    /// Anywhere in the transcripts.
    Anywhere,
    /// Every other with GT where a donor has it, the rest with AG where an acceptor has it.
    #[default]
    Decoys,
}

impl Default for SpliceConfig {
    /// 400 bases, as in the paper.
    fn default() -> Self {
        Self { width: 400, canonical: true, others: NonSites::Decoys, seed: 1 }
    }
}

const DONOR: usize = 1;
const ACCEPTOR: usize = 2;

/// Random places for each window without a site, before the search is given up.
const TRIES: usize = 2000;

/// Builds a set of splice sites from the introns of transcripts: donors, acceptors, and as many
/// windows of the same transcripts that are neither as there are donors.
///
/// # Errors
///
/// [`BuildError`].
///
/// # Panics
///
/// If the width is odd or below 4.
pub fn build_splice(
    genome: &Genome,
    transcripts: &[Transcript],
    config: &SpliceConfig,
) -> Result<Built, BuildError> {
    let SpliceConfig { width, canonical, others, seed } = *config;
    assert!(width >= 4 && width.is_multiple_of(2), "a width of {width} has no middle");
    let mut sites = BTreeSet::new();
    for intron in transcripts.iter().flat_map(Transcript::introns) {
        let intron = genome.resolve(intron)?;
        let (name, strand) = (intron.chromosome().to_owned(), intron.strand());
        let (first, last) = match strand {
            Strand::Reverse => (intron.end(), intron.start()),
            _ => (intron.start(), intron.end()),
        };
        sites.insert((name.clone(), first, strand, DONOR));
        sites.insert((name, last, strand, ACCEPTOR));
    }
    let mut built = Built { windows: Vec::new(), left_out: LeftOut::default() };
    for (name, boundary, strand, label) in &sites {
        let Some(window) = window(genome, name, *boundary, *strand, width)? else {
            built.left_out.off_the_chromosome += 1;
            continue;
        };
        if *strand == Strand::Unknown {
            built.left_out.without_strand += 1;
        } else if window.sequence.ambiguous() > 0 {
            built.left_out.ambiguous += 1;
        } else if canonical && !looks_like(&window, *label) {
            built.left_out.not_canonical += 1;
        } else {
            built.windows.push(Window { label: *label, ..window });
        }
    }
    let wanted = built.windows.iter().filter(|window| window.label == DONOR).count();
    if wanted == 0 {
        return Err(BuildError::NoSite { sites: sites.len(), left_out: built.left_out });
    }
    let mut taken: HashSet<(String, usize, Strand)> =
        sites.into_iter().map(|(name, boundary, strand, _)| (name, boundary, strand)).collect();
    let spans = genes(genome, transcripts)?;
    let all: usize = spans.iter().map(Interval::len).sum();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut tries = 0;
    for number in 0..wanted {
        let kind = if number % 2 == 0 { DONOR } else { ACCEPTOR };
        let mut found = None;
        for _ in 0..TRIES {
            tries += 1;
            let mut place = random.random_range(0..all.max(1));
            let Some(span) = spans.iter().find(|span| {
                let is_here = place < span.len();
                place -= if is_here { 0 } else { span.len() };
                is_here
            }) else {
                break;
            };
            let boundary = span.start() + place;
            let key = (span.chromosome().to_owned(), boundary, span.strand());
            if taken.contains(&key) {
                continue;
            }
            let drawn = window(genome, span.chromosome(), boundary, span.strand(), width)?;
            found = drawn.filter(|window| {
                window.sequence.ambiguous() == 0
                    && (others == NonSites::Anywhere || looks_like(window, kind))
            });
            if found.is_some() {
                taken.insert(key);
                break;
            }
        }
        let Some(window) = found else {
            let what = "a place in a transcript that is no site, without ambiguous letters, and \
                        with GT or AG if that is asked for";
            return Err(BuildError::TooFewNegatives { found: number, wanted, tries, what });
        };
        built.windows.push(window);
    }
    Ok(built)
}

/// The window whose middle is the boundary before base `boundary` (from 0) of the forward strand;
/// `None` off the chromosome.
fn window(
    genome: &Genome,
    name: &str,
    boundary: usize,
    strand: Strand,
    width: usize,
) -> Result<Option<Window>, BuildError> {
    let half = width / 2;
    let Some(start) = boundary.checked_sub(half) else {
        return Ok(None);
    };
    let Ok(interval) = Interval::new(name, start, boundary.saturating_add(half), strand) else {
        return Ok(None);
    };
    match genome.sequence(&interval) {
        Ok(sequence) => Ok(Some(Window { interval, label: 0, sequence })),
        Err(GenomeError::OffTheEnd { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the intron would begin with GT, or end with AG.
fn looks_like(window: &Window, label: usize) -> bool {
    let letters = window.sequence.as_bytes();
    let middle = letters.len() / 2;
    match label {
        DONOR => &letters[middle..middle + 2] == b"GT",
        _ => &letters[middle - 2..middle] == b"AG",
    }
}

/// What transcripts with introns cover, each base of a strand once, so that places are drawn evenly.
fn genes(genome: &Genome, transcripts: &[Transcript]) -> Result<Vec<Interval>, BuildError> {
    let mut spans = Vec::new();
    for transcript in transcripts.iter().filter(|transcript| transcript.parts.len() > 1) {
        let parts = &transcript.parts;
        let (Some(start), Some(end)) =
            (parts.iter().map(Interval::start).min(), parts.iter().map(Interval::end).max())
        else {
            continue;
        };
        let name = genome.chromosome(parts[0].chromosome())?.0;
        spans.push((name.to_owned(), parts[0].strand(), start, end));
    }
    spans.sort();
    let mut merged: Vec<(String, Strand, usize, usize)> = Vec::new();
    for span in spans {
        match merged
            .last_mut()
            .filter(|last| last.0 == span.0 && last.1 == span.1 && last.3 >= span.2)
        {
            Some(last) => last.3 = last.3.max(span.3),
            None => merged.push(span),
        }
    }
    let whole = merged.into_iter().filter(|(_, strand, ..)| *strand != Strand::Unknown);
    Ok(whole
        .filter_map(|(name, strand, start, end)| Interval::new(name, start, end, strand).ok())
        .collect())
}
