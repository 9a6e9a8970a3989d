//! Runs the jobs of a comparison that are not done yet.

use std::collections::{HashSet, VecDeque};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::run::{append, read};
use super::{Run, RunKey};
use crate::Predictions;

/// The predictions of a method on a task.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodResult {
    /// Training rows.
    pub train_rows: usize,
    /// The dev split.
    pub dev: Predictions,
    /// The test split.
    pub test: Predictions,
}

/// Why a run failed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
type Work<'a> = Box<dyn Fn() -> Result<MethodResult, Failure> + Send + Sync + 'a>;

/// A requested run.
pub struct Job<'a> {
    /// Its key.
    pub key: RunKey,
    work: Work<'a>,
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a> Job<'a> {
    /// A run that calls `work`, on one core.
    pub fn new<E: Into<Failure>>(
        key: RunKey,
        work: impl Fn() -> Result<MethodResult, E> + Send + Sync + 'a,
    ) -> Self {
        Self { key, work: Box::new(move || work().map_err(Into::into)) }
    }
}

/// Progress, after a run is done.
#[derive(Debug)]
pub struct Progress<'a> {
    /// The run that was just done.
    pub run: &'a Run,
    /// Number of runs that have not started yet.
    pub left: usize,
    /// Number of runs that were missing at the start.
    pub all: usize,
    /// Time since the start.
    pub elapsed: Duration,
}

impl Progress<'_> {
    /// An estimate of the remaining time.
    pub fn time_left(&self) -> Duration {
        self.elapsed.mul_f64(self.left as f64 / (self.all - self.left).max(1) as f64)
    }
}

/// The results of the requested runs.
#[derive(Debug)]
pub struct Completed {
    /// The completed runs, in the order in which they were requested.
    pub runs: Vec<Run>,
    /// The failed runs, and why they failed.
    pub failures: Vec<(RunKey, Failure)>,
}

impl Completed {
    /// The runs, if none failed.
    ///
    /// # Errors
    ///
    /// [`JobError::Run`] for the first that failed.
    pub fn all(self) -> Result<Vec<Run>, JobError> {
        match self.failures.into_iter().next() {
            Some((key, source)) => Err(JobError::Run { key: Box::new(key), source }),
            None => Ok(self.runs),
        }
    }
}

/// Why runs are not complete. Runs that were done are in the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The file of runs cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A run failed.
    #[error("{} {} {} seed {}", key.task, key.draw, key.method, key.seed)]
    Run {
        /// The run.
        key: Box<RunKey>,
        /// The cause.
        #[source]
        source: Failure,
    },
    /// A run was done, but its line cannot be read again.
    #[error("{}: the run of {} {} {} seed {} cannot be read again", path.display(), key.task, key.draw, key.method, key.seed)]
    Lost {
        /// The file.
        path: PathBuf,
        /// The run.
        key: Box<RunKey>,
    },
    /// No thread can be started.
    #[error("no thread can be started: {0}")]
    Threads(String),
}

