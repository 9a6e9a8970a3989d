//! From a module to a folder that transformers reads.

use std::collections::HashMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView, serialize};

use super::CheckpointError;
use super::names::ModulePath;
use crate::{Bert, BertConfig, MaskedLanguageModel, SequenceClassifier, TokenClassifier};

/// A network that transformers knows by a class name.
pub trait Pretrained: Module {
    /// The class in transformers.
    const ARCHITECTURE: &'static str;
    /// Canonical name of the module's root; heads have none.
    const ROOT: &'static str = "";
}

impl Pretrained for Bert {
    const ARCHITECTURE: &'static str = "BertModel";
    const ROOT: &'static str = "bert";
}

impl Pretrained for MaskedLanguageModel {
    const ARCHITECTURE: &'static str = "BertForMaskedLM";
}

impl Pretrained for SequenceClassifier<Bert> {
    const ARCHITECTURE: &'static str = "BertForSequenceClassification";
}

impl Pretrained for TokenClassifier<Bert> {
    const ARCHITECTURE: &'static str = "BertForTokenClassification";
}

/// One tensor of a network, as a checkpoint holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Its name in transformers.
    pub name: String,
    /// Its shape there; matrices of linear layers are `[output, input]`.
    pub shape: Vec<usize>,
    /// Its values in row order.
    pub values: Vec<f32>,
}

/// All tensors of `model` under the names and in the layout of transformers.
pub fn tensors<M: Pretrained>(model: &M) -> Vec<NamedTensor> {
    let mut collected = Collect { path: ModulePath::new(M::ROOT), tensors: Vec::new() };
    model.visit(&mut collected);
    collected.tensors
}

/// Writes `config.json` and `model.safetensors` (f32) into `folder`, made where absent.
///
/// Files of the same names are replaced only by whole new ones.
///
/// # Errors
///
/// [`CheckpointError`] for a file that cannot be written.
pub fn save<M: Pretrained>(
    model: &M,
    config: &BertConfig,
    folder: impl AsRef<Path>,
) -> Result<(), CheckpointError> {
    let folder = folder.as_ref();
    std::fs::create_dir_all(folder)
        .map_err(|source| CheckpointError::Io { path: folder.into(), source })?;
    let path = folder.join("model.safetensors");
    let bytes = serialised(&tensors(model))
        .map_err(|source| CheckpointError::Serialise { path: path.clone(), source })?;
    dnabert_core::file::write(&path, &bytes)
        .map_err(|source| CheckpointError::Io { path: path.clone(), source })?;

    let architectures = vec![M::ARCHITECTURE.to_owned()];
    BertConfig { architectures, ..config.clone() }.write(folder.join("config.json"))?;
    Ok(())
}

fn serialised(tensors: &[NamedTensor]) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(NamedTensor { name, shape, .. }, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view))
        })
        .collect::<Result<Vec<_>, _>>()?;
    // transformers asks for this entry
    serialize(views, Some(HashMap::from([("format".to_owned(), "pt".to_owned())])))
}

struct Collect {
    path: ModulePath,
    tensors: Vec<NamedTensor>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let tensor = if self.path.is_linear_weight() { tensor.transpose() } else { tensor };
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().iter::<f32>().collect();
        self.tensors.push(NamedTensor { name: self.path.canonical(), shape, values });
    }
}
