//! Negatives: windows that are not sites.

use std::collections::HashMap;

use dnabert_core::Sequence;
use dnabert_genome::{Genome, Interval, Strand};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{BuildError, Built, Window, shuffle_dinucleotides, substitute_pieces};

/// The kind of negatives, the easiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Negatives {
    /// Each positive with 12 of its 20 pieces replaced by random bases, as in DNABERT's set of
    /// promoters without a TATA box (see [`substitute_pieces`]).
    Substituted,
    /// Random windows of the genome.
    #[default]
    Genomic,
    /// Random windows of the genome, each with the GC content of a positive to within 0.02.
    GcMatched,
    /// Each positive with its bases shuffled so that the counts of dinucleotides stay the same (see
    /// [`shuffle_dinucleotides`]).
    DinucleotideShuffled,
}

/// Says which windows are accepted.
type Filter<'a> = Box<dyn Fn(&Sequence) -> bool + 'a>;

/// The part of a genome where negatives may be.
pub struct Background<'a> {
    genome: &'a Genome,
    /// Names and lengths of the chromosomes that have sites.
    chromosomes: Vec<(String, usize)>,
    /// Positions of the sites on each, from 0, ascending.
    sites: HashMap<String, Vec<usize>>,
    away: usize,
    /// A further condition on genomic windows.
    accepts: Option<Filter<'a>>,
    tries: usize,
}

impl std::fmt::Debug for Background<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background")
            .field("chromosomes", &self.chromosomes)
            .field("away", &self.away)
            .finish_non_exhaustive()
    }
}

/// How many random windows are tried for each negative before the search ends: without a further
/// condition, and with one, which few windows may meet.
const TRIES: usize = 1000;
const RARE_TRIES: usize = 50_000;

impl<'a> Background<'a> {
    /// All windows of the chromosomes of `sites` that are at least `away` bases from any site.
    ///
    /// # Errors
    ///
    /// [`BuildError::Genome`] if the genome does not have a chromosome of `sites`.
    pub fn new(
        genome: &'a Genome,
        sites: impl IntoIterator<Item = (String, usize)>,
        away: usize,
    ) -> Result<Self, BuildError> {
        let mut by_name = HashMap::<String, Vec<usize>>::new();
        for (name, base) in sites {
            let (name, _) = genome.chromosome(&name)?;
            by_name.entry(name.to_owned()).or_default().push(base);
        }
        let mut chromosomes = Vec::new();
        for (name, bases) in &mut by_name {
            bases.sort_unstable();
            chromosomes.push((name.clone(), genome.chromosome(name)?.1));
        }
        chromosomes.sort();
        Ok(Self { genome, chromosomes, sites: by_name, away, accepts: None, tries: 0 })
    }

    /// Restricts genomic negatives to the windows that `accepts` returns true for.
    #[must_use]
    pub fn only(mut self, accepts: impl Fn(&Sequence) -> bool + 'a) -> Self {
        self.accepts = Some(Box::new(accepts));
        self
    }

    /// Whether every base of `interval` is far enough from all sites.
    pub fn is_free(&self, interval: &Interval) -> bool {
        let Some(sites) = self.sites.get(interval.chromosome()) else {
            return true;
        };
        let from = interval.start().saturating_sub(self.away);
        let next = sites.partition_point(|&site| site < from);
        sites.get(next).is_none_or(|&site| site >= interval.end().saturating_add(self.away))
    }

