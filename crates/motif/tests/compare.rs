//! Compares motif comparison with memelite 0.5.0 (PyPI) on the shipped motifs of JASPAR 2026: each
//! motif with all 21, and every column of the targets kept (`n_target_bins=None`).
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashMap;

use dnabert_core::Strand;
use dnabert_motif::compare::{Collection, ColumnScore, Match};
use dnabert_motif::file::read_motifs;

const MOTIFS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/jaspar/subset.jaspar");

/// Columns: query, target, p-value, offset, overlap, strand (1 is the reverse strand).
const EXPECTED: &str = include_str!("memelite.tsv");

fn matches(score: ColumnScore) -> HashMap<(String, String), Match> {
    let motifs = read_motifs(MOTIFS).unwrap();
    let collection = Collection::new(&motifs, score);
    let mut found = HashMap::new();
    for query in &motifs {
        for each in collection.search(&query.counts.frequencies(0.0)) {
            found.insert((query.id.clone(), motifs[each.target].id.clone()), each);
        }
    }
    found
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let product = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let xy = product(&|pair| (pair.0 - x) * (pair.1 - y));
    let (xx, yy) = (product(&|pair| (pair.0 - x).powi(2)), product(&|pair| (pair.1 - y).powi(2)));
    xy / (xx * yy).sqrt()
}

#[test]
fn p_values_and_alignments_equal_those_of_memelite() {
    let found = matches(ColumnScore::Euclidean);
    let (mut logarithms, mut strong, mut same) = (Vec::new(), 0, 0);
    for line in EXPECTED.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [query, target, p_value, offset, overlap, strand] = fields[..] else {
            panic!("{line}")
        };
        let each = found[&(query.to_owned(), target.to_owned())];
        let p_value: f64 = p_value.parse().unwrap();
        logarithms.push((p_value.ln(), each.p_value.ln()));
        if p_value < 1e-4 {
            strong += 1;
            let is_reverse = each.strand == Strand::Reverse;
            // memelite gives offsets with the opposite sign.
            let offset: isize = offset.parse().unwrap();
            let is_same = (-offset, overlap) == (each.offset, &*each.overlap.to_string())
                && is_reverse == (strand == "1");
            same += usize::from(is_same);
        }
    }
    assert_eq!(logarithms.len(), 441);
    assert!(correlation(&logarithms) > 0.999, "{}", correlation(&logarithms));
    // A missing factor, such as that of the two strands, would show here.
    let close = logarithms.iter().filter(|(a, _)| *a > (1e-6_f64).ln());
    let off: Vec<f64> = close.map(|(a, b)| (a - b).abs()).collect();
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    assert!(mean < 0.1, "p-values differ by a mean factor of {}", mean.exp());
    // Palindromes match on both strands.
    assert!(strong >= 70 && same * 20 >= strong * 19, "{same} of {strong}");
}

#[test]
fn every_column_score_matches_related_motifs() {
    for score in [
        ColumnScore::Euclidean,
        ColumnScore::Pearson,
        ColumnScore::SandelinWasserman,
        ColumnScore::KullbackLeibler,
    ] {
        let found = matches(score);
        let p_value =
            |query: &str, target: &str| found[&(query.to_owned(), target.to_owned())].p_value;
        // TP73 resembles TP63, and not an unrelated motif.
        assert!(p_value("MA0861.2", "MA0525.2") < 1e-4, "{score:?}");
        assert!(p_value("MA0861.2", "MA0035.5") > 1e-3, "{score:?}");
        assert!(p_value("MA0139.1", "MA0139.2") < 1e-8, "{score:?}");
    }
}
