//! Prediction of masked k-mers in held-out sequence, compared with a context model.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::DeviceOptions;
use crate::args::corpus::CorpusOptions;
use crate::console::outln;
use crate::failure::{Outcome, usage};
use dnabert::baseline::ContextModel;
use dnabert::core::{Encoding, Sequence, Tokenizer, derive_seed};
use dnabert::kmer::{KmerMasking, KmerTokenizer, LengthPolicy};
use dnabert::model::{BertConfig, Checkpoint, MaskedLanguageModel};
use dnabert::tasks::corpus::{Corpus, KmerSet, Pieces};
use dnabert::train::pretrain::{RowEvaluation, evaluate_rows};
use dnabert::train::{ConfidenceInterval, bootstrap};
use dnabert::{AnyTokenizer, ContextBaseline, Device, fit_context};
use serde::Serialize;

/// Number of rows that choose the context model's settings, and of rows for the evaluation.
const CHOOSING: u64 = 400;
const EVALUATED: u64 = 2000;

/// Number of random masks for each row. A single one would give noisy results.
const DRAWS: u64 = 4;

/// A row that shares this many consecutive bases with the corpus is a copy of a part of it.
const COPY: usize = 31;

/// Rows that are not copies.
const NEW: &str = "held-out rows that share no 31-mer with the corpus";

/// The longest gap that has its own counts, and the context lengths to choose from.
const LONGEST_HOLE: usize = 4;
const REACHES: [usize; 4] = [3, 4, 5, 6];
const BACKINGS: [f64; 6] = [3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// Compare the pre-trained model with a context model in predicting masked k-mers.
///
/// Rows are held-out sequence of the corpus. The context model is fitted to its training part.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dnabert compare masked")]
pub(crate) struct Arguments {
    /// Pre-trained model of k-mers [default: the shipped convolutional-4]
    #[arg(long)]
    model: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    corpus: CorpusOptions,
    #[command(flatten)]
    device: DeviceOptions,
}

/// Evaluates the model.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let device = arguments.device.open()?;
    let model = match &arguments.model {
        Some(model) => model.clone(),
        None => arguments.corpus.datasets()?.model("convolutional-4"),
    };
    let config = BertConfig::read(model.join("config.json"))?;
    let k = AnyTokenizer::open(&model, &config)?.k();
    let k = k.ok_or_else(|| usage("--model: a model of k-mers is needed"))?;
    let corpus = arguments.corpus.files(k, 1)?.build()?;
    let found = evaluate(&model, &corpus, 0.15, &device)?;
    if arguments.json {
        outln!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        found.iter().for_each(|found| outln!("{found}"));
    }
    Ok(())
}

/// The predictions of two models for the same masked k-mers.
#[derive(Debug, Serialize)]
struct Masked {
    /// Which rows of the held-out sequence.
    rows: &'static str,
    /// How k-mers are masked.
    masks: &'static str,
    /// Number of masked k-mers.
    tokens: usize,
    /// The model's accuracy and mean loss.
    model: [f64; 2],
    /// The context model's accuracy and mean loss.
    context: [f64; 2],
    /// The difference of the accuracies. The 95 % interval is over rows.
    difference: f64,
    interval: Option<ConfidenceInterval>,
    /// The context model's settings.
    reach: usize,
    backing: f64,
    /// The context model's accuracy for each context length, with the best backing for it: on the
    /// rows that choose the settings, and on the evaluation rows (where nothing is chosen).
    reaches: [Vec<(usize, f64)>; 2],
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rows, masks, tokens, model, context, difference, interval, .. } = self;
        writeln!(f, "{tokens} hidden k-mers of {rows}; {masks}")?;
        writeln!(f, "  this model     accuracy {:.4}, loss {:.4}", model[0], model[1])?;
        writeln!(f, "  context model  accuracy {:.4}, loss {:.4}", context[0], context[1])?;
        writeln!(f, "  (of up to {} bases on each side, backing {})", self.reach, self.backing)?;
        for (rows, found) in ["rows that chose it", "evaluated rows"].iter().zip(&self.reaches) {
            let reaches = found.iter().map(|(reach, value)| format!("{reach}: {value:.4}"));
            let reaches: Vec<String> = reaches.collect();
            writeln!(f, "  (at best, by reach, on the {rows}: {})", reaches.join(", "))?;
        }
        write!(f, "  difference {difference:+.4}")?;
        match interval {
            Some(ConfidenceInterval { low, high }) => {
                write!(f, ", 95 % interval {low:+.4} to {high:+.4}")
            }
            None => Ok(()),
        }
    }
}

