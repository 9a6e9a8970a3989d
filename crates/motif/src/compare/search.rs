//! Searches a collection for motifs that are similar to a query.

use std::collections::HashMap;

use dnabert_core::Strand;
use rayon::prelude::*;

use super::ColumnScore;
use super::null::{Null, Scores};
use crate::{FrequencyMatrix, Motif, benjamini_hochberg};

/// The number of integer steps between the lowest and the highest column score.
const STEPS: f64 = 100.0;

/// The number of motifs in one parallel task.
const TARGETS: usize = 64;

/// Known motifs, prepared for searches.
#[derive(Debug, Clone)]
pub struct Collection {
    score: ColumnScore,
    /// The distinct columns of all motifs on both strands.
    columns: Vec<[f64; 4]>,
    /// How often each distinct column occurs.
    weights: Vec<f64>,
    /// The columns of each motif, on the forward and on the reverse strand, as indices.
    motifs: Vec<[Vec<u32>; 2]>,
}

/// A motif of the collection compared with the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// The index of the motif in the collection.
    pub target: usize,
    /// The probability that a target of random columns aligns at least this well, on the better of
    /// its two strands.
    pub p_value: f64,
    /// The expected number of motifs of the collection that match at least this well by chance.
    pub e_value: f64,
    /// The p-value adjusted for all motifs of the collection (Benjamini and Hochberg).
    pub q_value: f64,
    /// The column of the query that is aligned with the first column of the target, on the strand
    /// that matches; negative if the target starts before the query.
    pub offset: isize,
    /// The number of aligned columns.
    pub overlap: usize,
    /// The strand of the target that matches.
    pub strand: Strand,
}

impl Collection {
    /// Prepares `motifs`, whose columns are compared by `score`.
    pub fn new<'a>(motifs: impl IntoIterator<Item = &'a Motif>, score: ColumnScore) -> Self {
        let mut collection =
            Self { score, columns: Vec::new(), weights: Vec::new(), motifs: Vec::new() };
        let mut numbers = HashMap::new();
        for motif in motifs {
            // Without a pseudocount, which would make motifs with few sites too similar.
            let forward = motif.counts.frequencies(0.0);
            let reverse = forward.reverse_complement();
            let strands = [forward, reverse].map(|motif| collection.number(&motif, &mut numbers));
            collection.motifs.push(strands);
        }
        collection
    }

    /// The number of motifs.
    pub fn len(&self) -> usize {
        self.motifs.len()
    }

    /// Whether the collection has no motif.
    pub fn is_empty(&self) -> bool {
        self.motifs.is_empty()
    }

    fn number(
        &mut self,
        motif: &FrequencyMatrix,
        numbers: &mut HashMap<[u64; 4], u32>,
    ) -> Vec<u32> {
        let number = |column: &[f64; 4]| {
            let number = *numbers.entry(column.map(f64::to_bits)).or_insert_with(|| {
                self.columns.push(*column);
                self.weights.push(0.0);
                self.columns.len() as u32 - 1
            });
            self.weights[number as usize] += 1.0;
            number
        };
        motif.rows().iter().map(number).collect()
    }

    /// Compares the query with all motifs, and returns them by p-value, best first.
    ///
    /// In a collection of fewer than about 50 motifs, p-values depend strongly on its composition.
    pub fn search(&self, query: &FrequencyMatrix) -> Vec<Match> {
        if self.is_empty() {
            return Vec::new();
        }
        let columns = query.rows().len();
        let (scores, table) = self.score_columns(query);
        let widths = self.motifs.iter().map(|[forward, _]| forward.len());
        let null = Null::new(&scores, widths);
        let compare = |sums: &mut Vec<i32>, (target, strands): (usize, &[Vec<u32>; 2])| {
            let width = strands[0].len();
            let [forward, reverse] = [&strands[0], &strands[1]]
                .map(|strand| best_alignment(&table, columns, strand, scores.outside, sums));
            let (strand, (score, offset)) = if reverse.0 > forward.0 {
                (Strand::Reverse, reverse)
            } else {
                (Strand::Forward, forward)
            };
            let p = null.tail(width, score).clamp(0.0, 1.0);
            let p_value = p * (2.0 - p); // 1 − (1 − p)², exact where p is small
            let overlap = overlap(columns, width, offset);
            let e_value = p_value * self.len() as f64;
            let q_value = 1.0;
            Match { target, p_value, e_value, q_value, offset, overlap, strand }
        };
        let targets = self.motifs.par_iter().enumerate().with_min_len(TARGETS);
        let mut matches: Vec<Match> = targets.map_init(Vec::new, compare).collect();
        let p_values: Vec<f64> = matches.iter().map(|found| found.p_value).collect();
        for (found, q_value) in matches.iter_mut().zip(benjamini_hochberg(&p_values)) {
            found.q_value = q_value;
        }
        matches.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
        matches
    }

    /// The integer scores of all pairs of columns, minus the score of a column outside the overlap.
    /// The row of a target column has the scores with the query columns from the last to the first.
    fn score_columns(&self, query: &FrequencyMatrix) -> (Scores, Vec<i16>) {
        let rows: Vec<Vec<f64>> = query
            .rows()
            .par_iter()
            .map(|a| {
                let row: Vec<f64> = self.columns.iter().map(|b| self.score.score(a, b)).collect();
                let median = weighted_median(&row, &self.weights);
                row.into_iter().map(|score| score - median).collect()
            })
            .collect();
        let all = || rows.iter().flatten().copied();
        let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
        let scale = if high > low { STEPS / (high - low) } else { 1.0 };
        let outside = (-low * scale).round() as usize;
        let sum: f64 = self.weights.iter().sum();
        let columns = rows.len();
        let whole = |score: f64| ((score - low) * scale + 0.5) as usize;
        let fractions = rows.par_iter().map(|row| {
            let mut fractions = vec![0.0; STEPS as usize + 2];
            for (score, weight) in row.iter().zip(&self.weights) {
                fractions[whole(*score)] += weight / sum;
            }
            fractions
        });
        let fractions = fractions.collect();
        let mut table = vec![0_i16; self.columns.len() * columns];
        table.par_chunks_mut(columns).enumerate().with_min_len(512).for_each(|(target, own)| {
            for (place, row) in own.iter_mut().zip(rows.iter().rev()) {
                *place = whole(row[target]) as i16 - outside as i16;
            }
        });
        (Scores { fractions, outside }, table)
    }
}

