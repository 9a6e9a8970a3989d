//! `classifier.json`: which classifier a folder holds, and its settings.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::BaselineError;

/// The file that says which classifier a folder holds.
pub const CLASSIFIER_FILE: &str = "classifier.json";
const SCHEMA: u32 = 1;

/// The classifiers that are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SavedKind {
    /// A [`LinearClassifier`](crate::LinearClassifier).
    Linear,
    /// A [`CnnClassifier`](crate::CnnClassifier).
    Cnn,
}

/// What is read first: the rest may have other fields.
#[derive(Deserialize)]
struct Header {
    schema: u32,
    classifier: serde_json::Value,
}

#[derive(Serialize)]
struct Description<T> {
    schema: u32,
    classifier: SavedKind,
    #[serde(flatten)]
    settings: T,
}

/// Which classifier a folder holds.
///
/// # Errors
///
/// [`BaselineError`] naming the file if it cannot be read, or names a kind or a version that this
/// crate does not know.
pub fn saved_kind(folder: impl AsRef<Path>) -> Result<SavedKind, BaselineError> {
    let path = folder.as_ref().join(CLASSIFIER_FILE);
    let Header { schema, classifier } = parse(&path)?;
    match serde_json::from_value(classifier.clone()) {
        Ok(kind) if schema == SCHEMA => Ok(kind),
        _ => {
            let found = classifier.as_str().map_or_else(|| classifier.to_string(), str::to_owned);
            Err(BaselineError::Kind { path, found, schema })
        }
    }
}

/// The settings of a classifier of `kind`.
pub(crate) fn read<T: DeserializeOwned>(
    folder: &Path,
    kind: SavedKind,
) -> Result<T, BaselineError> {
    let path = folder.join(CLASSIFIER_FILE);
    match saved_kind(folder)? {
        found if found == kind => parse(&path),
        found => {
            let found = format!("{found:?}").to_lowercase();
            Err(BaselineError::Kind { path, found, schema: SCHEMA })
        }
    }
}

/// Writes the settings of a classifier of `kind`.
pub(crate) fn write<T: Serialize>(
    folder: &Path,
    kind: SavedKind,
    settings: T,
) -> Result<(), BaselineError> {
    let path = folder.join(CLASSIFIER_FILE);
    let description = Description { schema: SCHEMA, classifier: kind, settings };
    let text = serde_json::to_string_pretty(&description)
        .map_err(|source| BaselineError::Json { path: path.clone(), source })?;
    dnabert_core::file::write(&path, (text + "\n").as_bytes()).map_err(failed(&path))
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, BaselineError> {
    let text = dnabert_core::text::read(path).map_err(failed(path))?;
    serde_json::from_str(&text).map_err(|source| BaselineError::Json { path: path.into(), source })
}

/// Names the file of an I/O error.
pub(crate) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> BaselineError {
    let path: PathBuf = path.into();
    move |source| BaselineError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_and_versions_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |text: &str| {
            std::fs::write(folder.path().join(CLASSIFIER_FILE), text).unwrap();
            saved_kind(folder.path())
        };
        assert_eq!(
            kind(r#"{"schema": 1, "classifier": "cnn", "more": 2}"#).unwrap(),
            SavedKind::Cnn
        );
        for (text, what) in [
            (r#"{"schema": 1, "classifier": "tree"}"#, "a tree classifier of schema 1"),
            (r#"{"schema": 2, "classifier": "linear"}"#, "a linear classifier of schema 2"),
            (r#"{"schema": 1, "classifier": 7}"#, "a 7 classifier of schema 1"),
        ] {
            let error = kind(text).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(CLASSIFIER_FILE), "{error}");
        }
        assert!(matches!(kind("{"), Err(BaselineError::Json { .. })));
    }
}
