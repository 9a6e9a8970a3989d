//! Networks: hidden states, attention, logits and losses.

mod dnabert2;
mod embed;
mod long;

use burn::tensor::{Int, Tensor, TensorData};
use dnabert::Device;
use dnabert::model::checkpoint::tensors;
use dnabert::model::{
    Checkpoint, Encoder, LayerSink, MaskMode, MaskedLanguageModel, MlmBias, TokenBatch,
};
use dnabert::train::weighted_cross_entropy;

use crate::arrays::Arrays;
use crate::ledger::{Ledger, Tolerance};
use crate::place::{device, in_precision};
use crate::tokens::{encode, items, json, numbers, tokenizer};

pub(crate) fn compare(ledger: &mut Ledger) {
    for weights in [
        "model.safetensors",
        "pytorch_model.bin",
        "pytorch_model_legacy.bin",
        "pytorch_model_gamma_beta.bin",
    ] {
        masked_language_model(ledger, "k3_mlm", weights);
        same_network(ledger, "k3_mlm", weights, Tolerance::EXACT);
    }
    same_network(ledger, "k3_mlm", "model_fp16.safetensors", Tolerance::HALF);
    masked_language_model(ledger, "k6_mlm", "pytorch_model.bin");
    for model in ["k3_cls", "k4_splice3", "k3_reg"] {
        sequence_classifier(ledger, model);
    }
    token_classifier(ledger, "k3_tokcls");
    for model in ["k3_long_lstm", "k3_long_gru", "k3_longcat"] {
        long::compare(ledger, model);
    }
    dnabert2::compare(ledger);
    embed::compare(ledger);
}

/// One network of each family.
pub(crate) fn compare_small(ledger: &mut Ledger) {
    sequence_classifier(ledger, "k3_cls");
    dnabert2::compare(ledger);
}

/// The tensor's values as f64.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The batch that a file's arrays describe, segment ids from the array `segments`, if any.
pub(crate) fn batch(io: &Arrays, segments: Option<&str>, device: &Device) -> TokenBatch {
    let ids = io.get("input_ids");
    let [rows, length] = ids.shape[..] else { panic!("ids of two dimensions") };
    let segments = segments.map_or_else(|| vec![0; rows * length], |name| io.ints(name));
    let mask = io.get("attention_mask").values.iter().map(|&value| value as f32).collect();
    TokenBatch::from_rows([rows, length], io.ints("input_ids"), segments, mask, device)
}

/// Keeps the rows of `width` values whose token is real.
fn real(all: &[f64], mask: &[f64], width: usize) -> Vec<f64> {
    let rows = all.chunks(width).zip(mask.iter().cycle());
    rows.filter(|(_, real)| **real == 1.0).flat_map(|(row, _)| row.iter().copied()).collect()
}

/// Takes everything that leaves the encoder.
#[derive(Default)]
struct Everything {
    hidden: Vec<Vec<f64>>,
    attention: Vec<Vec<f64>>,
}

impl LayerSink for Everything {
    fn wants_attention(&self, _: usize) -> bool {
        true
    }
    fn attention(&mut self, layer: usize, weights: Tensor<4>) {
        assert_eq!(layer, self.attention.len());
        self.attention.push(values(weights));
    }
    fn wants_hidden(&self, _: usize) -> bool {
        true
    }
    fn hidden(&mut self, depth: usize, states: Tensor<3>) {
        assert_eq!(depth, self.hidden.len());
        self.hidden.push(values(states));
    }
}

/// Opens a checkpoint and its arrays; failures are noted.
fn open(ledger: &mut Ledger, model: &str, weights: &str) -> Option<(Checkpoint, Arrays)> {
    open_at(ledger, &format!("models/{model}"), weights, &format!("io/{model}.safetensors"))
}

fn open_at(
    ledger: &mut Ledger,
    folder: &str,
    weights: &str,
    arrays: &str,
) -> Option<(Checkpoint, Arrays)> {
    let checkpoint = Checkpoint::open_file(ledger.path(folder), weights);
    let checkpoint = ledger.attempt(&format!("{folder}/{weights}"), checkpoint)?;
    let arrays = ledger.attempt(arrays, Arrays::read(&ledger.path(arrays)))?;
    Some((checkpoint, arrays))
}

/// One comparison is booked for the weights and for the arrays.
struct Pair<'a> {
    ledger: &'a mut Ledger,
    weights: String,
    arrays: String,
}

