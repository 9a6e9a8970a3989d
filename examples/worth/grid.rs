//! All runs of the comparison: done on all cores, kept in a file, and never done twice.

use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use dnabert::Device;
use dnabert::core::{Split, Task};
use serde::{Deserialize, Serialize};

use crate::method::Method;

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) task: String,
    pub(crate) share: f64,
    pub(crate) method: String,
    pub(crate) seed: u64,
    /// Training rows.
    pub(crate) rows: usize,
    /// Class probabilities of each test row, class 0 left out, in ten-thousandths.
    pub(crate) scores: Vec<Vec<u16>>,
}

impl Run {
    /// Class probabilities of each test row.
    pub(crate) fn probabilities(&self) -> Vec<Vec<f64>> {
        let row = |scores: &Vec<u16>| {
            let others: Vec<f64> = scores.iter().map(|&score| f64::from(score) / 1e4).collect();
            std::iter::once(1.0 - others.iter().sum::<f64>()).chain(others).collect()
        };
        self.scores.iter().map(row).collect()
    }

    fn key(&self) -> (String, u64, String, u64) {
        (self.task.clone(), self.share.to_bits(), self.method.clone(), self.seed)
    }
}

/// What is compared.
#[derive(Debug)]
pub(crate) struct Grid<'a, T> {
    pub(crate) tasks: &'a [T],
    pub(crate) shares: &'a [f64],
    pub(crate) methods: &'a [Method],
    pub(crate) seeds: u64,
    pub(crate) model: &'a Path,
}

#[derive(Debug, Clone, Copy)]
struct Job<'a, T> {
    task: &'a T,
    share: f64,
    method: Method,
    seed: u64,
}

/// The fewest training rows of a run.
const FEWEST: f64 = 50.0;

impl<T: Task> Grid<'_, T> {
    /// The runs in `file`, after those that it lacks have been done and written to it.
    pub(crate) fn run(&self, file: &Path, device: &Device) -> Result<Vec<Run>, Box<dyn Error>> {
        let done: HashSet<_> = read(file)?.iter().map(Run::key).collect();
        let mut jobs = VecDeque::new();
        for task in self.tasks {
            let rows = task.examples(Split::Train)?.len() as f64;
            for seed in 1..=self.seeds {
                for &share in self.shares.iter().filter(|&&share| share * rows >= FEWEST) {
                    for &method in self.methods {
                        let name = (task.name().to_owned(), share.to_bits());
                        let key = (name.0, name.1, method.name().to_owned(), seed);
                        if !done.contains(&key) {
                            jobs.push_back(Job { task, share, method, seed });
                        }
                    }
                }
            }
        }
        let (count, started) = (jobs.len(), Instant::now());
        let jobs = Mutex::new(jobs);
        let output = Mutex::new(OpenOptions::new().append(true).create(true).open(file)?);
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| -> Result<(), Box<dyn Error>> {
            // Many runs on one core each are faster than one run after the other on all cores.
            let work = || -> Result<(), String> {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                let pool = pool.map_err(|error| error.to_string())?;
                let next = || lock(&jobs).pop_front(); // and lets go of the lock
                while let Some(job) = next() {
                    let run = pool.install(|| self.one(&job, device))?;
                    let line = serde_json::to_string(&run).map_err(|error| error.to_string())?;
                    writeln!(lock(&output), "{line}").map_err(|error| error.to_string())?;
                    let left = lock(&jobs).len();
                    let seconds = started.elapsed().as_secs_f64();
                    let rest = seconds / (count - left) as f64 * left as f64;
                    eprintln!(
                        "{} {} % {} seed {}: {} of {count} left, about {:.0} min",
                        run.task,
                        100.0 * run.share,
                        run.method,
                        run.seed,
                        left,
                        rest / 60.0
                    );
                }
                Ok(())
            };
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(())
        })?;
        read(file)
    }

    fn one(&self, job: &Job<'_, T>, device: &Device) -> Result<Run, String> {
        let Job { task, share, method, seed } = *job;
        let found = method.run(task, share, seed, self.model, device);
        let found = found.map_err(|error| {
            format!("{} {share} {} seed {seed}: {error}", task.name(), method.name())
        })?;
        let score = |&probability: &f64| (probability * 1e4).round() as u16;
        let scores = found.probabilities.iter().map(|row| row[1..].iter().map(score).collect());
        Ok(Run {
            task: task.name().to_owned(),
            share,
            method: method.name().to_owned(),
            seed,
            rows: found.rows,
            scores: scores.collect(),
        })
    }
}

fn read(file: &Path) -> Result<Vec<Run>, Box<dyn Error>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(file)?;
    // The last line of a process that was killed may be cut off.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
