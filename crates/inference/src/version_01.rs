//! Model folders of version 0.1 whose networks also count k-mers.

use std::collections::HashMap;
use std::path::Path;

use dnabert_baseline::{Features, LinearClassifier, tensor_values};
use dnabert_kmer::Vocabulary;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value;

use crate::ModelError;
use crate::ensemble::{Combination, write_description};

/// Whether a folder is of version 0.1, with a network that counts k-mers.
pub fn is_version_01(folder: impl AsRef<Path>) -> bool {
    let text = dnabert_core::text::read(&folder.as_ref().join("config.json"));
    let config: Option<Value> = text.ok().and_then(|text| serde_json::from_str(&text).ok());
    config.is_some_and(|config| config["bag_of_tokens"] == true)
}

/// Writes a folder of version 0.1 as an ensemble of a plain network and a linear classifier on
/// counts of k-mers. The predictions stay the same.
///
/// # Errors
///
/// [`ModelError`] naming the file that cannot be read or written.
pub fn convert_version_01(
    folder: impl AsRef<Path>,
    out: impl AsRef<Path>,
) -> Result<(), ModelError> {
    let (folder, out) = (folder.as_ref(), out.as_ref());
    let network = out.join("network");
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ModelError::Io { path, source }
    };
    std::fs::create_dir_all(&network).map_err(failed(&network))?;
    let read = |name: &str| -> Result<Vec<u8>, ModelError> {
        let path = folder.join(name);
        std::fs::read(&path).map_err(failed(&path))
    };
    let write =
        |path: &Path, bytes: &[u8]| dnabert_core::file::write(path, bytes).map_err(failed(path));
    let json = |name: &str| -> Result<Value, ModelError> {
        let path = folder.join(name);
        serde_json::from_slice(&read(name)?)
            .map_err(|source| ModelError::Description { path, source })
    };

    let mut config = json("config.json")?;
    let number = |key: &str| config[key].as_u64().map_or(1, |number| number as usize);
    let (max_n, position_bins) = (number("bag_longest_run"), number("bag_places"));
    if let Some(fields) = config.as_object_mut() {
        fields.retain(|key, _| !key.starts_with("bag_"));
    }
    let described = |source| ModelError::Description { path: network.join("config.json"), source };
    let text = serde_json::to_string_pretty(&config).map_err(described)? + "\n";
    write(&network.join("config.json"), text.as_bytes())?;
    for name in ["vocab.txt", "tokenizer_config.json", "special_tokens_map.json"] {
        if folder.join(name).exists() {
            write(&network.join(name), &read(name)?)?;
        }
    }
    // The weight of the counts, if the folder has it. With it, each part can also predict alone.
    let metrics = if folder.join("metrics.json").exists() {
        write(&out.join("metrics.json"), &read("metrics.json")?)?;
        json("metrics.json")?
    } else {
        Value::Null
    };
    let share = metrics["trainings"][0]["bag_share"].as_f64();
    let share = share.filter(|share| 0.0 < *share && *share < 1.0);
    let (own, counted) = share.map_or((1.0, 1.0), |share| (1.0 - share, share));

    let path = folder.join("model.safetensors");
    let bytes = read("model.safetensors")?;
    let weights = |source| ModelError::Weights { path: path.clone(), source };
    let tensors = SafeTensors::deserialize(&bytes).map_err(weights)?;
    let scaled = |name: &str, by: f64| -> Result<Vec<f32>, ModelError> {
        let values = tensor_values(&tensors, name, &path)?;
        Ok(values.into_iter().map(|value| (f64::from(value) / by) as f32).collect())
    };
    let head: Vec<(&str, Vec<u8>)> = ["classifier.weight", "classifier.bias"]
        .into_iter()
        .map(|name| {
            let values = scaled(name, own)?;
            Ok((name, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        })
        .collect::<Result<_, ModelError>>()?;
    let mut kept = Vec::new();
    for (name, tensor) in tensors.tensors() {
        if name == TABLE {
            continue;
        }
        let view = match head.iter().find(|(head, _)| *head == name) {
            Some((_, bytes)) => {
                TensorView::new(Dtype::F32, tensor.shape().to_vec(), bytes).map_err(weights)?
            }
            None => tensor,
        };
        kept.push((name, view));
    }
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let file = safetensors::serialize(kept, Some(format)).map_err(weights)?;
    write(&network.join("model.safetensors"), &file)?;

    let k = Vocabulary::read(folder.join("vocab.txt"))?.k();
    let names = config["id2label"].as_object();
    let classes = head[1].1.len() / size_of::<f32>();
    let labels: Vec<String> = (0..classes)
        .map(|class| {
            let name = names.and_then(|names| names.get(&class.to_string())?.as_str());
            name.map_or_else(|| format!("LABEL_{class}"), str::to_owned)
        })
        .collect();
    let table = scaled(TABLE, counted)?;
    let row = |class: usize| table.chunks(classes).map(|column| column[class]).collect();
    let rows: Vec<Vec<f32>> = (0..classes).map(row).collect();
    let features = Features::Ngrams { k, max_n, position_bins };
    let linear = LinearClassifier::new(features, labels, &rows, &vec![0.0; classes])?;
    linear.save(out.join("linear"))?;
    let members = [("network", own), ("linear", counted)];
    write_description(out, Combination::LogProbabilities, false, &members)
}

/// The name of the tensor of the counts.
const TABLE: &str = "bag_of_tokens.weight";
