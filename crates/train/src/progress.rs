//! A progress bar for terminals, or plain lines without a terminal.

use indicatif::{ProgressBar as Bar, ProgressStyle};

use crate::pretrain::MaskedEvaluation;
use crate::{EpochSummary, Observer, StepSummary, Warning};

/// An [`Observer`] that shows steps, speed, loss and the remaining time on standard error, and
/// prints one line for each epoch.
#[derive(Debug, Default)]
pub struct ProgressBar {
    bar: Option<Bar>,
    tokens: usize,
}

impl ProgressBar {
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) if !bar.is_hidden() => bar.println(text),
            _ => eprintln!("{text}"),
        }
    }
}

impl Observer for ProgressBar {
    /// Starts a new bar for each network.
    fn network(&mut self, number: usize, networks: usize) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.tokens = 0;
        if networks > 1 {
            self.line(&format!("network {number} of {networks}"));
        }
    }

    fn step(&mut self, summary: &StepSummary) {
        self.tokens += summary.tokens;
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template(
                "{bar:30} {pos}/{len} steps  {msg}  {elapsed} elapsed, {eta} left",
            )
            .expect("a valid template");
            Bar::new(summary.total_steps as u64).with_style(style)
        });
        let speed = self.tokens as f64 / summary.elapsed.as_secs_f64().max(1e-9);
        bar.set_message(format!("loss {:.3}  {speed:.0} tokens/s", summary.loss));
        bar.set_position(summary.report.step as u64 + 1);
        if summary.report.step + 1 == summary.total_steps {
            bar.finish_and_clear();
        }
    }

    fn epoch(&mut self, summary: &EpochSummary<'_>) {
        self.line(&format!(
            "epoch {:>2}/{}  train loss {:.4}  dev: {}{}  ({:.0} s)",
            summary.epoch,
            summary.epochs,
            summary.train_loss,
            summary.dev,
            if summary.best { "  best" } else { "" },
            summary.elapsed.as_secs_f64(),
        ));
    }

    fn evaluation(&mut self, step: usize, evaluation: &MaskedEvaluation) {
        self.line(&format!("step {step}: {evaluation}"));
    }

    fn warning(&mut self, warning: &Warning) {
        self.line(&format!("warning: {warning}"));
    }

    fn note(&mut self, text: &str) {
        self.line(text);
    }
}

impl Drop for ProgressBar {
    /// Removes the bar if the run ends early.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
