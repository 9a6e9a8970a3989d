//! The folder of GUE, the benchmark of DNABERT-2 (Zhou et al. 2023, arXiv 2306.15006).

use std::path::{Path, PathBuf};

use crate::{DataError, TableFormat, TableTask};

/// A task of GUE: one folder with the tables `train.csv`, `dev.csv` and `test.csv`.
///
/// ```
/// use dnabert_tasks::GueTask;
///
/// let task: GueTask = "prom_core_tata".parse()?;
/// # let root = tempfile::tempdir()?;
/// assert_eq!(task.folder(root.path()), None); // the data are not shipped
/// let folder = root.path().join("prom/prom_core_tata");
/// std::fs::create_dir_all(&folder)?;
/// for split in ["train", "dev", "test"] {
///     std::fs::write(folder.join(format!("{split}.csv")), "sequence,label\nACGTA,1\nGGCCA,0\n")?;
/// }
/// assert_eq!(task.folder(root.path()), Some(folder));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GueTask {
    name: &'static str,
    group: &'static str,
    folder: &'static str,
}

/// The name is not that of a task of GUE.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown task {0:?} of GUE: choose of {known}", known = names())]
pub struct UnknownGueTask(pub String);

const fn task(name: &'static str, group: &'static str, folder: &'static str) -> GueTask {
    GueTask { name, group, folder }
}

impl GueTask {
    /// All of them: promoters, binding sites in human and mouse cells, histone marks of yeast,
    /// splice sites, and variants of a virus.
    pub const ALL: [Self; 28] = [
        task("prom_core_tata", "prom", "prom_core_tata"),
        task("prom_core_notata", "prom", "prom_core_notata"),
        task("prom_core_all", "prom", "prom_core_all"),
        task("prom_300_tata", "prom", "prom_300_tata"),
        task("prom_300_notata", "prom", "prom_300_notata"),
        task("prom_300_all", "prom", "prom_300_all"),
        task("tf_0", "tf", "0"),
        task("tf_1", "tf", "1"),
        task("tf_2", "tf", "2"),
        task("tf_3", "tf", "3"),
        task("tf_4", "tf", "4"),
        task("mouse_0", "mouse", "0"),
        task("mouse_1", "mouse", "1"),
        task("mouse_2", "mouse", "2"),
        task("mouse_3", "mouse", "3"),
        task("mouse_4", "mouse", "4"),
        task("splice", "splice", "reconstructed"),
        task("covid", "virus", "covid"),
        task("H3", "EMP", "H3"),
        task("H3K14ac", "EMP", "H3K14ac"),
        task("H3K36me3", "EMP", "H3K36me3"),
        task("H3K4me1", "EMP", "H3K4me1"),
        task("H3K4me2", "EMP", "H3K4me2"),
        task("H3K4me3", "EMP", "H3K4me3"),
        task("H3K79me3", "EMP", "H3K79me3"),
        task("H3K9ac", "EMP", "H3K9ac"),
        task("H4", "EMP", "H4"),
        task("H4ac", "EMP", "H4ac"),
    ];

    /// Its name, such as `tf_0`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Its folder under `root`: `GROUP/TASK`, as the authors of GUE distribute it, or the name of
    /// the task. `None` where not all three tables are there, plain or as `.gz`.
    pub fn folder(self, root: impl AsRef<Path>) -> Option<PathBuf> {
        let root = root.as_ref();
        let places = [
            root.join(self.group).join(self.folder),
            root.join("GUE").join(self.group).join(self.folder),
            root.join(self.name),
        ];
        places.into_iter().find(|folder| tables(folder).is_some())
    }

    /// The task, if its tables are under `root`.
    ///
    /// # Errors
    ///
    /// [`DataError`] naming file and line of the training table.
    pub fn open(self, root: impl AsRef<Path>) -> Result<Option<TableTask>, DataError> {
        let Some(paths) = self.folder(root).and_then(|folder| tables(&folder)) else {
            return Ok(None);
        };
        TableTask::open(self.name, paths, TableFormat::default()).map(Some)
    }
}

/// The three tables of a folder, if they are there.
fn tables(folder: &Path) -> Option<[PathBuf; 3]> {
    let table = |split: &str| {
        let names = [format!("{split}.csv"), format!("{split}.csv.gz")];
        names.into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
    };
    Some([table("train")?, table("dev")?, table("test")?])
}

fn names() -> String {
    GueTask::ALL.map(GueTask::name).join(", ")
}

impl std::str::FromStr for GueTask {
    type Err = UnknownGueTask;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|task| task.name == name);
        found.ok_or_else(|| UnknownGueTask(name.to_owned()))
    }
}

impl std::fmt::Display for GueTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use dnabert_core::{Split, Task as _};

    use super::*;

    #[test]
    fn tables_are_found_in_both_layouts_plain_or_compressed() {
        let root = tempfile::tempdir().unwrap();
        for (folder, ending) in [("tf/0", ".csv"), ("GUE/mouse/3", ".csv"), ("tf_4", ".csv.gz")] {
            let folder = root.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            for (rows, split) in ["train", "dev", "test"].iter().enumerate() {
                let text = format!("sequence,label\n{}", "ACGT,0\nGGCA,1\n".repeat(rows + 1));
                let path = folder.join(format!("{split}{ending}"));
                let mut bytes = Vec::new();
                if ending.ends_with(".gz") {
                    let mut encoder =
                        flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
                    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
                    encoder.finish().unwrap();
                } else {
                    bytes = text.into_bytes();
                }
                std::fs::write(path, bytes).unwrap();
            }
        }
        let open = |name: &str| name.parse::<GueTask>().unwrap().open(root.path()).unwrap();
        for name in ["tf_0", "mouse_3", "tf_4"] {
            let task = open(name).unwrap();
            assert_eq!(task.name(), name);
            assert_eq!(task.examples(Split::Test).unwrap().len(), 6);
        }
        std::fs::remove_file(root.path().join("tf/0/dev.csv")).unwrap();
        assert!(open("tf_0").is_none(), "not complete");
        let error = "tf_9".parse::<GueTask>().unwrap_err().to_string();
        assert!(error.starts_with("unknown task \"tf_9\" of GUE: choose of prom_core_tata, "));
    }
}
