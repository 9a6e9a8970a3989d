//! The embedder's vectors for tokens, bases and sequences, from raw sequences.

use dnabert::core::{Sequence, Tokenizer};
use dnabert::kmer::{AmbiguityPolicy, LengthPolicy};
use dnabert::model::Pooling;
use dnabert::{Embedder, SequenceReader};

use super::open;
use crate::ledger::{Ledger, Tolerance};
use crate::place::{device, in_precision};
use crate::tokens::{items, json, tokenizer};

pub(super) fn compare(ledger: &mut Ledger) {
    let Some((checkpoint, io)) = open(ledger, "k3_cls", "model.safetensors") else {
        return;
    };
    let file = "io/k3_cls.safetensors";
    let cases = json(ledger, "io/k3_cls_inputs.json");
    let Some(length) = cases["max_seq_length"].as_u64().map(|length| length as usize) else {
        return;
    };
    let device = device();
    let Some(encoder) = ledger.attempt(file, checkpoint.encoder(&device)) else {
        return;
    };
    let tokenizer = tokenizer(3, None)
        .with_length(LengthPolicy::Truncate(length))
        .with_ambiguity(AmbiguityPolicy::Unknown);
    let embedder = Embedder::new(
        in_precision(encoder).without_pooler(),
        SequenceReader::new(tokenizer, length, device),
    );
    let width = embedder.hidden_size();
    let states = io.get("last_hidden_state").values.chunks(length * width);
    for (text, states) in items(&cases["sequences"]).iter().zip(states) {
        let sequence: Sequence = text.as_str().unwrap().parse().unwrap();
        let row = embedder.tokenizer().encode(&sequence).unwrap();
        let states = &states[..row.len() * width];

        let mut found: Vec<f32> = Vec::new();
        embedder.tokens(&sequence, |tokens| found.extend(&tokens.states)).unwrap();
        let expected = states.iter().copied();
        ledger.compare(file, "embedded tokens", found, expected, Tolerance::HIDDEN);

        let mut found: Vec<f32> = Vec::new();
        let mut expected = Vec::new();
        let mut bases = Vec::new();
        embedder
            .bases(&sequence, |base, vector| {
                if let Some(vector) = vector {
                    bases.push(base);
                    found.extend_from_slice(vector);
                }
            })
            .unwrap();
        for base in bases {
            let covers =
                |place: &usize| row.spans[*place].clone().is_some_and(|s| s.contains(&base));
            let places: Vec<usize> = (0..row.len()).filter(covers).collect();
            expected.extend((0..width).map(|unit| {
                let sum: f64 = places.iter().map(|place| states[place * width + unit]).sum();
                sum / places.len() as f64
            }));
        }
        ledger.compare(file, "embedded bases", found, expected, Tolerance::HIDDEN);

        let mean = |unit| states.iter().skip(unit).step_by(width).sum::<f64>() / row.len() as f64;
        let max = |unit| states.iter().skip(unit).step_by(width).copied().fold(f64::MIN, f64::max);
        for (pooling, expected) in [
            (Pooling::Cls, states[..width].to_vec()),
            (Pooling::Mean, (0..width).map(mean).collect()),
            (Pooling::Max, (0..width).map(max).collect()),
        ] {
            let found = embedder.sequences(std::slice::from_ref(&sequence), pooling).unwrap();
            let name = "embedded sequences";
            ledger.compare(file, name, found.concat(), expected, Tolerance::HIDDEN);
        }
    }
}
