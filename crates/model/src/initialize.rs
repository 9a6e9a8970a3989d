//! Random initial weights that depend only on a seed.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// Draws every matrix of `module` from N(0, `standard_deviation`²), as BERT does for linear and
/// embedding weights; vectors (biases, layer normalisation) keep their zeros and ones.
///
/// The numbers are drawn on the host, parameter by parameter in module order, so a seed gives the
/// same weights on every device.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use dnabert_model::initialize;
///
/// let layer = || LinearConfig::new(4, 3).init(&Device::flex());
/// let [one, again, other] = [1, 1, 2].map(|seed| initialize(layer(), 0.02, seed));
/// assert_eq!(one.weight.val().into_data(), again.weight.val().into_data());
/// assert_ne!(one.weight.val().into_data(), other.weight.val().into_data());
/// ```
///
/// # Panics
///
/// If `standard_deviation` is negative or not finite.
pub fn initialize<M: Module>(module: M, standard_deviation: f64, seed: u64) -> M {
    module.map(&mut Draw::new(standard_deviation, seed))
}

/// Draws matrices and leaves vectors unchanged.
pub(crate) struct Draw {
    normal: Normal<f64>,
    random: ChaCha8Rng,
}

impl Draw {
    /// # Panics
    ///
    /// If `standard_deviation` is negative or not finite.
    pub(crate) fn new(standard_deviation: f64, seed: u64) -> Self {
        let normal = Normal::new(0.0, standard_deviation).expect("a finite standard deviation");
        Self { normal, random: ChaCha8Rng::seed_from_u64(seed) }
    }
}

impl ModuleMapper for Draw {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D < 2 {
            return param;
        }
        let shape = param.lazy_shape().to_vec();
        let count = shape.iter().product();
        let values: Vec<f32> =
            (0..count).map(|_| self.normal.sample(&mut self.random) as f32).collect();
        let tensor = Tensor::from_data(TensorData::new(values, shape), &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
