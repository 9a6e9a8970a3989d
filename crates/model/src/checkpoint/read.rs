//! Weight files as named f32 arrays.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::store::{ModuleStore, PytorchStore, SafetensorsStore, bridge, burn_pack};
use burn::tensor::{DType, TensorData};

use super::CheckpointError;
use super::names::{TIED, canonical, is_ignored};

/// One tensor of a file, in row order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weight {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// All tensors of a file under canonical names, aliases checked and dropped.
#[derive(Debug)]
pub(super) struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, Weight>,
}

impl Weights {
    pub(super) fn read(path: PathBuf) -> Result<Self, CheckpointError> {
        let mut weights = Self { path, tensors: BTreeMap::new() };
        if is_safetensors(&weights.path)? {
            // Reads the header first and each tensor once, so a truncated file fails here.
            weights.take(SafetensorsStore::from_file(&weights.path))?;
        } else {
            weights.take(PytorchStore::from_file(&weights.path))?;
        }
        weights.untie()?;
        Ok(weights)
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Weight> {
        self.tensors.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.tensors.keys()
    }

    fn take<S>(&mut self, mut store: S) -> Result<(), CheckpointError>
    where
        S: ModuleStore<Error: std::error::Error + Send + Sync + 'static>,
    {
        let damaged = |path: &Path, source| CheckpointError::Format { path: path.into(), source };
        let tensors = store.get_all_tensors().map_err(|error| damaged(&self.path, error.into()))?;
        for (stored_name, tensor) in tensors {
            let name = canonical(stored_name);
            if is_ignored(&name) {
                continue;
            }
            let data = bridge::to_data(tensor)
                .map_err(|error: burn_pack::Error| damaged(&self.path, error.into()))?;
            let weight = self.upcast(&name, &data)?;
            if self.tensors.insert(name.clone(), weight).is_some() {
                return Err(CheckpointError::Duplicate { path: self.path.clone(), name });
            }
        }
        Ok(())
    }

    /// Any floating-point type as f32; half precision loses nothing in this direction.
    fn upcast(&self, name: &str, data: &TensorData) -> Result<Weight, CheckpointError> {
        let float = matches!(data.dtype(), DType::F64 | DType::F32 | DType::F16 | DType::BF16);
        if !float {
            return Err(CheckpointError::NotFloat {
                path: self.path.clone(),
                name: name.to_owned(),
                found: format!("{:?}", data.dtype()),
            });
        }
        let shape = data.shape().to_vec();
        let values: Vec<f32> = data.iter::<f32>().collect();
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(CheckpointError::NotFinite {
                path: self.path.clone(),
                name: name.to_owned(),
                value: values[index],
                index,
            });
        }
        Ok(Weight { shape, values })
    }

    /// Drops aliases that equal the tensor they are tied to; an alias alone takes its name.
    fn untie(&mut self) -> Result<(), CheckpointError> {
        for (alias, name) in TIED {
            let Some(aliased) = self.tensors.remove(alias) else {
                continue;
            };
            match self.tensors.get(name) {
                Some(weight) if *weight != aliased => {
                    return Err(CheckpointError::Untied {
                        path: self.path.clone(),
                        alias: alias.to_owned(),
                        name: name.to_owned(),
                    });
                }
                Some(_) => {}
                None => {
                    self.tensors.insert(name.to_owned(), aliased);
                }
            }
        }
        Ok(())
    }
}

/// Whether the file starts as safetensors does: the length of a header, then its opening brace.
fn is_safetensors(path: &Path) -> Result<bool, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.into(), source };
    let mut start = Vec::new();
    File::open(path).map_err(io)?.take(9).read_to_end(&mut start).map_err(io)?;
    Ok(start.get(8) == Some(&b'{'))
}
