//! From FASTA to masked rows of tokens: bases and tokens per second. No device takes part.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dnabert::core::{LetterPolicy, MaskPlan, Tokenizer};
use dnabert::genome::Runs;
use dnabert::kmer::{KmerMasking, KmerTokenizer};

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bases of the file.
const BASES: usize = 10_000_000;

/// Streams a file of one record in lines of 60.
fn fasta(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join("dnabert-bench-fasta");
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let (plain, packed) = (folder.join("g.fa"), folder.join("g.fa.gz"));
    let sequence = support::sequence(1, BASES);
    let mut text = b">chromosome\n".to_vec();
    for line in sequence.as_bytes().chunks(60) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    std::fs::write(&plain, &text).expect("room for 10 MB");
    let file = std::fs::File::create(&packed).expect("room for 3 MB");
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    encoder.write_all(&text).expect("room for 3 MB");
    encoder.finish().expect("room for 3 MB");
    let mut group = criterion.benchmark_group("FASTA, bases, one core");
    group.sample_size(10).throughput(Throughput::Elements(BASES as u64));
    let read = |path: &Path| -> usize {
        let runs = Runs::open(path, LetterPolicy::default(), 1 << 16).expect("a file");
        runs.map(|run| run.expect("bases").sequence.len()).sum()
    };
    for (name, path) in [("plain", &plain), ("gzip", &packed)] {
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| assert_eq!(read(path), BASES));
        });
    }
    group.finish();
    std::fs::remove_dir_all(&folder).expect("the folder is there");
}

/// Hides tokens of rows of 510 k-mers.
fn masking(criterion: &mut Criterion) {
    let tokenizer = KmerTokenizer::new(6).expect("a supported k");
    let row = tokenizer.encode(&support::sequence(1, 515)).expect("clean DNA");
    let mut group = criterion.benchmark_group("masking, tokens, one core");
    group.throughput(Throughput::Elements(row.len() as u64));
    let plain = KmerMasking::new(6, 0.15).expect("a supported k");
    for (name, masking) in [("DNABERT's", plain), ("by span", plain.by_span())] {
        let mut seed = 0;
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                seed += 1;
                black_box(masking.mask(&row, seed))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fasta, masking);
criterion_main!(benches);
