//! Motifs of sequences whose bases have scores, tested on sequences that had no part in finding them.
//!
//! Positives and negatives are dealt to two halves. In the first half, words that stand in the high
//! stretches of positives more often than in stretches of negatives are grown to matrices, both strands
//! together; a matrix is fitted to the best site of each positive over and over (as MEME does: Bailey and
//! Elkan 1994), and loses the places at its ends that say nothing. In the second half, which the matrix
//! has not seen and where scores are not looked at, sites are counted in whole sequences, and Fisher's exact
//! test tells whether positives have more. Sites of a motif are then blotted out, and what is left is
//! searched for the next.
//!
//! So p-values hold however motifs were found, as long as the halves share no sequence, and positives are
//! no longer than negatives (in more bases there are more sites of anything): unlike DNABERT's `find_motifs.py`
//! ([`reference`](mod@crate::reference)), which tests words on the sequences in which it saw them.

mod grow;
mod half;
mod words;

use dnabert_core::Sequence;

pub use crate::reference::ScoredSequence;
use crate::scan::{Hit, Scanner};
use crate::{Background, Counts, Frequencies, benjamini_hochberg, hypergeometric_tail, similarity};
use grow::{Candidate, grow};
use half::{Half, deal};

/// Settings of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// Bases of the words that motifs grow from, at most 10.
    pub word: usize,
    /// Places on each side of a word that its motif may have.
    pub flank: usize,
    /// Places of a motif at least, once uninformative ends are cut.
    pub min_width: usize,
    /// Bits that the first and last place of a motif have at least.
    pub min_information: f64,
    /// Bases of a high stretch at least.
    pub min_stretch: usize,
    /// Motifs at most.
    pub max_motifs: usize,
    /// Motifs with a q-value above it are not given.
    pub q_value: f64,
    /// Similarity from which on a motif counts as one that was found before.
    pub same: f64,
    /// Whether sites may lie on either strand.
    pub both_strands: bool,
    /// Deals sequences to the halves.
    pub seed: u64,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            word: 7,
            flank: 8,
            min_width: 6,
            min_information: 0.3,
            min_stretch: 4,
            max_motifs: 5,
            q_value: 0.01,
            same: 0.6,
            both_strands: true,
            seed: 1,
        }
    }
}

/// A motif and what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMotif {
    /// The bases of its sites in all positives, those of the held-out half included, one site a sequence.
    /// Most sites lie on its forward strand.
    pub counts: Counts,
    /// The matrix that was tested, fitted to the first half alone; `threshold` and `sites` are its own.
    pub tested: Frequencies,
    /// Windows that score at least this by the tested matrix are sites, in bits over the background of all
    /// sequences.
    pub threshold: f64,
    /// Sites in the positives of both halves, with the place of their sequence; those of one sequence do
    /// not overlap.
    pub sites: Vec<(usize, Hit)>,
    /// How it fares in the half that had no part in finding it.
    pub held_out: HeldOut,
    /// Of the held-out positives' bases in which the middle of a site may lie, the share in high stretches:
    /// what the next would be by chance.
    pub high_share: f64,
    /// The share of the held-out positives' sites whose middle lies in a high stretch: whether the scores
    /// know the motif. (In the first half sites were looked for there.)
    pub sites_in_high: f64,
}

/// Sequences with a site, of the held-out half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Positives with a site.
    pub positives_with: usize,
    /// All positives.
    pub positives: usize,
    /// Negatives with a site.
    pub negatives_with: usize,
    /// All negatives.
    pub negatives: usize,
    /// Fisher's exact test, one-sided.
    pub p_value: f64,
    /// Adjusted for all motifs that were tested (Benjamini and Hochberg).
    pub q_value: f64,
}

/// Tests without success, one after the other, after which the search ends.
const FAILURES: usize = 2;

/// Times that a motif is found again in weak sites that were left, after which the search ends.
const REPEATS: usize = 10;

/// Motifs weaker than this in the half in which they were found are not tested (standard deviations).
const LEAST_Z: f64 = 3.0;

/// Sequences of two kinds.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// Those whose motifs are sought, with scores.
    pub positives: &'a [ScoredSequence<'a>],
    /// Those that they are held against.
    pub negatives: &'a [&'a Sequence],
}

impl Discovery {
    /// Finds motifs of positives against negatives, the strongest first; one half is for finding, the
    /// other for testing. Nothing comes out where either has none of a kind.
    ///
    /// # Panics
    ///
    /// If words have no base or more than 10, or a sequence has not as many scores as bases.
    pub fn find(&self, data: &Data<'_>) -> Vec<FoundMotif> {
        let [first, second] = deal(data, self);
        self.search(first, second)
    }

    /// As [`find`](Self::find), in data of two kinds: where scores come from a model, only sequences that
    /// it has not learned from can tell whether a motif is more than what the model made of its training
    /// rows. Sites count the positives of `known` first, then those of `held_out`.
    ///
    /// # Panics
    ///
    /// As [`find`](Self::find).
    pub fn find_held_out(&self, known: &Data<'_>, held_out: &Data<'_>) -> Vec<FoundMotif> {
        let first = half::whole(known, 0, self);
        self.search(first, half::whole(held_out, known.positives.len(), self))
    }

