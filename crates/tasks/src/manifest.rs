//! The manifest of `datasets/`: the source, licence and hash of each file.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The content of `datasets/manifest.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The data sets.
    #[serde(rename = "set")]
    pub sets: Vec<DataSet>,
}

/// Files from one source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// Its folder.
    pub name: String,
    /// What it is, in one sentence.
    pub title: String,
    /// Where the data were taken from.
    pub source: String,
    /// The licence of the data.
    pub licence: String,
    /// The publication to cite.
    pub citation: String,
    /// How the files were made from the source.
    pub made_by: String,
    /// The files.
    #[serde(rename = "file")]
    pub files: Vec<DataFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// Path below `datasets/`.
    pub path: String,
    /// What it is for.
    pub role: FileRole,
    /// Size.
    pub bytes: u64,
    /// Rows or records, headers not counted; a model has none.
    #[serde(default)]
    pub rows: Option<usize>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// Models are trained on it.
    Train,
    /// Models are evaluated on it, as dev or test split or in cross-validation: a pre-training corpus
    /// must share no sequence with it.
    Benchmark,
    /// Genomes to pre-train on.
    Genome,
    /// Notes on the rows of other files.
    Notes,
    /// A trained model.
    Model,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The manifest is not TOML or lacks a field.
    #[error("{}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Line and cause.
        #[source]
        source: toml::de::Error,
    },
    /// A file does not have the hash in the manifest.
    #[error("{}: the SHA-256 is {found}, but the manifest has {expected}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The hash in the manifest.
        expected: String,
    },
}

impl Manifest {
    /// Reads `manifest.toml` in the `datasets` folder.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Io`] or [`ManifestError::Toml`].
    ///
    /// ```
    /// use dnabert_tasks::{FileRole, Manifest};
    ///
    /// let manifest = Manifest::read("../../datasets")?;
    /// let genomes = manifest.files("../../datasets", FileRole::Genome);
    /// assert!(genomes.iter().all(|path| path.exists()));
    /// # Ok::<(), dnabert_tasks::ManifestError>(())
    /// ```
    pub fn read(datasets: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let path = datasets.as_ref().join("manifest.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ManifestError::Io { path: path.clone(), source })?;
        toml::from_str(&text).map_err(|source| ManifestError::Toml { path, source })
    }

    /// The paths of the files of one role, in the order of the manifest.
    pub fn files(&self, datasets: impl AsRef<Path>, role: FileRole) -> Vec<PathBuf> {
        let files = self.sets.iter().flat_map(|set| &set.files);
        let files = files.filter(|file| file.role == role);
        files.map(|file| datasets.as_ref().join(&file.path)).collect()
    }

    /// Checks the hash of every file.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] for the first file that is missing or changed.
    pub fn verify(&self, datasets: impl AsRef<Path>) -> Result<(), ManifestError> {
        for file in self.sets.iter().flat_map(|set| &set.files) {
            let path = datasets.as_ref().join(&file.path);
            let found =
                sha256(&path).map_err(|source| ManifestError::Io { path: path.clone(), source })?;
            if found != file.sha256 {
                let expected = file.sha256.clone();
                return Err(ManifestError::Changed { path, found, expected });
            }
        }
        Ok(())
    }
}

/// The SHA-256 of a file's content, in hexadecimal.
///
/// # Errors
///
/// If the file cannot be read.
pub fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => break,
            count => hasher.update(&block[..count]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datasets() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"))
    }

    #[test]
    fn the_shipped_files_are_those_of_the_manifest() {
        let manifest = Manifest::read(datasets()).unwrap();
        manifest.verify(datasets()).unwrap();
    }

    #[test]
    fn a_changed_file_is_named() {
        let mut manifest = Manifest::read(datasets()).unwrap();
        let file = &mut manifest.sets[0].files[0];
        file.sha256 = "0".repeat(64);
        let path = file.path.clone();
        let error = manifest.verify(datasets()).unwrap_err();
        assert!(matches!(&error, ManifestError::Changed { .. }));
        assert!(error.to_string().contains(&path), "{error}");
    }
}
