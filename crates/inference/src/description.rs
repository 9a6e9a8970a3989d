//! The JSON file that describes a model folder: of an ensemble, or of a network with your own encoder.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ModelError;

/// Reads a description.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let text = dnabert_core::text::read(path)
        .map_err(|source| ModelError::Io { path: path.into(), source })?;
    serde_json::from_str(&text)
        .map_err(|source| ModelError::Description { path: path.into(), source })
}

/// Writes a description; the old one stays if this fails.
pub(crate) fn write<T: Serialize>(path: &Path, description: &T) -> Result<(), ModelError> {
    let text = serde_json::to_string_pretty(description)
        .map_err(|source| ModelError::Description { path: path.into(), source })?;
    dnabert_core::file::write(path, (text + "\n").as_bytes())
        .map_err(|source| ModelError::Io { path: path.into(), source })
}
