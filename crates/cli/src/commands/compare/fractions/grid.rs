//! All runs of the comparison.

use std::path::Path;

use dnabert::Device;
use dnabert::comparison::{Job, Run, RunKey, complete};
use dnabert::core::{Split, Task};

use super::method::{BenchmarkSpec, Method};
use crate::console::noteln;
use crate::failure::Outcome;

/// The tasks, methods, fractions and seeds to compare.
pub(crate) struct Grid<'a> {
    pub(crate) specs: &'a [BenchmarkSpec],
    pub(crate) fractions: &'a [f64],
    pub(crate) methods: &'a [Method],
    pub(crate) seeds: u64,
}

/// The minimum number of training rows of a run.
const FEWEST: f64 = 50.0;

/// The name of a fraction of the training rows in the file of runs.
pub(crate) fn draw(fraction: f64) -> String {
    format!("{} %", 100.0 * fraction)
}

impl Grid<'_> {
    /// Returns the requested runs. Those that `file` lacks are done and written to it.
    pub(crate) fn run(&self, file: &Path, device: &Device) -> Outcome<Vec<Run>> {
        let mut jobs = Vec::new();
        for spec in self.specs {
            let task = &spec.task;
            let rows = task.examples(Split::Train)?.len() as f64;
            for seed in 1..=self.seeds {
                for &fraction in
                    self.fractions.iter().filter(|&&fraction| fraction * rows >= FEWEST)
                {
                    for &method in self.methods.iter().filter(|method| method.suits(spec)) {
                        let key = RunKey {
                            task: task.name().to_owned(),
                            draw: draw(fraction),
                            method: method.name().to_owned(),
                            settings: method.settings(spec, fraction)?,
                            seed,
                        };
                        let work = move || method.run(spec, fraction, seed, device);
                        jobs.push(Job::new(key, work));
                    }
                }
            }
        }
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let completed = complete(file, jobs, workers, |progress| {
            let RunKey { task, draw, method, seed, .. } = &progress.run.key;
            let minutes = progress.time_left().as_secs_f64() / 60.0;
            noteln!(
                "{task} {draw} {method} seed {seed}: {} of {} left, about {minutes:.0} min",
                progress.left,
                progress.all
            );
        })?;
        Ok(completed.all()?)
    }
}
