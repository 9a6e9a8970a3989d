//! Low-rank adapters in separate files, in the layout of Hugging Face PEFT.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::export::{Unread, unread, write};
use super::import::{New, fill};
use super::weights::Weights;
use super::{Checkpoint, CheckpointError, Misshapen, POOLER, TensorProblems, names};
use crate::head::Chunks;
use crate::parameter_path::ParameterPath;
use crate::{
    Adaptation, Bert, BertConfig, ConfigError, Encoder, LowRank, Pooling, SequenceClassifier, adapt,
};

const WEIGHTS: &str = "adapter_model.safetensors";
const CONFIG: &str = "adapter_config.json";

/// The fields of PEFT's `adapter_config.json` that are used here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct AdapterConfig {
    peft_type: String,
    task_type: Option<String>,
    base_model_name_or_path: Option<String>,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    inference_mode: bool,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    target_modules: Vec<String>,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
}

/// Writes the adapters and the head of `model`, without the base weights.
///
/// The files are `adapter_model.safetensors` and `adapter_config.json`, which PEFT can read, and
/// `config.json`. `low_rank` must be the settings that the adapters were made with; `base` is the
/// name of the base model.
///
/// # Errors
///
/// [`CheckpointError::NoAdapters`] for a model without adapters of this rank, and an error for a
/// file that cannot be written.
pub fn save_adapters<E: Encoder>(
    model: &SequenceClassifier<E>,
    config: &BertConfig,
    low_rank: LowRank,
    base: &str,
    folder: impl AsRef<Path>,
) -> Result<(), CheckpointError> {
    let folder = folder.as_ref();
    let mut adapters = Adapters { path: ParameterPath::default(), tensors: Vec::new() };
    model.visit(&mut adapters);
    let mut first_factors = adapters.tensors.iter().filter(|(name, _)| name.contains(".lora_A."));
    if first_factors.next().is_none_or(|(_, factor)| factor.shape[0] != low_rank.rank) {
        return Err(CheckpointError::NoAdapters { path: folder.into(), rank: low_rank.rank });
    }
    let has = |part: &str| adapters.tensors.iter().any(|(name, _)| name.contains(part));
    let named = |parts: &[&str]| -> Vec<String> {
        parts.iter().filter(|part| has(&format!(".{part}."))).map(|&part| part.into()).collect()
    };
    let adapter_config = AdapterConfig {
        peft_type: "LORA".to_owned(),
        task_type: Some("SEQ_CLS".to_owned()),
        base_model_name_or_path: Some(base.to_owned()),
        r: low_rank.rank,
        lora_alpha: low_rank.alpha,
        lora_dropout: 0.0,
        bias: Some("none".to_owned()),
        fan_in_fan_out: false,
        inference_mode: true,
        use_rslora: false,
        use_dora: false,
        target_modules: named(&["query", "value", "Wqkv"]),
        modules_to_save: Some(named(&["classifier", "pooler"])),
    };
    let path = folder.join(CONFIG);
    let io = |source| CheckpointError::Io { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(io)?;
    write(adapters.tensors, &folder.join(WEIGHTS))?;
    let text = serde_json::to_string_pretty(&adapter_config).map_err(std::io::Error::other);
    text.and_then(|text| dnabert_core::file::write(&path, text.as_bytes())).map_err(io)?;
    Ok(config.write(folder.join("config.json"))?)
}

impl Checkpoint {
    /// Reads the encoder of this checkpoint with the adapters and the head in `folder`, as
    /// [`save_adapters`] or PEFT writes them; also returns the config with the head.
    ///
    /// The config is the `config.json` of the folder, or that of this checkpoint if the folder has
    /// none.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] with the file, or with the tensors of either folder that are missing,
    /// unused or of another shape.
    pub fn with_adapters(
        &self,
        folder: impl AsRef<Path>,
        device: &Device,
    ) -> Result<(SequenceClassifier<Bert>, BertConfig), CheckpointError> {
        let folder = folder.as_ref();
        let path = folder.join("config.json");
        let config = if path.exists() { BertConfig::read(path)? } else { self.config.clone() };
        let adapter_config = AdapterConfig::read(&folder.join(CONFIG))?;
        let adapters = Weights::open(folder.join(WEIGHTS))?;

        self.check(&config, Chunks::Average)?;
        let pooler = config.pooling == Pooling::Cls;
        let bert = Bert::zeros(&config, pooler, device);
        let model = SequenceClassifier::over(bert, &config, device);
        // The head and, if it was saved, the pooler are stored with the adapters.
        let saved = |name: &str| {
            names::is_linear_head(name) || adapters.has(POOLER) && name.starts_with("bert.pooler.")
        };
        let model =
            fill(model, "", &self.weights, Some(New { is_new: &saved, draw: None }), |name| {
                names::is_head(name) || !pooler && names::is_pooler(name)
            })?;
        let low_rank = adapter_config.low_rank();
        // Checked before factors of this rank are allocated.
        for name in adapters.names().filter(|name| name.ends_with(".lora.a")) {
            let found = adapters.shape(name).unwrap_or_default();
            if found.first() != Some(&low_rank.rank) {
                let expected = [&[low_rank.rank], found.get(1..).unwrap_or_default()].concat();
                let (name, found) = (name.clone(), found.to_vec());
                let misshapen = vec![Misshapen { name, found, expected }];
                let problems = TensorProblems { misshapen, ..TensorProblems::default() };
                return Err(CheckpointError::Tensors { path: adapters.path().clone(), problems });
            }
        }
        let model = adapt(model, Adaptation::LowRank(low_rank), 0);
        let stays = |name: &str| !name.contains(".lora.") && !saved(name);
        let new = New { is_new: &stays, draw: None };
        let model = fill(model, "", &adapters, Some(new), |_| false)?;
        Ok((model, config))
    }
}

impl AdapterConfig {
    fn read(path: &Path) -> Result<Self, CheckpointError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CheckpointError::Io { path: path.into(), source })?;
        let config: Self = serde_json::from_str(&text)
            .map_err(|source| ConfigError::Json { path: path.into(), source })?;
        let unknown = |what: String| CheckpointError::Adapters { path: path.into(), what };
        if config.peft_type != "LORA" || config.use_dora || config.use_rslora {
            return Err(unknown(format!("{} adapters of this kind", config.peft_type)));
        }
        if config.r == 0 {
            return Err(unknown("rank 0".to_owned()));
        }
        let known = ["query", "value", "Wqkv"];
        match config.target_modules.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(unknown(format!("adapters on {name}"))),
            None => Ok(config),
        }
    }

    fn low_rank(&self) -> LowRank {
        LowRank { rank: self.r, alpha: self.lora_alpha }
    }
}

/// Collects the tensors that do not belong to the base model.
struct Adapters {
    path: ParameterPath,
    tensors: Vec<(String, Unread)>,
}

impl ModuleVisitor for Adapters {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.canonical();
        let name = name.replace(".weight.lora.a", ".lora_A.weight");
        let name = name.replace(".weight.lora.b", ".lora_B.weight");
        let is_base = name.starts_with("bert.")
            && !name.contains(".lora_")
            && !name.starts_with("bert.pooler.");
        if !is_base {
            let tensor = unread(param.base(), self.path.is_linear_weight());
            self.tensors.push((format!("base_model.model.{name}"), tensor));
        }
    }
}
