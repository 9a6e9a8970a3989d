//! Hiding input tokens while fine-tuning.

use dnabert_core::SpecialTokens;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::EncodedExample;

/// A copy of `example` in which each token that covers bases is `[MASK]` with probability `share`.
pub(crate) fn mask_tokens(
    example: &EncodedExample,
    share: f64,
    tokens: SpecialTokens,
    seed: u64,
) -> EncodedExample {
    let mut masked = example.clone();
    if share > 0.0 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for (id, span) in masked.encoding.ids.iter_mut().zip(&example.encoding.spans) {
            if span.is_some() && random.random_bool(share) {
                *id = tokens.mask;
            }
        }
    }
    masked
}
