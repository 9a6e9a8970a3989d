//! The initialised network, before training.

use std::path::Path;

use burn::tensor::Device;
use dnabert_core::{Tokenizer, derive_seed};
use dnabert_kmer::{KmerTokenizer, LengthPolicy};
use dnabert_model::{
    Bert, BertConfig, Checkpoint, CheckpointError, Encoder, NewHead, Pooling, ProblemType,
    SequenceClassifier,
};

use super::{Experiment, ExperimentError, ModelInit};
use dnabert_inference::{AnyTokenizer, network_folder};

/// The tokenizer, network and config that training starts with.
pub(super) struct InitializedModel<E: Encoder = Bert> {
    pub(super) tokenizer: AnyTokenizer,
    pub(super) model: SequenceClassifier<E>,
    pub(super) config: BertConfig,
    pub(super) new_parts: Vec<&'static str>,
    /// Where its weights come from, for people.
    pub(super) start: String,
    pub(super) seed: u64,
}

impl Experiment {
    /// The seed of a member. The first member is 0, and has the seed of the experiment.
    pub(super) fn seed_of(&self, member: usize) -> u64 {
        match self.fine_tune.seed {
            seed if member == 0 => seed,
            seed => derive_seed(seed, &[14, member as u64]),
        }
    }

    /// The initialised model of each member. All are initialised before training starts, to check
    /// that they are compatible.
    pub(super) fn initialize_all(
        &self,
        own: Option<&AnyTokenizer>,
        labels: &[&str],
        device: &Device,
    ) -> Result<Vec<InitializedModel>, ExperimentError> {
        let mut all: Vec<InitializedModel> = Vec::new();
        for number in 0..self.members.get() {
            let initialized = self.initialize(number, own, labels, device)?;
            if let Some(first) = all.first()
                && (&first.config, first.tokenizer.k())
                    != (&initialized.config, initialized.tokenizer.k())
            {
                let (start, first) = (initialized.start, first.start.clone());
                return Err(ExperimentError::UnlikeStarts { start, first });
            }
            all.push(initialized);
        }
        Ok(all)
    }

    /// The tokenizer, the network to train and its config, for one member. The first member is 0.
    fn initialize(
        &self,
        member: usize,
        own: Option<&AnyTokenizer>,
        labels: &[&str],
        device: &Device,
    ) -> Result<InitializedModel, ExperimentError> {
        let member_seed = self.seed_of(member);
        let seed = derive_seed(member_seed, &[10]);
        let change = |config: BertConfig| BertConfig {
            pooled_parts: self.pooled_parts.unwrap_or(config.pooled_parts),
            hidden_dropout_prob: self.dropout.unwrap_or(config.hidden_dropout_prob),
            ..config
        };
        let tokenizer_of = |folder: &Path, config: &BertConfig| match own {
            Some(own) => own.clone().for_config(config),
            None => AnyTokenizer::open(folder, config),
        };
        let (tokenizer, model, config, new_parts) = match self.start_of(member) {
            ModelInit::Fresh { size, k, pooling } => {
                let tokenizer = match own {
                    Some(own) => own.clone(),
                    None => KmerTokenizer::new(*k)?.into(),
                };
                let config = size.config(tokenizer.vocab_size());
                let pooling = pooling.unwrap_or(config.pooling);
                let config = change(BertConfig { pooling, ..config }).with_labels(labels);
                config.validate().map_err(CheckpointError::from)?;
                let model = config.sequence_classifier(seed, device);
                (tokenizer, model, config, vec!["all"])
            }
            ModelInit::Reset { path, pooling } => {
                let path = &*network_folder(path)?;
                let config =
                    BertConfig::read(path.join("config.json")).map_err(CheckpointError::from)?;
                let pooling = pooling.unwrap_or(config.pooling);
                let problem_type = Some(ProblemType::SingleLabelClassification);
                let architectures = Vec::new(); // of the file, whose weights are not read
                let config = BertConfig { architectures, pooling, problem_type, ..config };
                let config = change(config).with_labels(labels);
                config.validate().map_err(CheckpointError::from)?;
                let tokenizer = tokenizer_of(path, &config)?;
                let model = config.sequence_classifier(seed, device);
                (tokenizer, model, config, vec!["all"])
            }
            ModelInit::Folder { path, pooling, mask_mode, padded_length } => {
                let path = &*network_folder(path)?;
                let mut checkpoint = Checkpoint::open(path)?;
                let config = checkpoint.config_mut();
                config.pooling = pooling.unwrap_or(config.pooling);
                config.mask_mode = mask_mode.unwrap_or(config.mask_mode);
                config.padded_length = padded_length.or(config.padded_length);
                *config = change(config.clone());
                let tokenizer = tokenizer_of(path, config)?;
                let head = NewHead {
                    labels,
                    problem: ProblemType::SingleLabelClassification,
                    pooling: checkpoint.config().pooling,
                    new_pooler: !checkpoint.has_pooler(),
                    seed,
                };
                let (model, config) = checkpoint.with_new_head(&head, device)?;
                let new_pooler = head.new_pooler && head.pooling == Pooling::Cls;
                let mut new_parts = vec!["classifier"];
                new_parts.extend(new_pooler.then_some("pooler"));
                (tokenizer, model, config, new_parts)
            }
        };
        let maximum = config.longest_row();
        let policy = if self.truncate { LengthPolicy::Truncate } else { LengthPolicy::Reject };
        let tokenizer = tokenizer.with_ambiguity(self.ambiguity).with_length(policy(maximum));
        let (start, seed) = (self.start_of(member).name(), member_seed);
        Ok(InitializedModel { tokenizer, model, config, new_parts, start, seed })
    }

    /// The tokenizer with the experiment's policies for ambiguous letters and for long rows.
    pub(super) fn with_policies(
        &self,
        tokenizer: AnyTokenizer,
        config: &BertConfig,
    ) -> AnyTokenizer {
        let maximum = config.longest_row();
        let policy = if self.truncate { LengthPolicy::Truncate } else { LengthPolicy::Reject };
        tokenizer.with_ambiguity(self.ambiguity).with_length(policy(maximum))
    }
}