/// Evaluates the model in `folder` on the held-out part of `corpus`, with the fraction `share` of
/// the tokens masked.
fn evaluate(folder: &Path, corpus: &Corpus, share: f64, device: &Device) -> Outcome<Vec<Masked>> {
    let checkpoint = Checkpoint::open(folder)?;
    #[allow(irrefutable_let_patterns, reason = "without byte pairs there is one kind")]
    let AnyTokenizer::Kmer(tokenizer) = AnyTokenizer::open(folder, checkpoint.config())? else {
        return Err("only models of k-mers are evaluated here".into());
    };
    let longest = checkpoint.config().max_position_embeddings;
    let tokenizer = tokenizer.with_length(LengthPolicy::Reject(longest));
    let model = checkpoint.masked_language_model(device)?;
    let pieces = corpus.held_out.as_ref().ok_or("nothing is held out")?;
    let pad = tokenizer.special_tokens().pad;
    let counts = fit_context(&corpus.train, LONGEST_HOLE, REACHES[REACHES.len() - 1])?;
    let all = rows(pieces, &tokenizer, 0..CHOOSING + EVALUATED)?;
    let copied = copied_kmers(&corpus.train, &all)?;
    // Shorter rows may be copies, but have no 31-mer to detect it by.
    let is_new = |row: &&Row| row.0.len() >= COPY && copied.shared(&row.0) == 0;
    let split = |part: &[Row]| -> Vec<Row> { part.iter().filter(is_new).cloned().collect() };
    let (choosing, evaluating) = all.split_at(CHOOSING as usize);
    let (new_choosing, new_evaluating) = (split(choosing), split(evaluating));
    let published = KmerMasking::new(tokenizer.k(), share)?;
    let hidden = published.masks_only();
    let new = Rows { name: NEW, chosen_on: &new_choosing, evaluated: &new_evaluating };
    if new.chosen_on.is_empty() || new.evaluated.is_empty() {
        return Err("every held-out row shares a 31-mer with the corpus".into());
    }
    let all = Rows { name: "all held-out rows", chosen_on: choosing, evaluated: evaluating };
    let evaluator = Evaluator { model: &model, counts: &counts, pad };
    let one_base = hidden.apart(share);
    Ok(vec![
        evaluator.evaluate(new, "all [MASK]", &hidden)?,
        evaluator.evaluate(new, "all [MASK], one base at a time", &one_base)?,
        evaluator.evaluate(new, "80 % [MASK], 10 % random, 10 % kept", &published)?,
        evaluator.evaluate(all, "all [MASK]", &hidden)?,
    ])
}

/// A sequence and its tokens.
type Row = (Sequence, Encoding);

/// The 31-mers of the rows that are also in the corpus. A context model has counted such copies.
fn copied_kmers(corpus: &Pieces, rows: &[Row]) -> Outcome<KmerSet> {
    let (mut asked, mut copied) = (KmerSet::new(COPY), KmerSet::new(COPY));
    rows.iter().for_each(|(sequence, _)| asked.add(sequence));
    for stretch in corpus.stretches(1 << 16, COPY - 1) {
        copied.add_shared(&stretch?.sequence, &asked);
    }
    Ok(copied)
}

/// Rows that choose the context model's settings, and rows for the evaluation.
#[derive(Clone, Copy)]
struct Rows<'a> {
    name: &'static str,
    chosen_on: &'a [Row],
    evaluated: &'a [Row],
}

