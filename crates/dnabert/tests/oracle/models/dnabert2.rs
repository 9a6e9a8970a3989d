//! DNABERT-2: linear position biases, gated feed-forward blocks, states of padding.

use dnabert::model::{AttentionBias, Encoder, MaskedLanguageModel, TokenBatch};

use super::{Everything, Pair, batch, masked, mean_loss, open_at, real, values};
use crate::arrays::Arrays;
use crate::ledger::{Ledger, Tolerance};
use crate::place::device;

const FOLDER: &str = "dnabert2";
const ARRAYS: &str = "dnabert2/io.safetensors";

pub(super) fn compare(ledger: &mut Ledger) {
    let weights = "model.safetensors";
    let Some((checkpoint, io)) = open_at(ledger, FOLDER, weights, ARRAYS) else {
        return;
    };
    let device = device();
    let file = format!("{FOLDER}/{weights}");
    let network = checkpoint.masked_language_model(&device);
    let Some(network) = ledger.attempt(&file, network) else {
        return;
    };
    let mut pair = Pair { ledger, weights: file, arrays: ARRAYS.to_owned() };
    let rows = batch(&io, None, &device);
    encoder(&mut pair, &network, &rows, &io);
    masked_language_model(&mut pair, &network, &rows, &io);

    let weights = "model_cls.safetensors";
    let Some((checkpoint, _)) = open_at(ledger, FOLDER, weights, ARRAYS) else {
        return;
    };
    let file = format!("{FOLDER}/{weights}");
    let Some(network) = ledger.attempt(&file, checkpoint.sequence_classifier(&device)) else {
        return;
    };
    let mut pair = Pair { ledger, weights: file, arrays: ARRAYS.to_owned() };
    let pooled = network.pool(&rows, &mut ());
    let found = values(pooled.clone());
    pair.compare("cls_pooler", &found, &io.get("cls_pooler").values, Tolerance::HIDDEN);
    let found = values(network.forward(&rows, &mut ()));
    pair.compare("cls_logits", &found, &io.get("cls_logits").values, Tolerance::LOGITS);
    pair.all_were_asked_for(&io, &[]);
}

fn encoder(pair: &mut Pair<'_>, network: &MaskedLanguageModel, rows: &TokenBatch, io: &Arrays) {
    let name = "alibi_bias_row0"; // of the first query
    let expected = io.get(name);
    let [heads, length] = expected.shape[..] else { panic!("a row for each head") };
    let bias = AttentionBias::linear_biases(heads, length, &device());
    let found = values(bias.narrow(2, 0, 1));
    pair.compare(name, &found, &expected.values, Tolerance::POSITION_BIAS);

    let mask = &io.get("attention_mask").values;
    let mut inner = Everything::default();
    let output = network.encoder.encode(rows, &mut inner);
    let [_, _, width] = output.hidden.dims();
    for (layer, found) in inner.hidden.iter().skip(1).enumerate() {
        let name = format!("layer_out_unpadded.{layer}");
        let found = real(found, mask, width);
        pair.compare(&name, &found, &io.get(&name).values, Tolerance::HIDDEN);
    }
    // Padding comes back as zeros, so that all rows are compared.
    let name = "last_hidden_state";
    pair.compare(name, &values(output.hidden), &io.get(name).values, Tolerance::HIDDEN);
}

fn masked_language_model(
    pair: &mut Pair<'_>,
    network: &MaskedLanguageModel,
    rows: &TokenBatch,
    io: &Arrays,
) {
    let found = values(network.forward(rows, &mut ()));
    let name = "mlm_logits"; // of the rows without [MASK]
    pair.compare(name, &found, &io.get(name).values, Tolerance::LOGITS);

    let ids = io.ints("mlm_input_ids");
    let mask = io.get("attention_mask").values.iter().map(|&value| value as f32).collect();
    let (shape, device) = (rows.dims(), device());
    let segments = vec![0; ids.len()];
    let rows = TokenBatch::from_rows(shape, ids, segments, mask, &device);
    let scores = network.forward(&rows, &mut ());
    let [rows, length, vocabulary] = scores.dims();
    let (places, targets) = masked(&io.ints("mlm_labels"));
    let places = burn::tensor::TensorData::new(places, [targets.len()]);
    let places = burn::tensor::Tensor::from_data(places, &device);
    let scores = scores.reshape([rows * length, vocabulary]).select(0, places);
    let loss = mean_loss(scores, targets, &device);
    pair.compare("mlm_loss", &loss, &io.get("mlm_loss").values, Tolerance::LOSS);
}
