//! The number format of a network's products.

use std::fmt;
use std::str::FromStr;

use burn::tensor::DType;

use crate::{Bert, Family};

/// The number format in which a network predicts.
///
/// Smaller numbers need less memory and less time, and change the predictions a little. Training
/// always uses [`F32`](Self::F32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Precision {
    /// 32 bits, of them 23 of fraction.
    #[default]
    F32,
    /// 16 bits, of them 10 of fraction; up to 65504.
    F16,
    /// 16 bits, of them 7 of fraction; the range of f32. On the CPU, the weights of the layers and
    /// the states that they are multiplied with have this format, and everything else is f32.
    Bf16,
    /// The weights of the layers have 8 bits and a scale for each output; the states that they are
    /// multiplied with, 8 bits and a scale for each token (Dettmers et al. 2022, arXiv 2208.07339).
    /// Everything else is f32. For the CPU.
    Int8,
}

/// The name is not that of a precision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown precision {0:?}: choose f32, f16, bf16 or int8")]
pub struct UnknownPrecision(pub String);

/// Why a network cannot predict in a precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrecisionError {
    /// Packed weights are for the CPU.
    #[error("weights in {0} are for the CPU: choose the device flex")]
    OnlyCpu(Precision),
    /// The tensors of a device have one format, which is set when the device is opened.
    #[error("tensors have the format {found:?}: open the device with {wanted}")]
    Device {
        /// The precision that was asked for.
        wanted: Precision,
        /// The format of the weights.
        found: DType,
    },
    /// The network is on a device that computes gradients.
    #[error("the network is on a device for training: call `valid` before it is packed in {0}")]
    Training(Precision),
    /// Only BERT's layers can be packed.
    #[error("a network of the family {family:?} has no weights in {wanted}: choose f32")]
    Family {
        /// The precision that was asked for.
        wanted: Precision,
        /// The family.
        family: Family,
    },
    /// The weights were packed before.
    #[error("the weights are in {found} already, and {wanted} needs those in f32")]
    Packed {
        /// The precision that was asked for.
        wanted: Precision,
        /// That of the weights.
        found: Precision,
    },
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::F32, Self::F16, Self::Bf16, Self::Int8]
            .into_iter()
            .find(|precision| precision.to_string() == name)
            .ok_or_else(|| UnknownPrecision(name.to_owned()))
    }
}

impl Bert {
    /// The same network in another precision, for prediction.
    ///
    /// On the CPU, [`Precision::Bf16`] and [`Precision::Int8`] pack the weights of the layers and
    /// drop those in f32: the network can no longer be trained, saved, or asked for gradients.
    /// Embeddings, layer normalisation and attention stay in f32, and a convolution is at least in
    /// bf16. Elsewhere the precision is that of the device's tensors, which is set when the device
    /// is opened, and this checks it.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use dnabert_core::Encoding;
    /// use dnabert_model::{BertConfig, Encoder, Precision, TokenBatch};
    ///
    /// let device = Device::flex();
    /// let config = BertConfig {
    ///     num_hidden_layers: 2,
    ///     hidden_size: 12,
    ///     num_attention_heads: 3,
    ///     intermediate_size: 24,
    ///     ..BertConfig::new(69)
    /// };
    /// let network = config.init(/* seed */ 1, &device);
    /// let packed = network.clone().with_precision(Precision::Int8)?;
    ///
    /// let mut row = Encoding::default();
    /// [2, 12, 33, 3].into_iter().for_each(|id| row.push(id, 0, None));
    /// let batch = TokenBatch::from_encodings(&[&row], /* pad */ 0, &device);
    /// let states = |network: &dnabert_model::Bert| network.encode(&batch, &mut ()).hidden;
    /// let difference = (states(&network) - states(&packed)).abs().max().into_scalar::<f32>();
    /// assert!(difference > 0.0 && difference < 0.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PrecisionError`] if the device or the network does not have the precision.
    pub fn with_precision(self, precision: Precision) -> Result<Self, PrecisionError> {
        if self.precision() == precision {
            return Ok(self);
        }
        if let found @ (Precision::Bf16 | Precision::Int8) = self.packed_precision() {
            return Err(PrecisionError::Packed { wanted: precision, found });
        }
        let embeddings = self.word_embeddings();
        let (device, found) = (embeddings.device(), embeddings.dtype());
        if device.is_autodiff() {
            return Err(PrecisionError::Training(precision));
        }
        #[cfg(feature = "flex")]
        if matches!(precision, Precision::Bf16 | Precision::Int8)
            && found == DType::F32
            && device == burn::tensor::Device::flex()
        {
            return self.packed(precision);
        }
        Err(match precision {
            Precision::Int8 => PrecisionError::OnlyCpu(precision),
            wanted => PrecisionError::Device { wanted, found },
        })
    }

    /// The precision in which this network predicts.
    pub fn precision(&self) -> Precision {
        match (self.packed_precision(), self.word_embeddings().dtype()) {
            (Precision::F32, DType::F16) => Precision::F16,
            (Precision::F32, DType::BF16) => Precision::Bf16,
            (packed, _) => packed,
        }
    }

    /// The precision of packed weights; f32 without any.
    fn packed_precision(&self) -> Precision {
        #[cfg(feature = "flex")]
        if let Some(packed) = &self.packed_weights {
            return packed.precision();
        }
        Precision::F32
    }

    #[cfg(feature = "flex")]
    fn packed(mut self, precision: Precision) -> Result<Self, PrecisionError> {
        let family = self.family();
        let layers = std::mem::take(&mut self.encoder.layer);
        let packed = crate::flex::PackedNetwork::new(&self, layers, precision)
            .ok_or(PrecisionError::Family { wanted: precision, family })?;
        // Its weights are packed, too.
        self.embeddings.convolution = None;
        self.packed_weights = Some(std::sync::Arc::new(packed));
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for precision in [Precision::F32, Precision::F16, Precision::Bf16, Precision::Int8] {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        let error = "int4".parse::<Precision>().unwrap_err();
        assert_eq!(error.to_string(), "unknown precision \"int4\": choose f32, f16, bf16 or int8");
    }
}
