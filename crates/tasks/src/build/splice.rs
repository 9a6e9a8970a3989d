//! Splice sites and places that only look like them.

use std::collections::{BTreeSet, HashSet};

use dnabert_core::{Classifier, derive_seed};
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
/// A window that is neither may lie over sites, even close to its middle, and windows of sites over one another: what is asked
/// is whether the middle is one.
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
    let SpliceConfig { width, canonical, .. } = *config;
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
            let what = "a place in a transcript that is no site, without ambiguous letters, and \
                        with GT or AG if that is asked for";
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

/// Non-sites that classifiers take for donors or acceptors, up to `wanted` of those that `may_be`, such as those of the
/// training split: what a next round of training learns most from, as the paper repeats it. Class 0 of a classifier is neither.
///
/// `classifiers` are those of the rounds so far, the first one first: each is fooled in places of its own, so that a round
/// that looked for those of the newest alone would let the others come back. Each has the same share of `wanted`, filled with
/// what it would give first by itself (with the same settings); what is left of a share goes to the rounds before it, whose
/// classifiers know less, and what is left of the first one's is missing. Without a classifier there is nothing.
/// The more a classifier knows, the fewer such places there are: the search ends after a thousand random places, allowed or
/// not, for each one that is wanted.
///
/// # Errors
///
/// [`BuildError`]; what a classifier cannot read is [`BuildError::Classifier`].
///
/// # Panics
///
/// As [`build_splice`].
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
        // Another stream than that of the non-sites of the set itself, and of the other rounds.
        let seed = derive_seed(config.seed, &[1 + round as u64]);
        let config = SpliceConfig { seed, ..config.clone() };
        let mut source = NonSiteSource::new(genome, transcripts, &config, taken.clone())?;
        let share = (wanted - hard.len()).div_ceil(round + 1);
        let found = fooling(&mut source, classifier, share, may_be)?;
        taken.extend(found.iter().map(boundary));
        hard.extend(found);
    }
    Ok(hard)
}

/// Windows of `source` that `may_be` and that `classifier` takes for sites, up to `wanted` of them.
fn fooling<C: Classifier>(
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
        let fooled = batch.into_iter().zip(found).filter(|(_, row)| {
            row.iter().skip(1).any(|site| *site > row.first().copied().unwrap_or_default())
        });
        hard.extend(fooled.map(|(window, _)| window));
    }
    hard.truncate(wanted);
    Ok(hard)
}

/// The boundary in the middle of a window.
fn boundary(window: &Window) -> Boundary {
    let interval = &window.interval;
    let middle = interval.start() + interval.len() / 2;
    (interval.chromosome().to_owned(), middle, interval.strand())
}

/// Its chromosome, the base of the forward strand behind it, and its strand.
type Boundary = (String, usize, Strand);

/// Random places of transcripts that are no sites.
struct NonSiteSource<'a> {
    genome: &'a Genome,
    config: &'a SpliceConfig,
    spans: Vec<Interval>,
    /// Boundaries that are sites, or were drawn.
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

    /// The window of a random place, unless it is a site or looks like none; of decoys, even turns look
    /// like donors and odd ones like acceptors.
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
