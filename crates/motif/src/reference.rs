//! The motif pipeline of DNABERT's `find_motifs.py`, stage by stage, with its quirks (Ji et al.
//! 2021, doi 10.1093/bioinformatics/btab083).
//!
//! Use it to reproduce results of DNABERT. For new work use [`discover`](crate::discover): this
//! pipeline tests words on the sequences in which it found them, reads one strand only, and merges
//! short words with unrelated ones.

use std::collections::HashMap;

use dnabert_core::Sequence;
use rayon::prelude::*;

use crate::enrichment::Drawing;
use crate::word_index::WordIndex;
use crate::{Overlap, benjamini_hochberg, high_regions, overlap};

/// A sequence with one score for each base.
#[derive(Debug, Clone, Copy)]
pub struct ScoredSequence<'a> {
    /// The sequence.
    pub sequence: &'a Sequence,
    /// The scores; any after the last base are ignored.
    pub scores: &'a [f64],
}

/// Settings; the defaults are those of `find_motifs.py`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// The minimum length of a high region.
    pub min_len: usize,
    /// Words with an adjusted p-value below this are kept.
    pub p_value_cutoff: f64,
    /// The length of the windows around the instances of a motif.
    pub window: usize,
    /// The minimum number of windows of a motif.
    pub min_instances: usize,
    /// What happens to a word that fits several motifs.
    pub ties: Ties,
}

/// What happens to a word that fits several motifs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// It joins the motif that fits best; of equally good ones, the first.
    #[default]
    First,
    /// It also joins every fitting motif that has the same length and the same offset as the best
    /// one.
    ///
    /// This is what `align_all_ties` does with Biopython before 1.83; with later versions that
    /// option has no effect.
    SamePlace,
}

impl Default for Config {
    fn default() -> Self {
        Self { min_len: 5, p_value_cutoff: 0.005, window: 24, min_instances: 3, ties: Ties::First }
    }
}

/// An occurrence of a word or motif in a positive sequence.
///
/// After words are merged, it can extend past the ends of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    /// The index of the positive sequence.
    pub sequence: usize,
    /// The position of the first base.
    pub start: isize,
    /// The position after the last base.
    pub end: isize,
}

/// A word and its occurrences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The bases of the word.
    pub bases: String,
    /// The occurrences of the word.
    pub instances: Vec<Instance>,
}

/// How many sequences contain a word, and the test of its enrichment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enrichment {
    /// The number of sequences that contain it.
    pub sequences: usize,
    /// The number of positives that contain it.
    pub positives: usize,
    /// The p-value of the hypergeometric test.
    pub p_value: f64,
    /// The p-value adjusted for all candidates.
    pub adjusted: f64,
}

/// The results of every stage of the pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The distinct words of high regions, in order of appearance.
    pub candidates: Vec<Word>,
    /// The enrichment of each candidate.
    pub enrichment: Vec<Enrichment>,
    /// The kept words after merging; a merged motif has the bases of its shortest word.
    pub merged: Vec<Word>,
    /// The merged motifs with enough windows around their instances.
    pub motifs: Vec<Word>,
}

