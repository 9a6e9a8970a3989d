//! Explanations and variants, in sequences and alleles per second: the shipped model of CTCF and a network of 12
//! layers, on the device of the chosen feature, or the one that `DNABERT_DEVICE` names.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

mod support;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use dnabert::backend::describe;
use dnabert::core::{Attribution, Sequence, Tokenizer, derive_seed};
use dnabert::interpret::Mutagenesis;
use dnabert::kmer::KmerTokenizer;
use dnabert::motif::CountMatrix;
use dnabert::{
    AnyTokenizer, AttributionMethod, Device, Model, ModelSize, Precision, Predictor, SequenceReader,
};

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/ctcf-gm12878");

/// Bases of a window.
const WIDTH: usize = 101;

/// Sequences of even composition.
fn sequences(count: u64) -> Vec<Sequence> {
    let even =
        CountMatrix::new(vec![[1.0; 4]; WIDTH]).expect("every place counts").frequencies(0.0);
    (0..count).map(|seed| even.draw(derive_seed(3, &[seed]))).collect()
}

/// The shipped classifier of CTCF.
fn shipped(device: &Device, precision: Precision) -> Predictor {
    Model::open(Path::new(MODEL), device)
        .and_then(|model| model.with_precision(precision)?.predictor())
        .expect("the shipped model")
}

/// A fresh classifier as large as DNABERT.
fn base(device: &Device, precision: Precision) -> Predictor {
    let tokenizer = KmerTokenizer::new(6).expect("a supported k");
    let config = ModelSize::Base.config(tokenizer.vocab_size());
    let mut model = config.sequence_classifier(1, device);
    model.encoder = model.encoder.with_precision(precision).expect("a precision of the device");
    Predictor::new(
        &model,
        SequenceReader::for_config(AnyTokenizer::from(tokenizer), &config, device.clone()),
        &config,
    )
}

/// Both alleles of substitutions, as `variants` asks about them.
fn alleles(criterion: &mut Criterion) {
    let device = support::device();
    let networks = support::precisions(&device).into_iter().flat_map(|precision| {
        let shipped = ("ctcf-gm12878", shipped(&device, precision), 64);
        [shipped, ("base", base(&device, precision), 8)].map(|network| (precision, network))
    });
    for (precision, (name, predictor, count)) in networks {
        let on = describe(&device);
        let title = format!("variants, {name} in {precision}, windows of {WIDTH} bases, on {on}");
        let mut group = criterion.benchmark_group(title);
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .throughput(Throughput::Elements(count));
        let letter: Sequence = "A".parse().expect("a base");
        let windows: Vec<Sequence> = sequences(count)
            .into_iter()
            .flat_map(|window| {
                let mutant = window.replace(WIDTH / 2..WIDTH / 2 + 1, &letter);
                [window, mutant]
            })
            .collect();
        group.bench_function("alleles", |bencher| {
            bencher.iter(|| {
                let rows = dnabert::core::Classifier::predict(&predictor, &windows);
                device.sync().expect("the device finishes");
                black_box(rows)
            });
        });
        group.finish();
    }
}

/// Every way of explaining the shipped model.
fn explanations(criterion: &mut Criterion) {
    let device = support::device();
    let title = format!("explanations of ctcf-gm12878, {WIDTH} bases, on {}", describe(&device));
    let mut group = criterion.benchmark_group(title);
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for method in AttributionMethod::ALL {
        let count = if method == AttributionMethod::Attention { 64 } else { 8 };
        let model = Model::open(Path::new(MODEL), &device).expect("the shipped model");
        let way = model.attribution(method, 1).expect("a classifier");
        let sequences = sequences(count);
        group.throughput(Throughput::Elements(count));
        group.bench_function(method.name(), |bencher| {
            bencher.iter(|| black_box(way.attribute(&sequences).expect("clean DNA")));
        });
    }
    group.finish();
    let mut group =
        criterion.benchmark_group(format!("base, {WIDTH} bases, on {}", describe(&device)));
    group.sampling_mode(SamplingMode::Flat).sample_size(10).throughput(Throughput::Elements(1));
    let mutagenesis = Mutagenesis::new(base(&device, Precision::F32), 1);
    let one = sequences(1);
    let predictor = base(&device, Precision::F32);
    group.bench_function("saturation mutagenesis, one mutant at a time", |bencher| {
        let mutants: Vec<Sequence> = (0..WIDTH)
            .flat_map(|base| ["A", "C", "G", "T"].map(|letter| (base, letter)))
            .filter(|(base, letter)| &one[0].as_str()[*base..=*base] != *letter)
            .map(|(base, letter)| one[0].replace(base..base + 1, &letter.parse().expect("a base")))
            .collect();
        bencher.iter(|| {
            for mutant in &mutants {
                let row = std::slice::from_ref(mutant);
                black_box(dnabert::core::Classifier::predict(&predictor, row).expect("clean DNA"));
            }
        });
    });
    group.bench_function("saturation mutagenesis", |bencher| {
        bencher.iter(|| black_box(mutagenesis.effects(&one).expect("clean DNA")));
    });
    let reader = Model::open(Path::new(MODEL), &device)
        .map(|model| model.attention())
        .expect("the shipped model");
    group.bench_function("every head of ctcf-gm12878", |bencher| {
        bencher.iter(|| black_box(reader.head_tracks(&one).expect("clean DNA")));
    });
    group.finish();
}

criterion_group!(benches, alleles, explanations);
criterion_main!(benches);
