//! Softmax of a row.

use crate::level::for_each_level;
use crate::math::{self, Arithmetic};

/// The number of partial maxima and sums, which the compiler keeps in vector registers.
const LANES: usize = 32;

#[inline(always)]
fn softmax_body<A: Arithmetic>(row: &mut [f32]) {
    let mut most = [f32::NEG_INFINITY; LANES];
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let (whole, rest) = row.as_chunks::<LANES>();
    for chunk in whole {
        for (most, value) in most.iter_mut().zip(chunk) {
            *most = greater(*most, *value);
        }
    }
    let most = most.iter().chain(rest).fold(f32::NEG_INFINITY, |most, value| greater(most, *value));
    let mut sums = [0.0; LANES];
    let (whole, rest) = row.as_chunks_mut::<LANES>();
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *value = math::exp::<A>(*value - most);
            *sum += *value;
        }
    }
    // The rest is padded to a chunk: a loop over single elements would take as long.
    let mut last = [f32::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for (sum, value) in sums.iter_mut().zip(&mut last) {
        *value = math::exp::<A>(*value - most);
        *sum += *value;
    }
    rest.copy_from_slice(&last[..rest.len()]);
    let scale = 1.0 / sums.iter().sum::<f32>();
    row.iter_mut().for_each(|value| *value *= scale);
}

for_each_level! {
    /// Replaces the elements of a row by their exponentials divided by the sum of these.
    ///
    /// If an element is +∞ or NaN, or if all are −∞, all results are NaN.
    pub fn softmax(row: &mut [f32]) = softmax_body
}
