//! Splice sites, and positions that only look like them.

use std::collections::{BTreeSet, HashSet};

use dnabert_core::{Classifier, derive_seed};
use dnabert_genome::annotation::Transcript;
use dnabert_genome::{Genome, GenomeError, Interval, Strand};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{BuildError, Built, LeftOut, Window};

/// How a set of splice sites is built. The classes are 0 neither, 1 donor and 2 acceptor.
#[derive(Debug, Clone, PartialEq)]
pub struct SpliceConfig {
    /// Bases of a window; the exon-intron boundary is in its middle.
    pub width: usize,
    /// Whether donors that are not GT and acceptors that are not AG are left out.
    pub canonical: bool,
    /// The kind of negatives.
    pub others: NonSites,
    /// Draws the negatives.
    pub seed: u64,
}

/// The kind of negatives: windows of transcripts whose middle is not a splice site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonSites {
    /// Anywhere in the transcripts.
    Anywhere,
    /// Half of them with GT where a donor has it, half with AG where an acceptor has it.
    #[default]
    Decoys,
}

impl Default for SpliceConfig {
    /// Windows of 400 bases, as DNABERT's (Ji et al. 2021, doi 10.1093/bioinformatics/btab083).
    fn default() -> Self {
        Self { width: 400, canonical: true, others: NonSites::Decoys, seed: 1 }
    }
}

const DONOR: usize = 1;
const ACCEPTOR: usize = 2;

/// How many random positions are tried for each negative before the search ends.
const TRIES: usize = 2000;

/// Builds a set of splice sites from the introns of transcripts: donors, acceptors, and as many
/// windows of the same transcripts that are neither as there are donors.
///
/// A negative window may contain splice sites, even close to its middle, and windows of sites may
/// overlap: the label says whether the middle is a splice site.
///
/// # Errors
///
/// [`BuildError`] if the genome cannot be read, no donor has a window, or there are too few
/// negatives.
///
/// # Panics
///
/// If the width is odd or below 4.
///
/// ```
/// use dnabert_core::{LetterPolicy, Strand};
/// use dnabert_genome::annotation::Transcript;
/// use dnabert_genome::{Genome, Interval};
/// use dnabert_tasks::build::{NonSites, SpliceConfig, build_splice};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("genome.fa");
/// // Two exons with an intron from GT to AG.
/// let bases = format!("{}GT{}AG{}", "ACGA".repeat(50), "CCTA".repeat(30), "GATC".repeat(50));
/// std::fs::write(&path, format!(">chr1\n{bases}\n"))?;
/// let genome = Genome::open(&path, LetterPolicy::default())?;
/// let exon = |start, end| Interval::new("chr1", start, end, Strand::Forward).unwrap();
/// let gene = Transcript { id: "gene".into(), parts: vec![exon(0, 200), exon(324, 524)] };
/// let config =
///     SpliceConfig { width: 60, others: NonSites::Anywhere, ..SpliceConfig::default() };
/// let built = build_splice(&genome, &[gene], &config)?;
/// let labels: Vec<usize> = built.windows.iter().map(|window| window.label).collect();
/// assert_eq!(labels, [1, 2, 0]);
/// assert_eq!(&built.windows[0].sequence.as_str()[30..32], "GT");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn build_splice(
    genome: &Genome,
    transcripts: &[Transcript],
    config: &SpliceConfig,
) -> Result<Built, BuildError> {
    let SpliceConfig { width, canonical, .. } = *config;
    assert!(
        width >= 4 && width.is_multiple_of(2),
        "a width of {width}: it must be even and at least 4"
    );
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
    let taken =
        sites.into_iter().map(|(name, boundary, strand, _)| (name, boundary, strand)).collect();
    let mut source = NonSiteSource::new(genome, transcripts, config, taken)?;
    for number in 0..wanted {
        let mut found = None;
        for _ in 0..TRIES {
            found = source.draw(number)?;
            if found.is_some() {
                break;
            }
        }
        let Some(window) = found else {
            let what = "a position in a transcript that is not a splice site, no ambiguous letters, and \
                        GT or AG if that is asked for";
            return Err(BuildError::TooFewNegatives {
                found: number,
                wanted,
                tries: source.tries,
                what,
            });
        };
        built.windows.push(window);
    }
    Ok(built)
}

