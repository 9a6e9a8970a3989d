//! From a file's tensors to a module.

use std::collections::BTreeSet;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};

use super::names::ModulePath;
use super::read::Weights;
use super::{CheckpointError, Misshapen, TensorProblems};

/// Puts the file's tensors into `module`, whose root has the canonical name `root`.
///
/// Parameters whose names start with one of `new` keep what they hold. Tensors for which
/// `left_aside` holds may stay unused; any other leftover is an error, like anything missing.
pub(super) fn fill<M: Module>(
    module: M,
    root: &str,
    weights: &Weights,
    new: &[&str],
    left_aside: impl Fn(&str) -> bool,
) -> Result<M, CheckpointError> {
    let mut filler = Fill {
        weights,
        new,
        path: ModulePath::new(root),
        used: BTreeSet::new(),
        problems: TensorProblems::default(),
    };
    let module = module.map(&mut filler);
    let Fill { used, mut problems, .. } = filler;
    let is_new = |name: &str| new.iter().any(|prefix| name.starts_with(prefix));
    problems.unused = weights
        .names()
        .filter(|name| !used.contains(*name) && !is_new(name) && !left_aside(name))
        .cloned()
        .collect();
    if problems.is_empty() {
        Ok(module)
    } else {
        Err(CheckpointError::Tensors { path: weights.path().clone(), problems })
    }
}

struct Fill<'a> {
    weights: &'a Weights,
    new: &'a [&'a str],
    path: ModulePath,
    used: BTreeSet<String>,
    problems: TensorProblems,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.canonical();
        if self.new.iter().any(|prefix| name.starts_with(prefix)) {
            return param;
        }
        let Some(weight) = self.weights.get(&name) else {
            self.problems.missing.push(name);
            return param;
        };
        let transposed = self.path.is_linear_weight();
        let mut expected = param.lazy_shape().to_vec();
        if transposed {
            expected.reverse(); // PyTorch keeps [output, input]
        }
        self.used.insert(name.clone());
        if weight.shape != expected {
            let found = weight.shape.clone();
            self.problems.misshapen.push(Misshapen { name, found, expected });
            return param;
        }
        let device = param.lazy_device();
        let data = TensorData::new(weight.values.clone(), expected);
        param.map(|_| {
            let tensor = Tensor::from_data(data, &device);
            if transposed { tensor.transpose() } else { tensor }
        })
    }
}