/// Two models that predict the same k-mers.
struct Evaluator<'a> {
    model: &'a MaskedLanguageModel,
    counts: &'a ContextModel,
    pad: u32,
}

impl Evaluator<'_> {
    fn evaluate(&self, rows: Rows<'_>, masks: &'static str, plan: &KmerMasking) -> Outcome<Masked> {
        let Rows { name, chosen_on, evaluated } = rows;
        let settings = || {
            REACHES.iter().flat_map(|&reach| {
                BACKINGS.map(|backing| ContextBaseline { model: self.counts, reach, backing })
            })
        };
        let accuracies = |rows: &[Row], seed| -> Vec<(f64, ContextBaseline<'_>)> {
            let accuracy = |baseline: &ContextBaseline<'_>| {
                mean(&over_draws(seed, |seed| baseline.evaluate_rows(rows, plan, seed)))[0]
            };
            settings().map(|baseline| (accuracy(&baseline), baseline)).collect()
        };
        let by_reach = |found: &[(f64, ContextBaseline<'_>)]| {
            let best = |reach: usize| {
                let of_reach = found.iter().filter(|(_, baseline)| baseline.reach == reach);
                (reach, of_reach.map(|(accuracy, _)| *accuracy).fold(0.0, f64::max))
            };
            REACHES.map(best).to_vec()
        };
        let choices = accuracies(chosen_on, 1);
        let (_, baseline) =
            choices.iter().max_by(|a, b| a.0.total_cmp(&b.0)).ok_or("no settings")?;
        let reaches = [by_reach(&choices), by_reach(&accuracies(evaluated, 2))];
        let context = over_draws(2, |seed| baseline.evaluate_rows(evaluated, plan, seed));
        let encodings: Vec<Encoding> = evaluated.iter().map(|(_, row)| row.clone()).collect();
        let model =
            over_draws(2, |seed| evaluate_rows(self.model, &encodings, plan, self.pad, 32, seed));
        let difference = |indices: &[usize]| {
            let pick = |rows: &[RowEvaluation]| -> Vec<RowEvaluation> {
                indices.iter().map(|&index| rows[index]).collect()
            };
            Some(mean(&pick(&model))[0] - mean(&pick(&context))[0])
        };
        Ok(Masked {
            rows: name,
            masks,
            tokens: model.iter().map(|row| row.tokens).sum(),
            model: mean(&model),
            context: mean(&context),
            difference: mean(&model)[0] - mean(&context)[0],
            interval: bootstrap(model.len(), 1000, derive_seed(1, &[30]), difference),
            reach: baseline.reach,
            backing: baseline.backing,
            reaches,
        })
    }
}

/// The evaluation of each row, over all masks drawn from `seed`.
fn over_draws(seed: u64, evaluate: impl Fn(u64) -> Vec<RowEvaluation>) -> Vec<RowEvaluation> {
    let mut sums: Vec<RowEvaluation> = Vec::new();
    for draw in 0..DRAWS {
        let found = evaluate(derive_seed(seed, &[draw]));
        sums.resize(found.len(), RowEvaluation::default());
        for (sum, row) in sums.iter_mut().zip(found) {
            sum.tokens += row.tokens;
            sum.right += row.right;
            sum.loss += row.loss;
        }
    }
    sums
}

/// Accuracy and mean loss over all hidden tokens.
fn mean(rows: &[RowEvaluation]) -> [f64; 2] {
    let tokens = rows.iter().map(|row| row.tokens).sum::<usize>() as f64;
    let right = rows.iter().map(|row| row.right).sum::<usize>() as f64;
    [right / tokens, rows.iter().map(|row| row.loss).sum::<f64>() / tokens]
}

fn rows(
    pieces: &Pieces,
    tokenizer: &KmerTokenizer,
    numbers: std::ops::Range<u64>,
) -> Outcome<Vec<Row>> {
    let row = |number| -> Outcome<_> {
        let sequence = pieces.piece(number)?.sequence;
        let encoding = tokenizer.encode(&sequence)?;
        Ok((sequence, encoding))
    };
    numbers.map(row).collect()
}
