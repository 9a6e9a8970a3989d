//! A log that can be plotted.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::MaskedEvaluation;
use crate::{Observer, StepSummary};

/// Writes a line of JSON for each step and each evaluation.
///
/// Steps are counted from 1, as in the names of checkpoints. A run that goes on keeps the lines of
/// the steps that it does not do again.
#[derive(Debug)]
pub struct TrainingLog {
    output: BufWriter<File>,
    error: Option<io::Error>,
}

impl TrainingLog {
    /// Opens the log at `path` for a run that has `done` steps behind it.
    ///
    /// # Errors
    ///
    /// The I/O error of reading or writing the file.
    pub fn open(path: impl AsRef<Path>, done: usize) -> io::Result<Self> {
        let path = path.as_ref();
        let old = match fs::read_to_string(path) {
            Ok(text) if done > 0 => text,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => String::new(),
        };
        let is_kept = |line: &&str| {
            let step = serde_json::from_str::<Value>(line).ok();
            step.and_then(|value| value["step"].as_u64()).is_some_and(|step| step <= done as u64)
        };
        let kept: String = old.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect();
        dnabert_core::file::write(path, kept.as_bytes())?;
        let output = BufWriter::new(fs::OpenOptions::new().append(true).open(path)?);
        Ok(Self { output, error: None })
    }

    /// Ends the log.
    ///
    /// # Errors
    ///
    /// The first I/O error of all lines.
    pub fn finish(mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.output.flush(),
        }
    }

    fn line(&mut self, value: &Value) {
        let written = writeln!(self.output, "{value}").and_then(|()| self.output.flush());
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }
}

impl Observer for TrainingLog {
    fn step(&mut self, summary: &StepSummary) {
        self.line(&json!({
            "step": summary.report.step + 1,
            "loss": summary.loss,
            "learning_rate": summary.report.learning_rate,
            "gradient_norm": summary.report.gradient_norm,
            "rows": summary.examples,
            "tokens": summary.tokens,
            "seconds": summary.elapsed.as_secs_f64(),
        }));
    }

    fn evaluation(&mut self, step: usize, evaluation: &MaskedEvaluation) {
        self.line(&json!({ "step": step, "held_out": evaluation }));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::StepReport;

    fn step(log: &mut TrainingLog, step: usize, loss: f64) {
        let report = StepReport { step, learning_rate: 0.1, gradient_norm: 1.0 };
        let elapsed = Duration::ZERO;
        log.step(&StepSummary { report, total_steps: 9, loss, examples: 2, tokens: 9, elapsed });
    }

    #[test]
    fn a_run_that_goes_on_writes_each_step_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = TrainingLog::open(&path, 0).unwrap();
        (0..5).for_each(|number| step(&mut log, number, 1.0));
        write!(log.output, "{{\"step\": 6, \"lo").unwrap(); // killed here
        log.finish().unwrap();
        let mut log = TrainingLog::open(&path, 3).unwrap();
        (3..5).for_each(|number| step(&mut log, number, 2.0));
        log.finish().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let found: Vec<(u64, f64)> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|value| (value["step"].as_u64().unwrap(), value["loss"].as_f64().unwrap()))
            .collect();
        assert_eq!(found, [(1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0)]);
        TrainingLog::open(&path, 0).unwrap();
        assert!(fs::read_to_string(&path).unwrap().is_empty());
    }
}