impl Pair<'_> {
    fn compare(&mut self, name: &str, found: &[f64], expected: &[f64], tolerance: Tolerance) {
        for file in [&self.weights, &self.arrays] {
            let (found, expected) = (found.iter().copied(), expected.iter().copied());
            self.ledger.compare(file, name, found, expected, tolerance);
        }
    }

    fn all_were_asked_for(&mut self, io: &Arrays, ignored: &[&str]) {
        for name in io.forgotten(ignored) {
            self.ledger.fail(&self.arrays, format!("{name} was not compared"));
        }
    }
}

fn pair<'a>(ledger: &'a mut Ledger, model: &str, weights: &str) -> Pair<'a> {
    let arrays = format!("io/{model}.safetensors");
    Pair { ledger, weights: format!("models/{model}/{weights}"), arrays }
}

fn masked_language_model(ledger: &mut Ledger, model: &str, weights: &str) {
    let Some((mut checkpoint, io)) = open(ledger, model, weights) else {
        return;
    };
    let device = device();
    let weights_file = format!("models/{model}/{weights}");
    let batch = batch(&io, None, &device);
    let mask = io.get("attention_mask").values.clone();
    let [_, length] = batch.dims();

    let Some(mut network) =
        ledger.attempt(&weights_file, checkpoint.masked_language_model(&device))
    else {
        return;
    };
    network.encoder = in_precision(network.encoder);
    let mut inner = Everything::default();
    let output = network.encoder.encode(&batch, &mut inner);
    let [_, _, width] = output.hidden.dims();
    let mut pair = pair(ledger, model, weights);
    for (depth, found) in inner.hidden.iter().enumerate() {
        let name = format!("hidden_states.{depth}");
        let expected = real(&io.get(&name).values, &mask, width);
        pair.compare(&name, &real(found, &mask, width), &expected, Tolerance::HIDDEN);
    }
    for (layer, found) in inner.attention.iter().enumerate() {
        // rows of keys, one for each batch row, head and query
        let name = format!("attentions.{layer}");
        let heads = checkpoint.config().num_attention_heads;
        let queries: Vec<f64> = mask.chunks(length).flat_map(|row| row.repeat(heads)).collect();
        let expected = real(&io.get(&name).values, &queries, length);
        pair.compare(&name, &real(found, &queries, length), &expected, Tolerance::ATTENTION);
    }
    let pooled = values(output.pooled);
    pair.compare("pooler_output", &pooled, &io.get("pooler_output").values, Tolerance::HIDDEN);

    mlm_head(&mut pair, &network, output.hidden, &io, "", &device);
    checkpoint.config_mut().mlm_bias = MlmBias::Double;
    let mut double = checkpoint.masked_language_model(&device).expect("as before");
    double.encoder = in_precision(double.encoder);
    let hidden = double.encoder.encode(&batch, &mut ()).hidden;
    mlm_head(&mut pair, &double, hidden, &io, "_ref_double_bias", &device);

    checkpoint.config_mut().mask_mode = MaskMode::Head;
    checkpoint.config_mut().padded_length = Some(length);
    let legacy = in_precision(checkpoint.encoder(&device).expect("as before"));
    let found = real(&values(legacy.encode(&batch, &mut ()).hidden), &mask, width);
    let name = "last_hidden_state_headmask";
    pair.compare(name, &found, &real(&io.get(name).values, &mask, width), Tolerance::HIDDEN);

    // The masked input differs from the original where there is a label, which is the original.
    let (ids, labels) = (io.ints("input_ids"), io.ints("labels"));
    let restored: Vec<f64> = ids
        .iter()
        .zip(&labels)
        .map(|(&id, &label)| f64::from(if label == -100 { id } else { label }))
        .collect();
    let original = io.get("input_ids_original").values.clone();
    pair.compare("input_ids_original", &restored, &original, Tolerance::EXACT);
    pair.all_were_asked_for(&io, &[]);
}

