//! From a task to a trained and evaluated model.

use burn::tensor::Device;
use dnabert_baseline::{Features, LinearClassifier, NgramFeatures};
use dnabert_core::{Example, Split, Task, Tokenizer, derive_seed};
use dnabert_inference::{
    AnyClassifier, AnyTokenizer, Combination, Ensemble, Member, ModelError, Predictor,
    SequenceReader,
};
use dnabert_model::{CheckpointError, Encoder, adapt};
use dnabert_train::{EncodedExample, FineTuneConfig, FineTuned, Observer, fine_tune};

use super::initialized::InitializedModel;
use super::metrics::{Metrics, NetworkSettings, Settings, Training};
use super::ngram_regression::NgramRegression;
use super::rows::{scored, shuffled_auroc, strands};
use super::{Experiment, ExperimentError, HeadInit, LostTokens, ModelInit, Outcome, Prediction};
use crate::baseline::examples;
use crate::comparison::MethodResult;
use crate::fingerprint::hash;
use crate::ngram_head::WithNgrams;
use crate::probe::fit_head;
use crate::{Evaluation, NgramReader, Ngrams, Predictions, gc_auroc};

/// Trained networks, before the test split is read.
struct Fitted {
    models: Ensemble,
    tokenizer: AnyTokenizer,
    trainings: Vec<Training>,
    /// Where the first network started from, for people.
    start: String,
    new_parts: Vec<&'static str>,
    dev: Predictions,
    lost: LostTokens,
}