/// Finds motifs in the high regions of `positives` that are enriched over `negatives`.
pub fn find_motifs(
    positives: &[ScoredSequence<'_>],
    negatives: &[&Sequence],
    config: &Config,
) -> Found {
    let candidates = candidates(positives, config.min_len);
    let sequences: Vec<&Sequence> = positives.iter().map(|row| row.sequence).collect();
    let enrichment = enrich(&candidates, &sequences, negatives);
    let kept = candidates.iter().zip(&enrichment);
    let kept = kept.filter(|(_, found)| found.adjusted < config.p_value_cutoff);
    let merged = merge(kept.map(|(word, _)| word.clone()).collect(), config.min_len, config.ties);
    let motifs = merged.iter().map(|word| windows(word, &sequences, config.window));
    let motifs = motifs.filter(|word| word.instances.len() >= config.min_instances).collect();
    Found { candidates, enrichment, merged, motifs }
}

/// The distinct words of high regions, in order of appearance.
pub fn candidates(positives: &[ScoredSequence<'_>], min_len: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut places = HashMap::<String, usize>::new();
    let regions = |row: &ScoredSequence<'_>| {
        let length = row.sequence.len().min(row.scores.len());
        high_regions(&row.scores[..length], min_len)
    };
    let regions: Vec<_> = positives.par_iter().with_min_len(SEQUENCES).map(regions).collect();
    for (sequence, (row, regions)) in positives.iter().zip(regions).enumerate() {
        for region in regions {
            let bases = &row.sequence.as_str()[region.clone()];
            let place = *places.entry(bases.to_owned()).or_insert_with(|| {
                words.push(Word { bases: bases.to_owned(), instances: Vec::new() });
                words.len() - 1
            });
            let (start, end) = (region.start as isize, region.end as isize);
            words[place].instances.push(Instance { sequence, start, end });
        }
    }
    words
}

/// The number of sequences of each set that contain each word. All words are searched at once, and
/// sequences are distributed over the cores.
fn rows_with<const N: usize>(words: &[Word], sets: [&[&Sequence]; N]) -> [Vec<usize>; N] {
    let index = WordIndex::new(words.iter().map(|word| word.bases.as_bytes()));
    let count = |sequences: &[&Sequence]| index.count(sequences.iter().map(|row| row.as_bytes()));
    let add = |mut sum: Vec<usize>, counts: Vec<usize>| {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        sum
    };
    sets.map(|sequences| {
        let parts = sequences.par_chunks(SEQUENCES).map(count);
        parts.reduce(|| vec![0; words.len()], add)
    })
}

/// The number of sequences in one parallel task.
const SEQUENCES: usize = 512;

/// Tests for each word whether more positives contain it, at any position, than expected by chance.
pub fn enrich(words: &[Word], positives: &[&Sequence], negatives: &[&Sequence]) -> Vec<Enrichment> {
    let [in_positives, in_negatives] = rows_with(words, [positives, negatives]);
    let drawing = Drawing::new(positives.len() + negatives.len(), positives.len());
    let mut found: Vec<Enrichment> = in_positives
        .into_par_iter()
        .zip(in_negatives)
        .map(|(in_positives, in_negatives)| {
            let sequences = in_positives + in_negatives;
            let p_value = drawing.tail(sequences, in_positives);
            Enrichment { sequences, positives: in_positives, p_value, adjusted: 1.0 }
        })
        .collect();
    let p_values: Vec<f64> = found.iter().map(|found| found.p_value).collect();
    for (found, adjusted) in found.iter_mut().zip(benjamini_hochberg(&p_values)) {
        found.adjusted = adjusted;
    }
    found
}

/// A motif that a word overlaps well enough.
#[derive(Debug, Clone, Copy)]
struct Fit {
    at: usize,
    length: usize,
    overlap: Overlap,
}

/// Merges words into motifs: each word, shortest first, joins the motif that it fits best, or
/// starts a new motif if it fits none.
pub fn merge(mut words: Vec<Word>, min_len: usize, ties: Ties) -> Vec<Word> {
    words.sort_by_key(|word| word.bases.len());
    let mut motifs: Vec<Word> = Vec::new();
    for word in words {
        let query = word.bases.as_bytes();
        let fit = |(at, motif): (usize, &Word)| {
            let key = motif.bases.as_bytes();
            let (length, overlap) = (key.len(), overlap(query, key));
            let half = query.len().min(length) as f64 / 2.0;
            let is_close = overlap.score as f64 >= (min_len as f64 - 1.0).max(half);
            is_close.then_some(Fit { at, length, overlap })
        };
        let fits: Vec<Fit> = motifs.iter().enumerate().filter_map(fit).collect();
        // max_by_key returns the last maximum, so the reversed order gives the first of the best.
        let best = fits.iter().rev().max_by_key(|fit| fit.overlap.score).copied();
        let Some(best) = best else {
            motifs.push(word);
            continue;
        };
        let takes = |fit: &&Fit| {
            let is_same = fit.length == best.length && fit.overlap.offset == best.overlap.offset;
            fit.at == best.at || ties == Ties::SamePlace && is_same
        };
        for Fit { at, length, overlap } in fits.iter().filter(takes) {
            let moved = |instance: &Instance| {
                let start = instance.start + overlap.offset;
                Instance { start, end: start + *length as isize, ..*instance }
            };
            motifs[*at].instances.extend(word.instances.iter().map(moved));
        }
    }
    motifs
}

/// The windows of `width` bases around the instances of a motif.
///
/// A window that extends past its sequence, or includes its last base, is dropped, as in DNABERT.
pub fn windows(motif: &Word, positives: &[&Sequence], width: usize) -> Word {
    let widened = |instance: &Instance| {
        let missing = width as isize - (instance.end - instance.start);
        let left = missing.div_euclid(2);
        let right = left + missing.rem_euclid(2);
        let window =
            Instance { start: instance.start - left, end: instance.end + right, ..*instance };
        let length = positives[instance.sequence].len() as isize;
        (window.start >= 0 && window.end < length).then_some(window)
    };
    let instances = motif.instances.iter().filter_map(widened).collect();
    Word { bases: motif.bases.clone(), instances }
}

impl Word {
    /// The bases of an instance, or `None` if it extends past its sequence.
    pub fn bases_of(&self, instance: &Instance, positives: &[&Sequence]) -> Option<String> {
        let (start, end) = (instance.start.try_into().ok()?, instance.end.try_into().ok()?);
        positives
            .get(instance.sequence)?
            .as_str()
            .get::<std::ops::Range<usize>>(start..end)
            .map(str::to_owned)
    }
}
