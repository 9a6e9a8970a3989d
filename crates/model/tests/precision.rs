//! Packed weights give nearly the same results, wherever a network is read.
#![allow(clippy::unwrap_used, reason = "a test")]

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use dnabert_core::Encoding;
use dnabert_model::{
    Bert, BertConfig, CheckpointError, Encoder, LayerSink, MaskMode, Precision, PrecisionError,
    TokenBatch, checkpoint,
};

/// Keeps the attention weights and the states of all layers.
#[derive(Default)]
struct All(Vec<Vec<f32>>);

impl LayerSink for All {
    fn wants_attention(&self, _layer: usize) -> bool {
        true
    }
    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        self.0.push(values(weights));
    }
    fn wants_hidden(&self, _depth: usize) -> bool {
        true
    }
    fn hidden(&mut self, _depth: usize, states: Tensor<3>) {
        self.0.push(values(states));
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn config() -> BertConfig {
    BertConfig {
        hidden_size: 48,
        num_hidden_layers: 3,
        num_attention_heads: 4,
        intermediate_size: 100,
        initializer_range: 0.1,
        max_position_embeddings: 40,
        ..BertConfig::new(69)
    }
}

fn batch(lengths: &[usize]) -> TokenBatch {
    let rows: Vec<Encoding> = lengths
        .iter()
        .map(|length| {
            let mut row = Encoding::default();
            (0..*length).for_each(|place| row.push(5 + (place * 17 + length) as u32 % 60, 0, None));
            row
        })
        .collect();
    TokenBatch::from_encodings(&rows.iter().collect::<Vec<_>>(), 0, &Device::flex())
}

/// The root of the mean square of a difference over that of the expected values.
fn relative(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |value: f64| value * value;
    let lost: f64 = found.iter().zip(expected).map(|(a, b)| square(f64::from(a - b))).sum();
    (lost / expected.iter().map(|value| square(f64::from(*value))).sum::<f64>()).sqrt()
}

fn packed(network: &Bert, precision: Precision) -> Bert {
    network.clone().with_precision(precision).unwrap()
}

#[test]
fn states_and_attention_stay_close_in_every_shape() {
    let plain = config();
    let convolved = config().with_convolution(5);
    let head = BertConfig { mask_mode: MaskMode::Head, padded_length: Some(40), ..config() };
    for config in [plain, convolved, head] {
        let network = config.init(3, &Device::flex());
        let batch = batch(&[40, 7, 1, 23]);
        let mut expected = All::default();
        let output = network.encode(&batch, &mut expected);
        for (precision, limit) in [(Precision::Bf16, 0.01), (Precision::Int8, 0.02)] {
            let packed = packed(&network, precision);
            assert_eq!(packed.precision(), precision);
            let mut found = All::default();
            let again = packed.encode(&batch, &mut found);
            assert_eq!(found.0.len(), 2 * 3 + 1);
            for (found, expected) in found.0.iter().zip(&expected.0) {
                let lost = relative(found, expected);
                assert!(lost < limit, "{precision}: {lost}");
            }
            let lost = relative(&values(again.hidden), &values(output.hidden.clone()));
            assert!(lost > 1e-5 && lost < limit, "{precision}: {lost}");
            let (all, first) =
                (values(again.pooled), values(packed.encode_pooled(&batch, &mut ())));
            assert!(relative(&first, &all) < 1e-5, "{precision}: the first tokens alone");
        }
    }
}

#[test]
fn a_row_has_the_same_states_alone_and_in_a_batch() {
    let network = packed(&config().init(3, &Device::flex()), Precision::Int8);
    let all = values(network.encode(&batch(&[40, 7, 23]), &mut ()).hidden);
    let alone = values(network.encode(&batch(&[7]), &mut ()).hidden);
    // Each token has its own scale, and sums are exact.
    assert!(relative(&all[40 * 48..][..7 * 48], &alone) < 1e-6);
}

#[test]
fn the_weights_in_f32_are_dropped() {
    let network = config().init(3, &Device::flex());
    let packed = packed(&network, Precision::Int8);
    let layers = 3 * (4 * 48 * 48 + 2 * 48 * 100);
    assert!(network.num_params() - packed.num_params() >= layers);
}

#[test]
fn a_packed_network_is_not_packed_again() {
    let packed = packed(&config().init(3, &Device::flex()), Precision::Int8);
    assert!(packed.is_packed());
    let again = packed.clone().with_precision(Precision::Bf16).unwrap_err();
    let (wanted, found) = (Precision::Bf16, Precision::Int8);
    assert_eq!(again, PrecisionError::Packed { wanted, found });
    assert!(packed.with_precision(Precision::Int8).is_ok());
}

#[test]
fn what_cannot_be_packed_is_refused() {
    let device = Device::flex();
    let mosaic = BertConfig { alibi_starting_size: Some(512), ..config() };
    let error = mosaic.init(3, &device).with_precision(Precision::Int8).unwrap_err();
    assert!(error.to_string().contains("family"), "{error}");
    let error = config().init(3, &device).with_precision(Precision::F16).unwrap_err();
    assert!(error.to_string().contains("open the device with f16"), "{error}");
    let error = config().init(3, &device.autodiff()).with_precision(Precision::Int8).unwrap_err();
    assert_eq!(error, PrecisionError::Training(Precision::Int8));
}

#[test]
fn a_packed_network_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&config().init(3, &Device::flex()), Precision::Bf16);
    let error = checkpoint::save(&packed, &config(), folder.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::Packed { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[should_panic(expected = "weights in int8 are for prediction")]
fn gradients_of_packed_weights_are_refused() {
    let packed = packed(&config().init(3, &Device::flex()), Precision::Int8);
    let vectors = packed.word_vectors(batch(&[4]).ids);
    let batch = TokenBatch { word_vectors: Some(vectors), ..batch(&[4]) };
    packed.encode(&batch, &mut ());
}
