//! From a module to a folder that transformers reads.

use std::collections::HashMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
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
    std::fs::create_dir_all(folder).map_err(|source| CheckpointError::Io {
        path: folder.into(),
        source,
    })?;
    let mut collected = Collect {
        path: ModulePath::new(M::ROOT),
        tensors: Vec::new(),
    };
    model.visit(&mut collected);

    let path = folder.join("model.safetensors");
    let serialised = |source| CheckpointError::Serialise {
        path: path.clone(),
        source,
    };
    let views = collected
        .tensors
        .iter()
        .map(|(name, shape, bytes)| {
            TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(serialised)?;
    // transformers asks for this entry
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let bytes = serialize(views, Some(metadata)).map_err(serialised)?;
    dnabert_core::file::write(&path, &bytes).map_err(|source| CheckpointError::Io {
        path: path.clone(),
        source,
    })?;

    let architectures = vec![M::ARCHITECTURE.to_owned()];
    BertConfig {
        architectures,
        ..config.clone()
    }
    .write(folder.join("config.json"))?;
    Ok(())
}

struct Collect {
    path: ModulePath,
    tensors: Vec<(String, Vec<usize>, Vec<u8>)>,
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
        let tensor = if self.path.is_linear_weight() {
            tensor.transpose()
        } else {
            tensor
        };
        let shape = tensor.dims().to_vec();
        let data = tensor.into_data();
        let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
        self.tensors.push((self.path.canonical(), shape, bytes));
    }
}
