//! Finds motifs in sequences with one score for each base, and tests them on held-out sequences.
//!
//! 1. Positives and negatives are split into two halves.
//! 2. In the first half, words that occur more often in high-scoring stretches of positives than in
//!    stretches of negatives become matrices. A matrix is fitted repeatedly to the best site of
//!    each positive, as in MEME (Bailey and Elkan 1994, PMID 7584402), and uninformative positions
//!    at its ends are cut.
//! 3. In the second half, sites are counted in whole sequences, regardless of the scores, and
//!    Fisher's exact test compares positives with negatives.
//! 4. The sites of the motif are masked, and the search continues with the rest.
//!
//! The matrix has not seen the second half, so its p-values are valid if the halves share no
//! sequence and positives are not longer than negatives (longer sequences have more chance sites).
//! DNABERT's `find_motifs.py` ([`reference`](mod@crate::reference)) tests words on the sequences in
//! which it found them.
//!
//! ```
//! use dnabert_motif::discover::{Data, Discovery, ScoredSequence};
//! use dnabert_motif::{CountMatrix, Sequence, similarity};
//!
//! // Random sequences of 60 bases; positives have a site with high scores at a varying position.
//! let random = CountMatrix::new(vec![[1.0; 4]; 60])?.frequencies(0.0);
//! let site: Sequence = "GGACATGCCC".parse()?;
//! let start = |row: u64| 10 + (row * 7 % 30) as usize;
//! let positives: Vec<Sequence> =
//!     (0..200).map(|row| random.draw(row).replace(start(row)..start(row) + 10, &site)).collect();
//! let negatives: Vec<Sequence> = (200..400).map(|row| random.draw(row)).collect();
//! let scores: Vec<Vec<f64>> = (0..200)
//!     .map(|row| {
//!         let is_site = |at| (start(row)..start(row) + 10).contains(&at);
//!         (0..60).map(|at| if is_site(at) { 1.0 } else { 0.0 }).collect()
//!     })
//!     .collect();
//!
//! let scored: Vec<_> = positives
//!     .iter()
//!     .zip(&scores)
//!     .map(|(sequence, scores)| ScoredSequence { sequence, scores })
//!     .collect();
//! let negatives: Vec<&Sequence> = negatives.iter().collect();
//! let found = Discovery::default().find(&Data { positives: &scored, negatives: &negatives });
//!
//! let planted = CountMatrix::from_sites(&[site])?.frequencies(0.0);
//! assert!(similarity(&found[0].frequencies(), &planted) > 0.9);
//! assert!(found[0].held_out.q_value < 1e-10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod grow;
mod half;
mod words;

use dnabert_core::Sequence;

pub use crate::reference::ScoredSequence;
use crate::scan::{Hit, Scanner};
use crate::{
    Background, CountMatrix, FrequencyMatrix, benjamini_hochberg, hypergeometric_tail, similarity,
};
use grow::{Candidate, grow};
use half::{Half, split};

/// The settings of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// The length of the words that motifs start from, at most 10.
    pub word: usize,
    /// The number of positions that are added on each side of a word.
    pub flank: usize,
    /// The minimum width of a motif, after its uninformative ends are cut.
    pub min_width: usize,
    /// The minimum information, in bits, of the first and of the last position of a motif.
    pub min_information: f64,
    /// The minimum length of a high-scoring stretch.
    pub min_stretch: usize,
    /// The maximum number of motifs.
    pub max_motifs: usize,
    /// The maximum q-value of a motif.
    pub q_value: f64,
    /// The similarity from which on a motif counts as a repeat of an earlier one.
    pub same: f64,
    /// Whether sites can lie on both strands.
    pub both_strands: bool,
    /// The seed that splits sequences into halves.
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

