//! Toy rows and a toy network for all training tests.

use dnabert_core::{Encoding, SpecialTokens, derive_seed};
use dnabert_model::BertConfig;

pub(crate) const SPECIAL: SpecialTokens = SpecialTokens { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 };

/// `[CLS] ids [SEP]`.
pub(crate) fn row(ids: &[u32]) -> Encoding {
    let mut encoding = Encoding::default();
    encoding.push(SPECIAL.cls, 0, None);
    for (place, &id) in ids.iter().enumerate() {
        encoding.push(id, 0, Some(place..place + 3));
    }
    encoding.push(SPECIAL.sep, 0, None);
    encoding
}

/// A pseudo-random number below `below` that depends on `salt` and `place`.
pub(crate) fn random(salt: u64, place: [u64; 2], below: u64) -> u64 {
    derive_seed(salt, &place) % below
}

/// A config with two layers of width 12 and 40 ids.
pub(crate) fn config(dropout: f64) -> BertConfig {
    BertConfig {
        hidden_size: 12,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 24,
        max_position_embeddings: 16,
        hidden_dropout_prob: dropout,
        attention_probs_dropout_prob: dropout,
        ..BertConfig::new(40)
    }
}
