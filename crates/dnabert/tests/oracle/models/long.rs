//! DNABERT's heads over chunks of a long sequence.

use dnabert::core::{Sequence, Tokenizer};
use dnabert::kmer::LengthPolicy;
use dnabert::model::MaskMode;

use super::{batch, open, pair, values};
use crate::arrays::Arrays;
use crate::ledger::{Ledger, Tolerance};
use crate::place::{device, in_precision};
use crate::tokens::{items, json, tokenizer};

pub(super) fn compare(ledger: &mut Ledger, model: &str) {
    let weights = "model.safetensors";
    let Some((mut checkpoint, io)) = open(ledger, model, weights) else {
        return;
    };
    inputs(ledger, &io);
    let device = device();
    let batch = batch(&io, None, &device);
    let chunk = checkpoint.config().max_tokens().unwrap();
    for (mode, suffix) in [(MaskMode::Padding, ""), (MaskMode::Head, "_headmask")] {
        checkpoint.config_mut().mask_mode = mode;
        let weights_file = format!("models/{model}/{weights}");
        let network = checkpoint.sequence_classifier(&device);
        let Some(mut network) = ledger.attempt(&weights_file, network) else {
            return;
        };
        network.encoder = in_precision(network.encoder);
        let mut pair = pair(ledger, model, weights);
        let name = format!("chunk_pooled{suffix}");
        let found = values(network.pool(&batch.chunks(chunk), &mut ()));
        pair.compare(&name, &found, &io.get(&name).values, Tolerance::HIDDEN);
        let name = format!("logits{suffix}");
        let found = values(network.forward(&batch, &mut ()));
        pair.compare(&name, &found, &io.get(&name).values, Tolerance::LOGITS);
    }
    pair(ledger, model, weights).all_were_asked_for(&io, &[]);
}

/// The rows that the tokenizer makes of the long sequences.
fn inputs(ledger: &mut Ledger, io: &Arrays) {
    let file = "io/k3_long_inputs.json";
    let cases = json(ledger, file);
    let Some(length) = cases["max_seq_length"].as_u64() else { return };
    let maximum = LengthPolicy::Truncate(length as usize);
    let tokenizer = tokenizer(3, None).with_length(maximum).with_pieces();
    let rows = io.get("input_ids").values.chunks(length as usize);
    for (text, expected) in items(&cases["sequences"]).iter().zip(rows) {
        let sequence: Sequence = text.as_str().unwrap().parse().unwrap();
        let mut found = tokenizer.encode(&sequence).unwrap().ids;
        found.resize(length as usize, 0);
        let expected = expected.iter().copied();
        ledger.compare(file, "input_ids", found, expected, Tolerance::EXACT);
    }
}
