//! A network as large as DNABERT on every device of the build, in f32 and bf16: forward passes, classes, training steps,
//! attention, mutagenesis and variants, for batches of 8 to 512 rows.
//!
//! ```console
//! $ cargo bench -p dnabert-benches --no-default-features --features wgpu --bench gpu
//! $ cargo bench -p dnabert-benches --bench report -- ../runs/gpu.jsonl
//! ```
//!
//! One line of JSON for each case is added to `runs/gpu.jsonl`, or to the file of `--out` (cargo runs a bench in `benches`,
//! where relative paths start). `--minutes 2` limits each device and number format, the most telling cases first;
//! `--only forward-8x128` takes the cases whose names begin so. `--device flex` runs them on the CPU, and `--size mini` takes a
//! smaller network, for devices that emulate a GPU. Each device and number format runs in a process of its own: the number
//! format of a GPU holds for a whole program.
#![allow(clippy::print_stdout, reason = "lines are what it is for")]

mod support;

use std::cell::RefCell;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use dnabert::backend::describe;
use dnabert::core::{Classifier as _, Encoding, Sequence};
use dnabert::interpret::Mutagenesis;
use dnabert::model::{Bert, BertConfig, Encoder, SequenceClassifier, TokenBatch};
use dnabert::{
    AnyTokenizer, Backend, BatchSize, Device, ModelSize, Precision, Predictor, SequenceReader,
    device_with,
};
use serde_json::json;

/// As in the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bases of a window of the last two works.
const WIDTH: usize = 101;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// All last states.
    Forward,
    /// Class probabilities.
    Classes,
    /// Forward pass, gradient and AdamW.
    Training,
    /// Last states, and the attention of `[CLS]` in the last layer read back.
    Attention,
    /// All substitutions of one sequence.
    Mutagenesis,
    /// Both alleles of substitutions.
    Variants,
}

impl Work {
    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Classes => "classes",
            Self::Training => "training",
            Self::Attention => "attention",
            Self::Mutagenesis => "mutagenesis",
            Self::Variants => "variants",
        }
    }
}

/// A work and the sizes of its batch.
#[derive(Debug, Clone, Copy)]
struct Case {
    work: Work,
    rows: usize,
    length: usize,
}

impl Case {
    fn name(self) -> String {
        format!("{}-{}x{}", self.work.name(), self.rows, self.length)
    }

    /// All cases, the most telling first.
    fn all() -> Vec<Self> {
        let case = |work, rows, length| Self { work, rows, length };
        let mut all = vec![
            case(Work::Forward, 64, 512),
            case(Work::Training, 64, 128),
            case(Work::Forward, 8, 128),
            case(Work::Classes, 64, 128),
            case(Work::Attention, 64, 128),
            case(Work::Mutagenesis, 1, WIDTH),
            case(Work::Variants, 64, WIDTH),
        ];
        for work in [Work::Forward, Work::Training, Work::Classes, Work::Attention] {
            for (rows, length) in [(64, 128), (512, 128), (8, 512), (64, 512), (512, 512), (8, 128)]
            {
                let known =
                    |each: &Self| (each.work, each.rows, each.length) == (work, rows, length);
                // 512 rows of gradients or attention weights do not fit on most cards.
                let is_large =
                    rows * length > 1 << 16 && matches!(work, Work::Training | Work::Attention);
                if !is_large && !all.iter().any(known) {
                    all.push(case(work, rows, length));
                }
            }
        }
        all
    }

    /// Tokens that are read in one go.
    fn tokens(self) -> usize {
        match self.work {
            Work::Mutagenesis => (3 * WIDTH + 1) * (WIDTH - 3),
            Work::Variants => 2 * self.rows * (WIDTH - 3),
            _ => self.rows * self.length,
        }
    }

    /// Operations of the products in one go.
    fn operations(self, config: &BertConfig) -> f64 {
        let length = match self.work {
            Work::Mutagenesis | Work::Variants => WIDTH - 3,
            _ => self.length,
        };
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let of_token = 2 * (4 * hidden * hidden + 2 * hidden * wide + 2 * length * hidden);
        let forward = (self.tokens() * config.num_hidden_layers * of_token) as f64;
        if self.work == Work::Training { 3.0 * forward } else { forward }
    }
}

