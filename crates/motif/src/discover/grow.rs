//! Grows words into matrices.

use dnabert_core::{Sequence, Strand};
use rayon::prelude::*;

use super::Discovery;
use super::half::{Half, Row};
use super::words::{best_words, z};
use crate::scan::{Hit, Scanner};
use crate::{Background, CountMatrix, FrequencyMatrix};

/// A matrix that separates positives from negatives in the first half.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    counts: CountMatrix,
    /// The score at which the best sites separate positives from negatives best.
    pub(super) threshold: f64,
    /// The z-score of the difference in the fractions of sequences with a site.
    pub(super) z: f64,
}

/// The number of words that are tried.
const WORDS: usize = 16;

/// The maximum number of rounds of fitting, before and again after the ends are cut.
const ROUNDS: usize = 12;

/// The maximum probability that a window of the background counts as a site. With a higher value,
/// unspecific matrices win, and two motifs are merged into one.
const MOST_BY_CHANCE: f64 = 2.5e-4;

/// Pseudocount of each position while fitting, so that few sites do not look certain.
const PSEUDO_SITES: f64 = 2.0;

impl Candidate {
    pub(super) fn frequencies(&self) -> FrequencyMatrix {
        self.counts.frequencies(PSEUDO_SITES / 4.0)
    }

    pub(super) fn scanner(&self, background: &Background, both_strands: bool) -> Scanner {
        let scanner = Scanner::new(&self.frequencies(), background);
        if both_strands { scanner } else { scanner.forward_only() }
    }
}

/// The strongest motif of a half.
pub(super) fn grow(
    half: &Half,
    background: &Background,
    settings: &Discovery,
) -> Option<Candidate> {
    let both_strands = settings.both_strands;
    let fit = |counts| fit(counts, half, background, both_strands);
    best_words(half, settings.word, both_strands, WORDS)
        .par_iter()
        .filter_map(|word| {
            let wide = fit(start(half, word, settings)?)?;
            let range = wide.counts.informative(settings.min_information, background)?;
            let narrow = wide.counts.slice(range);
            let fitted = fit(narrow)?;
            let range = fitted.counts.informative(settings.min_information, background)?;
            let is_whole = range == (0..fitted.counts.width());
            let cut = if is_whole {
                Some(fitted)
            } else {
                Some(separate(fitted.counts.slice(range), half, background, both_strands).0)
            };
            cut.filter(|candidate| candidate.counts.width() >= settings.min_width)
        })
        .max_by(|a, b| a.z.total_cmp(&b.z))
}

/// The counts of the windows around a word in high-scoring stretches of positives; one letter of
/// the word may differ.
fn start(half: &Half, word: &str, settings: &Discovery) -> Option<CountMatrix> {
    let (word, flank) = (word.as_bytes(), settings.flank);
    let strands: &[Strand] = if settings.both_strands {
        &[Strand::Forward, Strand::Reverse]
    } else {
        &[Strand::Forward]
    };
    let width = word.len() + 2 * flank;
    let mut rows = vec![[0.0; 4]; width];
    for row in &half.positives {
        for &strand in strands {
            let own = row.sequence.reverse_complement();
            let letters =
                if strand == Strand::Forward { row.sequence.as_bytes() } else { own.as_bytes() };
            for (at, window) in letters.windows(word.len()).enumerate() {
                let middle = at + word.len() / 2;
                let base =
                    if strand == Strand::Forward { middle } else { letters.len() - 1 - middle };
                let wrong = window.iter().zip(word).filter(|(a, b)| a != b).count();
                if !row.high[base] || wrong > 1 {
                    continue;
                }
                // A window can extend past its sequence; positions outside are not counted.
                for (place, counts) in rows.iter_mut().enumerate() {
                    let letter = (at + place).checked_sub(flank).and_then(|at| letters.get(at));
                    let column = b"ACGT".iter().position(|base| letter == Some(base));
                    column.into_iter().for_each(|column| counts[column] += 1.0);
                }
            }
        }
    }
    rows.iter_mut().filter(|row| row.iter().sum::<f64>() == 0.0).for_each(|row| *row = [0.25; 4]);
    CountMatrix::new(rows).ok()
}