    fn search(&self, mut first: Half, mut second: Half) -> Vec<FoundMotif> {
        assert!((1..=10).contains(&self.word), "words of {} bases", self.word);
        if first.is_empty() || second.is_empty() {
            return Vec::new();
        }
        let rows =
            [&first, &second].into_iter().flat_map(|half| [&half.positives, &half.negatives]);
        let background = Background::of(rows.flatten().map(|row| &row.sequence));
        let (mut found, mut tested) = (Vec::<(usize, FoundMotif)>::new(), Vec::new());
        let (mut failures, mut repeats) = (0, 0);
        while found.len() < self.max_motifs && failures < FAILURES && repeats < REPEATS {
            let Some(candidate) = grow(&first, &background, self) else { break };
            if candidate.z < LEAST_Z {
                break;
            }
            let scanner = candidate.scanner(&background, self.both_strands);
            let is_new = found.iter().all(|(_, old)| {
                similarity(&old.counts.frequencies(0.25), &candidate.frequencies()) < self.same
            });
            if is_new {
                let held_out = test(&second, &scanner, candidate.threshold);
                tested.push(held_out.p_value);
                if held_out.p_value <= self.q_value {
                    let halves = [&first, &second];
                    let motif = finish(&candidate, held_out, halves, &scanner);
                    found.push((tested.len() - 1, motif));
                    failures = 0;
                } else {
                    failures += 1;
                }
            } else {
                repeats += 1;
            }
            first.blot_out(&scanner, candidate.threshold);
            second.blot_out(&scanner, candidate.threshold);
        }
        let q_values = benjamini_hochberg(&tested);
        let mut motifs: Vec<FoundMotif> = found
            .into_iter()
            .map(|(test, mut motif)| {
                motif.held_out.q_value = q_values[test];
                motif
            })
            .filter(|motif| motif.held_out.q_value <= self.q_value)
            .collect();
        motifs.sort_by(|a, b| a.held_out.p_value.total_cmp(&b.held_out.p_value));
        motifs
    }
}

/// Counts sites in whole sequences.
fn test(half: &Half, scanner: &Scanner, threshold: f64) -> HeldOut {
    let with = |sequences: &[half::Row]| {
        let has_site = |row: &&half::Row| {
            scanner.best(&row.sequence).is_some_and(|hit| hit.score >= threshold)
        };
        sequences.iter().filter(has_site).count()
    };
    let (positives, negatives) = (half.positives.len(), half.negatives.len());
    let (positives_with, negatives_with) = (with(&half.positives), with(&half.negatives));
    let drawn = positives_with + negatives_with;
    let p_value = hypergeometric_tail(positives + negatives, positives, drawn, positives_with);
    HeldOut { positives_with, positives, negatives_with, negatives, p_value, q_value: p_value }
}

/// Sites in all positives, and the matrix that they make.
fn finish(
    candidate: &Candidate,
    held_out: HeldOut,
    halves: [&Half; 2],
    scanner: &Scanner,
) -> FoundMotif {
    let width = scanner.width();
    let (mut sites, mut best) = (Vec::new(), Vec::new());
    let (mut high, mut bases, mut in_high, mut all) = (0, 0, 0, 0);
    let rows = halves
        .iter()
        .enumerate()
        .flat_map(|(half, rows)| rows.positives.iter().map(move |row| (half == 1, row)));
    for (is_held_out, row) in rows {
        let own = apart(scanner.hits(&row.sequence, candidate.threshold), width);
        if is_held_out {
            let middles = (row.high.len() + 1).saturating_sub(width);
            high += row.high.iter().skip(width / 2).take(middles).filter(|high| **high).count();
            bases += middles;
            in_high += own.iter().filter(|hit| row.high[hit.start + width / 2]).count();
            all += own.len();
        }
        best.extend(own.iter().max_by(|a, b| a.score.total_cmp(&b.score)).map(|hit| (row, *hit)));
        sites.extend(own.into_iter().map(|hit| (row.place, hit)));
    }
    sites.sort_by_key(|(place, hit)| (*place, hit.start));
    let mut counts = grow::count(best.iter().map(|(row, hit)| (&row.sequence, *hit)), width);
    let mut tested = candidate.frequencies();
    if !grow::is_mostly_forward(sites.iter().map(|(_, hit)| hit)) {
        (counts, tested) = (counts.reverse_complement(), tested.reverse_complement());
        for (_, hit) in &mut sites {
            hit.strand = grow::other(hit.strand);
        }
    }
    FoundMotif {
        counts,
        tested,
        threshold: candidate.threshold,
        sites,
        held_out,
        high_share: high as f64 / bases.max(1) as f64,
        sites_in_high: in_high as f64 / all.max(1) as f64,
    }
}

/// Of hits that overlap, the one with the highest score.
fn apart(mut hits: Vec<Hit>, width: usize) -> Vec<Hit> {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        if kept.iter().all(|other| other.start.abs_diff(hit.start) >= width) {
            kept.push(hit);
        }
    }
    kept.sort_by_key(|hit| hit.start);
    kept
}

impl FoundMotif {
    /// Shares with a quarter of a site added to each count.
    pub fn frequencies(&self) -> Frequencies {
        self.counts.frequencies(0.25)
    }
}