/// Times of one case.
struct Timed {
    /// Seconds of the first go, with the choice and compilation of kernels.
    first: f64,
    /// The median of the others.
    median: f64,
    goes: usize,
}

/// A network on a device.
struct Bench {
    device: Device,
    config: BertConfig,
    model: SequenceClassifier<Bert>,
    predictor: Predictor,
}

impl Bench {
    fn open(
        backend: Backend,
        precision: Precision,
        size: ModelSize,
    ) -> Result<Self, Box<dyn Error>> {
        let device = device_with(Some(backend), precision)?;
        let config = support::config(size);
        let mut model = config.sequence_classifier(1, &device);
        model.encoder = model.encoder.with_precision(precision)?;
        let tokenizer = AnyTokenizer::from(support::tokenizer());
        let reader = SequenceReader::for_config(tokenizer, &config, device.clone());
        let predictor =
            Predictor::new(&model, reader.with_batch_size(BatchSize::Tokens(1 << 15)), &config);
        Ok(Self { device, config, model, predictor })
    }

    /// Runs a case once, and returns its seconds.
    fn go(&self, case: Case) -> f64 {
        let shape @ [count, length] = [case.rows, case.length];
        let rows = support::rows(count, length);
        let rows: Vec<&Encoding> = rows.iter().collect();
        let sequences: Vec<Sequence> =
            (0..count as u64).map(|seed| support::sequence(seed, WIDTH)).collect();
        let started = Instant::now();
        match case.work {
            Work::Forward => {
                let batch = TokenBatch::from_encodings(&rows, 0, &self.device);
                let _states = self.model.encoder.encode(&batch, &mut ());
            }
            Work::Attention => {
                let batch = TokenBatch::from_encodings(&rows, 0, &self.device);
                let mut sink = support::LastCls(self.config.num_hidden_layers - 1, Vec::new());
                let _states = self.model.encoder.encode(&batch, &mut sink);
            }
            Work::Classes => {
                self.predictor.predict_encoded(&rows);
            }
            Work::Training => {
                let workers = support::workers();
                return support::training_steps(&self.config, &self.device, shape, 1, workers)[0];
            }
            Work::Mutagenesis => {
                let found = Mutagenesis::new(&self.predictor, 1).effects(&sequences);
                found.expect("sequences of bases");
            }
            Work::Variants => {
                let letter: Sequence = "A".parse().expect("a base");
                let mutant = |window: &Sequence| window.replace(WIDTH / 2..WIDTH / 2 + 1, &letter);
                let both = sequences.iter().flat_map(|window| [window.clone(), mutant(window)]);
                let both: Vec<Sequence> = both.collect();
                self.predictor.predict(&both).expect("sequences of bases");
            }
        }
        self.device.sync().expect("the device finishes");
        started.elapsed().as_secs_f64()
    }

    /// Times a case by criterion, for `budget` at most unless one go takes longer.
    fn time(&self, criterion: &mut Criterion, case: Case, budget: Duration) -> Timed {
        let started = Instant::now();
        self.go(case);
        let first = started.elapsed().as_secs_f64();
        let second = self.go(case);
        let goes = RefCell::new(vec![second]);
        // Ten samples are the fewest that criterion takes.
        if second * 12.0 < budget.as_secs_f64() {
            let mut group = criterion.benchmark_group(describe(&self.device));
            group.sampling_mode(SamplingMode::Flat).sample_size(10);
            group.warm_up_time(Duration::from_millis(100)).measurement_time(budget / 2);
            group.bench_function(case.name(), |bencher| {
                bencher.iter_custom(|count| {
                    let seconds: Vec<f64> = (0..count).map(|_| self.go(case)).collect();
                    goes.borrow_mut().extend(&seconds);
                    Duration::from_secs_f64(seconds.iter().sum())
                });
            });
            group.finish();
        }
        let mut goes = goes.into_inner();
        goes.sort_by(f64::total_cmp);
        Timed { first, median: goes[goes.len() / 2], goes: goes.len() }
    }

    /// Bytes that the runtime holds on the device, in MB.
    fn memory(&self) -> Option<u64> {
        Some(self.device.memory_pool_usage()?.bytes_reserved / (1 << 20))
    }
}

