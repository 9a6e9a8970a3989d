//! Fails if a build is more than a tenth slower than another, or than the stored figures of this processor.
//!
//! ```console
//! $ cargo bench -p dnabert-benches --bench guard -- --against PATH/OF/ANOTHER/BUILD
//! $ cargo bench -p dnabert-benches --bench guard
//! $ cargo bench -p dnabert-benches --bench guard -- --store
//! ```
//!
//! With another build (`cargo bench -p dnabert-benches --bench guard --no-run` prints the path of one), both do each work
//! in turn. Without, the time of each work is divided by that of a matrix product in the same round, and compared with
//! `benches/guard.json`. Medians over the rounds are compared.
#![allow(
    clippy::print_stdout,
    reason = "the table is for a person, and the seconds for the other build"
)]

mod support;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Instant;

use dnabert::core::Encoding;
use dnabert::kmer::Vocabulary;
use dnabert::model::{Bert, Encoder, TokenBatch};
use dnabert::motif::scan::Scanner;
use dnabert::motif::{Background, CountMatrix};
use dnabert::{Device, ModelSize, Precision};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The rounds, of which the median counts.
const ROUNDS: usize = 9;

/// A work is repeated for this long, and its shortest time counts.
const SECONDS: f64 = 0.3;

/// How much slower a build may be.
const LIMIT: f64 = 1.10;

/// The work that the others are divided by.
const PRODUCT: &str = "product";

const WORKS: [&str; 6] = [PRODUCT, "predict", "predict in int8", "train", "ids", "scan"];

/// Does the works of this build.
struct Works {
    device: Device,
    whole: Bert,
    packed: Bert,
}

impl Works {
    fn new() -> Result<Self, Box<dyn Error>> {
        let device = support::device();
        let whole = support::config(ModelSize::Small).init(1, &device);
        let packed = whole.clone().with_precision(Precision::Int8)?;
        Ok(Self { device, whole, packed })
    }

    /// The shortest time of a work, in seconds.
    fn run(&self, work: &str) -> Result<f64, Box<dyn Error>> {
        let shape = [1024, 768, 3072];
        Ok(match work {
            PRODUCT => support::product(Precision::F32, shape, SECONDS),
            "predict" => self.predict(&self.whole),
            "predict in int8" => self.predict(&self.packed),
            "train" => {
                let config = support::config(ModelSize::Small);
                let workers = support::workers();
                let steps = support::training_steps(&config, &self.device, [32, 200], 4, workers);
                steps.into_iter().fold(f64::INFINITY, f64::min)
            }
            "ids" => {
                let (sequence, vocabulary) = (support::sequence(1, 1_000_000), Vocabulary::new(6)?);
                let mut ids = Vec::new();
                shortest(|| {
                    ids.clear();
                    vocabulary.push_ids(&sequence, &mut ids);
                })
            }
            "scan" => {
                let rows = (0..12)
                    .map(|place| std::array::from_fn(|base| ((place + base) % 4) as f64 + 1.0));
                let motif = CountMatrix::new(rows.collect())?.frequencies(1.0);
                let scanner = Scanner::new(&motif, &Background::uniform());
                let threshold = scanner.threshold(1e-4);
                let sequence = support::sequence(1, 1_000_000);
                shortest(|| {
                    std::hint::black_box(scanner.hits(&sequence, threshold));
                })
            }
            other => return Err(format!("no work is called {other:?}").into()),
        })
    }

    fn predict(&self, network: &Bert) -> f64 {
        let rows = support::rows(32, 200);
        let batch =
            TokenBatch::from_encodings(&rows.iter().collect::<Vec<&Encoding>>(), 0, &self.device);
        shortest(|| {
            std::hint::black_box(network.encode(&batch, &mut ()));
        })
    }
}

fn shortest(mut work: impl FnMut()) -> f64 {
    let (mut shortest, mut all) = (f64::INFINITY, 0.0);
    while all < SECONDS {
        let started = Instant::now();
        work();
        let seconds = started.elapsed().as_secs_f64();
        all += seconds;
        shortest = shortest.min(seconds);
    }
    shortest
}

/// Another build, which does a work for each line.
struct Other {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn start(program: &str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(program);
        let mut process =
            command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no standard output")?);
        Ok(Self { process, input, output })
    }

    fn run(&mut self, work: &str) -> Result<f64, Box<dyn Error>> {
        writeln!(self.input, "{work}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().parse().map_err(|_| format!("the other build cannot do {work:?}"))?)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The name of the processor, with the numbers that tell its generation.
fn processor() -> String {
    let facts = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let fact = |name: &str| {
        let line = facts.lines().find(|line| line.split(':').next().map(str::trim) == Some(name));
        line.and_then(|line| line.split(':').nth(1)).map_or("unknown", str::trim).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, family {}, model {}, {cores} cores",
        fact("model name"),
        fact("cpu family"),
        fact("model")
    )
}

/// Prints how many times as long each work takes, and returns whether all are within the limit.
fn report(ratios: &[(&str, f64)]) -> bool {
    println!("| work | times as long |\n| --- | --- |");
    for (work, ratio) in ratios {
        println!("| {work} | {ratio:.3}{} |", if *ratio > LIMIT { " TOO SLOW" } else { "" });
    }
    ratios.iter().all(|(_, ratio)| *ratio <= LIMIT)
}

fn against(works: &Works, program: &str) -> Result<bool, Box<dyn Error>> {
    let mut other = Other::start(program)?;
    let mut ratios = Vec::new();
    for work in WORKS {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(works.run(work)? / other.run(work)?);
        }
        ratios.push((work, median(rounds)));
    }
    Ok(report(&ratios))
}

/// The time of each work over that of the product in the same round.
fn relative(works: &Works) -> Result<Vec<(&'static str, f64)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for work in WORKS.into_iter().filter(|work| *work != PRODUCT) {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(works.run(work)? / works.run(PRODUCT)?);
        }
        found.push((work, median(rounds)));
    }
    Ok(found)
}

type Stored = BTreeMap<String, BTreeMap<String, f64>>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let works = Works::new()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("guard.json");
    let is_fine = match arguments[..] {
        ["--serve"] => {
            for line in io::stdin().lock().lines() {
                println!("{}", works.run(&line?)?);
            }
            true
        }
        ["--against", program] => against(&works, program)?,
        ["--store"] => {
            let mut stored: Stored = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
            let found = relative(&works)?;
            let found = found.into_iter().map(|(work, ratio)| (work.to_owned(), ratio)).collect();
            stored.insert(processor(), found);
            std::fs::write(&path, format!("{:#}\n", json!(stored)))?;
            true
        }
        [] => {
            let stored: Stored = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
            let Some(stored) = stored.get(&processor()) else {
                println!("no figures of this processor ({}): store them by --store", processor());
                return Ok(ExitCode::from(2));
            };
            let found = relative(&works)?.into_iter();
            let ratios: Vec<(&str, f64)> =
                found.filter_map(|(work, ratio)| Some((work, ratio / stored.get(work)?))).collect();
            report(&ratios)
        }
        _ => return Err("options: none, --store, or --against PROGRAM".into()),
    };
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
