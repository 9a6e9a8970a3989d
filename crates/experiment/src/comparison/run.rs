//! One run of a method, as a line of a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Predictions;

/// What tells one run from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The task.
    pub task: String,
    /// Which of its rows are learned from and judged, where this is not as the task has it.
    #[serde(default)]
    pub draw: String,
    /// The method.
    pub method: String,
    /// What else the result depends on; runs with other settings are other runs.
    #[serde(default)]
    pub settings: String,
    /// The seed.
    pub seed: u64,
}

/// A run and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What it is.
    #[serde(flatten)]
    pub key: RunKey,
    /// Training rows.
    pub train_rows: usize,
    /// The dev split.
    pub dev: Scores,
    /// The test split.
    pub test: Scores,
}

/// [`Predictions`] examples as they are kept: probabilities to six decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    labels: Vec<usize>,
    /// Of each class but class 0.
    probabilities: Vec<Vec<f64>>,
}

impl From<&Predictions> for Scores {
    fn from(scored: &Predictions) -> Self {
        let rounded = |value: &f64| (value * 1e6).round() / 1e6;
        let rows = scored.probabilities.iter();
        let probabilities = rows.map(|row| row[1..].iter().map(rounded).collect()).collect();
        Self { labels: scored.labels.clone(), probabilities }
    }
}

impl From<&Scores> for Predictions {
    fn from(scores: &Scores) -> Self {
        let row = |others: &Vec<f64>| {
            let first = (1.0 - others.iter().sum::<f64>()).max(0.0);
            std::iter::once(first).chain(others.iter().copied()).collect()
        };
        Self {
            probabilities: scores.probabilities.iter().map(row).collect(),
            labels: scores.labels.clone(),
        }
    }
}

/// The runs of a file, none where there is no file. The last line of a process that was killed may
/// be cut off, even within a letter: what is no run is passed over.
pub(super) fn read(file: &Path) -> io::Result<Vec<Run>> {
    match fs::read(file) {
        Ok(bytes) => {
            let lines = bytes.split(|&byte| byte == b'\n');
            Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Opens a file for further runs, on a line of their own.
pub(super) fn append(file: &Path) -> io::Result<fs::File> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let is_cut = fs::read(file).is_ok_and(|text| !text.is_empty() && !text.ends_with(b"\n"));
    let mut output = OpenOptions::new().append(true).create(true).open(file)?;
    if is_cut {
        output.write_all(b"\n")?;
    }
    Ok(output)
}
