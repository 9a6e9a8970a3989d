//! How the network is made and trained; the defaults are those of the shipped model.

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dnabert::kmer::{KmerMasking, Vocabulary, VocabularyError};
use dnabert::model::{BertConfig, MaskedLanguageModel};
use dnabert::train::AdamWSettings;
use dnabert::train::pretrain::PretrainConfig;
use dnabert::{Device, ModelSize, kmer_embeddings};

use crate::corpus::share;

/// Network, masks and schedule.
#[derive(Debug, Args)]
pub(crate) struct Recipe {
    /// K-mer length, 1 to 8
    #[arg(long, default_value_t = 4)]
    pub(crate) k: usize,
    /// Size of the model: tiny, mini, small or base
    #[arg(long, default_value = "small")]
    size: ModelSize,
    /// A config.json in the Hugging Face layout that gives the shape, in place of --size
    #[arg(long, conflicts_with = "size")]
    shape: Option<PathBuf>,
    /// Dropout while pre-training; fine-tuning has the shape's own
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    dropout: f64,
    /// Begin with random embeddings, as BERT does, where k-mers know nothing of their bases and
    /// positions nothing of their order
    #[arg(long)]
    random_embeddings: bool,
    /// Share of tokens that is hidden
    #[arg(long, default_value_t = 0.3, value_parser = share)]
    hidden: f64,
    /// Share in the last sixth of the steps
    #[arg(long, default_value_t = 0.15, value_parser = share)]
    hidden_late: f64,
    /// What becomes of hidden tokens
    #[arg(long, value_enum, default_value = "span")]
    masks: Masks,
    /// Optimizer steps
    #[arg(long, default_value_t = 5000)]
    pub(crate) steps: usize,
    /// Pieces of a step
    #[arg(long, default_value_t = 32)]
    batch_size: usize,
    /// Pieces of one forward pass, of like length; several passes make a step
    #[arg(long, default_value_t = 8)]
    pass_size: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    learning_rate: f64,
    /// Steps over which the rate rises, before it falls to 0
    #[arg(long, default_value_t = 300)]
    warmup: usize,
    /// Steps between evaluations, and between checkpoints
    #[arg(long, default_value_t = 250)]
    every: usize,
    /// Seed of weights, pieces, masks and dropout
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What becomes of hidden tokens.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Masks {
    /// 80 % [MASK], 10 % random, 10 % kept, each by itself, as in BERT and DNABERT
    Token,
    /// The same, but for all tokens of a span together
    Span,
    /// [MASK]
    Only,
}

impl Recipe {
    /// The network's config, for `vocabulary` ids and rows of at most `longest` tokens.
    pub(crate) fn shape(
        &self,
        vocabulary: usize,
        longest: usize,
    ) -> Result<BertConfig, Box<dyn Error>> {
        let shape = match &self.shape {
            Some(file) => BertConfig { vocab_size: vocabulary, ..BertConfig::read(file)? },
            None => self.size.config(vocabulary),
        };
        let shape = BertConfig { max_position_embeddings: longest, ..shape };
        shape.validate()?;
        Ok(shape)
    }

    /// The network before the first step.
    pub(crate) fn start(
        &self,
        shape: &BertConfig,
        vocabulary: &Vocabulary,
        device: &Device,
    ) -> MaskedLanguageModel {
        let trained = BertConfig { hidden_dropout_prob: self.dropout, ..shape.clone() };
        let mut model = trained.masked_language_model(self.seed, device);
        if !self.random_embeddings {
            let (width, scale) = (shape.hidden_size, shape.initializer_range);
            let words = kmer_embeddings(vocabulary, width, scale, self.seed);
            model.encoder =
                model.encoder.with_sinusoidal_positions(scale).with_word_embeddings(words);
        }
        model
    }

    /// What is hidden in the first five sixths of the steps, and in the last.
    pub(crate) fn masks(&self) -> Result<(KmerMasking, KmerMasking), VocabularyError> {
        let masking = |share| {
            let masking = KmerMasking::new(self.k, share)?;
            Ok(match self.masks {
                Masks::Token => masking,
                Masks::Span => masking.by_span(),
                Masks::Only => masking.masks_only(),
            })
        };
        Ok((masking(self.hidden)?, masking(self.hidden_late)?))
    }

    /// How it is trained, on the rows that `corpus` names.
    pub(crate) fn config(&self, workers: usize, corpus: &str) -> PretrainConfig {
        let masks = (self.hidden, self.hidden_late, self.masks);
        PretrainConfig {
            steps: self.steps,
            batch_size: self.batch_size,
            pass_size: self.pass_size,
            learning_rate: self.learning_rate,
            warmup_steps: self.warmup,
            adamw: AdamWSettings { beta_2: 0.98, epsilon: 1e-6, ..AdamWSettings::default() },
            evaluate_every: self.every,
            save_every: self.every,
            workers,
            seed: self.seed,
            rows: format!("{corpus} {masks:?} {} {}", self.dropout, self.random_embeddings),
            ..PretrainConfig::default()
        }
    }
}
