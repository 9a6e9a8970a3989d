//! One run of a method, as one line of a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Predictions;

/// The key of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The task.
    pub task: String,
    /// Which of its rows are for training and which for testing, where this is not as in the task.
    #[serde(default)]
    pub draw: String,
    /// The method.
    pub method: String,
    /// All other settings that the result depends on. A run with other settings is another run.
    #[serde(default)]
    pub settings: String,
    /// The seed.
    pub seed: u64,
}

/// A run and its results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its key.
    #[serde(flatten)]
    pub key: RunKey,
    /// Training rows.
    pub train_rows: usize,
    /// The dev split.
    pub dev: Scores,
    /// The test split.
    pub test: Scores,
}

/// [`Predictions`] as they are stored, with probabilities rounded to six decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    labels: Vec<usize>,
    /// The probabilities of all classes but class 0.
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

/// Reads the runs of a file; none where there is no file. If a process was killed, the last line
/// may be cut off, even within a character. Lines that are not complete runs are skipped.
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

/// Opens a file to append runs. The first one starts on a new line.
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