/// The highest score of all alignments of a target, and its offset.
fn best_alignment(
    table: &[i16],
    columns: usize,
    target: &[u32],
    outside: usize,
    sums: &mut Vec<i32>,
) -> (usize, isize) {
    sums.clear();
    sums.resize(target.len() + columns - 1, 0);
    // Query column i and target column j belong to the alignment with index (columns − 1 − i) + j.
    for (place, &column) in target.iter().enumerate() {
        let row = &table[column as usize * columns..][..columns];
        let places = &mut sums[place..place + columns];
        places.iter_mut().zip(row).for_each(|(sum, &score)| *sum += i32::from(score));
    }
    // Of equal scores the first index wins, which is the rightmost offset.
    let (place, best) = sums
        .iter()
        .enumerate()
        .fold((0, i32::MIN), |best, (place, &sum)| if sum > best.1 { (place, sum) } else { best });
    let score = best + (outside * columns) as i32;
    (score.max(0) as usize, columns as isize - 1 - place as isize)
}

fn overlap(columns: usize, width: usize, offset: isize) -> usize {
    let (start, end) = (offset.max(0), (offset + width as isize).min(columns as isize));
    (end - start).max(0) as usize
}

/// The number of bins of a weighted median.
const BINS: usize = 1024;

/// The weighted median: the value with half of the weight on either side. Bins locate it, so that
/// only the values of one bin are sorted.
fn weighted_median(values: &[f64], weights: &[f64]) -> f64 {
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
    let scale = if high > low { (BINS - 1) as f64 / (high - low) } else { 0.0 };
    let bin = |value: f64| ((value - low) * scale) as usize;
    let mut bins = [0.0; BINS];
    for (&value, weight) in values.iter().zip(weights) {
        bins[bin(value)] += weight;
    }
    let half = weights.iter().sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (chosen, weight) in bins.into_iter().enumerate() {
        if sum + weight < half {
            sum += weight;
            continue;
        }
        let pairs = values.iter().copied().zip(weights.iter().copied());
        let mut own: Vec<(f64, f64)> = pairs.filter(|pair| bin(pair.0) == chosen).collect();
        own.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        for (value, weight) in own {
            sum += weight;
            if sum >= half {
                return value;
            }
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CountMatrix;

    fn motif(consensus: &str) -> Motif {
        let row = |letter: u8| b"ACGT".map(|base| if base == letter { 17.0 } else { 1.0 });
        let counts = CountMatrix::new(consensus.bytes().map(row).collect()).unwrap();
        Motif { id: consensus.into(), name: consensus.into(), counts }
    }

    #[test]
    fn a_motif_matches_itself_on_both_strands() {
        let names = ["TATAAAGC", "CACGTGAC", "GGGCGGGG", "TGACTCAT", "GATAAGGA", "CCATCTTG"];
        let motifs: Vec<Motif> = names.iter().map(|name| motif(name)).collect();
        let collection = Collection::new(&motifs, ColumnScore::Euclidean);
        for (target, motif) in motifs.iter().enumerate() {
            let best = collection.search(&motif.counts.frequencies(0.0))[0];
            assert_eq!((best.target, best.offset, best.overlap), (target, 0, 8));
            assert_eq!(best.strand, Strand::Forward);
            let other = motif.counts.reverse_complement().frequencies(0.0);
            let best = collection.search(&other)[0];
            assert_eq!((best.target, best.strand), (target, Strand::Reverse));
            assert!(best.p_value < 1e-3 && best.e_value < 1e-2, "{best:?}");
        }
    }

    #[test]
    fn the_offset_is_where_the_target_begins() {
        let motifs = ["TATAAAGC", "CACGTGAC", "GGGCGGGG"].map(motif);
        let collection = Collection::new(&motifs, ColumnScore::Euclidean);
        let best = collection.search(&motif("CCTATAAAGC").counts.frequencies(0.0))[0];
        assert_eq!((best.target, best.offset, best.overlap), (0, 2, 8));
        let best = collection.search(&motif("TAAAGCAA").counts.frequencies(0.0))[0];
        assert_eq!((best.target, best.offset, best.overlap), (0, -2, 6));
    }

    #[test]
    fn a_median_has_half_of_the_weight_on_each_side() {
        assert_eq!(weighted_median(&[3.0, 1.0, 2.0], &[1.0, 1.0, 1.0]), 2.0);
        assert_eq!(weighted_median(&[3.0, 1.0, 2.0], &[5.0, 1.0, 1.0]), 3.0);
        assert_eq!(weighted_median(&[2.0, 2.0], &[1.0, 1.0]), 2.0);
        let values: Vec<f64> = (0..10_001).map(|at| f64::from(at * 7919 % 10_001).sqrt()).collect();
        assert_eq!(weighted_median(&values, &vec![1.0; 10_001]), 5000_f64.sqrt());
    }
}
