//! Pooling: hidden states of a row → one vector.

use burn::tensor::{Int, Tensor, s};

use crate::{EncoderOutput, Pooling};

impl Pooling {
    /// Pools each row to one vector.
    ///
    /// # Shapes
    ///
    /// - `output`: as an encoder returns it
    /// - `mask`: `[batch, length]`, 1 on real tokens and 0 on padding; `None` without padding
    /// - result: `[batch, hidden]`
    pub fn pool(self, output: &EncoderOutput, mask: Option<&Tensor<2>>) -> Tensor<2> {
        let EncoderOutput { hidden, pooled } = output;
        match self {
            Self::Cls => pooled.clone(),
            Self::Mean => mean(hidden.clone(), mask).squeeze_dim::<2>(1),
            Self::Max => {
                let open = match mask {
                    None => hidden.clone(),
                    // Far below any normalised state, but within the range of half precision.
                    Some(mask) => {
                        let padding = mask.clone().sub_scalar(1.0).mul_scalar(1e4);
                        hidden.clone() + padding.unsqueeze_dim::<3>(2)
                    }
                };
                open.max_dim(1).squeeze_dim::<2>(1)
            }
            Self::Std => {
                let distance = hidden.clone() - mean(hidden.clone(), mask);
                let variance = mean(distance.square(), mask).squeeze_dim::<2>(1);
                variance.add_scalar(SMALLEST_VARIANCE).sqrt()
            }
        }
    }

    /// Pools `parts` parts of each row separately and concatenates their vectors, so that the
    /// result depends on positions (one level of the pyramid of He et al. 2015, arXiv 1406.4729).
    ///
    /// The parts of a row have equal numbers of tokens up to rounding: of n real tokens, token t is
    /// in part ⌊t × parts / n⌋. A part without tokens gives zeros. [`Pooling::Cls`] ignores
    /// `parts`.
    ///
    /// # Shapes
    ///
    /// - `mask`: `[batch, length]`, 1 on real tokens and 0 on padding; `None` without padding
    /// - result: `[batch, parts × hidden]`; `[batch, hidden]` for [`Pooling::Cls`]
    ///
    /// # Panics
    ///
    /// If `parts` is 0.
    pub fn pool_parts(
        self,
        parts: usize,
        output: &EncoderOutput,
        mask: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        assert!(parts > 0, "a row is one part at least");
        if parts == 1 || self == Self::Cls {
            return self.pool(output, mask);
        }
        let pooled = match mask {
            None => (0..parts).map(|part| self.pool_slice(part, parts, output)).collect(),
            Some(mask) => self.pool_members(parts, output, mask),
        };
        Tensor::cat(pooled, 1)
    }

    /// Pools one part of rows without padding: its tokens are the same in all rows.
    fn pool_slice(self, part: usize, parts: usize, output: &EncoderOutput) -> Tensor<2> {
        let [rows, length, hidden] = output.hidden.dims();
        let first = |part: usize| (part * length).div_ceil(parts);
        if first(part) == first(part + 1) {
            return Tensor::zeros([rows, hidden], &output.hidden.device());
        }
        let tokens = output.hidden.clone().slice(s![.., first(part)..first(part + 1)]);
        self.pool(&EncoderOutput { hidden: tokens, pooled: output.pooled.clone() }, None)
    }

    /// Pools each part of rows with padding.
    fn pool_members(
        self,
        parts: usize,
        output: &EncoderOutput,
        mask: &Tensor<2>,
    ) -> Vec<Tensor<2>> {
        let [_, length] = mask.dims();
        // Computed in integers: half precision would round the positions.
        let tokens = Tensor::<1, Int>::arange(0..length as i64, &mask.device());
        let tokens: Tensor<2, Int> = tokens.unsqueeze::<2>().mul_scalar(parts as i64);
        let real = mask.clone().int().sum_dim(1).clamp_min(1); // [batch, 1]
        let part_of = tokens / real;
        let pool = |part: usize| {
            let members = part_of.clone().equal_elem(part as i64).float() * mask.clone();
            let some = members.clone().sum_dim(1).clamp_max(1.0);
            self.pool(output, Some(&members)) * some
        };
        (0..parts).map(pool).collect()
    }
}

/// Added to the variance, so that the gradient of the square root is finite if all tokens are
/// equal.
const SMALLEST_VARIANCE: f64 = 1e-6;

