//! Sums over a row, in as many parts as fit in vector registers.

/// The number of partial sums, which the compiler keeps in vector registers.
pub(crate) const LANES: usize = 32;

#[inline(always)]
pub(crate) fn sum_of<F: Fn(f32) -> f32>(row: &[f32], function: F) -> f32 {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in whole {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += function(*value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(rest) {
        *sum += function(*value);
    }
    sums.iter().sum()
}

/// The sum of the products of two rows of equal length.
#[inline(always)]
pub(crate) fn sum_of_products(row: &[f32], other: &[f32]) -> f32 {
    let (whole, rest) = row.as_chunks::<LANES>();
    let (other_whole, other_rest) = other.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (chunk, other) in whole.iter().zip(other_whole) {
        for ((sum, value), other) in sums.iter_mut().zip(chunk).zip(other) {
            *sum += value * other;
        }
    }
    for ((sum, value), other) in sums.iter_mut().zip(rest).zip(other_rest) {
        *sum += value * other;
    }
    sums.iter().sum()
}
