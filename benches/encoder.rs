//! Forward passes of the encoder, in sequences per second, on the device of the chosen feature, or the one that
//! `DNABERT_DEVICE` names.
//!
//! `cargo bench -p dnabert-benches --bench encoder` runs on the CPU; add
//! `--no-default-features --features wgpu` (or `cuda`) for a GPU. The group names the device.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use dnabert::backend::describe;
use dnabert::core::Encoding;
use dnabert::model::{Bert, Encoder, TokenBatch};
use dnabert::{Device, ModelSize};

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn forward(criterion: &mut Criterion) {
    let device = support::device();
    for (size, shapes) in [
        (ModelSize::Mini, &[(8, 128), (32, 297)][..]),
        (ModelSize::Base, &[(8, 100), (8, 128), (4, 512), (1, 512)]),
    ] {
        for precision in support::precisions(&device) {
            let encoder = support::config(size).init(1, &device).with_precision(precision);
            let encoder = encoder.expect("one of the device's");
            measure(criterion, &device, &encoder, size, shapes);
        }
    }
}

fn measure(
    criterion: &mut Criterion,
    device: &Device,
    encoder: &Bert,
    size: ModelSize,
    shapes: &[(usize, usize)],
) {
    let name =
        format!("encoder {} in {} on {}", size.name(), encoder.precision(), describe(device));
    let mut group = criterion.benchmark_group(name);
    // Large shapes take seconds: few samples, each one forward pass.
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_secs(3));
    for &(count, length) in shapes {
        let rows = support::rows(count, length);
        let rows: Vec<&Encoding> = rows.iter().collect();
        let batch = TokenBatch::from_encodings(&rows, 0, device);
        group.throughput(Throughput::Elements(count as u64));
        let shape = BenchmarkId::from_parameter(format!("{count}x{length}"));
        group.bench_function(shape, |bencher| {
            bencher.iter(|| {
                let output = encoder.encode(&batch, &mut ());
                device.sync().expect("the device finishes");
                output
            });
        });
        // What a classifier of [CLS] asks: nobody reads the other states.
        let shape = BenchmarkId::from_parameter(format!("{count}x{length} pooled"));
        group.bench_function(shape, |bencher| {
            bencher.iter(|| {
                let output = encoder.encode_pooled(&batch, &mut ());
                device.sync().expect("the device finishes");
                output
            });
        });
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
