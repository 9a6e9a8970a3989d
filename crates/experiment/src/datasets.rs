//! Where the shipped data sets and models are.

use std::path::{Path, PathBuf};

/// The environment variable that names the folder.
pub const VARIABLE: &str = "DNABERT_DATASETS";

/// The `datasets` folder of the project, with the shipped data sets and models.
///
/// ```
/// use dnabert_core::Task;
/// use dnabert_experiment::{Benchmark, Datasets};
///
/// let datasets = Datasets::find()?; // or Datasets::new("my/copy/of/datasets")
/// let task = Benchmark::PromoterUci.task(&datasets);
/// assert_eq!(task.classes(), ["other", "promoter"]);
/// assert!(datasets.model("small-4").join("config.json").is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datasets {
    folder: PathBuf,
}

/// The error for shipped data that cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the shipped data sets are not found (looked in {}): run in the project's folder, or set {VARIABLE} to its `datasets` folder",
    tried.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct NoDatasets {
    /// The folders that were tried.
    pub tried: Vec<PathBuf>,
}

impl Datasets {
    /// A folder that the caller names.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Looks for the folder in this order: `datasets` in the working directory, the folder that the
    /// environment variable `DNABERT_DATASETS` names, and the source tree that this program was
    /// built from.
    ///
    /// # Errors
    ///
    /// [`NoDatasets`] with the folders that were tried.
    pub fn find() -> Result<Self, NoDatasets> {
        let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        let places = [Some("datasets".into()), named.map(PathBuf::from), Some(source)];
        let tried: Vec<PathBuf> = places.into_iter().flatten().collect();
        match tried.iter().find(|folder| folder.join("manifest.toml").is_file()) {
            Some(folder) => Ok(Self::new(folder)),
            None => Err(NoDatasets { tried }),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of a shipped model.
    pub fn model(&self, name: &str) -> PathBuf {
        self.folder.join("models").join(name)
    }
}

/// A path as reports show it. A shipped path is shown as `datasets/…`, wherever the project is.
pub fn shown(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "/");
    match text.rfind("/datasets/") {
        Some(at) if text[..at].ends_with("crates/experiment/../..") => text[at + 1..].to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_tree_is_found_and_shown_without_its_place() {
        let datasets = Datasets::find().unwrap();
        assert!(datasets.model("small-4").join("config.json").is_file());
        assert_eq!(shown(&datasets.model("small-4")), "datasets/models/small-4");
        assert_eq!(shown(Path::new("my/models/a")), "my/models/a");
    }
}
