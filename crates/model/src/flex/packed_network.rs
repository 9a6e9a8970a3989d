//! The layers of a network with packed weights.

use dnabert_kernels::{PackedWeights, Weights};

use super::convolved::{FlexParamConvolution, PredictConvolution};
use super::param::{FlexParamLayer, FlexParamLinear, FlexParamNorm};
use super::predict::{PredictLayer, Product};
use crate::layer::Layer;
use crate::{Activation, Bert, Precision};

/// The packed weights of all layers.
#[derive(Debug)]
pub(crate) struct PackedNetwork {
    precision: Precision,
    layers: Vec<PackedLayer>,
    convolution: Option<PackedConvolution>,
}

#[derive(Debug)]
struct PackedLayer {
    projections: [PackedWeights; 3],
    attended: PackedWeights,
    attended_norm: FlexParamNorm,
    wide: PackedWeights,
    activation: Activation,
    output: PackedWeights,
    output_norm: FlexParamNorm,
}

/// A convolution, in bf16: a value of 8 bits would need one scale for all windows that it is in.
#[derive(Debug)]
struct PackedConvolution {
    dense: PackedWeights,
    norm: FlexParamNorm,
    activation: Activation,
}

impl PackedNetwork {
    /// Packs these layers of `bert`, one after the other, and drops them; `None` if one is not
    /// BERT's.
    pub(crate) fn new(bert: &Bert, layers: Vec<Layer>, precision: Precision) -> Option<Self> {
        let epsilon = bert.shape().1;
        let pack = match precision {
            Precision::Int8 => PackedWeights::int8,
            _ => PackedWeights::bf16,
        };
        let layers = layers.into_iter().map(|layer| {
            let Layer::Bert(layer) = layer else { return None };
            Some(PackedLayer::new(FlexParamLayer::of(&layer, epsilon)?, pack))
        });
        let layers = layers.collect::<Option<_>>()?;
        let convolution = match &bert.embeddings.convolution {
            Some(convolution) => {
                let whole = FlexParamConvolution::of(convolution, epsilon)?;
                let dense = PackedWeights::bf16(&whole.dense.weights());
                let (norm, activation) = (whole.norm, whole.activation);
                Some(PackedConvolution { dense, norm, activation })
            }
            None => None,
        };
        Some(Self { precision, layers, convolution })
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    pub(super) fn layers(&self) -> Vec<PredictLayer<'_>> {
        self.layers.iter().map(PackedLayer::predict).collect()
    }

    pub(super) fn convolution(&self) -> Option<PredictConvolution<'_>> {
        let PackedConvolution { dense, norm, activation } = self.convolution.as_ref()?;
        let (dense, norm, activation) = (Product::Packed(dense), norm.norm(), *activation);
        Some(PredictConvolution { dense, norm, activation })
    }
}

impl PackedLayer {
    fn new(layer: FlexParamLayer, pack: fn(&Weights<'_>) -> PackedWeights) -> Self {
        let pack = |linear: FlexParamLinear| pack(&linear.weights());
        Self {
            projections: layer.projections.map(pack),
            attended: pack(layer.attended),
            attended_norm: layer.attended_norm,
            wide: pack(layer.wide),
            activation: layer.activation,
            output: pack(layer.output),
            output_norm: layer.output_norm,
        }
    }

    fn predict(&self) -> PredictLayer<'_> {
        PredictLayer {
            projections: self.projections.each_ref().map(Product::Packed),
            attended: Product::Packed(&self.attended),
            attended_norm: self.attended_norm.norm(),
            wide: Product::Packed(&self.wide),
            activation: self.activation,
            output: Product::Packed(&self.output),
            output_norm: self.output_norm.norm(),
        }
    }
}