/// Returns the requested runs, in that order. Runs that are missing in `file` are done, on
/// `workers` threads in parallel. Each finished run is appended to the file as one line. If the
/// process is killed, the same call continues where it stopped. A run that fails does not affect
/// the others.
///
/// ```
/// use dnabert_core::Task;
/// use dnabert_experiment::comparison::{Job, RunKey, Summary, complete};
/// use dnabert_experiment::{Baseline, Benchmark, Datasets};
/// use dnabert_inference::device;
///
/// let (task, device) = (Benchmark::PromoterUci.task(&Datasets::find()?), device(None)?);
/// let job = |baseline: Baseline| {
///     let (task, device) = (&task, &device);
///     let key = RunKey {
///         task: task.name().to_owned(),
///         draw: String::new(),
///         method: baseline.name().to_owned(),
///         settings: String::new(),
///         seed: 1,
///     };
///     Job::new(key, move || baseline.learn(task, false, 1, device, 1))
/// };
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("runs.jsonl");
/// let jobs = [Baseline::Gc, Baseline::Kmers].map(job).into();
/// let runs = complete(&file, jobs, /* workers */ 2, |progress| {
///     println!("{}: {} left", progress.run.key.method, progress.left);
/// })?;
/// for summary in Summary::from_runs(&runs.all()?) {
///     let mcc = summary.spread(|found| Some(found.test.mcc)).expect("a run");
///     println!("{}: MCC {mcc}", summary.method);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`JobError`] for the file.
pub fn complete(
    file: &Path,
    jobs: Vec<Job<'_>>,
    workers: usize,
    progress: impl Fn(&Progress<'_>) + Sync,
) -> Result<Completed, JobError> {
    let failed = |source| JobError::File { path: file.to_path_buf(), source };
    let wanted: Vec<RunKey> = jobs.iter().map(|job| job.key.clone()).collect();
    let done: HashSet<RunKey> =
        read(file).map_err(failed)?.into_iter().map(|run| run.key).collect();
    let missing: VecDeque<Job<'_>> =
        jobs.into_iter().filter(|job| !done.contains(&job.key)).collect();
    let (all, started) = (missing.len(), Instant::now());
    let missing = Mutex::new(missing);
    let output = Mutex::new(append(file).map_err(failed)?);
    let failures = Mutex::new(Vec::new());
    // Many runs in parallel, each on one core, are faster than one run at a time on all cores.
    let work = || -> Result<(), JobError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let pool = pool.map_err(|error| JobError::Threads(error.to_string()))?;
        let next = || lock(&missing).pop_front(); // and releases the lock
        while let Some(job) = next() {
            let learned = match pool.install(|| (job.work)()) {
                Ok(learned) => learned,
                Err(failure) => {
                    lock(&failures).push((job.key, failure));
                    continue;
                }
            };
            let run = Run {
                key: job.key,
                train_rows: learned.train_rows,
                dev: (&learned.dev).into(),
                test: (&learned.test).into(),
            };
            let line = serde_json::to_string(&run).map_err(|error| failed(error.into()))?;
            writeln!(lock(&output), "{line}").map_err(failed)?;
            let left = lock(&missing).len();
            progress(&Progress { run: &run, left, all, elapsed: started.elapsed() });
        }
        Ok(())
    };
    std::thread::scope(|scope| -> Result<(), JobError> {
        let threads: Vec<_> =
            (0..workers.clamp(1, all.max(1))).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })?;
    let runs = read(file).map_err(failed)?;
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut found = Vec::new();
    for key in wanted {
        match runs.iter().find(|run| run.key == key) {
            Some(run) => found.push(run.clone()),
            None if failures.iter().any(|(failed, _)| *failed == key) => (),
            None => {
                let (path, key) = (file.to_path_buf(), Box::new(key));
                return Err(JobError::Lost { path, key });
            }
        }
    }
    Ok(Completed { runs: found, failures })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn learned(score: f64) -> MethodResult {
        let rows =
            Predictions { probabilities: vec![vec![1.0 - score, score]; 2], labels: vec![0, 1] };
        MethodResult { train_rows: 3, dev: rows.clone(), test: rows }
    }

    fn key(seed: u64) -> RunKey {
        RunKey {
            task: "task".into(),
            draw: String::new(),
            method: "method".into(),
            settings: "x".into(),
            seed,
        }
    }

    #[test]
    fn what_is_done_is_not_done_again_and_a_cut_line_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/runs.jsonl");
        let times = AtomicUsize::new(0);
        let jobs = |seeds: std::ops::Range<u64>| -> Vec<Job<'_>> {
            let job = |seed| {
                Job::new(key(seed), {
                    let times = &times;
                    move || {
                        times.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, Failure>(learned(seed as f64 / 8.0))
                    }
                })
            };
            seeds.map(job).collect()
        };
        let first = complete(&file, jobs(0..3), 2, |_| ()).unwrap().all().unwrap();
        assert_eq!((first.len(), times.load(Ordering::Relaxed)), (3, 3));
        // As after a process was killed while it wrote the last line.
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, &text[..text.len() - 9]).unwrap();
        let again = complete(&file, jobs(0..4), 2, |_| ()).unwrap().all().unwrap();
        assert_eq!((again.len(), times.load(Ordering::Relaxed)), (4, 5));
        let seeds: Vec<u64> = again.iter().map(|run| run.key.seed).collect();
        assert_eq!(seeds, [0, 1, 2, 3]);
        assert_eq!(Predictions::from(&again[2].test), learned(0.25).test);
    }

    #[test]
    fn a_run_that_fails_is_named_and_leaves_the_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = vec![
            Job::new(key(7), || Err::<MethodResult, Failure>("no rows".into())),
            Job::new(key(8), || Ok::<_, Failure>(learned(0.5))),
        ];
        let found = complete(&folder.path().join("runs"), jobs, 1, |_| ()).unwrap();
        assert_eq!((found.runs.len(), found.failures.len()), (1, 1));
        let error = found.all().unwrap_err();
        assert_eq!(error.to_string(), "task  method seed 7");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no rows");
    }

    #[test]
    fn what_cannot_be_read_again_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = vec![Job::new(key(1), || Ok::<_, Failure>(learned(f64::NAN)))];
        let error = complete(&folder.path().join("runs"), jobs, 1, |_| ()).unwrap_err();
        assert!(matches!(error, JobError::Lost { .. }), "{error}");
    }
}
