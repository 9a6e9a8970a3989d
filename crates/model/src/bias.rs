//! Terms that are added to attention scores: padding masks and position biases.

use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};

use crate::{MaskMode, TokenBatch};

/// The terms that are added to the attention scores of every layer.
#[derive(Debug, Clone, Default)]
pub struct AttentionBias {
    /// One value for each key, `[batch, 1, 1, key]`.
    padding: Option<Tensor<4>>,
    /// One value for each head, query and key, `[1, heads, query, key]`.
    position: Option<Tensor<4>>,
    /// Whether padding is left out, as a mask would do it.
    is_mask: bool,
}

impl AttentionBias {
    /// Creates the bias of `batch`: its padding mask, if any, and linear position biases for
    /// `alibi_heads`.
    pub(crate) fn new(batch: &TokenBatch, mode: MaskMode, alibi_heads: Option<usize>) -> Self {
        let [_, length] = batch.dims();
        let device = batch.ids.device();
        Self {
            padding: padding(batch, mode),
            position: alibi_heads.map(|heads| Self::linear_biases(heads, length, &device)),
            is_mask: mode == MaskMode::Padding && alibi_heads.is_none(),
        }
    }

    /// Returns whether the bias does nothing but leave padding out, so that
    /// [`hidden_keys`](Self::hidden_keys) can replace it.
    pub(crate) fn is_mask(&self) -> bool {
        self.is_mask
    }

    /// Returns the keys that are left out, for queries `[batch, heads, query, width]`.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, heads, query, key]`
    pub(crate) fn hidden_keys(&self, queries: [usize; 4]) -> Option<Tensor<4, Bool>> {
        let padding = self.padding.clone()?;
        let ([batch, heads, queries, _], [.., keys]) = (queries, padding.dims());
        Some(padding.lower_elem(PADDING / 2.0).expand([batch, heads, queries, keys]))
    }

    /// Returns the biases of attention with linear biases (ALiBi; Press et al. 2022, arXiv
    /// 2108.12409), symmetric in both directions: `−slope × |query − key|`.
    ///
    /// # Shapes
    ///
    /// - output: `[1, heads, query, key]`
    pub fn linear_biases(heads: usize, length: usize, device: &Device) -> Tensor<4> {
        let places = Tensor::<1, Int>::arange(0..length as i64, device);
        let queries = places.clone().reshape([1, 1, length, 1]);
        let keys = places.reshape([1, 1, 1, length]);
        let slopes = TensorData::new(slopes(heads), [1, heads, 1, 1]);
        // Distances are computed in integers: half precision would round the positions.
        (queries - keys).abs().float() * Tensor::from_data(slopes, device).neg()
    }

    /// Adds the bias to `scores`, `[batch, heads, query, key]`, of all queries or of the first
    /// ones.
    pub(crate) fn add_to(&self, scores: Tensor<4>) -> Tensor<4> {
        let [_, _, queries, _] = scores.dims();
        let position = self.position.clone().map(|term| term.narrow(2, 0, queries));
        let terms = [position, self.padding.clone()];
        terms.into_iter().flatten().fold(scores, |scores, term| scores + term)
    }
}

/// BERT's own constant. In f32 its exponential is exactly 0 beside any real score, and it fits half
/// precision.
pub(crate) const PADDING: f32 = -1e4;

fn padding(batch: &TokenBatch, mode: MaskMode) -> Option<Tensor<4>> {
    let (factor, shift) = match mode {
        MaskMode::Padding => (-PADDING, PADDING),
        MaskMode::Head => (1.0, 0.0),
    };
    let mask = batch.mask.clone()?;
    let [rows, length] = mask.dims();
    let mut bias = mask.clone().mul_scalar(factor).add_scalar(shift);
    if mask.dtype() != DType::F32 {
        // In half precision −10⁴ plus a score rounds the score away. A row of padding only (a chunk
        // after the end of a sequence) needs no bias, since it would be the same for all keys.
        bias = bias * mask.max_dim(1);
    }
    Some(bias.reshape([rows, 1, 1, length]))
}

/// Returns one slope for each head.
///
/// For n heads, a power of two, slope i is 2^(−8(i+1)/n). Otherwise the slopes are those of the
/// next lower power of two, followed by every second slope of the next higher one.
fn slopes(heads: usize) -> Vec<f32> {
    let powers = |n: usize| (0..n).map(move |i| (-8.0 * (i + 1) as f64 / n as f64).exp2() as f32);
    if heads.is_power_of_two() {
        return powers(heads).collect();
    }
    let below = heads.next_power_of_two() / 2;
    powers(below).chain(powers(2 * below).step_by(2)).take(heads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_heads_take_eight_slopes_and_four_between() {
        let exponents: Vec<f32> = slopes(12).into_iter().map(f32::log2).collect();
        let expected = [-1., -2., -3., -4., -5., -6., -7., -8., -0.5, -1.5, -2.5, -3.5];
        for (found, expected) in exponents.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{exponents:?}");
        }
        assert_eq!(slopes(2), [0.0625, 0.003_906_25]);
    }

    #[test]
    fn biases_fall_with_distance_in_both_directions() {
        let bias = AttentionBias::linear_biases(2, 3, &Device::flex());
        let values: Vec<f32> = bias.into_data().iter::<f32>().collect();
        let head: Vec<f32> = values[..9].iter().map(|value| value / -0.0625).collect();
        assert_eq!(head, [0., 1., 2., 1., 0., 1., 2., 1., 0.]);
    }
}
