//! Forward passes of the encoder, in sequences per second, on the device of the chosen feature.
//!
//! `cargo bench -p dnabert-benches --bench encoder` runs on the CPU; add
//! `--no-default-features --features wgpu` (or `cuda`) for a GPU. The group names the device.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use dnabert::backend::describe;
use dnabert::core::{Encoding, Tokenizer};
use dnabert::kmer::KmerTokenizer;
use dnabert::model::{Encoder, TokenBatch};
use dnabert::{Device, ModelSize};

/// Rows of `length` tokens with ids spread over the vocabulary.
fn rows(count: usize, length: usize, vocabulary: u32) -> Vec<Encoding> {
    let id =
        |row: usize, place: usize| 5 + (row * 7919 + place * 104_729) as u32 % (vocabulary - 5);
    let row = |row: usize| {
        let mut encoding = Encoding::default();
        (0..length).for_each(|place| encoding.push(id(row, place), 0, Some(place..place + 6)));
        encoding
    };
    (0..count).map(row).collect()
}

fn forward(criterion: &mut Criterion) {
    let device: Device = dnabert::device(None).expect("a compiled backend");
    let tokenizer = KmerTokenizer::new(6).expect("a supported k");
    let vocabulary = tokenizer.vocab_size();
    for (size, shapes) in [
        (ModelSize::Mini, &[(8, 128), (32, 297)][..]),
        (ModelSize::Base, &[(8, 100), (8, 128), (4, 512), (1, 512)]),
    ] {
        let encoder = size.config(vocabulary).init(1, &device);
        let name = format!("encoder {} on {}", size.name(), describe(&device));
        let mut group = criterion.benchmark_group(name);
        // Large shapes take seconds: few samples, each one forward pass.
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.warm_up_time(Duration::from_secs(3));
        for &(count, length) in shapes {
            let rows = rows(count, length, vocabulary as u32);
            let rows: Vec<&Encoding> = rows.iter().collect();
            let batch = TokenBatch::from_encodings(&rows, 0, &device);
            group.throughput(Throughput::Elements(count as u64));
            let shape = BenchmarkId::from_parameter(format!("{count}x{length}"));
            group.bench_function(shape, |bencher| {
                bencher.iter(|| {
                    let output = encoder.encode(&batch, &mut ());
                    device.sync().expect("the device finishes");
                    output
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, forward);
criterion_main!(benches);
