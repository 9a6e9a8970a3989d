//! This project's side of `benches/peers/compare.py`: does a piece of work when it is told to, and says how long it took.
//!
//! Lines in: `WORK`, or `WORK FILE` to write what comes out as f32 instead of measuring. Lines out: seconds.
//! A work may end in `@bf16` or `@int8`. The model is a folder in the Hugging Face layout, the first argument.
#![allow(clippy::print_stdout, reason = "the other side reads it")]

mod support;

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Instant;

use dnabert::core::{Encoding, Sequence};
use dnabert::interpret::Mutagenesis;
use dnabert::kmer::{KmerTokenizer, Vocabulary};
use dnabert::model::{Bert, Checkpoint, Encoder, TokenBatch};
use dnabert::{Device, Precision, Predictor, SequenceReader};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Side {
    device: Device,
    networks: Vec<Network>,
    checkpoint: Checkpoint,
}

/// The model in one precision.
struct Network {
    precision: Precision,
    encoder: Bert,
    predictor: Predictor<Bert, KmerTokenizer>,
}

impl Side {
    fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let device = support::device();
        let checkpoint = Checkpoint::open(folder)?;
        let network = |precision| -> Result<Network, Box<dyn Error>> {
            let mut classifier = checkpoint.sequence_classifier(&device)?;
            classifier.encoder = classifier.encoder.with_precision(precision)?;
            let encoder = classifier.encoder.clone();
            let config = checkpoint.config();
            let reader = SequenceReader::for_config(support::tokenizer(), config, device.clone());
            let predictor = Predictor::new(&classifier, reader, config);
            Ok(Network { precision, encoder, predictor })
        };
        let precisions = support::precisions(&device);
        let networks = precisions.into_iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self { device, networks, checkpoint })
    }

    /// Seconds, and what came out.
    fn work(&self, name: &str) -> Result<(f64, Vec<f32>), Box<dyn Error>> {
        let (name, precision) = name.split_once('@').unwrap_or((name, "f32"));
        let precision: Precision = precision.parse()?;
        let is_in = |network: &&Network| network.precision == precision;
        let network = self.networks.iter().find(is_in).ok_or("no network has the precision")?;
        let (kind, shape) = name.split_once('-').unwrap_or((name, ""));
        let dims: Vec<usize> = shape.split('x').filter_map(|size| size.parse().ok()).collect();
        let rows = match dims[..] {
            [count, length] => support::rows(count, length),
            [count] => support::ragged_rows(count),
            _ => Vec::new(),
        };
        let rows: Vec<&Encoding> = rows.iter().collect();
        let started;
        let output = match kind {
            "hidden" | "attention" => {
                let batch = TokenBatch::from_encodings(&rows, 0, &self.device);
                started = Instant::now();
                let mut sink =
                    support::LastCls(self.checkpoint.config().num_hidden_layers - 1, Vec::new());
                let hidden = if kind == "attention" {
                    network.encoder.encode(&batch, &mut sink).hidden
                } else {
                    network.encoder.encode(&batch, &mut ()).hidden
                };
                self.device.sync()?;
                let seconds = started.elapsed().as_secs_f64();
                return Ok((seconds, hidden.into_data().iter::<f32>().collect()));
            }
            "classes" | "ragged" => {
                started = Instant::now();
                let found = network.predictor.predict_encoded(&rows);
                found.into_iter().flatten().map(|value| value as f32).collect()
            }
            "products" => {
                return Ok((
                    support::product(precision, [dims[0], dims[1], dims[2]], 0.3),
                    Vec::new(),
                ));
            }
            "training" => {
                let config = self.checkpoint.config();
                let workers = support::workers();
                let shape = [dims[0], dims[1]];
                let steps = support::training_steps(config, &self.device, shape, 3, workers);
                let mut steps = steps;
                steps.sort_by(f64::total_cmp);
                return Ok((steps[1], Vec::new()));
            }
            "ids" => {
                let sequence = support::sequence(1, dims[0]);
                let vocabulary = Vocabulary::new(6)?;
                // Twice, as a program would that reads one sequence after another: memory is there the second time.
                let mut ids = Vec::new();
                vocabulary.push_ids(&sequence, &mut ids);
                ids.clear();
                started = Instant::now();
                vocabulary.push_ids(&sequence, &mut ids);
                let seconds = started.elapsed().as_secs_f64();
                return Ok((seconds, ids.into_iter().map(|id| id as f32).collect()));
            }
            "mutagenesis" => {
                let sequence: Sequence = support::sequence(1, dims[0]);
                started = Instant::now();
                let found = Mutagenesis::new(&network.predictor, 1).effects(&[sequence])?;
                let effects = found.iter().flat_map(|found| found.effects.iter().flatten());
                effects.map(|value| *value as f32).collect()
            }
            _ => return Err(format!("no work is called {name:?}").into()),
        };
        Ok((started.elapsed().as_secs_f64(), output))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let Some(folder) = folder else {
        println!("the other side of this program is benches/peers/compare.py");
        return Ok(());
    };
    let side = Side::open(Path::new(&folder))?;
    println!("ready on {}", dnabert::backend::describe(&side.device));
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (work, file) = line.split_once(' ').unwrap_or((&line, ""));
        let (seconds, output) = side.work(work)?;
        if !file.is_empty() {
            let bytes: Vec<u8> = output.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(file, bytes)?;
        }
        println!("{seconds}");
        io::stdout().flush()?;
    }
    Ok(())
}