/// The driver of an NVIDIA card, where its tool tells it.
fn driver() -> Option<String> {
    let told = Command::new("nvidia-smi")
        .args(["--query-gpu=driver_version", "--format=csv,noheader"])
        .output()
        .ok()?;
    Some(String::from_utf8(told.stdout).ok()?.lines().next()?.trim().to_owned())
}

/// What the command line asks for.
struct Options {
    out: String,
    minutes: f64,
    only: Option<String>,
    device: Option<Backend>,
    size: ModelSize,
    /// The device and precision of this process; `None` in the process that starts the others.
    own: Option<(Backend, Precision)>,
}

impl Options {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            out: "../runs/gpu.jsonl".to_owned(),
            minutes: 2.0,
            only: None,
            device: None,
            size: ModelSize::Base,
            own: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument}: a value is missing"));
            match argument.as_str() {
                "--out" => options.out = value()?,
                "--minutes" => options.minutes = value()?.parse()?,
                "--only" => options.only = Some(value()?),
                "--device" => options.device = Some(value()?.parse()?),
                "--size" => options.size = value()?.parse()?,
                "--own" => options.own = Some((value()?.parse()?, value()?.parse()?)),
                "--bench" => (),
                other => {
                    return Err(format!(
                        "{other}: --out, --minutes, --only, --device or --size is expected"
                    )
                    .into());
                }
            }
        }
        Ok(options)
    }

    /// Runs all cases on one device.
    fn run(&self, backend: Backend, precision: Precision) -> Result<(), Box<dyn Error>> {
        let bench = Bench::open(backend, precision, self.size)?;
        println!("{} in {precision}", describe(&bench.device));
        let cases: Vec<Case> = Case::all()
            .into_iter()
            .filter(|case| self.only.as_ref().is_none_or(|only| case.name().starts_with(only)))
            .filter(|case| precision == Precision::F32 || case.work != Work::Training)
            .collect();
        let (started, all) = (Instant::now(), Duration::from_secs_f64(60.0 * self.minutes));
        let mut criterion = Criterion::default().without_plots();
        if let Some(folder) = Path::new(&self.out).parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.out)?;
        for (at, case) in cases.iter().enumerate() {
            let left = all.saturating_sub(started.elapsed());
            if left.is_zero() {
                println!("{} cases are left out: the time is over", cases.len() - at);
                break;
            }
            let budget = (left / (cases.len() - at) as u32).min(Duration::from_secs(10));
            let timed = bench.time(&mut criterion, *case, budget);
            let line = json!({
                "device": describe(&bench.device),
                "driver": driver(),
                "backend": backend.feature(),
                "size": self.size.name(),
                "dtype": precision.to_string(),
                "work": case.work.name(),
                "rows": case.rows,
                "length": case.length,
                "seconds": timed.median,
                "first_seconds": timed.first,
                "goes": timed.goes,
                "tokens_per_second": case.tokens() as f64 / timed.median,
                "tflops": case.operations(&bench.config) / timed.median / 1e12,
                "memory_mb": bench.memory(),
            });
            println!("{line}");
            writeln!(file, "{line}")?;
        }
        Ok(())
    }

    /// Starts a process for each device and precision. Returns whether one of them did all.
    fn start_all(&self) -> Result<bool, Box<dyn Error>> {
        let gpus = || Backend::compiled().iter().copied().filter(|one| *one != Backend::Flex);
        let backends = self.device.map_or_else(|| gpus().collect(), |device| vec![device]);
        let mut is_one_done = backends.is_empty();
        if is_one_done {
            println!(
                "no GPU backend is in this build: add --features wgpu or cuda, or --device flex"
            );
        }
        for backend in backends {
            for precision in [Precision::F32, Precision::Bf16] {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--own", backend.feature(), &precision.to_string()]);
                command.args(["--out", &self.out, "--minutes", &self.minutes.to_string()]);
                command.args(["--size", self.size.name()]);
                if let Some(only) = &self.only {
                    command.args(["--only", only]);
                }
                is_one_done |= command.env("DNABERT_DEVICE", backend.feature()).status()?.success();
            }
        }
        Ok(is_one_done)
    }
}

fn main() -> ExitCode {
    let done = Options::read().and_then(|options| match options.own {
        Some((backend, precision)) => options.run(backend, precision).map(|()| true),
        None => options.start_all(),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