/// The weights of another file of the same network, tensor by tensor.
fn same_network(ledger: &mut Ledger, model: &str, weights: &str, tolerance: Tolerance) {
    let file = format!("models/{model}/{weights}");
    let network = |weights| {
        Checkpoint::open_file(ledger.path(&format!("models/{model}")), weights)
            .and_then(|checkpoint| checkpoint.masked_language_model(&device()))
    };
    let (expected, found) = (network("model.safetensors"), network(weights));
    let Some(expected) = ledger.attempt(&file, expected) else {
        return;
    };
    let Some(found) = ledger.attempt(&file, found) else {
        return;
    };
    for (found, expected) in tensors(&found).into_iter().zip(tensors(&expected)) {
        ledger.compare_text(&file, "tensor", &found.name, &expected.name);
        let name = format!("weights {}", found.name);
        ledger.compare(&file, &name, found.values, expected.values, tolerance);
    }
}

fn mlm_head(
    pair: &mut Pair<'_>,
    network: &MaskedLanguageModel,
    hidden: Tensor<3>,
    io: &Arrays,
    suffix: &str,
    device: &Device,
) {
    let [rows, length, width] = hidden.dims();
    let hidden = hidden.reshape([rows * length, width]);
    let at = |places: &[i32]| {
        let count = places.len();
        let places = TensorData::new(places.to_vec(), [count]);
        network.predict(hidden.clone().select(0, Tensor::<1, Int>::from_data(places, device)))
    };

    // Logits of real tokens, or at the positions that the file lists.
    let name = format!("mlm_logits{suffix}");
    if io.has(&name) {
        let mask = &io.get("attention_mask").values;
        let places: Vec<i32> =
            (0..mask.len()).filter(|&place| mask[place] == 1.0).map(|place| place as i32).collect();
        let found = at(&places);
        let [_, vocabulary] = found.dims();
        let expected = real(&io.get(&name).values, mask, vocabulary);
        pair.compare(&name, &values(found), &expected, Tolerance::LOGITS);
    } else {
        let name = format!("mlm_logits_at_positions{suffix}");
        let positions = io.ints("logit_positions");
        let places: Vec<i32> =
            positions.chunks(2).map(|place| place[0] * length as i32 + place[1]).collect();
        pair.compare(&name, &values(at(&places)), &io.get(&name).values, Tolerance::LOGITS);
    }

    let (places, targets) = masked(&io.ints("labels"));
    let loss = mean_loss(at(&places), targets, device);
    let name = format!("mlm_loss{suffix}");
    pair.compare(&name, &loss, &io.get(&name).values, Tolerance::LOSS);
}

/// The flat places that have a label, and the labels.
fn masked(labels: &[i32]) -> (Vec<i32>, Vec<i32>) {
    let labelled = labels.iter().enumerate().filter(|(_, label)| **label != -100);
    labelled.map(|(place, &label)| (place as i32, label)).unzip()
}

fn mean_loss(scores: Tensor<2>, targets: Vec<i32>, device: &Device) -> Vec<f64> {
    let count = targets.len();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [count]), device);
    let weights = Tensor::full([count], 1.0 / count as f64, device);
    values(weighted_cross_entropy(scores, targets, weights))
}

/// The `[CLS]` query of the last layer, `[batch, heads, key]`.
struct LastClsRow {
    last: usize,
    rows: Vec<f64>,
}

impl LayerSink for LastClsRow {
    fn wants_attention(&self, layer: usize) -> bool {
        layer == self.last
    }
    fn attention(&mut self, _: usize, weights: Tensor<4>) {
        let [batch, heads, _, keys] = weights.dims();
        self.rows = values(weights.slice([0..batch, 0..heads, 0..1, 0..keys]));
    }
}

