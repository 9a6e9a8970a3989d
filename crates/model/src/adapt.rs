//! Which weights fine-tuning changes: all, the head alone, or low-rank adapters.

use burn::module::{Lora, Module, ModuleMapper, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::parameter_path::ParameterPath;

/// The weights that fine-tuning trains.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adaptation {
    /// All weights.
    #[default]
    Full,
    /// The head and the pooler, if there is one; the rest of the encoder is frozen.
    Probe,
    /// Low-rank adapters of the attention weights, the head and the pooler.
    LowRank(LowRank),
}

/// Low-rank adapters (LoRA; Hu et al. 2021, arXiv 2106.09685) of the query and value weights of
/// every layer.
///
/// A weight becomes `weight + alpha / rank × A × B`, of which A and B are trained. In a
/// [`MosaicBert`](crate::Family::MosaicBert), the fused weight of query, key and value is adapted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowRank {
    /// The rank: the inner dimension of A × B.
    pub rank: usize,
    /// The scale of A × B before the division by the rank.
    pub alpha: f64,
}

impl Default for LowRank {
    /// Rank 8, alpha 16.
    fn default() -> Self {
        Self { rank: 8, alpha: 16.0 }
    }
}

/// Canonical name suffixes of the modules with low-rank adapters.
const TARGETS: [&str; 3] =
    [".attention.self.query", ".attention.self.value", ".attention.self.Wqkv"];

/// Prepares `model`, an encoder with a head, for fine-tuning: freezes weights and attaches
/// adapters.
///
/// The adapters are drawn from `seed`. They do not change the output of the network at first,
/// because B is zero.
///
/// ```
/// use burn::module::Module;
/// use burn::tensor::Device;
/// use dnabert_model::{Adaptation, BertConfig, LowRank, adapt};
///
/// let config = BertConfig {
///     hidden_size: 12,
///     num_hidden_layers: 2,
///     num_attention_heads: 3,
///     intermediate_size: 24,
///     ..BertConfig::new(69)
/// };
/// let model = config.sequence_classifier(1, &Device::flex());
/// let plain = model.num_params();
/// let adapted = adapt(model, Adaptation::LowRank(LowRank { rank: 2, alpha: 4.0 }), 1);
/// // 2 layers × 2 weights × 2 factors of 12 × 2
/// assert_eq!(adapted.num_params() - plain, 2 * 2 * 2 * 12 * 2);
/// ```
///
/// # Panics
///
/// If the rank is 0.
pub fn adapt<M: Module>(model: M, adaptation: Adaptation, seed: u64) -> M {
    let encoder = named(&model, |name| name.starts_with("bert.") && !name.starts_with(POOLER));
    match adaptation {
        Adaptation::Full => model,
        Adaptation::Probe => model.freeze_group(encoder),
        Adaptation::LowRank(LowRank { rank, alpha }) => {
            assert!(rank > 0, "adapters of rank 0");
            let targets = named(&model, |name| {
                TARGETS
                    .iter()
                    .any(|target| name.strip_suffix(".weight").is_some_and(|n| n.ends_with(target)))
            });
            let lora = Lora::new(rank, alpha).set_param_group(targets);
            // Attaching adapters freezes everything else; the parts outside the encoder must be
            // trained.
            let adapted = model.apply_lora(lora);
            let path = ParameterPath::new("");
            let random = ChaCha8Rng::seed_from_u64(seed);
            let adapted = adapted.map(&mut DrawFactors { path, random });
            let trained =
                named(&adapted, |name| !name.starts_with("bert.") || name.starts_with(POOLER));
            adapted.unfreeze_group(trained)
        }
    }
}

const POOLER: &str = "bert.pooler.";

/// Returns the parameters whose canonical names `wanted` accepts.
fn named<M: Module>(model: &M, wanted: impl Fn(&str) -> bool) -> ParamGroup {
    let mut names = Names { path: ParameterPath::new(""), all: Vec::new() };
    model.visit(&mut names);
    let chosen = names.all.into_iter().filter(|(name, _)| wanted(name)).map(|(_, id)| id);
    ParamGroup::from_ids(chosen.collect())
}

struct Names {
    path: ParameterPath,
    all: Vec<(String, ParamId)>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.all.push((self.path.canonical(), param.id));
    }
}

/// Draws the factor A of every adapter from U(−1/√n, 1/√n) for n inputs, as the paper's code does;
/// B is zero.
///
/// burn draws from the generator of the device, which a seed does not determine.
struct DrawFactors {
    path: ParameterPath,
    random: ChaCha8Rng,
}

impl ModuleMapper for DrawFactors {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.path.canonical().ends_with(".lora.a") {
            return param;
        }
        let shape = param.lazy_shape().to_vec();
        let bound = 1.0 / (shape[0] as f32).sqrt();
        let count = shape.iter().product();
        let values: Vec<f32> =
            (0..count).map(|_| self.random.random_range(-bound..bound)).collect();
        let tensor = Tensor::from_data(TensorData::new(values, shape), &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
