//! Planted motifs are found in random sequences, and nothing is found where none was planted.
#![allow(clippy::unwrap_used, reason = "a test")]

use dnabert_core::{Sequence, Strand, derive_seed};
use dnabert_motif::discover::{Data, Discovery, FoundMotif, ScoredSequence};
use dnabert_motif::{FrequencyMatrix, similarity};

const BASES: [u8; 4] = *b"ACGT";
const LENGTH: usize = 101;

/// A pseudo-random number below `below`.
fn draw(seed: u64, place: &[u64], below: usize) -> usize {
    (derive_seed(seed, place) >> 11) as usize % below
}

/// A motif in which the consensus base has a frequency of 0.85 at each position.
fn motif(consensus: &str) -> FrequencyMatrix {
    let row = |letter: u8| BASES.map(|base| if base == letter { 17.0 } else { 1.0 });
    let counts = dnabert_motif::CountMatrix::new(consensus.bytes().map(row).collect()).unwrap();
    counts.frequencies(0.0)
}

struct Made {
    sequence: Sequence,
    scores: Vec<f64>,
    /// Start and strand of the site.
    site: Option<(usize, Strand)>,
}

/// A random sequence with noisy scores, and optionally a site of the motif with higher scores.
/// Seven of ten sites lie on the forward strand.
fn make(seed: u64, at: u64, motif: Option<&FrequencyMatrix>) -> Made {
    let mut letters: Vec<u8> =
        (0..LENGTH as u64).map(|base| BASES[draw(seed, &[at, 0, base], 4)]).collect();
    let mut scores: Vec<f64> =
        (0..LENGTH as u64).map(|base| draw(seed, &[at, 1, base], 1000) as f64 / 1000.0).collect();
    let site = motif.map(|motif| {
        let strand = if draw(seed, &[at, 2], 10) < 7 { Strand::Forward } else { Strand::Reverse };
        let own =
            if strand == Strand::Forward { motif.clone() } else { motif.reverse_complement() };
        let start = draw(seed, &[at, 3], LENGTH - own.rows().len());
        for (place, row) in own.rows().iter().enumerate() {
            let mut left = draw(seed, &[at, 4, place as u64], 10_000) as f64 / 10_000.0;
            let base = row.iter().position(|frequency| {
                left -= frequency;
                left < 0.0
            });
            letters[start + place] = BASES[base.unwrap_or(3)];
            scores[start + place] += 1.5;
        }
        (start, strand)
    });
    Made { sequence: String::from_utf8(letters).unwrap().parse().unwrap(), scores, site }
}

fn find(positives: &[Made], negatives: &[Made], seed: u64) -> Vec<FoundMotif> {
    let rows: Vec<ScoredSequence<'_>> = positives
        .iter()
        .map(|made| ScoredSequence { sequence: &made.sequence, scores: &made.scores })
        .collect();
    let negatives: Vec<&Sequence> = negatives.iter().map(|made| &made.sequence).collect();
    let data = Data { positives: &rows, negatives: &negatives };
    Discovery { seed, ..Discovery::default() }.find(&data)
}

#[test]
fn a_motif_planted_in_three_of_ten_positives_is_the_only_one_found() {
    for seed in 1..=5 {
        let planted = motif("GGACATGCCCAT");
        let with = |at: u64| (at % 10 < 3).then_some(&planted);
        let positives: Vec<Made> = (0..400).map(|at| make(seed, at, with(at))).collect();
        let negatives: Vec<Made> = (0..400).map(|at| make(seed + 100, at, None)).collect();
        let found = find(&positives, &negatives, seed);
        let [found] = &found[..] else { panic!("seed {seed}: {} motifs", found.len()) };
        assert!(found.held_out.q_value < 1e-6, "{:?}", found.held_out);
        assert_eq!(found.counts.width(), 12, "seed {seed}");
        assert!(similarity(&found.frequencies(), &planted) > 0.95);
        // Most sites were planted on the forward strand, so the motif is oriented forward.
        assert_eq!(found.frequencies().consensus(), "GGACATGCCCAT");
        let is_planted = |(place, hit): &&(usize, dnabert_motif::scan::Hit)| {
            positives[*place].site == Some((hit.start, hit.strand))
        };
        let again = found.sites.iter().filter(is_planted).count();
        let planted = positives.iter().filter(|made| made.site.is_some()).count();
        assert!(again * 10 >= planted * 7, "seed {seed}: {again} of {planted}");
        assert!(found.sites.len() < planted * 3 / 2, "{} sites", found.sites.len());
        assert!(found.sites_in_high > 0.8 && found.high_fraction < 0.6);
    }
}

#[test]
fn a_second_motif_is_found_after_the_first() {
    let (one, other) = (motif("GGACATGCCC"), motif("TTATCAGT"));
    let with = |at: u64| match at % 10 {
        0..4 => Some(&one),
        4..7 => Some(&other),
        _ => None,
    };
    let positives: Vec<Made> = (0..500).map(|at| make(3, at, with(at))).collect();
    let negatives: Vec<Made> = (0..500).map(|at| make(4, at, None)).collect();
    let found = find(&positives, &negatives, 1);
    assert_eq!(found.len(), 2);
    for planted in [one, other] {
        let best = found.iter().map(|found| similarity(&found.frequencies(), &planted));
        assert!(best.fold(0.0, f64::max) > 0.9);
    }
}

#[test]
fn random_labels_have_no_motif() {
    let planted = motif("GGACATGCCCAT");
    let mut found = 0;
    for shuffle in 0..20 {
        // Half of all sequences have the motif, independent of their label.
        let made = |from: u64| -> Vec<Made> {
            (from..from + 200)
                .map(|at| make(shuffle, at, draw(shuffle, &[at, 9], 2).eq(&0).then_some(&planted)))
                .collect()
        };
        found += find(&made(0), &made(1000), shuffle).len();
    }
    assert!(found <= 1, "{found} motifs in 20 shuffles");
}

#[test]
fn too_few_sequences_have_no_motif() {
    let made = [make(1, 0, None)];
    assert!(find(&made, &made, 1).is_empty());
    assert!(find(&[], &made, 1).is_empty());
    assert!(find(&made, &[], 1).is_empty());
}