/// Returns the mean over real tokens, `[batch, length, hidden]` → `[batch, 1, hidden]`.
pub(crate) fn mean(values: Tensor<3>, mask: Option<&Tensor<2>>) -> Tensor<3> {
    match mask {
        None => values.mean_dim(1),
        Some(mask) => {
            let sum = (values * mask.clone().unsqueeze_dim::<3>(2)).sum_dim(1);
            let count = mask.clone().sum_dim(1).clamp_min(1.0); // [batch, 1]
            sum / count.unsqueeze_dim::<3>(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn pool(pooling: Pooling, mask: Option<[[f32; 3]; 1]>) -> Vec<f32> {
        let device = Device::flex();
        let hidden = Tensor::<3>::from_data([[[-1.0, 2.0], [-3.0, 4.0], [100.0, -100.0]]], &device);
        let output = EncoderOutput { hidden, pooled: Tensor::from_data([[7.0, 8.0]], &device) };
        let mask = mask.map(|mask| Tensor::from_data(mask, &device));
        pooling.pool(&output, mask.as_ref()).into_data().iter::<f32>().collect()
    }

    #[test]
    fn parts_stand_side_by_side_and_padding_takes_no_part() {
        let device = Device::flex();
        // The second unit is the negative of the first.
        let row = |real: usize| {
            let state = move |token: usize| if token < real { token as f32 } else { 1e3 };
            (0..7).flat_map(move |token| [state(token), -state(token)])
        };
        let hidden = TensorData::new(row(7).chain(row(5)).collect(), [2, 7, 2]);
        let hidden = Tensor::from_data(hidden, &device);
        let output = EncoderOutput { hidden, pooled: Tensor::zeros([2, 2], &device) };
        let mask = Tensor::from_data([[1.0; 7], [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]], &device);
        let pooled = |pooling: Pooling, parts, mask| -> Vec<f32> {
            pooling.pool_parts(parts, &output, mask).into_data().iter::<f32>().collect()
        };
        let units = |pooling, parts, mask, unit| -> Vec<f32> {
            pooled(pooling, parts, mask).into_iter().skip(unit).step_by(2).collect()
        };
        let found = |pooling, parts, mask| units(pooling, parts, mask, 0);
        // Of seven tokens the parts are 0 to 2, 3 and 4, 5 and 6; of five they are 0 and 1, 2 and
        // 3, 4.
        let means = [1.0, 3.5, 5.5, 0.5, 2.5, 4.0];
        assert_eq!(found(Pooling::Mean, 3, Some(&mask)), means);
        assert_eq!(found(Pooling::Max, 3, Some(&mask)), [2.0, 4.0, 6.0, 1.0, 3.0, 4.0]);
        assert_eq!(found(Pooling::Mean, 3, None)[..3], means[..3], "both ways are the same");
        let many = found(Pooling::Max, 9, Some(&mask));
        assert_eq!(many[..9], found(Pooling::Max, 9, None)[..9]);
        assert_eq!(
            many[9..],
            [0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0, 0.0],
            "empty parts are zeros"
        );
        assert_eq!(found(Pooling::Max, 1, Some(&mask)), [6.0, 4.0]);
        assert_eq!(units(Pooling::Mean, 3, Some(&mask), 1), means.map(|mean| -mean));
        let spread = found(Pooling::Std, 3, Some(&mask));
        for (found, expected) in spread.into_iter().zip([0.8165, 0.5, 0.5, 0.5, 0.5, 0.001]) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        assert_eq!(pooled(Pooling::Cls, 3, None), [0.0; 4], "one state");
    }

    #[test]
    fn padding_takes_no_part() {
        let mask = Some([[1.0, 1.0, 0.0]]);
        assert_eq!(pool(Pooling::Cls, mask), [7.0, 8.0]);
        assert_eq!(pool(Pooling::Mean, mask), [-2.0, 3.0]);
        assert_eq!(pool(Pooling::Max, mask), [-1.0, 4.0]);
        assert_eq!(pool(Pooling::Mean, None), [32.0, -94.0 / 3.0]);
        assert_eq!(pool(Pooling::Max, None), [100.0, 4.0]);
        for (found, expected) in pool(Pooling::Std, mask).into_iter().zip([1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
