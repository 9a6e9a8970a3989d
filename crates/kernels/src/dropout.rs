//! Dropout masks of several rows, drawn side by side.

use crate::level::for_each_level;
use crate::math::Arithmetic;

/// The elements that dropout keeps.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// 1 for an element that is kept, 0 for one that is dropped.
    pub mask: &'a [u8],
    /// The factor of elements that are kept.
    pub factor: f32,
}

/// The number of generators that run side by side.
const LANES: usize = 8;

#[inline(always)]
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

#[inline(always)]
fn draw_body<A: Arithmetic>(seeds: &[u64], threshold: u32, mask: &mut [u8]) {
    if seeds.is_empty() {
        return;
    }
    let width = mask.len() / seeds.len();
    assert_eq!(width * seeds.len(), mask.len(), "rows of equal length");
    for (seeds, rows) in seeds.chunks(LANES).zip(mask.chunks_mut((LANES * width).max(1))) {
        // Lanes without a row draw what nobody reads.
        let mut states = [1_u64; LANES];
        for (state, seed) in states.iter_mut().zip(seeds) {
            *state = seed | u64::from(*seed == 0); // xorshift cannot leave the state 0
        }
        for at in (0..width).step_by(2) {
            let mut pairs = [[0_u8; 2]; LANES];
            for (state, pair) in states.iter_mut().zip(&mut pairs) {
                let word = next(state);
                *pair = [word as u32, (word >> 32) as u32].map(|half| u8::from(half >= threshold));
            }
            for (row, pair) in rows.chunks_exact_mut(width).zip(pairs) {
                let count = 2.min(width - at);
                row[at..at + count].copy_from_slice(&pair[..count]);
            }
        }
    }
}

for_each_level! {
    /// Draws a mask for each row: 0 where a random 32-bit number is less than `threshold`, else 1.
    ///
    /// The numbers of a row depend on its seed alone. They are the lower, then the upper halves of
    /// the words of xorshift64* (Vigna 2016, doi 10.1145/2845077): fast, and good enough for masks.
    ///
    /// # Shapes
    ///
    /// - `seeds`: `[rows]`
    /// - `mask`: `[rows, elements]`
    ///
    /// # Panics
    ///
    /// If `mask` is not a whole number of elements for each row.
    pub fn draw_mask(seeds: &[u64], threshold: u32, mask: &mut [u8]) = draw_body
}

#[inline(always)]
fn drop_body<A: Arithmetic>(values: &mut [f32], kept: Kept<'_>) {
    for (value, mask) in values.iter_mut().zip(kept.mask) {
        *value *= f32::from(*mask) * kept.factor;
    }
}

for_each_level! {
    /// Multiplies the elements that are kept by the factor, and the others by 0.
    pub fn apply_mask(values: &mut [f32], kept: Kept<'_>) = drop_body
}
