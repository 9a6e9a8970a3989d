//! Import of the tensors of a file into a module.

use std::collections::BTreeSet;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};

use super::weights::Weights;
use super::{CheckpointError, Misshapen, TensorProblems};
use crate::initialize::Draw;
use crate::parameter_path::ParameterPath;

/// Parameters that do not come from the file.
pub(super) struct New<'a> {
    /// Returns whether the parameter with this canonical name is new.
    pub(super) is_new: &'a dyn Fn(&str) -> bool,
    /// Draws new matrices; `None` leaves them unchanged.
    pub(super) draw: Option<Draw>,
}

/// Loads the tensors of the file into `module`, whose root has the canonical name `root`.
///
/// Tensors are read and uploaded one at a time, so memory holds the network and one more tensor.
/// Tensors for which `left_aside` returns true may be unused. Any other unused tensor, like any
/// missing one, is an error.
pub(super) fn fill<M: Module>(
    module: M,
    root: &str,
    weights: &Weights,
    new: Option<New<'_>>,
    left_aside: impl Fn(&str) -> bool,
) -> Result<M, CheckpointError> {
    let New { is_new, draw } = new.unwrap_or(New { is_new: &|_| false, draw: None });
    let mut filler = Fill {
        weights,
        is_new,
        draw,
        path: ParameterPath::new(root),
        used: BTreeSet::new(),
        problems: TensorProblems::default(),
        error: None,
    };
    let module = module.map(&mut filler);
    let Fill { used, mut problems, error, .. } = filler;
    if let Some(error) = error {
        return Err(error);
    }
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
    is_new: &'a dyn Fn(&str) -> bool,
    draw: Option<Draw>,
    path: ParameterPath,
    used: BTreeSet<String>,
    problems: TensorProblems,
    /// The error of the first tensor that could not be read; later parameters are left unchanged.
    error: Option<CheckpointError>,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let name = self.path.canonical();
        if (self.is_new)(&name) {
            return match &mut self.draw {
                Some(draw) => draw.map_float(param),
                None => param,
            };
        }
        let Some(found) = self.weights.shape(&name) else {
            self.problems.missing.push(name);
            return param;
        };
        let transposed = self.path.is_linear_weight();
        let mut expected = param.lazy_shape().to_vec();
        if transposed {
            expected.reverse(); // PyTorch keeps [output, input]
        }
        self.used.insert(name.clone());
        if found != expected {
            let found = found.to_vec();
            self.problems.misshapen.push(Misshapen { name, found, expected });
            return param;
        }
        let values = match self.weights.values(&name) {
            Ok(values) => values,
            Err(error) => {
                self.error = Some(error);
                return param;
            }
        };
        let device = param.lazy_device();
        let data = match expected[..] {
            [rows, columns] if transposed => {
                TensorData::new(transpose(&values, rows, columns), [columns, rows])
            }
            _ => TensorData::new(values, expected),
        };
        let tensor = Tensor::<D>::from_data(data, &device);
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// Transposes a matrix in memory instead of by a view.
///
/// The products of the network read weights row by row; rows at distances of a power of two would
/// share a part of the cache.
fn transpose<T: Copy>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
    // Blocks of this size, of input and output, fit in the L1 cache.
    const BLOCK: usize = 32;
    let mut turned = values.to_vec();
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for row in top..rows.min(top + BLOCK) {
                for column in left..columns.min(left + BLOCK) {
                    turned[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::transpose;

    #[test]
    fn columns_become_rows() {
        let (rows, columns) = (70, 45);
        let values: Vec<usize> = (0..rows * columns).collect();
        let turned = transpose(&values, rows, columns);
        for row in 0..rows {
            for column in 0..columns {
                assert_eq!(turned[column * rows + row], values[row * columns + column]);
            }
        }
    }
}
