//! Bases per second from sequences to token rows, for each k, on one core and on all.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dnabert::core::{Sequence, Tokenizer};
use dnabert::kmer::{KmerTokenizer, Vocabulary};

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sequences per batch, and their length in bases.
const SHAPE: (u64, usize) = (1024, 500);

fn encode(criterion: &mut Criterion) {
    let (count, length) = SHAPE;
    let sequences: Vec<Sequence> = (0..count).map(|seed| support::sequence(seed, length)).collect();
    let bases = Throughput::Elements(count * length as u64);
    for (name, batched) in [("one core", false), ("all cores", true)] {
        let mut group = criterion.benchmark_group(format!("tokenizer, bases, {name}"));
        group.throughput(bases.clone());
        for k in 3..=6 {
            let tokenizer = KmerTokenizer::new(k).expect("a supported k");
            group.bench_function(BenchmarkId::from_parameter(format!("k={k}")), |bencher| {
                bencher.iter(|| {
                    if batched {
                        black_box(tokenizer.encode_batch(&sequences).expect("clean DNA"));
                    } else {
                        for sequence in &sequences {
                            black_box(tokenizer.encode(sequence).expect("clean DNA"));
                        }
                    }
                });
            });
        }
        group.finish();
    }
}

/// Ids alone, without the bases that they cover.
fn ids(criterion: &mut Criterion) {
    let (count, length) = SHAPE;
    let whole = support::sequence(1, count as usize * length);
    let mut group = criterion.benchmark_group("k-mer ids alone, bases, one core");
    group.throughput(Throughput::Elements(count * length as u64));
    for k in 3..=6 {
        let vocabulary = Vocabulary::new(k).expect("a supported k");
        let mut ids = Vec::new();
        group.bench_function(BenchmarkId::from_parameter(format!("k={k}")), |bencher| {
            bencher.iter(|| {
                ids.clear();
                assert!(vocabulary.push_ids(&whole, &mut ids));
                black_box(&ids);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode, ids);
criterion_main!(benches);
