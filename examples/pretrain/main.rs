//! Pre-training: from FASTA files to a masked language model in the Hugging Face layout.
//!
//! `cargo run --release --example pretrain -- --size mini --steps 2000 genome.fa.gz`; `-- --help`
//! lists what can be changed. Killed at any moment, the same command with `--resume` goes on, and
//! ends with the same bits.
#![allow(clippy::print_stdout, reason = "a program's output")]

#[path = "../common/program.rs"]
mod program;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dnabert::backend::describe;
use dnabert::core::{Encoding, Tokenizer};
use dnabert::kmer::{KmerMasking, KmerTokenizer, LengthPolicy};
use dnabert::model::checkpoint;
use dnabert::tasks::corpus::{Corpus, CorpusConfig, Cutting, HeldOut, KmerSet, Lengths};
use dnabert::tasks::{TableFormat, read_inputs, sha256};
use dnabert::train::pretrain::{
    Checkpoints, MaskSchedule, PretrainConfig, PretrainData, Rows, TrainingLog, pretrain,
};
use dnabert::train::{AdamWSettings, ProgressBar};
use dnabert::{AnyTokenizer, Backend, CorpusRows, ModelSize, device};

/// Trains a masked language model on genomes.
#[derive(Debug, Parser)]
struct Arguments {
    /// FASTA files, plain or .gz
    #[arg(required = true)]
    genomes: Vec<PathBuf>,
    /// Table or FASTA file of sequences that models will be judged on: whatever shares a 31-mer with
    /// them, on either strand, is left out; may be given again
    #[arg(long)]
    exclude: Vec<PathBuf>,
    /// K-mer length, 1 to 8
    #[arg(long, default_value_t = 6)]
    k: usize,
    /// Size of the model: tiny, mini, small or base
    #[arg(long, default_value = "mini")]
    size: ModelSize,
    /// K-mers of the longest pieces, which are half of all; the others have 5 or more
    #[arg(long, default_value_t = 510)]
    longest: usize,
    /// Cut genomes into pieces without overlap, instead of sampling them
    #[arg(long)]
    no_overlap: bool,
    /// Read all pieces from the strand in the file
    #[arg(long)]
    one_strand: bool,
    /// Share of the genomes that is kept for evaluation
    #[arg(long, default_value_t = 0.02)]
    held_out: f64,
    /// Pieces that an evaluation judges
    #[arg(long, default_value_t = 200)]
    evaluation_rows: u64,
    /// Share of tokens that is hidden
    #[arg(long, default_value_t = 0.15, value_parser = share)]
    hidden: f64,
    /// Share in the last sixth of the steps
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    hidden_late: f64,
    /// Optimizer steps
    #[arg(long, default_value_t = 2000)]
    steps: usize,
    /// Pieces of a step
    #[arg(long, default_value_t = 64)]
    batch_size: usize,
    /// Pieces of one forward pass; several passes make a step
    #[arg(long, default_value_t = 32)]
    pass_size: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 1e-3)]
    learning_rate: f64,
    /// Steps over which the rate rises [default: a tenth of all]
    #[arg(long)]
    warmup: Option<usize>,
    /// Steps between evaluations, and between checkpoints
    #[arg(long, default_value_t = 200)]
    every: usize,
    /// Go on with the run in --out
    #[arg(long)]
    resume: bool,
    /// Seed of weights, pieces, masks and dropout
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Device: flex, wgpu or cuda [default: the first that was compiled in]
    #[arg(long)]
    device: Option<Backend>,
    /// Folder for model/, log.jsonl and checkpoints/
    #[arg(long, default_value = "runs/pretrain")]
    out: PathBuf,
}