    /// A random window of `len` bases on a random strand; `None` if it is not free, has ambiguous
    /// letters or is not accepted.
    fn draw(
        &mut self,
        len: usize,
        random: &mut ChaCha8Rng,
    ) -> Result<Option<(Interval, Sequence)>, BuildError> {
        self.tries += 1;
        let starts = |length: usize| (length + 1).saturating_sub(len);
        let all: usize = self.chromosomes.iter().map(|(_, length)| starts(*length)).sum();
        if all == 0 {
            return Ok(None);
        }
        let mut place = random.random_range(0..all);
        let strand = if random.random() { Strand::Forward } else { Strand::Reverse };
        for (name, length) in &self.chromosomes {
            let here = starts(*length);
            if place >= here {
                place -= here;
                continue;
            }
            let Ok(interval) = Interval::new(name.clone(), place, place + len, strand) else {
                return Ok(None);
            };
            if !self.is_free(&interval) {
                return Ok(None);
            }
            let sequence = self.genome.sequence(&interval)?;
            let is_taken = sequence.ambiguous() == 0
                && self.accepts.as_ref().is_none_or(|accepts| accepts(&sequence));
            return Ok(is_taken.then_some((interval, sequence)));
        }
        Ok(None)
    }

    /// Appends a negative of the same length for each window of `built`, in the same order.
    ///
    /// Genomic negatives do not overlap. Substituted and shuffled negatives keep the interval of their
    /// positive. A positive is left out if no window has its GC content, or if its only shuffle is
    /// the positive itself.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooFewNegatives`]; [`BuildError::NoSite`] if every positive is left out;
    /// [`BuildError::Genome`] if the genome cannot be read.
    pub fn negatives(
        &mut self,
        built: &mut Built,
        kind: Negatives,
        random: &mut ChaCha8Rng,
    ) -> Result<(), BuildError> {
        let positives = std::mem::take(&mut built.windows);
        let wanted = positives.len();
        let mut kept = Vec::with_capacity(wanted);
        let mut made: Vec<Window> = Vec::with_capacity(wanted);
        let mut taken = HashMap::<String, Vec<(usize, usize)>>::new();
        self.tries = 0;
        let tries = if self.accepts.is_some() { RARE_TRIES } else { TRIES };
        for positive in positives {
            let (interval, sequence) = match kind {
                Negatives::Substituted => (
                    positive.interval.clone(),
                    substitute_pieces(&positive.sequence, 20, 12, random),
                ),
                Negatives::DinucleotideShuffled => {
                    (positive.interval.clone(), shuffle_dinucleotides(&positive.sequence, random))
                }
                Negatives::Genomic | Negatives::GcMatched => {
                    let gc = positive.sequence.gc_content().unwrap_or(0.5);
                    let mut found = None;
                    for _ in 0..tries {
                        let drawn = self.draw(positive.interval.len(), random)?;
                        found = drawn.filter(|(interval, sequence)| {
                            let alike = sequence.gc_content().unwrap_or(0.5);
                            (kind == Negatives::Genomic || (alike - gc).abs() <= 0.02)
                                && taken.get(interval.chromosome()).is_none_or(|taken| {
                                    taken.iter().all(|&(start, end)| {
                                        end <= interval.start() || interval.end() <= start
                                    })
                                })
                        });
                        if found.is_some() {
                            break;
                        }
                    }
                    let Some((interval, sequence)) = found else {
                        if kind == Negatives::GcMatched && !made.is_empty() {
                            built.left_out.unmatched += 1;
                            continue;
                        }
                        return Err(BuildError::TooFewNegatives {
                            found: made.len(),
                            wanted,
                            tries: self.tries,
                            what: "a place far enough from all sites, no ambiguous letters, and the \
                                   GC content or the TATA box of a site if that is asked for",
                        });
                    };
                    let taken = taken.entry(interval.chromosome().to_owned()).or_default();
                    taken.push((interval.start(), interval.end()));
                    (interval, sequence)
                }
            };
            if sequence == positive.sequence {
                built.left_out.unmatched += 1;
                continue;
            }
            kept.push(positive);
            made.push(Window { interval, label: 0, sequence });
        }
        if kept.is_empty() {
            return Err(BuildError::NoSite { sites: wanted, left_out: built.left_out });
        }
        built.windows = kept;
        built.windows.extend(made);
        Ok(())
    }
}