/// The best site of a row whose centre lies in a high-scoring stretch.
fn best_site(scanner: &Scanner, row: &Row) -> Option<Hit> {
    let middle = scanner.width() / 2;
    scanner.best_where(&row.sequence, |start| row.high[start + middle])
}

/// Fits a matrix repeatedly to the best sites of positives, until their separation from negatives
/// no longer improves.
fn fit(
    mut counts: CountMatrix,
    half: &Half,
    background: &Background,
    both_strands: bool,
) -> Option<Candidate> {
    let mut best: Option<Candidate> = None;
    for _ in 0..ROUNDS {
        let (candidate, sites) = separate(counts, half, background, both_strands);
        let is_better = best.as_ref().is_none_or(|best| candidate.z > best.z + 1e-3);
        if !is_better {
            break;
        }
        best = Some(candidate);
        if sites.len() < 2 {
            break;
        }
        let width = best.as_ref()?.counts.width();
        counts = count(sites.iter().map(|(row, hit)| (&row.sequence, *hit)), width);
    }
    best
}

/// The matrix with the threshold that separates positives from negatives best, and the sites that
/// reach it.
fn separate<'h>(
    counts: CountMatrix,
    half: &'h Half,
    background: &Background,
    both_strands: bool,
) -> (Candidate, Vec<(&'h Row, Hit)>) {
    let mut candidate = Candidate { counts, threshold: f64::INFINITY, z: 0.0 };
    let scanner = candidate.scanner(background, both_strands);
    let sites: Vec<_> =
        half.positives.iter().filter_map(|row| Some((row, best_site(&scanner, row)?))).collect();
    let of_negatives = half.negatives.iter().filter_map(|row| best_site(&scanner, row));
    let mut scores: Vec<(f64, bool)> = sites
        .iter()
        .map(|(_, hit)| (hit.score, true))
        .chain(of_negatives.map(|hit| (hit.score, false)))
        .collect();
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (positives, negatives) = (half.positives.len() as f64, half.negatives.len() as f64);
    // For a short motif of frequent bases, even the consensus is more probable than the maximum. It
    // still counts as a site.
    let least = scanner.threshold(MOST_BY_CHANCE).min(0.999 * scanner.max_score()).max(0.0);
    let (mut with, mut without) = (0.0, 0.0);
    for (at, &(score, is_positive)) in scores.iter().enumerate() {
        if is_positive {
            with += 1.0;
        } else {
            without += 1.0;
        }
        if score < least {
            break;
        }
        // A threshold includes all sites with the same score.
        if scores.get(at + 1).is_some_and(|next| next.0 == score) {
            continue;
        }
        let z = z(with, positives, without, negatives);
        if z > candidate.z {
            candidate = Candidate { threshold: score, z, ..candidate };
        }
    }
    let threshold = candidate.threshold;
    let sites = sites.into_iter().filter(|(_, hit)| hit.score >= threshold).collect();
    (candidate, sites)
}

/// The counts of the bases of sites, each read on its own strand.
pub(super) fn count<'s>(
    sites: impl Iterator<Item = (&'s Sequence, Hit)>,
    width: usize,
) -> CountMatrix {
    let mut rows = vec![[0.0; 4]; width];
    for (sequence, hit) in sites {
        for (at, letter) in sequence.as_bytes()[hit.start..hit.start + width].iter().enumerate() {
            let Some(column) = b"ACGT".iter().position(|base| base == letter) else { continue };
            match hit.strand {
                Strand::Reverse => rows[width - 1 - at][3 - column] += 1.0,
                _ => rows[at][column] += 1.0,
            }
        }
    }
    CountMatrix::new(rows).expect("every site has a base at each position")
}

/// Whether at least half of the sites lie on the forward strand.
pub(super) fn is_mostly_forward<'h>(sites: impl Iterator<Item = &'h Hit>) -> bool {
    let (mut forward, mut all) = (0, 0);
    for hit in sites {
        forward += usize::from(hit.strand == Strand::Forward);
        all += 1;
    }
    2 * forward >= all
}

/// The opposite strand.
pub(super) fn other(strand: Strand) -> Strand {
    match strand {
        Strand::Forward => Strand::Reverse,
        Strand::Reverse => Strand::Forward,
        Strand::Unknown => Strand::Unknown,
    }
}
