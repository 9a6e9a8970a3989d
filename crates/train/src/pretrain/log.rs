//! A training log in JSON lines.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::MaskedEvaluation;
use crate::{Observer, StepSummary};

/// One line of a training log; steps are counted from 1, as in the names of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LogLine {
    /// An evaluation on held-out rows.
    HeldOut {
        /// The number of completed steps.
        step: usize,
        /// The metrics on the held-out rows.
        held_out: MaskedEvaluation,
    },
    /// An optimizer step.
    Step {
        /// The number of completed steps, including this one.
        step: usize,
        /// The mean loss over the hidden tokens of the step.
        loss: f64,
        /// The learning rate of the step.
        learning_rate: f64,
        /// The gradient norm before clipping.
        gradient_norm: f64,
        /// The number of rows with hidden tokens.
        rows: usize,
        /// The number of tokens in these rows.
        tokens: usize,
        /// Seconds since the last start of the run.
        seconds: f64,
    },
}

impl LogLine {
    /// Returns the number of completed steps.
    pub fn step(&self) -> usize {
        match self {
            Self::HeldOut { step, .. } | Self::Step { step, .. } => *step,
        }
    }
}

/// An [`Observer`] that writes one JSON line for each step and each evaluation.
///
/// Steps are counted from 1, as in the names of checkpoints. If a run continues from a checkpoint,
/// the lines up to the checkpoint are kept, and later ones are removed.
#[derive(Debug)]
pub struct TrainingLog {
    output: BufWriter<File>,
    error: Option<io::Error>,
}

impl TrainingLog {
    /// Opens the log at `path` for a run that has completed `done` steps.
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
        let is_kept = |line: &&str| parse(line).is_some_and(|line| line.step() <= done);
        let kept: String = old.lines().filter(is_kept).flat_map(|line| [line, "\n"]).collect();
        dnabert_core::file::write(path, kept.as_bytes())?;
        let output = BufWriter::new(fs::OpenOptions::new().append(true).open(path)?);
        Ok(Self { output, error: None })
    }

    /// Returns the lines of the log at `path`; an incomplete line is skipped.
    ///
    /// # Errors
    ///
    /// The I/O error of reading the file.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<LogLine>> {
        Ok(fs::read_to_string(path)?.lines().filter_map(parse).collect())
    }

    /// Closes the log.
    ///
    /// # Errors
    ///
    /// The first I/O error of any line.
    pub fn finish(mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.output.flush(),
        }
    }

    fn line(&mut self, line: LogLine) {
        let text = serde_json::to_string(&line).map_err(io::Error::from);
        let written = text.and_then(|text| {
            writeln!(self.output, "{text}")?;
            self.output.flush()
        });
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }
}

fn parse(line: &str) -> Option<LogLine> {
    serde_json::from_str(line).ok()
}

impl Observer for TrainingLog {
    fn step(&mut self, summary: &StepSummary) {
        self.line(LogLine::Step {
            step: summary.report.step + 1,
            loss: summary.loss,
            learning_rate: summary.report.learning_rate,
            gradient_norm: summary.report.gradient_norm,
            rows: summary.examples,
            tokens: summary.tokens,
            seconds: summary.elapsed.as_secs_f64(),
        });
    }

    fn evaluation(&mut self, step: usize, evaluation: &MaskedEvaluation) {
        self.line(LogLine::HeldOut { step, held_out: *evaluation });
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
        let loss = |line: LogLine| match line {
            LogLine::Step { step, loss, .. } => (step, loss),
            LogLine::HeldOut { .. } => unreachable!("no evaluation was logged"),
        };
        let found: Vec<_> = TrainingLog::read(&path).unwrap().into_iter().map(loss).collect();
        assert_eq!(found, [(1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0)]);
        TrainingLog::open(&path, 0).unwrap();
        assert!(fs::read_to_string(&path).unwrap().is_empty());
    }
}
