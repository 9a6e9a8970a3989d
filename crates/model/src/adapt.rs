//! Which weights fine-tuning may move: all, the head alone, or small factors beside fixed weights.

use burn::module::{Lora, Module, ModuleMapper, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::parameter_path::ParameterPath;

/// What fine-tuning trains.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adaptation {
    /// Every weight.
    #[default]
    Full,
    /// The head, and the pooler where there is one; the encoder stays as it is.
    Probe,
    /// Low-rank factors beside the attention weights, the head and the pooler.
    LowRank(LowRank),
}

/// Low-rank adapters (Hu et al. 2021, arXiv 2106.09685) on the query and value weights of every
/// layer (on the fused weight of a [`MosaicBert`](crate::Family::MosaicBert)):
/// `weight + alpha / rank × A × B`, of which A and B are trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LowRank {
    /// Width of the factors.
    pub rank: usize,
    /// Scale of their product, before it is divided by the rank.
    pub alpha: f64,
}

impl Default for LowRank {
    /// Rank 8, alpha 16.
    fn default() -> Self {
        Self { rank: 8, alpha: 16.0 }
    }
}

/// Canonical names of the modules that low-rank adapters sit on.
const TARGETS: [&str; 3] =
    [".attention.self.query", ".attention.self.value", ".attention.self.Wqkv"];

/// Prepares `model`, an encoder under a head, for a kind of fine-tuning: freezes what is to stay, and attaches adapters,
/// drawn from `seed` such that the network computes what it did before.
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
            // Attaching freezes everything else; what is no part of the encoder is to be trained.
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

/// The parameters whose canonical names `wanted` accepts.
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
/// B is zero. burn draws from the device's generator, which a seed does not fix.
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
