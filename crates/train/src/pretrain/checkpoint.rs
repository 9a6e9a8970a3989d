//! Checkpoints of a pre-training run, written atomically.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use serde::{Deserialize, Serialize};

use super::PretrainConfig;
use crate::TrainError;

/// A folder with the last checkpoints of a run, named `step-00001234`.
///
/// A checkpoint is written to a temporary folder and then renamed. A killed process leaves either a
/// complete checkpoint or none.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
}

/// The contents of a checkpoint other than weights and optimizer state.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    step: usize,
    config: PretrainConfig,
}

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.json";

impl Checkpoints {
    /// Keeps the last `keep` checkpoints in `folder`, which is created if needed.
    ///
    /// # Panics
    ///
    /// If `keep` is 0.
    pub fn new(folder: impl Into<PathBuf>, keep: usize) -> Self {
        assert!(keep > 0, "a run that keeps no checkpoint cannot go on");
        Self { folder: folder.into(), keep }
    }

    /// Returns the folder of the last checkpoint and its step, if there is one.
    ///
    /// # Errors
    ///
    /// [`TrainError::Checkpoint`] if the folder cannot be read.
    pub fn last(&self) -> Result<Option<(PathBuf, usize)>, TrainError> {
        Ok(self.all()?.pop())
    }

    /// Returns all checkpoints, the oldest first.
    fn all(&self) -> Result<Vec<(PathBuf, usize)>, TrainError> {
        let mut found = Vec::new();
        for path in self.entries()? {
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(step) = name.and_then(|name| name.strip_prefix("step-"))
                && let Ok(step) = step.parse()
            {
                found.push((path, step));
            }
        }
        found.sort_by_key(|(_, step)| *step);
        Ok(found)
    }

    /// Returns the entries of the folder.
    fn entries(&self) -> Result<Vec<PathBuf>, TrainError> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let path = |entry: io::Result<fs::DirEntry>| Ok(entry?.path());
        let entries = fs::read_dir(&self.folder).and_then(|entries| entries.map(path).collect());
        entries.map_err(|error| failed(&self.folder, error))
    }

    /// Writes the state after `step` steps, then removes the oldest checkpoints.
    pub(super) fn save<M: Module>(
        &self,
        step: usize,
        config: &PretrainConfig,
        model: M,
        optimizer: &ModuleOptimizer,
    ) -> Result<(), TrainError> {
        let path = self.folder.join(format!("step-{step:08}"));
        if path.exists() {
            return Ok(()); // already written, with the same bits
        }
        let beside = self.folder.join(format!(".step-{step:08}.{}.partial", std::process::id()));
        fs::create_dir_all(&beside).map_err(|error| failed(&beside, error))?;
        let file = beside.join(MODEL);
        model.into_record().save(&file).map_err(|error| failed(&file, error))?;
        let file = beside.join(OPTIMIZER);
        optimizer.save(&file).map_err(|error| failed(&file, error))?;
        let file = beside.join(STATE);
        let state = State { step, config: config.clone() };
        let text = serde_json::to_string_pretty(&state).map_err(|error| failed(&file, error))?;
        dnabert_core::file::write(&file, text.as_bytes()).map_err(|error| failed(&file, error))?;
        fs::rename(&beside, &path).map_err(|error| failed(&path, error))?;
        self.tidy()
    }

    /// Removes old checkpoints and incomplete ones of killed processes.
    fn tidy(&self) -> Result<(), TrainError> {
        let all = self.all()?;
        for path in self.entries()? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_step = name.trim_start_matches('.').starts_with("step-");
            if is_step && name.ends_with(".partial") {
                fs::remove_dir_all(&path).map_err(|error| failed(&path, error))?;
            }
        }
        for (path, _) in &all[..all.len().saturating_sub(self.keep)] {
            // Renamed first, so that a partly removed folder is not taken for a checkpoint.
            let gone = path.with_extension("partial");
            let removed = fs::rename(path, &gone).and_then(|()| fs::remove_dir_all(&gone));
            removed.map_err(|error| failed(path, error))?;
        }
        Ok(())
    }

    /// Loads the last checkpoint into `model`; returns the optimizer file and the step, or `None`
    /// if there is no checkpoint.
    pub(super) fn load<M: Module>(
        &self,
        config: &PretrainConfig,
        model: M,
    ) -> Result<(M, Option<(PathBuf, usize)>), TrainError> {
        let Some((path, step)) = self.last()? else {
            return Ok((model, None));
        };
        let file = path.join(STATE);
        let text = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
        let state: State = serde_json::from_str(&text).map_err(|error| failed(&file, error))?;
        if state.config != *config || state.step != step {
            return Err(TrainError::OtherRun { path: file });
        }
        let file = path.join(MODEL);
        let record = ModuleRecord::load(&file).map_err(|error| failed(&file, error))?;
        let model = model.try_load_record(record).map_err(|error| failed(&file, error))?;
        Ok((model, Some((path.join(OPTIMIZER), step))))
    }

    pub(super) fn load_optimizer(
        file: &Path,
        optimizer: ModuleOptimizer,
    ) -> Result<ModuleOptimizer, TrainError> {
        optimizer.load(file).map_err(|error| failed(file, error))
    }
}

fn failed(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TrainError {
    TrainError::Checkpoint { path: path.into(), source: source.into() }
}
