//! What several benches share.
#![allow(dead_code, reason = "no bench needs all of it")]

use std::time::Instant;

use burn::tensor::Tensor;
use dnabert::core::{Encoding, Sequence, Tokenizer};
use dnabert::kmer::KmerTokenizer;
use dnabert::model::{BertConfig, LayerSink};
use dnabert::train::{EncodedExample, FineTuneConfig, Observer, Splits, StepSummary, fine_tune};
use dnabert::{Backend, Device, ModelSize, Precision};
use dnabert_kernels::{Level, PackedRows, PackedWeights, Weights, linear};
use rayon::prelude::*;

/// The backend that `DNABERT_DEVICE` names, if it does: flex, wgpu or cuda.
fn named() -> Option<Backend> {
    let name = std::env::var("DNABERT_DEVICE").ok().filter(|name| !name.is_empty())?;
    Some(name.parse().expect("DNABERT_DEVICE: flex, wgpu or cuda"))
}

/// Its device, or the first of the build.
pub(crate) fn device() -> Device {
    dnabert::device(named()).expect("a device that can be used")
}

/// The precisions in which the device predicts without being opened for them.
pub(crate) fn precisions(device: &Device) -> Vec<Precision> {
    let is_cpu = dnabert::backend::is_cpu(device);
    let all = [Precision::F32, Precision::Bf16, Precision::Int8];
    all[..if is_cpu { 3 } else { 1 }].to_vec()
}

/// Cores that share a training batch there.
pub(crate) fn workers() -> usize {
    named().unwrap_or_else(Backend::first).workers()
}

/// The tokenizer of the large networks.
pub(crate) fn tokenizer() -> KmerTokenizer {
    KmerTokenizer::new(6).expect("a supported k")
}

/// A network as large as DNABERT, or one of the smaller sizes.
pub(crate) fn config(size: ModelSize) -> BertConfig {
    size.config(tokenizer().vocab_size())
}

/// Rows of `length` tokens with ids spread over the vocabulary: `benches/peers` makes the same.
pub(crate) fn rows(count: usize, length: usize) -> Vec<Encoding> {
    let vocabulary = tokenizer().vocab_size() as u32;
    let id =
        |row: usize, place: usize| 5 + (row * 7919 + place * 104_729) as u32 % (vocabulary - 5);
    let row = |row: usize| {
        let mut encoding = Encoding::default();
        (0..length).for_each(|place| encoding.push(id(row, place), 0, Some(place..place + 6)));
        encoding
    };
    (0..count).map(row).collect()
}

/// Lengths of the ragged mix, in tokens with `[CLS]` and `[SEP]`: sequences of 60 to 510 bases in no order.
pub(crate) fn ragged_lengths(count: usize) -> Vec<usize> {
    (0..count).map(|row| 60 + row * 7919 % 451 - 5 + 2).collect()
}

/// Rows of the ragged mix.
pub(crate) fn ragged_rows(count: usize) -> Vec<Encoding> {
    let all = rows(count, 512);
    let cut = |(mut row, length): (Encoding, usize)| {
        row.ids.truncate(length);
        row.segment_ids.truncate(length);
        row.spans.truncate(length);
        row
    };
    all.into_iter().zip(ragged_lengths(count)).map(cut).collect()
}

/// Pseudo-random DNA; what it is does not matter, only that it compresses to nothing simple.
pub(crate) fn sequence(mut state: u64, length: usize) -> Sequence {
    let mut letter = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b"ACGT"[(state >> 62) as usize])
    };
    (0..length).map(|_| letter()).collect::<String>().parse().expect("bases only")
}

/// Takes the last layer's attention of `[CLS]`.
pub(crate) struct LastCls(pub(crate) usize, pub(crate) Vec<f32>);

impl LayerSink for LastCls {
    fn wants_attention(&self, layer: usize) -> bool {
        layer == self.0
    }

    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        let [rows, heads, _, length] = weights.dims();
        let cls = weights.slice([0..rows, 0..heads, 0..1, 0..length]);
        self.1 = cls.into_data().iter::<f32>().collect();
    }
}

/// Seconds of each optimizer step.
#[derive(Default)]
struct Steps {
    ends: Vec<f64>,
}

impl Observer for Steps {
    fn step(&mut self, summary: &StepSummary) {
        self.ends.push(summary.elapsed.as_secs_f64());
    }
}

/// The seconds that each of `steps` optimizer steps takes, forward, backward and AdamW, behind a first one that does not
/// count: a classifier of this shape, batches of `count` rows.
pub(crate) fn training_steps(
    config: &BertConfig,
    device: &Device,
    [count, length]: [usize; 2],
    steps: usize,
    workers: usize,
) -> Vec<f64> {
    let model = config.sequence_classifier(1, device);
    let rows = rows(count * (steps + 1), length);
    let train: Vec<EncodedExample> = rows
        .into_iter()
        .enumerate()
        .map(|(at, encoding)| EncodedExample { encoding, label: at % 2 })
        .collect();
    let dev: Vec<EncodedExample> = train[..2].to_vec();
    let settings =
        FineTuneConfig { epochs: 1, batch_size: count, workers, ..FineTuneConfig::default() };
    let mut ends = Steps::default();
    let splits = Splits { train: &train, dev: &dev };
    fine_tune(model, splits.train, splits.dev, tokenizer().special_tokens(), &settings, &mut ends)
        .expect("a run of a few steps");
    ends.ends.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The shortest time of a product on all cores, the rows in as many blocks as there are cores. It
/// is repeated for this many seconds.
pub(crate) fn product(
    precision: Precision,
    [rows, inner, columns]: [usize; 3],
    repeat_for: f64,
) -> f64 {
    let numbers = |count: usize| (0..count).map(|at| (at % 7) as f32 - 3.0).collect::<Vec<_>>();
    let (input, values) = (numbers(rows * inner), numbers(inner * columns));
    let weights = Weights::new(&values, [inner, columns], [columns, 1], None);
    let packed = match precision {
        Precision::Bf16 => Some(PackedWeights::bf16(&weights)),
        Precision::Int8 => Some(PackedWeights::int8(&weights)),
        _ => None,
    };
    let level = Level::detected();
    let mut output = vec![0.0; rows * columns];
    let block = rows.div_ceil(rayon::current_num_threads());
    let (mut shortest, mut all) = (f64::INFINITY, 0.0);
    while all < repeat_for {
        let started = Instant::now();
        let blocks = output.par_chunks_mut(block * columns).zip(input.par_chunks(block * inner));
        blocks.for_each_init(PackedRows::default, |rows, (output, input)| match &packed {
            Some(packed) => {
                packed.pack_rows(level, input, rows);
                packed.multiply(level, rows, output, columns);
            }
            None => linear(level, input, &weights, output, columns),
        });
        let seconds = started.elapsed().as_secs_f64();
        all += seconds;
        shortest = shortest.min(seconds);
    }
    shortest
}
