//! What users ask of a model: probabilities of a ragged mix, [CLS] attention, embeddings, a scan. On the device of the
//! chosen feature, or the one that `DNABERT_DEVICE` names.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use std::hint::black_box;
use std::path::Path;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use dnabert::backend::describe;
use dnabert::core::{Encoding, Sequence};
use dnabert::model::{Encoder, Pooling, TokenBatch};
use dnabert::tasks::scan::{ScanConfig, scan};
use dnabert::{Model, ModelSize, Predictor, SequenceReader};

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DATASETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models");

/// Rows of 60 to 510 bases through a classifier as large as DNABERT.
fn ragged(criterion: &mut Criterion) {
    let device = support::device();
    let config = support::config(ModelSize::Base);
    let model = config.sequence_classifier(1, &device);
    let predictor = Predictor::new(
        &model,
        SequenceReader::for_config(support::tokenizer(), &config, device.clone()),
        &config,
    );
    let rows = support::ragged_rows(64);
    let rows: Vec<&Encoding> = rows.iter().collect();
    let mut group = criterion.benchmark_group(format!("classes, base, on {}", describe(&device)));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("64 rows of 60 to 510 bases", |bencher| {
        bencher.iter(|| black_box(predictor.predict_encoded(&rows)));
    });
    group.finish();
}

/// A plain forward pass, and the same with the last layer's [CLS] attention read back.
fn attention(criterion: &mut Criterion) {
    let device = support::device();
    let config = support::config(ModelSize::Base);
    let encoder = config.init(1, &device);
    let rows = support::rows(8, 128);
    let rows: Vec<&Encoding> = rows.iter().collect();
    let batch = TokenBatch::from_encodings(&rows, 0, &device);
    let title = format!("[CLS] attention, base, 8x128, on {}", describe(&device));
    let mut group = criterion.benchmark_group(title);
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(8));
    group.bench_function("forward alone", |bencher| {
        bencher.iter(|| {
            let output = encoder.encode(&batch, &mut ());
            device.sync().expect("the device finishes");
            black_box(output)
        });
    });
    group.bench_function("with attention", |bencher| {
        bencher.iter(|| {
            let mut sink = support::LastCls(config.num_hidden_layers - 1, Vec::new());
            let output = encoder.encode(&batch, &mut sink);
            device.sync().expect("the device finishes");
            black_box((output, sink.1))
        });
    });
    group.finish();
}

/// Vectors of sequences by the shipped pre-trained model.
fn embeddings(criterion: &mut Criterion) {
    let device = support::device();
    let embedder = Model::open(Path::new(DATASETS).join("small-4"), &device)
        .map(|model| model.embedder())
        .expect("the shipped model");
    let sequences: Vec<Sequence> = (0..64).map(|seed| support::sequence(seed, 300)).collect();
    let title = format!("embeddings, small-4, 300 bases, on {}", describe(&device));
    let mut group = criterion.benchmark_group(title);
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(sequences.len() as u64));
    group.bench_function("sequences", |bencher| {
        bencher
            .iter(|| black_box(embedder.sequences(&sequences, Pooling::Mean).expect("clean DNA")));
    });
    group.finish();
}

/// The shipped promoter model along a stretch, both strands, every 10 bases.
fn scanning(criterion: &mut Criterion) {
    const BASES: usize = 10_000;
    let device = support::device();
    let folder = Path::new(DATASETS).join("promoter-fly");
    let predictor = Model::open(folder, &device)
        .and_then(|model| model.predictor())
        .expect("the shipped model");
    let sequence = support::sequence(5, BASES);
    let settings = ScanConfig { width: 300, before: 249, stride: 10, class: 1 };
    let title = format!("scan, promoter-fly, every 10 bases, on {}", describe(&device));
    let mut group = criterion.benchmark_group(title);
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(BASES as u64));
    group.bench_function(BenchmarkId::from_parameter("bases"), |bencher| {
        bencher.iter(|| {
            let mut best = 0.0_f64;
            scan(&predictor, &sequence, settings, |point| best = best.max(point.score))
                .expect("clean DNA");
            black_box(best)
        });
    });
    group.finish();
}

criterion_group!(benches, ragged, attention, embeddings, scanning);
criterion_main!(benches);
