//! The location of a model: a local folder, or a name on the Hugging Face Hub.

use std::path::{Path, PathBuf};

/// Why a model could not be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFolderError {
    /// It is neither a folder nor the name of a repository.
    #[error("{0}: no such folder, and no name of a model (owner/name)")]
    NoFolder(String),
    /// It is the name of a repository, but the program cannot download models.
    #[error("{0}: no such folder; to download a model of this name, build with `--features hub`")]
    NoHub(String),
    /// The download failed.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
}

/// The folder of `model`. If `model` is a folder, this is the folder itself. If it is `owner/name`
/// or `owner/name@revision`, and the build has the feature `hub`, this is the folder in the cache
/// of the Hugging Face Hub, which is downloaded if it is not there yet.
///
/// ```
/// use dnabert_inference::model_folder;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models/splice-fly");
/// let path = model_folder(folder)?;
/// assert!(path.join("config.json").is_file());
/// let error = model_folder("no-such-folder").unwrap_err();
/// assert!(error.to_string().contains("no such folder"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ModelFolderError`] saying what was looked for.
pub fn model_folder(model: &str) -> Result<PathBuf, ModelFolderError> {
    if Path::new(model).is_dir() {
        return Ok(model.into());
    }
    if !is_repository(model) {
        return Err(ModelFolderError::NoFolder(model.to_owned()));
    }
    #[cfg(feature = "hub")]
    return Ok(crate::hub::Hub::from_env().fetch(model)?);
    #[cfg(not(feature = "hub"))]
    Err(ModelFolderError::NoHub(model.to_owned()))
}

/// Whether `model` could be `owner/name`, with or without a revision.
fn is_repository(model: &str) -> bool {
    let (name, revision) = model.split_once('@').unwrap_or((model, "main"));
    let is_part = |part: &str| {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        part.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && part.chars().all(letters)
    };
    name.split('/').count() == 2 && name.split('/').all(is_part) && !revision.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_itself() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(model_folder(folder.path().to_str().unwrap()).unwrap(), folder.path());
    }

    #[test]
    fn names_are_told_from_paths() {
        for name in ["zhihan1996/DNA_bert_6", "zhihan1996/DNABERT-2-117M@main", "a/b.c"] {
            assert!(is_repository(name), "{name}");
        }
        for path in ["runs", "./runs/model", "/model", "a/b/c", "../b", "a/", "a/b@"] {
            assert!(!is_repository(path), "{path}");
        }
    }

    #[cfg(not(feature = "hub"))]
    #[test]
    fn a_name_asks_for_the_feature() {
        let error = model_folder("zhihan1996/DNA_bert_6").unwrap_err().to_string();
        assert!(error.contains("--features hub"), "{error}");
    }
}
