//! How well hidden k-mers of held-out sequence are predicted, beside a context model.

use std::error::Error;
use std::path::Path;

use dnabert::core::{Encoding, Sequence, Tokenizer, derive_seed};
use dnabert::kmer::{KmerMasking, KmerTokenizer, LengthPolicy};
use dnabert::model::Checkpoint;
use dnabert::tasks::corpus::{Corpus, Pieces};
use dnabert::train::pretrain::{RowEvaluation, evaluate_rows};
use dnabert::train::{Interval, bootstrap};
use dnabert::{AnyTokenizer, ContextFloor, Device, fit_context};
use serde::Serialize;

/// Rows that choose reach and backing of the context model, and rows that are judged.
const CHOOSING: u64 = 400;
const JUDGED: u64 = 2000;

/// Holes with counts of their own, and reaches to choose from.
const LONGEST_HOLE: usize = 4;
const REACHES: [usize; 4] = [3, 4, 5, 6];
const BACKINGS: [f64; 4] = [3.0, 10.0, 30.0, 100.0];

/// What two models make of the same hidden k-mers.
#[derive(Debug, Serialize)]
pub(crate) struct Masked {
    /// How k-mers are hidden.
    masks: &'static str,
    /// Hidden k-mers.
    tokens: usize,
    /// The model's accuracy and mean loss.
    model: [f64; 2],
    /// The context model's.
    context: [f64; 2],
    /// The difference of the accuracies, and its 95 % interval over rows.
    difference: f64,
    interval: Option<Interval>,
    /// The context model's settings.
    reach: usize,
    backing: f64,
    /// The context model's accuracy for each reach on the rows that chose.
    reaches: Vec<(usize, f64)>,
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { masks, tokens, model, context, difference, interval, .. } = self;
        writeln!(f, "{tokens} hidden k-mers of held-out sequence; {masks}")?;
        writeln!(f, "  this model     accuracy {:.4}, loss {:.4}", model[0], model[1])?;
        writeln!(f, "  context model  accuracy {:.4}, loss {:.4}", context[0], context[1])?;
        writeln!(f, "  (of up to {} bases on each side, backing {})", self.reach, self.backing)?;
        let reaches = self.reaches.iter().map(|(reach, value)| format!("{reach}: {value:.4}"));
        let reaches: Vec<String> = reaches.collect();
        writeln!(f, "  (by reach, on the rows that chose it: {})", reaches.join(", "))?;
        write!(f, "  difference {difference:+.4}")?;
        match interval {
            Some(Interval { low, high }) => write!(f, ", 95 % interval {low:+.4} to {high:+.4}"),
            None => Ok(()),
        }
    }
}

/// Judges the model in `folder` on what `corpus` holds out, where `share` of the tokens is hidden.
pub(crate) fn judge(
    folder: &Path,
    corpus: &Corpus,
    share: f64,
    device: &Device,
) -> Result<Vec<Masked>, Box<dyn Error>> {
    let checkpoint = Checkpoint::open(folder)?;
    #[allow(irrefutable_let_patterns, reason = "without byte pairs there is one kind")]
    let AnyTokenizer::Kmer(tokenizer) = AnyTokenizer::open(folder, checkpoint.config())? else {
        return Err("only models of k-mers are judged here".into());
    };
    let longest = checkpoint.config().max_position_embeddings;
    let tokenizer = tokenizer.with_length(LengthPolicy::Reject(longest));
    let model = checkpoint.masked_language_model(device)?;
    let pieces = corpus.held_out.as_ref().ok_or("nothing is held out")?;
    let pad = tokenizer.special_tokens().pad;
    let counts = fit_context(&corpus.train, LONGEST_HOLE, REACHES[REACHES.len() - 1])?;
    let chosen_on = rows(pieces, &tokenizer, 0..CHOOSING)?;
    let judged = rows(pieces, &tokenizer, CHOOSING..CHOOSING + JUDGED)?;
    let encodings: Vec<Encoding> = judged.iter().map(|(_, row)| row.clone()).collect();
    let published = KmerMasking::new(tokenizer.k(), share)?;
    let mut found = Vec::new();
    for (masks, plan) in
        [("all [MASK]", published.masks_only()), ("80 % [MASK], 10 % random, 10 % kept", published)]
    {
        let settings = REACHES.iter().flat_map(|&reach| BACKINGS.map(|backing| (reach, backing)));
        let floors = settings.map(|(reach, backing)| {
            let floor = ContextFloor { model: &counts, reach, backing };
            let [accuracy, _] = mean(&floor.evaluate_rows(&chosen_on, &plan, 1));
            (accuracy, floor)
        });
        let floors: Vec<(f64, ContextFloor<'_>)> = floors.collect();
        let best = |reach: usize| {
            let accuracies = floors.iter().filter(|(_, floor)| floor.reach == reach);
            (reach, accuracies.map(|(accuracy, _)| *accuracy).fold(0.0, f64::max))
        };
        let reaches = REACHES.map(best).to_vec();
        let (_, floor) = floors.iter().max_by(|a, b| a.0.total_cmp(&b.0)).ok_or("no settings")?;
        let context = floor.evaluate_rows(&judged, &plan, 2);
        let model = evaluate_rows(&model, &encodings, &plan, pad, 32, 2);
        let difference = |indices: &[usize]| {
            let pick = |rows: &[RowEvaluation]| -> Vec<RowEvaluation> {
                indices.iter().map(|&index| rows[index]).collect()
            };
            Some(mean(&pick(&model))[0] - mean(&pick(&context))[0])
        };
        found.push(Masked {
            masks,
            tokens: model.iter().map(|row| row.tokens).sum(),
            model: mean(&model),
            context: mean(&context),
            difference: mean(&model)[0] - mean(&context)[0],
            interval: bootstrap(model.len(), 1000, derive_seed(1, &[30]), difference),
            reach: floor.reach,
            backing: floor.backing,
            reaches,
        });
    }
    Ok(found)
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
) -> Result<Vec<(Sequence, Encoding)>, Box<dyn Error>> {
    let row = |number| -> Result<_, Box<dyn Error>> {
        let sequence = pieces.piece(number)?.sequence;
        let encoding = tokenizer.encode(&sequence)?;
        Ok((sequence, encoding))
    };
    numbers.map(row).collect()
}
