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

use crate::method::{Contest, Method};

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) task: String,
    pub(crate) share: f64,
    pub(crate) method: String,
    pub(crate) seed: u64,
    /// What else the result depends on; runs with other settings are done again.
    #[serde(default)]
    pub(crate) settings: String,
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

    fn key(&self) -> Key {
        let Self { task, method, settings, .. } = self;
        let words = [task, method, settings].map(String::clone);
        Key { words, share: self.share.to_bits(), seed: self.seed }
    }
}

/// What tells one run from another: task, method and settings, share and seed.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    words: [String; 3],
    share: u64,
    seed: u64,
}

/// What is compared.
pub(crate) struct Grid<'a> {
    pub(crate) contests: &'a [Contest],
    pub(crate) shares: &'a [f64],
    pub(crate) methods: &'a [Method],
    pub(crate) seeds: u64,
    pub(crate) model: &'a Path,
}

struct Job<'a> {
    contest: &'a Contest,
    share: f64,
    method: Method,
    seed: u64,
    settings: String,
}

/// The fewest training rows of a run.
const FEWEST: f64 = 50.0;

impl Grid<'_> {
    /// The runs that are asked for: those that `file` lacks are done and written to it.
    pub(crate) fn run(&self, file: &Path, device: &Device) -> Result<Vec<Run>, Box<dyn Error>> {
        let done: HashSet<_> = read(file)?.iter().map(Run::key).collect();
        end_last_line(file)?;
        let (mut jobs, mut wanted) = (VecDeque::new(), HashSet::new());
        for contest in self.contests {
            let task = &contest.task;
            let rows = task.examples(Split::Train)?.len() as f64;
            for seed in 1..=self.seeds {
                for &share in self.shares.iter().filter(|&&share| share * rows >= FEWEST) {
                    for &method in self.methods.iter().filter(|method| method.suits(contest)) {
                        let settings = method.settings(contest, share, self.model)?;
                        let words = [task.name(), method.name(), &settings].map(str::to_owned);
                        let key = Key { words, share: share.to_bits(), seed };
                        if !done.contains(&key) {
                            jobs.push_back(Job { contest, share, method, seed, settings });
                        }
                        wanted.insert(key);
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
        Ok(read(file)?.into_iter().filter(|run| wanted.contains(&run.key())).collect())
    }

    fn one(&self, job: &Job<'_>, device: &Device) -> Result<Run, String> {
        let Job { contest, share, method, seed, ref settings } = *job;
        let task = &contest.task;
        let found = method.run(contest, share, seed, self.model, device);
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
            settings: settings.clone(),
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

/// So that the next run does not go on in the line of one that was killed.
fn end_last_line(file: &Path) -> std::io::Result<()> {
    match fs::read(file) {
        Ok(text) if !text.is_empty() && !text.ends_with(b"\n") => {
            OpenOptions::new().append(true).open(file)?.write_all(b"\n")
        }
        _ => Ok(()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
