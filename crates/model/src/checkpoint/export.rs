//! Export of a module to a folder that transformers can read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use safetensors::tensor::{Dtype, View, serialize_to_file};

use super::CheckpointError;
use crate::parameter_path::ParameterPath;
use crate::{
    Bert, BertConfig, Encoder, Family, MaskedLanguageModel, SequenceClassifier, TokenClassifier,
};

/// A network with a class name in transformers.
pub trait Pretrained: Module {
    /// The canonical name of the module's root; empty for networks with a head.
    const ROOT: &'static str = "";

    /// Returns the class name in transformers, or in DNABERT's own code.
    fn architecture(&self) -> &'static str;

    /// Returns the number of parameters.
    fn parameters(&self) -> usize {
        self.num_params()
    }

    /// Returns whether the weights are packed for prediction, so that they cannot be written.
    fn is_packed(&self) -> bool;

    /// Returns the name that this class uses for the parameter with the canonical name `name`.
    fn file_name(&self, name: String) -> String {
        name
    }
}

impl Pretrained for Bert {
    const ROOT: &'static str = "bert";

    fn architecture(&self) -> &'static str {
        "BertModel"
    }

    fn is_packed(&self) -> bool {
        Encoder::is_packed(self)
    }
}

impl Pretrained for MaskedLanguageModel {
    fn architecture(&self) -> &'static str {
        "BertForMaskedLM"
    }

    fn is_packed(&self) -> bool {
        Encoder::is_packed(&self.encoder)
    }

    fn file_name(&self, name: String) -> String {
        match (self.encoder.family(), name.as_str()) {
            (Family::MosaicBert, "cls.predictions.bias") => "cls.predictions.decoder.bias".into(),
            _ => name,
        }
    }
}

impl<E: Encoder> Pretrained for SequenceClassifier<E> {
    fn architecture(&self) -> &'static str {
        match self.chunk_count() {
            None => "BertForSequenceClassification",
            Some(_) if self.concatenates() => "BertForLongSequenceClassificationCat",
            Some(_) => "BertForLongSequenceClassification",
        }
    }

    fn is_packed(&self) -> bool {
        Encoder::is_packed(&self.encoder)
    }

    fn file_name(&self, name: String) -> String {
        match name.strip_prefix("classifier.") {
            Some(parameter) if self.concatenates() => format!("classifier2.{parameter}"),
            _ => name,
        }
    }
}

impl<E: Encoder> Pretrained for TokenClassifier<E> {
    fn architecture(&self) -> &'static str {
        "BertForTokenClassification"
    }

    fn is_packed(&self) -> bool {
        Encoder::is_packed(&self.encoder)
    }
}

/// One tensor of a network, as it is stored in a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// The name in transformers.
    pub name: String,
    /// The shape in transformers; matrices of linear layers are `[output, input]`.
    pub shape: Vec<usize>,
    /// The values in row order.
    pub values: Vec<f32>,
}

/// Returns all tensors of `model` with the names and the layout of transformers.
///
/// Adapters are merged into the weights that they adapt.
pub fn tensors<M: Pretrained>(model: &M) -> Vec<NamedTensor> {
    let unread = collect(model).into_iter();
    unread
        .map(|(name, tensor)| NamedTensor {
            name,
            values: (tensor.read)().iter::<f32>().collect(),
            shape: tensor.shape,
        })
        .collect()
}

/// Writes `config.json` and `model.safetensors` (f32) into `folder`, which is created if needed.
///
/// Adapters are merged into the weights that they adapt. An existing file is replaced only after
/// the new one is complete. Tensors are read from the device one at a time while the file is
/// written.
///
/// ```
/// use burn::tensor::Device;
/// use dnabert_model::{BertConfig, Checkpoint, checkpoint};
///
/// let config = BertConfig {
///     num_hidden_layers: 1,
///     hidden_size: 12,
///     num_attention_heads: 2,
///     intermediate_size: 24,
///     ..BertConfig::new(69)
/// };
/// let model = config.sequence_classifier(1, &Device::flex());
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// checkpoint::save(&model, &config, folder)?;
/// let again = Checkpoint::open(folder)?.sequence_classifier(&Device::flex())?;
/// assert_eq!(again.labels(), model.labels());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`CheckpointError`] for a file that cannot be written, and [`CheckpointError::Packed`] for packed
/// weights.
pub fn save<M: Pretrained>(
    model: &M,
    config: &BertConfig,
    folder: impl AsRef<Path>,
) -> Result<(), CheckpointError> {
    save_tensors(model, config, folder.as_ref(), collect(model))
}

