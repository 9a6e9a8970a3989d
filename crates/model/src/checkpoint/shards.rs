//! Weights in several files, as an index says (`model.safetensors.index.json`).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path};

use serde::Deserialize;

use super::CheckpointError;
use super::source::{self, Stored};

#[derive(Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// Whether a weights file is an index of several.
pub(super) fn is_index(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(".index.json"))
}

/// The tensors of all files of an index. Each must be where the index says. Files lie beside the
/// index: names that lead elsewhere are refused.
pub(super) fn open(path: &Path) -> Result<Vec<Stored>, CheckpointError> {
    let wrong = |what: String| CheckpointError::Index { path: path.into(), what };
    let io = |source| CheckpointError::Io { path: path.into(), source };
    let text = dnabert_core::text::read(path).map_err(io)?;
    let index: Index = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let files: BTreeSet<&String> = index.weight_map.values().collect();
    let mut all = Vec::new();
    for file in files {
        let parts: Vec<Component<'_>> = Path::new(file).components().collect();
        if !matches!(parts[..], [Component::Normal(_)]) || file.contains('\\') {
            return Err(wrong(format!("{file:?} is not the name of a file beside it")));
        }
        let shard = path.with_file_name(file);
        if !shard.exists() {
            return Err(wrong(format!("{file} is missing")));
        }
        let stored = source::open(&shard)?;
        let has = |name: &String| stored.iter().any(|tensor| tensor.name == *name);
        let mut here =
            index.weight_map.iter().filter(|(_, own)| *own == file).map(|(name, _)| name);
        if let Some(name) = here.find(|name| !has(name)) {
            return Err(wrong(format!("{name} is not in {file}")));
        }
        all.extend(stored);
    }
    Ok(all)
}