/// A motif, its sites, and its test on held-out sequences.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMotif {
    /// The counts over the best site of each positive of both halves.
    ///
    /// The motif is oriented so that most sites lie on its forward strand.
    pub counts: CountMatrix,
    /// The matrix that was tested, fitted to the first half alone; `threshold` and `sites` belong
    /// to it.
    pub tested: FrequencyMatrix,
    /// The minimum score of a site under the tested matrix, in bits over the background of all
    /// sequences.
    pub threshold: f64,
    /// The sites in the positives of both halves, each with the index of its sequence; sites of one
    /// sequence do not overlap.
    pub sites: Vec<(usize, Hit)>,
    /// The test on the held-out half.
    pub held_out: HeldOut,
    /// The fraction of possible site centres in held-out positives that lie in high-scoring
    /// stretches: the value of `sites_in_high` expected by chance.
    pub high_fraction: f64,
    /// The fraction of sites in held-out positives whose centre lies in a high-scoring stretch:
    /// whether the scores mark the motif.
    ///
    /// The first half is left out because its sites were searched in such stretches.
    pub sites_in_high: f64,
}

/// The numbers of held-out sequences with a site, and their test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// The number of positives with a site.
    pub positives_with: usize,
    /// The number of positives.
    pub positives: usize,
    /// The number of negatives with a site.
    pub negatives_with: usize,
    /// The number of negatives.
    pub negatives: usize,
    /// The p-value of Fisher's one-sided exact test.
    pub p_value: f64,
    /// The p-value adjusted for all motifs that were tested (Benjamini and Hochberg).
    pub q_value: f64,
}

/// The search ends after this number of consecutive motifs that fail the test.
const FAILURES: usize = 2;

/// The search ends after this number of repeats of an earlier motif, found in its weak sites.
const REPEATS: usize = 10;

/// The minimum z-score of a motif in the first half; weaker motifs are not tested.
const LEAST_Z: f64 = 3.0;

/// Positive and negative sequences.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// The sequences whose motifs are searched, with scores.
    pub positives: &'a [ScoredSequence<'a>],
    /// The sequences for comparison.
    pub negatives: &'a [&'a Sequence],
}

impl Discovery {
    /// Finds motifs of positives over negatives in one half of the data, and tests them in the
    /// other.
    ///
    /// Returns the most significant motif first, and nothing if a half has no positives or no
    /// negatives.
    ///
    /// # Panics
    ///
    /// If `word` is not between 1 and 10, or a positive does not have one score for each base.
    pub fn find(&self, data: &Data<'_>) -> Vec<FoundMotif> {
        let [first, second] = split(data, self);
        self.search(first, second)
    }

    /// As [`find`](Self::find), but finds motifs in `known`, and tests them in `held_out`.
    ///
    /// If the scores come from a trained model, `held_out` should hold sequences that it was not
    /// trained on. The indices of [`FoundMotif::sites`] count the positives of `known` first, then
    /// those of `held_out`.
    ///
    /// # Panics
    ///
    /// As [`find`](Self::find).
    pub fn find_held_out(&self, known: &Data<'_>, held_out: &Data<'_>) -> Vec<FoundMotif> {
        let first = half::whole(known, 0, self);
        self.search(first, half::whole(held_out, known.positives.len(), self))
    }

    fn search(&self, mut first: Half, mut second: Half) -> Vec<FoundMotif> {
        assert!(
            (1..=10).contains(&self.word),
            "words have {} bases, but 1 to 10 are supported",
            self.word
        );
        if first.is_empty() || second.is_empty() {
            return Vec::new();
        }
        let rows =
            [&first, &second].into_iter().flat_map(|half| [&half.positives, &half.negatives]);
        let background = Background::from_sequences(rows.flatten().map(|row| &row.sequence));
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
            first.mask(&scanner, candidate.threshold);
            second.mask(&scanner, candidate.threshold);
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

/// Counts the sequences with a site, at any position, and tests the difference.
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

/// Collects the sites in all positives, and the counts of their bases.
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
        high_fraction: high as f64 / bases.max(1) as f64,
        sites_in_high: in_high as f64 / all.max(1) as f64,
    }
}

/// Keeps, of hits that overlap, the one with the highest score.
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
    /// The frequencies, with a pseudocount of 1/4 for each base.
    pub fn frequencies(&self) -> FrequencyMatrix {
        self.counts.frequencies(0.25)
    }
}