fn sequence_classifier(ledger: &mut Ledger, model: &str) {
    let weights = "model.safetensors";
    inputs(ledger, model);
    let Some((mut checkpoint, io)) = open(ledger, model, weights) else {
        return;
    };
    let device = device();
    let weights_file = format!("models/{model}/{weights}");
    let Some(mut network) = ledger.attempt(&weights_file, checkpoint.sequence_classifier(&device))
    else {
        return;
    };
    network.encoder = in_precision(network.encoder);
    let last = checkpoint.config().num_hidden_layers - 1;
    let plain = batch(&io, None, &device);
    let split = batch(&io, Some("token_type_ids_split"), &device);
    let mask = io.get("attention_mask").values.clone();
    let mut pair = pair(ledger, model, weights);

    let mut sink = LastClsRow { last, rows: Vec::new() };
    let output = network.encoder.encode(&plain, &mut sink);
    let [_, _, width] = output.hidden.dims();
    let pooled = values(output.pooled.clone());
    pair.compare("pooler_output", &pooled, &io.get("pooler_output").values, Tolerance::HIDDEN);
    if io.has("last_hidden_state") {
        let expected = real(&io.get("last_hidden_state").values, &mask, width);
        let found = real(&values(output.hidden), &mask, width);
        pair.compare("last_hidden_state", &found, &expected, Tolerance::HIDDEN);
        let name = "attentions_last_cls_row";
        pair.compare(name, &sink.rows, &io.get(name).values, Tolerance::ATTENTION);
    }
    let logits = network.classify(output.pooled);
    let found = values(logits.clone());
    pair.compare("logits", &found, &io.get("logits").values, Tolerance::LOGITS);
    if checkpoint.config().labels() > 1 {
        let probabilities = values(burn::tensor::activation::softmax(logits, 1));
        let expected = &io.get("probs").values;
        pair.compare("probs", &probabilities, expected, Tolerance::PROBABILITY);
    }
    let found = values(network.forward(&split, &mut ()));
    let name = "logits_segment_split";
    pair.compare(name, &found, &io.get(name).values, Tolerance::LOGITS);

    if io.has("logits_headmask") {
        checkpoint.config_mut().mask_mode = MaskMode::Head;
        let [_, length] = plain.dims();
        checkpoint.config_mut().padded_length = Some(length);
        let mut legacy = checkpoint.sequence_classifier(&device).expect("as before");
        legacy.encoder = in_precision(legacy.encoder);
        let mut sink = LastClsRow { last, rows: Vec::new() };
        let found = values(legacy.forward(&plain, &mut sink));
        let name = "logits_headmask";
        pair.compare(name, &found, &io.get(name).values, Tolerance::LOGITS);
        if io.has("attentions_last_cls_row_headmask") {
            let name = "attentions_last_cls_row_headmask";
            pair.compare(name, &sink.rows, &io.get(name).values, Tolerance::ATTENTION);
        }
    }
    if model == "k3_cls" {
        return; // its loss, labels and gradients are compared with the training trace
    }
    // `probs` of a regression mean nothing; labels are compared with the inputs.
    pair.all_were_asked_for(&io, &["probs", "labels"]);
}

fn token_classifier(ledger: &mut Ledger, model: &str) {
    let weights = "model.safetensors";
    inputs(ledger, model);
    let Some((checkpoint, io)) = open(ledger, model, weights) else {
        return;
    };
    let device = device();
    let weights_file = format!("models/{model}/{weights}");
    let Some(mut network) = ledger.attempt(&weights_file, checkpoint.token_classifier(&device))
    else {
        return;
    };
    network.encoder = in_precision(network.encoder);
    let mask = io.get("attention_mask").values.clone();
    let labels = checkpoint.config().labels();
    let mut pair = pair(ledger, model, weights);
    for (name, segments) in
        [("logits", None), ("logits_segment_split", Some("token_type_ids_split"))]
    {
        let found = values(network.forward(&batch(&io, segments, &device), &mut ()));
        let expected = real(&io.get(name).values, &mask, labels);
        pair.compare(name, &real(&found, &mask, labels), &expected, Tolerance::LOGITS);
    }
    pair.all_were_asked_for(&io, &["labels"]);
}

/// The token ids that the tokenizer makes of the raw sequences, and the labels.
fn inputs(ledger: &mut Ledger, model: &str) {
    let file = format!("io/{model}_inputs.json");
    let cases = json(ledger, &file);
    let io = Arrays::read(&ledger.path(&format!("io/{model}.safetensors")));
    let Some(io) = ledger.attempt(&file, io) else {
        return;
    };
    let Some(k) = cases["k"].as_u64() else { return };
    let length = cases["max_seq_length"].as_u64().unwrap() as usize;
    let tokenizer = tokenizer(k as usize, Some(length));
    for (sequence, expected) in
        items(&cases["sequences"]).iter().zip(io.get("input_ids").values.chunks(length))
    {
        let mut found = encode(&tokenizer, sequence.as_str().unwrap());
        found.resize(length, 0);
        let expected = expected.iter().copied();
        ledger.compare(&file, "input_ids", found, expected, Tolerance::EXACT);
    }
    if model != "k3_tokcls" {
        let expected = io.get("labels").values.iter().copied();
        let tolerance = Tolerance::absolute(1e-7); // the JSON holds decimals of an f32
        ledger.compare(&file, "labels", numbers(&cases["labels"]), expected, tolerance);
    }
}
