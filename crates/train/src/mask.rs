//! Masking of input tokens during fine-tuning.

use dnabert_core::{Encoding, SpecialTokens};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Returns a copy of `encoding` in which each token that covers bases becomes `[MASK]` with
/// probability `share`.
pub(crate) fn mask_tokens(
    encoding: &Encoding,
    share: f64,
    tokens: SpecialTokens,
    seed: u64,
) -> Encoding {
    let mut masked = encoding.clone();
    if share > 0.0 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for (id, span) in masked.ids.iter_mut().zip(&encoding.spans) {
            if span.is_some() && random.random_bool(share) {
                *id = tokens.mask;
            }
        }
    }
    masked
}
