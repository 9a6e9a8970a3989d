//! Properties that hold for any weights.

use burn::tensor::{Device, Tensor};
use dnabert_core::Encoding;
use dnabert_model::{Bert, BertConfig, Encoder, LayerSink, TokenBatch};

fn config() -> BertConfig {
    BertConfig {
        hidden_size: 12,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 24,
        max_position_embeddings: 32,
        initializer_range: 0.5, // large, so that attention is far from uniform
        ..BertConfig::new(69)
    }
}

/// The same shape in both families (DNABERT and DNABERT-2) and with a convolution.
fn families() -> [BertConfig; 3] {
    let alibi = BertConfig { alibi_starting_size: Some(8), ..config() };
    [config(), alibi, config().with_convolution(5)]
}

fn row(ids: &[u32]) -> Encoding {
    let mut row = Encoding::default();
    ids.iter().for_each(|&id| row.push(id, 0, None));
    row
}

fn hidden(bert: &Bert, batch: &TokenBatch) -> Tensor<3> {
    bert.encode(batch, &mut ()).hidden
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn padding_changes_nothing_for_real_tokens() {
    let device = Device::flex();
    let short = row(&[2, 9, 33, 12, 3]);
    let long = row(&[2, 40, 41, 42, 43, 44, 45, 46, 3]);
    let alone = TokenBatch::from_encodings(&[&short], 0, &device);
    let padded = TokenBatch::from_encodings(&[&long, &short], 0, &device);
    assert!(alone.mask.is_none() && padded.mask.is_some());
    for config in families() {
        let bert = config.init(1, &device);
        let alone = values(hidden(&bert, &alone));
        let in_company = values(hidden(&bert, &padded).slice([1..2, 0..5]));
        assert!(largest_difference(&alone, &in_company) < 1e-5);
    }
}

#[test]
fn rows_do_not_see_each_other_and_order_matters_within_them() {
    let device = Device::flex();
    let rows = [row(&[2, 9, 33, 3]), row(&[2, 33, 9, 3])];
    let batch = |rows: &[&Encoding]| TokenBatch::from_encodings(rows, 0, &device);
    for config in families() {
        let bert = config.init(1, &device);
        let forward = values(hidden(&bert, &batch(&[&rows[0], &rows[1]])));
        let swapped = values(hidden(&bert, &batch(&[&rows[1], &rows[0]])));
        let half = forward.len() / 2;
        assert!(largest_difference(&forward[..half], &swapped[half..]) < 1e-5);
        assert!(largest_difference(&forward[..half], &forward[half..]) > 0.1);
    }
}

/// The sums of the attention rows of one layer.
struct Sums {
    layer: usize,
    sums: Vec<f32>,
}

impl LayerSink for Sums {
    fn wants_attention(&self, layer: usize) -> bool {
        layer == self.layer
    }
    fn attention(&mut self, layer: usize, weights: Tensor<4>) {
        assert_eq!(layer, self.layer, "only what was asked for");
        assert_eq!(weights.dims(), [2, 3, 9, 9]);
        let padding = values(weights.clone().slice([1..2, 0..3, 0..9, 5..9]));
        assert!(padding.iter().all(|&weight| weight == 0.0), "padding gets no attention");
        // Rows of padding are undefined.
        let sums = weights.sum_dim(3);
        self.sums = values(sums.clone().slice([0..1, 0..3, 0..9]));
        self.sums.extend(values(sums.slice([1..2, 0..3, 0..5])));
    }
}

#[test]
fn attention_rows_sum_to_one_and_leave_padding_out() {
    let device = Device::flex();
    let rows = [row(&[2, 40, 41, 42, 43, 44, 45, 46, 3]), row(&[2, 9, 33, 12, 3])];
    let batch = TokenBatch::from_encodings(&[&rows[0], &rows[1]], 0, &device);
    for config in families() {
        let mut sink = Sums { layer: 1, sums: Vec::new() };
        config.init(1, &device).encode(&batch, &mut sink);
        assert_eq!(sink.sums.len(), 3 * (9 + 5));
        assert!(sink.sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
    }
}

#[test]
fn a_seed_fixes_the_weights_and_biases_start_at_zero() {
    let device = Device::flex();
    for config in families() {
        let draw = |seed| dnabert_model::checkpoint::tensors(&config.init(seed, &device));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        for tensor in draw(1) {
            let zero = tensor.values.iter().all(|&value| value == 0.0);
            assert_eq!(zero, tensor.name.ends_with("bias"), "{}", tensor.name);
        }
    }
}

#[test]
#[should_panic(expected = "33 tokens, but the model has 32 positions")]
fn a_row_longer_than_the_positions_is_refused() {
    let device = Device::flex();
    let long = row(&[5; 33]);
    let batch = TokenBatch::from_encodings(&[&long], 0, &device);
    hidden(&config().init(1, &device), &batch);
}

#[test]
fn linear_biases_know_no_longest_row() {
    let device = Device::flex();
    let [_, config, _] = families();
    let batch = TokenBatch::from_encodings(&[&row(&[5; 100])], 0, &device);
    assert_eq!(hidden(&config.init(1, &device), &batch).dims(), [1, 100, 12]);
}

/// Takes the attention weights of the last layer.
#[derive(Default)]
struct LastAttention(Vec<f32>);

impl LayerSink for LastAttention {
    fn wants_attention(&self, layer: usize) -> bool {
        layer == 1
    }
    fn attention(&mut self, _layer: usize, weights: Tensor<4>) {
        self.0 = values(weights);
    }
}

#[test]
fn the_pooled_states_alone_are_those_of_a_whole_pass() {
    let device = Device::flex();
    let rows = [row(&[2, 9, 33, 12, 3]), row(&[2, 40, 41, 42, 43, 44, 45, 46, 3])];
    let batch = TokenBatch::from_encodings(&rows.each_ref(), 0, &device);
    for config in families() {
        for bert in [config.init(1, &device), config.init(1, &device).without_pooler()] {
            let whole = values(bert.encode(&batch, &mut ()).pooled);
            let alone = values(bert.encode_pooled(&batch, &mut ()));
            assert!(largest_difference(&whole, &alone) < 1e-5);
            let mut sink = LastAttention::default();
            let watched = values(bert.encode_pooled(&batch, &mut sink));
            assert!(largest_difference(&whole, &watched) < 1e-5);
            assert_eq!(sink.0.len(), 2 * 3 * 9 * 9, "weights of all queries");
        }
    }
}