/// Writes the same files as [`save`] in half precision (f16), which takes half the space.
///
/// A network that is read from them has the weights rounded to f16.
///
/// # Errors
///
/// [`CheckpointError`] for a file that cannot be written, and [`CheckpointError::NotHalf`] for a
/// weight that does not fit in f16; nothing is written then.
pub fn save_half<M: Pretrained>(
    model: &M,
    config: &BertConfig,
    folder: impl AsRef<Path>,
) -> Result<(), CheckpointError> {
    let mut tensors = collect(model);
    for (name, tensor) in &mut tensors {
        let values = (tensor.read)();
        let held = |value: &f32| half::f16::from_f32(*value).is_finite();
        if let Some(value) = values.iter::<f32>().find(|value| !held(value)) {
            return Err(CheckpointError::NotHalf { tensor: name.clone(), value });
        }
        tensor.is_half = true;
    }
    save_tensors(model, config, folder.as_ref(), tensors)
}

fn save_tensors<M: Pretrained>(
    model: &M,
    config: &BertConfig,
    folder: &Path,
    tensors: Vec<(String, Unread)>,
) -> Result<(), CheckpointError> {
    if model.is_packed() {
        return Err(CheckpointError::Packed { folder: folder.into() });
    }
    std::fs::create_dir_all(folder)
        .map_err(|source| CheckpointError::Io { path: folder.into(), source })?;
    write(tensors, &folder.join("model.safetensors"))?;
    let architectures = vec![model.architecture().to_owned()];
    let auto_map = config.auto_map.clone().filter(|_| config.family() == Family::MosaicBert);
    let config = BertConfig { architectures, auto_map, ..config.clone() };
    Ok(config.write(folder.join("config.json"))?)
}

/// Writes a safetensors file that transformers can read.
pub(super) fn write(tensors: Vec<(String, Unread)>, path: &Path) -> Result<(), CheckpointError> {
    // transformers requires this entry.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let write = |beside: &Path| {
        serialize_to_file(tensors, Some(metadata), beside).map_err(std::io::Error::other)
    };
    dnabert_core::file::replace(path, write)
        .map_err(|source| CheckpointError::Io { path: path.into(), source })
}

/// A tensor that has not been read from its device yet.
pub(super) struct Unread {
    pub(super) shape: Vec<usize>,
    pub(super) read: Box<dyn Fn() -> TensorData>,
    /// Whether it is written as f16 instead of f32.
    is_half: bool,
}

impl View for Unread {
    fn dtype(&self) -> Dtype {
        if self.is_half { Dtype::F16 } else { Dtype::F32 }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = (self.read)();
        let bytes = match values.dtype() {
            _ if self.is_half => {
                let half = |value| half::f16::from_f32(value).to_le_bytes();
                values.iter::<f32>().flat_map(half).collect()
            }
            DType::F32 => values.as_bytes().to_vec(),
            _ => values.iter::<f32>().flat_map(f32::to_le_bytes).collect(),
        };
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        let width = if self.is_half { size_of::<half::f16>() } else { size_of::<f32>() };
        self.shape.iter().product::<usize>() * width
    }
}

fn collect<M: Pretrained>(model: &M) -> Vec<(String, Unread)> {
    let mut collected = Collect { path: ParameterPath::new(M::ROOT), tensors: Vec::new() };
    model.clone().materialize().visit(&mut collected);
    let tensors = collected.tensors.into_iter();
    tensors.map(|(name, tensor)| (model.file_name(name), tensor)).collect()
}

struct Collect {
    path: ParameterPath,
    tensors: Vec<(String, Unread)>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = unread(param.val(), self.path.is_linear_weight());
        self.tensors.push((self.path.canonical(), tensor));
    }
}

/// Wraps a tensor that is read later, in PyTorch's layout.
pub(super) fn unread<const D: usize>(tensor: Tensor<D>, transposed: bool) -> Unread {
    let tensor = if transposed { tensor.transpose() } else { tensor };
    let shape = tensor.dims().to_vec();
    Unread { shape, read: Box::new(move || tensor.clone().into_data()), is_half: false }
}