/// Negatives that classifiers take for donors or acceptors: the hard negatives of a next round of
/// training, which DNABERT repeats (Ji et al. 2021, doi 10.1093/bioinformatics/btab083).
///
/// Returns up to `wanted` windows for which `may_be` is true, such as those of the training split.
/// Class 0 of a classifier is neither.
///
/// `classifiers` are those of all rounds so far, the first round first. Each round has its own false
/// positives; if only the newest classifier were asked, those of the earlier ones would come back.
/// `wanted` is divided equally between the classifiers, the newest first. A classifier contributes
/// the windows that it would contribute alone, with the same settings. What the newer ones do not
/// find is left to the earlier ones, which know less; what the first one does not find is missing.
/// Without classifiers the result is empty. The better a classifier, the fewer its false positives:
/// its search ends after a thousand random positions for each window that is wanted.
///
/// # Errors
///
/// [`BuildError`] if the genome cannot be read; [`BuildError::Classifier`] if a classifier fails.
///
/// # Panics
///
/// If the width is odd or below 4.
pub fn adversarial_non_sites<C: Classifier>(
    genome: &Genome,
    transcripts: &[Transcript],
    config: &SpliceConfig,
    classifiers: &[C],
    wanted: usize,
    may_be: &dyn Fn(&Window) -> bool,
) -> Result<Vec<Window>, BuildError> {
    let mut taken = HashSet::new();
    for intron in transcripts.iter().flat_map(Transcript::introns) {
        let intron = genome.resolve(intron)?;
        let name = intron.chromosome().to_owned();
        taken.insert((name.clone(), intron.start(), intron.strand()));
        taken.insert((name, intron.end(), intron.strand()));
    }
    let mut hard: Vec<Window> = Vec::new();
    for (round, classifier) in classifiers.iter().enumerate().rev() {
        // A random stream of its own, unlike those of the set itself and of the other rounds.
        let seed = derive_seed(config.seed, &[1 + round as u64]);
        let config = SpliceConfig { seed, ..config.clone() };
        let mut source = NonSiteSource::new(genome, transcripts, &config, taken.clone())?;
        let count = (wanted - hard.len()).div_ceil(round + 1);
        let found = false_positives(&mut source, classifier, count, may_be)?;
        taken.extend(found.iter().map(boundary));
        hard.extend(found);
    }
    Ok(hard)
}

/// Up to `wanted` windows of `source` that `may_be` allows and `classifier` takes for sites.
fn false_positives<C: Classifier>(
    source: &mut NonSiteSource<'_>,
    classifier: &C,
    wanted: usize,
    may_be: &dyn Fn(&Window) -> bool,
) -> Result<Vec<Window>, BuildError> {
    const BATCH: usize = 1024;
    let mut hard = Vec::new();
    while hard.len() < wanted && source.tries < wanted.saturating_mul(1000) {
        let mut batch = Vec::new();
        for turn in 0..BATCH {
            batch.extend(source.draw(turn)?.filter(may_be));
        }
        let sequences: Vec<_> = batch.iter().map(|window| window.sequence.clone()).collect();
        let found = classifier
            .predict(&sequences)
            .map_err(|error| BuildError::Classifier(Box::new(error)))?;
        let mistaken = batch.into_iter().zip(found).filter(|(_, row)| {
            row.iter().skip(1).any(|site| *site > row.first().copied().unwrap_or_default())
        });
        hard.extend(mistaken.map(|(window, _)| window));
    }
    hard.truncate(wanted);
    Ok(hard)
}

/// The position in the middle of a window.
fn boundary(window: &Window) -> Boundary {
    let interval = &window.interval;
    let middle = interval.start() + interval.len() / 2;
    (interval.chromosome().to_owned(), middle, interval.strand())
}

/// Chromosome, the base of the forward strand right of the boundary, and strand.
type Boundary = (String, usize, Strand);

/// Random positions of transcripts that are not splice sites.
struct NonSiteSource<'a> {
    genome: &'a Genome,
    config: &'a SpliceConfig,
    spans: Vec<Interval>,
    /// Boundaries that are sites or were drawn before.
    taken: HashSet<Boundary>,
    random: ChaCha8Rng,
    tries: usize,
}

impl<'a> NonSiteSource<'a> {
    fn new(
        genome: &'a Genome,
        transcripts: &[Transcript],
        config: &'a SpliceConfig,
        taken: HashSet<Boundary>,
    ) -> Result<Self, BuildError> {
        let spans = genes(genome, transcripts)?;
        let random = ChaCha8Rng::seed_from_u64(config.seed);
        Ok(Self { genome, config, spans, taken, random, tries: 0 })
    }

    /// The window of a random position; `None` if it is a site or is not of the wanted kind. Decoys look
    /// like donors in even turns and like acceptors in odd ones.
    fn draw(&mut self, turn: usize) -> Result<Option<Window>, BuildError> {
        let kind = if turn.is_multiple_of(2) { DONOR } else { ACCEPTOR };
        self.tries += 1;
        let all: usize = self.spans.iter().map(Interval::len).sum();
        let mut place = self.random.random_range(0..all.max(1));
        let Some(span) = self.spans.iter().find(|span| {
            let is_here = place < span.len();
            place -= if is_here { 0 } else { span.len() };
            is_here
        }) else {
            return Ok(None);
        };
        let boundary = span.start() + place;
        let key = (span.chromosome().to_owned(), boundary, span.strand());
        if self.taken.contains(&key) {
            return Ok(None);
        }
        let SpliceConfig { width, others, .. } = *self.config;
        let drawn = window(self.genome, span.chromosome(), boundary, span.strand(), width)?;
        let found = drawn.filter(|window| {
            window.sequence.ambiguous() == 0
                && (others == NonSites::Anywhere || looks_like(window, kind))
        });
        if found.is_some() {
            self.taken.insert(key);
        }
        Ok(found)
    }
}

/// The window whose middle is the boundary before base `boundary` (from 0) of the forward strand;
/// `None` if it extends past an end of the chromosome.
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

/// Whether the window has GT where a donor has it, or AG where an acceptor has it.
fn looks_like(window: &Window, label: usize) -> bool {
    let letters = window.sequence.as_bytes();
    let middle = letters.len() / 2;
    match label {
        DONOR => &letters[middle..middle + 2] == b"GT",
        _ => &letters[middle - 2..middle] == b"AG",
    }
}

/// The intervals that transcripts with introns cover, merged for each strand, so that every position is
/// equally likely.
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
