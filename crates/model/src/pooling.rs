//! From hidden states to one vector per row.

use burn::tensor::Tensor;

use crate::{EncoderOutput, Pooling};

impl Pooling {
    /// One vector for each row, `[batch, hidden]`; `mask` is 1 on real tokens and 0 on padding,
    /// `[batch, length]`, absent where nothing is padded.
    pub fn pool(self, output: &EncoderOutput, mask: Option<&Tensor<2>>) -> Tensor<2> {
        let EncoderOutput { hidden, pooled } = output;
        match self {
            Self::Cls => pooled.clone(),
            Self::Mean => mean(hidden.clone(), mask).squeeze_dim::<2>(1),
            Self::Max => {
                let open = match mask {
                    None => hidden.clone(),
                    // Far below any normalised state, and still a number in half precision.
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
}

/// Keeps the slope of the square root finite where all tokens are alike.
const SMALLEST_VARIANCE: f64 = 1e-6;

/// The mean over real tokens, `[batch, length, hidden]` → `[batch, 1, hidden]`.
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
    use burn::tensor::Device;

    fn pool(pooling: Pooling, mask: Option<[[f32; 3]; 1]>) -> Vec<f32> {
        let device = Device::flex();
        let hidden = Tensor::<3>::from_data([[[-1.0, 2.0], [-3.0, 4.0], [100.0, -100.0]]], &device);
        let output = EncoderOutput { hidden, pooled: Tensor::from_data([[7.0, 8.0]], &device) };
        let mask = mask.map(|mask| Tensor::from_data(mask, &device));
        pooling.pool(&output, mask.as_ref()).into_data().iter::<f32>().collect()
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