impl Experiment {
    /// As [`run_observed`](Self::run_observed), without progress.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run<T: Task>(&self, task: &T, device: &Device) -> Result<Outcome, ExperimentError> {
        self.run_observed(task, device, &mut ())
    }

    /// Trains on `task`, and evaluates the chosen model on the test split once.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run_observed<T: Task>(
        &self,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.run_on_tokens(None, task, device, observer)
    }

    /// As [`run_observed`](Self::run_observed), with your own tokenizer in place of k-mers or that
    /// of a folder.
    ///
    /// Open the written model by [`Model::open_with_tokenizer`]. Counts of k-mers cannot be
    /// combined with it.
    ///
    /// [`Model::open_with_tokenizer`]: dnabert_inference::Model::open_with_tokenizer
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]; nothing is written.
    pub fn run_with_tokenizer<T: Task>(
        &self,
        tokenizer: impl Tokenizer + 'static,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.run_on_tokens(Some(&AnyTokenizer::own(tokenizer)), task, device, observer)
    }

    fn run_on_tokens<T: Task>(
        &self,
        own: Option<&AnyTokenizer>,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let labels: Vec<&str> = task.classes().iter().map(String::as_str).collect();
        let all = self.initialize_all(own, &labels, device)?;
        let network = NetworkSettings::Bert(Box::new(all[0].config.clone()));
        self.run_initialized(all, network, &AnyClassifier::from, task, device, observer)
    }

    /// Trains the networks `all`, which `network` describes; `join` makes a member of an ensemble
    /// of each.
    pub(super) fn run_initialized<T: Task, E: Encoder + Sync>(
        &self,
        all: Vec<InitializedModel<E>>,
        network: NetworkSettings,
        join: &dyn Fn(Predictor<E, AnyTokenizer>) -> AnyClassifier,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let seed = self.fine_tune.seed;
        let (train, dev) = (examples(task, Split::Train)?, examples(task, Split::Dev)?);
        let fitted =
            self.fit_initialized(all, join, task.classes(), [&train, &dev], device, observer)?;
        let Fitted { models, tokenizer, trainings, start, new_parts, dev: dev_found, lost } =
            fitted;
        // The test split is read when everything is decided.
        let test = examples(task, Split::Test)?;
        let test_rows = strands(&tokenizer, &test, self.both_strands)?;
        let lost_tokens = lost.and(&test_rows[..test.len()]);
        let data_sha256 = hash([&train, &dev, &test]);
        let settings = Settings {
            k: tokenizer.k(),
            start,
            new_parts,
            adaptation: self.adaptation,
            head: self.head,
            ngrams: self.ngrams,
            both_strands: self.both_strands,
            fine_tune: self.tuning(seed),
            model: network,
        };
        let found = scored(&models, &test_rows, &test);
        let two_classes = task.classes().len() == 2;
        let metrics = Metrics {
            schema: 2,
            task: task.name().to_owned(),
            classes: task.classes().to_vec(),
            evaluation: Evaluation::new(&dev_found, &found, seed),
            gc_auroc: two_classes.then(|| gc_auroc(&train, &test)).flatten(),
            shuffled_auroc: shuffled_auroc(&models, &test_rows, &test, seed),
            trainings,
            examples: [train.len(), dev.len(), test.len()],
            lost_tokens,
            seed,
            config: settings,
            others: Vec::new(),
            data_sha256,
        };
        let predictions = Prediction::all(test, found.probabilities);
        Ok(Outcome { models, tokenizer, metrics, predictions, dev: dev_found })
    }

    /// Trains on examples, without a test split. Returns the classifier and its predictions for
    /// `dev`.
    pub(crate) fn fit(
        &self,
        classes: &[String],
        [train, dev]: [&[Example]; 2],
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<(AnyClassifier, Predictions), ExperimentError> {
        let labels: Vec<&str> = classes.iter().map(String::as_str).collect();
        let all = self.initialize_all(None, &labels, device)?;
        let rows = [train, dev];
        let fitted =
            self.fit_initialized(all, &AnyClassifier::from, classes, rows, device, observer)?;
        Ok((fitted.models.into(), fitted.dev))
    }

    /// Trains the networks `all` on `[train, dev]`.
    fn fit_initialized<E: Encoder + Sync>(
        &self,
        all: Vec<InitializedModel<E>>,
        join: &dyn Fn(Predictor<E, AnyTokenizer>) -> AnyClassifier,
        classes: &[String],
        [train, dev]: [&[Example]; 2],
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Fitted, ExperimentError> {
        let labels: Vec<&str> = classes.iter().map(String::as_str).collect();
        let first = &all[0];
        let (start, mut new_parts) = (first.start.clone(), first.new_parts.clone());
        first.config.validate().map_err(CheckpointError::from)?;
        if self.head == HeadInit::Regression {
            new_parts.retain(|part| *part != "classifier");
        }
        let encode = |examples: &[Example]| strands(&first.tokenizer, examples, self.both_strands);
        let (train_rows, dev_rows) = (encode(train)?, encode(dev)?);
        let lost =
            LostTokens::default().and(&train_rows[..train.len()]).and(&dev_rows[..dev.len()]);
        let tokenizer = first.tokenizer.clone();
        let rows = [&train_rows[..], &dev_rows[..]];
        let regression = match self.counted(NgramReader::Regression, &first.tokenizer)? {
            Some((k, counted, features)) => {
                Some(NgramRegression::fit(k, counted, features, rows, &labels)?)
            }
            None => None,
        };
        let (mut members, mut trainings) = (Vec::new(), Vec::new());
        for (number, initialized) in all.into_iter().enumerate() {
            observer.network(number + 1, self.members.get());
            let (member, training) =
                self.train(initialized, join, regression.as_ref(), rows, device, observer)?;
            members.push(member);
            trainings.push(training);
        }
        let models = Ensemble::new(members).expect("a member, and all have the same labels");
        let models = models.with_both_strands(self.both_strands);
        let dev = scored(&models, &dev_rows, dev);
        Ok(Fitted { models, tokenizer, trainings, start, new_parts, dev, lost })
    }

    /// Trains one network on `[train, dev]`, and combines it with `regression`, if any.
    fn train<E: Encoder + Sync>(
        &self,
        initialized: InitializedModel<E>,
        join: &dyn Fn(Predictor<E, AnyTokenizer>) -> AnyClassifier,
        regression: Option<&NgramRegression<'_>>,
        rows: [&[EncodedExample]; 2],
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<(AnyClassifier, Training), ExperimentError> {
        let InitializedModel { tokenizer, model, config, start, seed, .. } = initialized;
        let special = tokenizer.special_tokens();
        let failed = |source| ExperimentError::Train { seed, source };
        let counted = self.counted(NgramReader::Head, &tokenizer)?;
        let features = counted.map(|(_, _, features)| features);
        let fitted = match self.head {
            HeadInit::Random => None,
            HeadInit::Regression => {
                Some(fit_head(&model, features, rows, special, device).map_err(failed)?)
            }
        };
        let model = match &fitted {
            Some(head) => head.under(model),
            None => model,
        };
        let model = adapt(model, self.adaptation, derive_seed(seed, &[13]));
        let (tuning, [train, dev]) = (self.tuning(seed), rows);
        let reader = |tokenizer| SequenceReader::for_config(tokenizer, &config, device.clone());
        let Some((k, counted, features)) = counted else {
            let tuned = fine_tune(model, train, dev, special, &tuning, observer).map_err(failed)?;
            let FineTuned { model, best_epoch, history, collapsed, .. } = tuned;
            let network = Predictor::new(&model, reader(tokenizer), &config);
            let (classifier, ngram_fraction) = match regression {
                Some(regression) => {
                    let dev_logits = regression.logits(&network, special);
                    let (classifier, fraction) = regression.beside(join(network), &dev_logits);
                    (classifier, Some(fraction))
                }
                None => (join(network), None),
            };
            let training = Training { start, seed, best_epoch, history, ngram_fraction, collapsed };
            return Ok((classifier, training));
        };
        let both = WithNgrams::new(model, features, device);
        let both = match &fitted {
            Some(head) => both.with_weights(head.count_weights()),
            None => both,
        };
        let tuned = fine_tune(both, train, dev, special, &tuning, observer).map_err(failed)?;
        let FineTuned { model, best_epoch, history, collapsed, .. } = tuned;
        let network = Predictor::new(&model.network, reader(tokenizer), &config);
        let counts = Features::Ngrams {
            k,
            max_n: counted.max_n.get(),
            position_bins: counted.position_bins.get(),
        };
        let zeros = vec![0.0; network.labels().len()];
        let counts =
            LinearClassifier::new(counts, network.labels().to_vec(), &model.weights(), &zeros)
                .map_err(ModelError::from)?;
        // A sum of scores is a sum of log probabilities.
        let members = vec![Member::from(join(network)), Member::from(AnyClassifier::from(counts))];
        let ensemble = Ensemble::with_rule(members, Combination::LogProbabilities)
            .expect("two members with the same classes");
        let training =
            Training { start, seed, best_epoch, history, ngram_fraction: None, collapsed };
        Ok((ensemble.into(), training))
    }

    /// The features that `reader` reads, if any, and the k of the k-mers.
    fn counted(
        &self,
        reader: NgramReader,
        tokenizer: &AnyTokenizer,
    ) -> Result<Option<(usize, Ngrams, NgramFeatures)>, ExperimentError> {
        let Some(counted) = self.ngrams.filter(|ngrams| ngrams.read == reader) else {
            return Ok(None);
        };
        let features = tokenizer.k().and_then(|k| {
            let ids = tokenizer.vocab_size();
            let (max_n, bins) = (counted.max_n.get(), counted.position_bins.get());
            Some((k, counted, NgramFeatures::new(ids, max_n, bins)?))
        });
        features.map(Some).ok_or(ExperimentError::Ngrams(counted))
    }

    /// The start of a member. The first member is 0.
    pub(super) fn start_of(&self, member: usize) -> &ModelInit {
        let starts = 1 + self.further_starts.len();
        match (member % starts).checked_sub(1) {
            None => &self.start,
            Some(further) => &self.further_starts[further],
        }
    }

    /// The fine-tuning settings for `seed`. A fitted head competes with the trained epochs on the
    /// dev split.
    pub(super) fn tuning(&self, seed: u64) -> FineTuneConfig {
        let keep_start = self.fine_tune.keep_start || self.head == HeadInit::Regression;
        FineTuneConfig { keep_start, seed, ..self.fine_tune.clone() }
    }

    /// As [`run`](Self::run), for a comparison.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn learn<T: Task>(
        &self,
        task: &T,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<MethodResult, ExperimentError> {
        let outcome = self.run_observed(task, device, observer)?;
        let [train_rows, ..] = outcome.metrics.examples;
        Ok(MethodResult { train_rows, test: outcome.test(), dev: outcome.dev })
    }
}
