//! Optimizer steps (forward, backward, AdamW) on the device of the chosen feature, or the one that `DNABERT_DEVICE` names.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use dnabert::ModelSize;
use dnabert::backend::describe;

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn steps(criterion: &mut Criterion) {
    let device = support::device();
    let workers = support::workers();
    // Rows of the sizes of the shipped models, and DNABERT's shape.
    let small = [101, 200, 300].map(|length| (ModelSize::Small, 32, length));
    let base = [(ModelSize::Base, 8, 128)];
    let title = |size: ModelSize| format!("training {} on {}", size.name(), describe(&device));
    for (size, count, length) in small.into_iter().chain(base) {
        let config = support::config(size);
        let mut group = criterion.benchmark_group(title(size));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.throughput(Throughput::Elements((count * length) as u64));
        group.bench_function(
            BenchmarkId::from_parameter(format!("step of {count}x{length}")),
            |bencher| {
                bencher.iter_custom(|count_of_steps| {
                    let steps = count_of_steps as usize;
                    let times =
                        support::training_steps(&config, &device, [count, length], steps, workers);
                    Duration::from_secs_f64(times.iter().sum())
                });
            },
        );
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
