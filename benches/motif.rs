//! Motifs: comparison with a collection, scanning, discovery, and DNABERT's own pipeline, given scores.
//!
//! None of it runs on a device. `DNABERT_MOTIFS=all.jaspar cargo bench --bench motif` compares with a
//! collection of yours in place of a random one of the size of JASPAR's.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dnabert::core::{Sequence, derive_seed};
use dnabert::motif::compare::{Collection, ColumnScore};
use dnabert::motif::discover::{Data, Discovery, ScoredSequence};
use dnabert::motif::file::read_motifs;
use dnabert::motif::scan::Scanner;
use dnabert::motif::{Background, CountMatrix, FrequencyMatrix, Motif, reference};

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A number below `below`.
fn draw(place: &[u64], below: u64) -> u64 {
    derive_seed(7, place) % below
}

fn even(width: usize) -> FrequencyMatrix {
    CountMatrix::new(vec![[1.0; 4]; width]).expect("every place counts").frequencies(0.0)
}

/// Motifs as wide, and as sure, as those of JASPAR are.
fn random_motifs(count: u64) -> Vec<Motif> {
    let motif = |number: u64| {
        let width = 6 + draw(&[number], 15);
        let row = |place: u64| {
            let best = draw(&[number, place], 4) as usize;
            let mut row: [f64; 4] =
                std::array::from_fn(|base| draw(&[number, place, base as u64], 30) as f64 + 1.0);
            row[best] += draw(&[number, place, 9], 300) as f64;
            row
        };
        let counts = CountMatrix::new((0..width).map(row).collect()).expect("every place counts");
        Motif { id: number.to_string(), name: number.to_string(), counts }
    };
    (0..count).map(motif).collect()
}

fn compare(criterion: &mut Criterion) {
    let motifs = match std::env::var("DNABERT_MOTIFS") {
        Ok(path) => read_motifs(path).expect("a file of motifs"),
        Err(_) => random_motifs(2300),
    };
    let collection = Collection::new(&motifs, ColumnScore::Euclidean);
    let query = motifs[0].counts.frequencies(0.0);
    let mut group = criterion.benchmark_group("motif comparison");
    group.throughput(Throughput::Elements(motifs.len() as u64));
    group.bench_function(format!("1 against {}", motifs.len()), |bencher| {
        bencher.iter(|| black_box(collection.search(&query)));
    });
    group.finish();
}

/// Sequences of 101 bases, half of them with a planted word, whose bases score higher.
fn scored(count: u64) -> (Vec<Sequence>, Vec<Vec<f64>>) {
    let site = random_motifs(1).remove(0).counts.frequencies(0.0);
    let width = site.rows().len();
    (0..count)
        .map(|row| {
            let mut sequence = even(101).draw(derive_seed(1, &[row]));
            let mut scores: Vec<f64> =
                (0..101).map(|base| draw(&[row, base], 1000) as f64 / 1000.0).collect();
            if row % 2 == 0 {
                let start = draw(&[row, 1000], (101 - width) as u64) as usize;
                sequence = sequence.replace(start..start + width, &site.draw(row));
                scores[start..start + width].iter_mut().for_each(|score| *score += 2.0);
            }
            (sequence, scores)
        })
        .unzip()
}

/// The sequences and scores for the other side of a comparison (`benches/peers/motifs.py`), and what was found.
fn write_input(path: &str, sequences: &[Sequence], scores: &[Vec<f64>], found: &[reference::Word]) {
    let mut text = String::new();
    for (row, (sequence, scores)) in sequences.iter().zip(scores).enumerate() {
        let scores: Vec<String> = scores.iter().map(f64::to_string).collect();
        text += &format!("{}\t{sequence}\t{}\n", usize::from(row % 2 == 0), scores.join(","));
    }
    std::fs::write(path, text).expect("a file that can be written");
    let lines = found.iter().map(|word| format!("{}\t{}\n", word.bases, word.instances.len()));
    std::fs::write(format!("{path}.found"), lines.collect::<String>())
        .expect("a file that can be written");
}

fn pipelines(criterion: &mut Criterion) {
    let (sequences, scores) = scored(10_000);
    let (positives, negatives): (Vec<_>, Vec<_>) =
        sequences.iter().zip(&scores).enumerate().partition(|(row, _)| row % 2 == 0);
    let positives: Vec<ScoredSequence<'_>> = positives
        .into_iter()
        .map(|(_, (sequence, scores))| ScoredSequence { sequence, scores })
        .collect();
    let negatives: Vec<&Sequence> =
        negatives.into_iter().map(|(_, (sequence, _))| sequence).collect();
    if let Ok(path) = std::env::var("DNABERT_MOTIF_INPUT") {
        write_input(
            &path,
            &sequences,
            &scores,
            &reference::find_motifs(&positives, &negatives, &reference::Config::default()).motifs,
        );
    }
    let mut group =
        criterion.benchmark_group("motifs of 10,000 sequences of 101 bases, scores given");
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    group.bench_function("find_motifs.py's way", |bencher| {
        let config = reference::Config::default();
        bencher.iter(|| black_box(reference::find_motifs(&positives, &negatives, &config)));
    });
    group.bench_function("discovery, tested on the other half", |bencher| {
        let data = Data { positives: &positives, negatives: &negatives };
        bencher.iter(|| black_box(Discovery::default().find(&data)));
    });
    group.finish();
}

fn scan(criterion: &mut Criterion) {
    let sequence = even(1_000_000).draw(3);
    let motif = random_motifs(1).remove(0);
    let scanner = Scanner::new(&motif.frequencies(), &Background::uniform());
    let threshold = scanner.threshold(1e-4);
    let mut group = criterion.benchmark_group("motif scanning, both strands");
    group.sample_size(20).throughput(Throughput::Elements(1_000_000));
    group.bench_function("1 Mb", |bencher| {
        bencher.iter(|| black_box(scanner.hits(&sequence, threshold)));
    });
    group.finish();
}

criterion_group!(benches, compare, pipelines, scan);
criterion_main!(benches);
