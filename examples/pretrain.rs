//! Pre-train a masked language model on a genome of your own.
//!
//! `cargo run --release --example pretrain -- genome.fa.gz`; without one, a few steps on shipped
//! *Chlamydia* DNA. The command `dnabert pretrain` can also be stopped and resumed.
#![allow(clippy::print_stdout, reason = "a program's output")]

use dnabert::kmer::KmerMasking;
use dnabert::model::BertConfig;
use dnabert::prelude::*;
use dnabert::tasks::corpus::{Corpus, CorpusConfig, KmerSet};
use dnabert::train::ProgressBar;
use dnabert::train::pretrain::{MaskSchedule, PretrainConfig, PretrainData, Rows, pretrain};
use dnabert::{CorpusRows, ModelSize};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shipped = Datasets::find()?.folder().join("genomes/chlamydia.fa.gz");
    let genome = std::env::args().nth(1).map_or(shipped, Into::into);
    let k = 4;
    // Sequences that models will be judged on would be left out here.
    let corpus = Corpus::build(&[genome], &CorpusConfig::new(k), &KmerSet::new(31))?;
    let tokenizer = KmerTokenizer::new(k)?;
    let rows = CorpusRows::new(&corpus.train, &tokenizer);
    let held_out = corpus.held_out.as_ref().ok_or("some of the genome is held out")?;
    let held_out = CorpusRows::new(held_out, &tokenizer);
    let held_out: Vec<Encoding> =
        (0..100).map(|row| held_out.row(row)).collect::<Result<_, _>>()?;

    let masks = KmerMasking::new(k, 0.15)?.by_span();
    let masks = MaskSchedule { early: &masks, late: &masks, change_at: 0 };
    let tokens = tokenizer.special_tokens();
    let data = PretrainData { rows: &rows, held_out: &held_out, masks, tokens };
    let config: BertConfig = ModelSize::Mini.config(tokenizer.vocab_size());
    let model = config.masked_language_model(1, &device(None)?);
    let settings = PretrainConfig { steps: 100, ..PretrainConfig::default() };
    let (_model, evaluation) =
        pretrain(model, &data, &settings, None, &mut ProgressBar::default())?;
    if let Some(evaluation) = evaluation {
        println!("held out: {evaluation}");
    }
    Ok(())
}