fn main() -> ExitCode {
    program::finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let checkpoints = Checkpoints::new(arguments.out.join("checkpoints"), 2);
    let done = checkpoints.last()?.map_or(0, |(_, step)| step);
    if done > 0 && !arguments.resume {
        let out = arguments.out.display();
        return Err(format!("{out} holds a run of {done} steps: --resume, or another --out").into());
    }
    let corpus_config = arguments.corpus();
    let corpus = Corpus::build(&arguments.genomes, &corpus_config, &arguments.excluded()?)?;
    let report = corpus.report;
    println!(
        "{} bases: {} to train on, {} held out, {} excluded, {} in short stretches",
        report.read, report.train, report.held_out, report.excluded, report.short
    );

    let backend = arguments.device.unwrap_or_else(Backend::first);
    let device = device(Some(backend))?;
    println!("training on {}", describe(&device));
    let tokenizer =
        KmerTokenizer::new(arguments.k)?.with_length(LengthPolicy::Reject(arguments.longest + 2));
    let mut shape = arguments.size.config(tokenizer.vocab_size());
    shape.max_position_embeddings = arguments.longest + 2;
    shape.validate()?;
    let model = shape.masked_language_model(arguments.seed, &device);

    let rows = CorpusRows::new(&corpus.train, &tokenizer);
    let held_out: Vec<Encoding> = match &corpus.held_out {
        Some(pieces) => {
            let rows = CorpusRows::new(pieces, &tokenizer);
            (0..arguments.evaluation_rows)
                .map(|number| rows.row(number))
                .collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    let early = KmerMasking::new(arguments.k, arguments.hidden)?;
    let late = KmerMasking::new(arguments.k, arguments.hidden_late)?;
    let change_at = arguments.steps - arguments.steps / 6;
    let data = PretrainData {
        rows: &rows,
        held_out: &held_out,
        masks: MaskSchedule { early: &early, late: &late, change_at },
        tokens: tokenizer.special_tokens(),
    };
    let config = arguments.training(backend.workers(), &corpus_config)?;
    std::fs::create_dir_all(&arguments.out)?;
    let log = TrainingLog::open(arguments.out.join("log.jsonl"), done)?;
    let mut observer = (ProgressBar::default(), log);
    let (model, evaluation) = pretrain(model, &data, &config, Some(&checkpoints), &mut observer)?;
    observer.1.finish()?;
    if let Some(evaluation) = evaluation {
        println!("held out: {evaluation}");
    }
    let folder = arguments.out.join("model");
    checkpoint::save(&model, &shape, &folder)?;
    AnyTokenizer::from(tokenizer).save(&shape, &folder)?;
    println!("wrote {}", folder.display());
    Ok(())
}

impl Arguments {
    fn corpus(&self) -> CorpusConfig {
        CorpusConfig {
            lengths: Lengths { longest: self.longest, ..Lengths::default() },
            cutting: if self.no_overlap { Cutting::NoOverlap } else { Cutting::Sampled },
            both_strands: !self.one_strand,
            held_out: HeldOut { share: self.held_out, ..HeldOut::default() },
            seed: self.seed,
            ..CorpusConfig::new(self.k)
        }
    }

    /// The 31-mers of everything that models will be judged on.
    fn excluded(&self) -> Result<KmerSet, Box<dyn Error>> {
        let mut kmers = KmerSet::new(31);
        for file in &self.exclude {
            for input in read_inputs(file, &TableFormat::default())? {
                kmers.add(&input?.sequence);
            }
        }
        Ok(kmers)
    }

    fn training(
        &self,
        workers: usize,
        corpus: &CorpusConfig,
    ) -> Result<PretrainConfig, Box<dyn Error>> {
        let mut rows = vec![serde_json::to_string(corpus)?];
        for file in self.genomes.iter().chain(&self.exclude) {
            rows.push(sha256(file)?);
        }
        let shares = [self.hidden, self.hidden_late].map(|share| share.to_string());
        rows.extend(shares);
        Ok(PretrainConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            pass_size: self.pass_size,
            learning_rate: self.learning_rate,
            warmup_steps: self.warmup.unwrap_or(self.steps / 10),
            adamw: AdamWSettings { beta_2: 0.98, epsilon: 1e-6, ..AdamWSettings::default() },
            evaluate_every: self.every,
            save_every: self.every,
            workers,
            seed: self.seed,
            rows: rows.join(" "),
            ..PretrainConfig::default()
        })
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "must lie in [0, 1)".to_owned())
}
