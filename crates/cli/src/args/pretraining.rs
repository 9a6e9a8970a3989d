//! How a masked language model is built and trained. The defaults are those of the shipped model.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dnabert::core::Tokenizer;
use dnabert::inference::network_folder;
use dnabert::kmer::{KmerMasking, KmerTokenizer, VocabularyError};
use dnabert::model::{BertConfig, Checkpoint, MaskedLanguageModel};
use dnabert::train::AdamWSettings;
use dnabert::train::pretrain::PretrainConfig;
use dnabert::{AnyTokenizer, Device, ModelSize, kmer_embeddings, model_folder};

use super::fraction;
use crate::failure::{Outcome, usage};

/// Network, masks and schedule.
#[derive(Debug, Args)]
pub(crate) struct PretrainingOptions {
    /// K-mer length, 1 to 8 [default: 4, or that of --model]
    #[arg(long)]
    k: Option<usize>,
    /// Size of the model: tiny, mini, small, convolutional or base
    #[arg(long, default_value = "convolutional")]
    size: ModelSize,
    /// A config.json in the Hugging Face layout that gives the shape, instead of --size
    #[arg(long, conflicts_with = "size", help_heading = "Network")]
    shape: Option<PathBuf>,
    /// Continue training a masked language model, instead of random weights: a folder in the
    /// Hugging Face layout, or a name on its Hub
    #[arg(long, conflicts_with_all = ["size", "shape", "random_embeddings"])]
    model: Option<String>,
    /// Dropout of hidden states in pre-training; fine-tuning uses that of the shape's config
    #[arg(long, default_value_t = 0.0, value_parser = fraction, help_heading = "Network")]
    dropout: f64,
    /// Start with random embeddings, as BERT does. By default, the embeddings of k-mers are built
    /// from those of their bases, and position embeddings start as sinusoids
    #[arg(long, help_heading = "Network")]
    random_embeddings: bool,
    /// Fraction of tokens that are masked
    #[arg(long, default_value_t = 0.3, value_parser = fraction, help_heading = "Masks")]
    hidden: f64,
    /// Fraction of tokens that are masked in the last sixth of the steps
    #[arg(long, default_value_t = 0.15, value_parser = fraction, help_heading = "Masks")]
    hidden_late: f64,
    /// How masked tokens are replaced
    #[arg(long, value_enum, default_value = "span", help_heading = "Masks")]
    masks: Masks,
    /// Mask spans that do not touch, except in the last sixth of the steps. Each span hides one
    /// base, so that many more tokens can be masked (0.6, for example)
    #[arg(long, help_heading = "Masks")]
    apart: bool,
    /// Optimizer steps
    #[arg(long, default_value_t = 5000)]
    pub(crate) steps: usize,
    /// Pieces per optimizer step
    #[arg(long, default_value_t = 32, help_heading = "Optimization")]
    batch_size: usize,
    /// Pieces per forward pass, of similar length; several passes make a step
    #[arg(long, default_value_t = 8, help_heading = "Optimization")]
    pass_size: usize,
    /// Highest learning rate [default: 2e-3, or 4e-4 with --model]
    #[arg(long, help_heading = "Optimization")]
    learning_rate: Option<f64>,
    /// Warm-up steps, in which the rate rises, before it falls to 0
    #[arg(long, default_value_t = 300, help_heading = "Optimization")]
    warmup: usize,
    /// Steps between evaluations, and between checkpoints
    #[arg(long, default_value_t = 250, help_heading = "Optimization")]
    every: usize,
    /// Seed of weights, pieces, masks and dropout
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// How masked tokens are replaced.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Masks {
    /// 80 % [MASK], 10 % random, 10 % kept, for each token separately, as in BERT and DNABERT
    Token,
    /// The same, but for all tokens of a span together
    Span,
    /// Always [MASK]
    Only,
}

impl PretrainingOptions {
    /// The requested k-mer length. It must be that of `--model`, if given.
    pub(crate) fn k(&self) -> Outcome<usize> {
        let Some(model) = &self.model else {
            return Ok(self.k.unwrap_or(4));
        };
        let folder = model_folder(model)?;
        let config = BertConfig::read(folder.join("config.json"))?;
        let found = AnyTokenizer::open(&folder, &config)?.k();
        let found = found.ok_or_else(|| format!("{model} is no model of k-mers"))?;
        match self.k.filter(|&k| k != found) {
            Some(k) => Err(usage(format!("--k {k}: {model} is a model of {found}-mers"))),
            None => Ok(found),
        }
    }

    /// The network before the first step, for rows of at most `longest` tokens, and its config.
    pub(crate) fn start(
        &self,
        tokenizer: &KmerTokenizer,
        longest: usize,
        device: &Device,
    ) -> Outcome<(MaskedLanguageModel, BertConfig)> {
        match &self.model {
            Some(model) => self.go_on(&model_folder(model)?, longest, device),
            None => self.fresh(tokenizer, longest, device),
        }
    }

    fn fresh(
        &self,
        tokenizer: &KmerTokenizer,
        longest: usize,
        device: &Device,
    ) -> Outcome<(MaskedLanguageModel, BertConfig)> {
        let vocab_size = tokenizer.vocab_size();
        let shape = match &self.shape {
            Some(file) => BertConfig { vocab_size, ..BertConfig::read(file)? },
            None => self.size.config(vocab_size),
        };
        let shape = BertConfig { max_position_embeddings: longest, ..shape };
        shape.validate()?;
        let trained = BertConfig { hidden_dropout_prob: self.dropout, ..shape.clone() };
        let mut model = trained.masked_language_model(self.seed, device);
        if !self.random_embeddings {
            let (width, scale) = (shape.hidden_size, shape.initializer_range);
            let words = kmer_embeddings(tokenizer.vocabulary(), width, scale, self.seed);
            model.encoder =
                model.encoder.with_sinusoidal_positions(scale).with_word_embeddings(words);
        }
        Ok((model, shape))
    }

    fn go_on(
        &self,
        folder: &Path,
        longest: usize,
        device: &Device,
    ) -> Outcome<(MaskedLanguageModel, BertConfig)> {
        let mut checkpoint = Checkpoint::open(&*network_folder(folder)?)?;
        let shape = checkpoint.config().clone();
        if let Some(maximum) = shape.max_tokens().filter(|&maximum| maximum < longest) {
            let longest = longest - 2;
            let maximum = maximum - 2;
            return Err(usage(format!("--longest {longest}: the model reads {maximum} k-mers")));
        }
        checkpoint.config_mut().hidden_dropout_prob = self.dropout;
        Ok((checkpoint.masked_language_model(device)?, shape))
    }

    /// The masking in the first five sixths of the steps, and in the last.
    pub(crate) fn masks(&self, k: usize) -> Result<(KmerMasking, KmerMasking), VocabularyError> {
        let masking = |share| {
            let masking = KmerMasking::new(k, share)?;
            Ok(match self.masks {
                Masks::Token => masking,
                Masks::Span => masking.by_span(),
                Masks::Only => masking.masks_only(),
            })
        };
        let early = masking(self.hidden)?;
        let early = if self.apart { early.apart(self.hidden) } else { early };
        Ok((early, masking(self.hidden_late)?))
    }

    /// The training settings, for the rows of the corpus that `corpus` identifies.
    pub(crate) fn config(&self, workers: usize, corpus: &str) -> PretrainConfig {
        let masks = (self.hidden, self.hidden_late, self.masks);
        let mut rows = format!("{corpus} {masks:?} {} {}", self.dropout, self.random_embeddings);
        if self.apart {
            rows += " apart";
        }
        if let Some(model) = &self.model {
            rows += &format!(" from {model}");
        }
        let usual_rate = if self.model.is_some() { 4e-4 } else { 2e-3 };
        PretrainConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            pass_size: self.pass_size,
            learning_rate: self.learning_rate.unwrap_or(usual_rate),
            warmup_steps: self.warmup,
            adamw: AdamWSettings { beta_2: 0.98, epsilon: 1e-6, ..AdamWSettings::default() },
            evaluate_every: self.every,
            save_every: self.every,
            workers,
            seed: self.seed,
            rows,
            ..PretrainConfig::default()
        }
    }
}
