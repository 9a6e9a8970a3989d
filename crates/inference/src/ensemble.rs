//! Ensembles: several classifiers whose predictions are combined.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use dnabert_core::{Classifier, Encoding, Sequence, TokenizeError};
use dnabert_model::ProblemType;
use serde::{Deserialize, Serialize};

use crate::own_network::needs_encoder;
use crate::{AnyClassifier, ModelError, Predictor, ReadOptions, description};

/// The file that describes the ensemble of a folder.
pub const ENSEMBLE_FILE: &str = "ensemble.json";
const SCHEMA: u32 = 1;

/// Several classifiers with the same outputs, whose predictions are combined. Each member has its
/// own tokenizer and settings.
///
/// The folder of an ensemble contains `ensemble.json`, which says how the members are combined, and
/// a folder for each member. A member may be an ensemble itself.
///
/// ```
/// use dnabert_core::Classifier;
/// use dnabert_inference::{Ensemble, Model, device};
///
/// # let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/models");
/// let device = device(None)?;
/// let open = |name: &str| Model::open(format!("{models}/{name}"), &device)?.predictor();
/// let ensemble = Ensemble::new([open("splice-fly")?, open("splice-fly-60")?])?;
/// let sequence = "ACGTTGCA".repeat(25).parse()?;
/// let row = &ensemble.predict(&[sequence])?[0]; // the mean of both
/// assert_eq!(row.len(), ensemble.labels().len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ensemble {
    members: Vec<Member>,
    rule: Combination,
    both_strands: bool,
    /// Added to the logarithm of each class before it is normalised; empty for none.
    offsets: Vec<f64>,
}

/// A member of an ensemble, and its weight.
#[derive(Debug, Clone)]
pub struct Member {
    /// The classifier.
    pub classifier: AnyClassifier,
    /// Its weight.
    pub weight: f64,
}

/// How the predictions of members are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Combination {
    /// The weighted mean of their predictions. Weights are divided by their sum. The mean has a
    /// lower variance and a lower error than one member (Hansen and Salamon 1990, doi
    /// 10.1109/34.58871).
    #[default]
    Mean,
    /// The weighted sum of the logarithms of their probabilities, normalised to probabilities. This
    /// is a logarithmic opinion pool (Genest and Zidek 1986, doi 10.1214/ss/1177013825), and is the
    /// same as adding weighted logits. For classes only.
    LogProbabilities,
}

/// The content of `ensemble.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    schema: u32,
    combination: Combination,
    both_strands: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    offsets: Vec<f64>,
    members: Vec<MemberDescription>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MemberDescription {
    folder: PathBuf,
    weight: f64,
}

impl Description {
    /// Members in folders next to the file.
    fn new(combination: Combination, both_strands: bool, members: &[(&str, f64)]) -> Self {
        let member =
            |&(folder, weight): &(&str, f64)| MemberDescription { folder: folder.into(), weight };
        let members = members.iter().map(member).collect();
        Self { schema: SCHEMA, combination, both_strands, offsets: Vec::new(), members }
    }

    fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join(ENSEMBLE_FILE);
        let description: Self = description::read(&path)?;
        if description.schema != SCHEMA {
            return Err(ModelError::Schema { path, schema: description.schema });
        }
        // A member folder must be directly in the ensemble's folder: a folder elsewhere may contain
        // anything.
        let is_elsewhere = |folder: &Path| folder.components().count() != 1 || folder.has_root();
        match description.members.iter().find(|member| is_elsewhere(&member.folder)) {
            Some(member) => Err(ModelError::MemberFolder { path, folder: member.folder.clone() }),
            None => Ok(description),
        }
    }
}

/// The folders of the members of the ensemble in `folder`.
pub(crate) fn member_folders(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let members = Description::read(folder)?.members;
    Ok(members.into_iter().map(|member| folder.join(member.folder)).collect())
}

/// Why classifiers cannot form an ensemble.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnsembleError {
    /// There is no member.
    #[error("an ensemble needs a member")]
    Empty,
    /// A member has other outputs than the first one.
    #[error(
        "member {index} (from 0) gives {found:?} ({found_problem:?}), and the first one gives {expected:?} ({expected_problem:?})"
    )]
    Labels {
        /// The index of the member, from 0.
        index: usize,
        /// Its outputs.
        found: Vec<String>,
        /// Their meaning.
        found_problem: ProblemType,
        /// The first member's outputs.
        expected: Vec<String>,
        /// Their meaning.
        expected_problem: ProblemType,
    },
    /// The weights cannot be used for a mean.
    #[error("the weights of the members are {weights:?}: they must be positive")]
    Weights {
        /// All weights.
        weights: Vec<f64>,
    },
    /// The offsets do not fit.
    #[error(
        "the offsets are {offsets:?}: there must be a finite number for each class, and log probabilities must be combined"
    )]
    Offsets {
        /// All offsets.
        offsets: Vec<f64>,
    },
    /// The outputs have no log probabilities.
    #[error("log probabilities are combined of classes only, not of {problem:?}")]
    NotClasses {
        /// What the outputs mean.
        problem: ProblemType,
    },
}

/// Why an ensemble cannot read sequences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("member {member} (from 0) cannot read the sequences")]
pub struct MemberError {
    /// The index of the member, from 0.
    pub member: usize,
    /// The cause.
    #[source]
    pub source: TokenizeError,
}

impl From<Predictor> for Member {
    fn from(predictor: Predictor) -> Self {
        Self { classifier: predictor.into(), weight: 1.0 }
    }
}

impl From<AnyClassifier> for Member {
    fn from(classifier: AnyClassifier) -> Self {
        Self { classifier, weight: 1.0 }
    }
}

impl From<AnyClassifier> for Ensemble {
    fn from(classifier: AnyClassifier) -> Self {
        let members = vec![classifier.into()];
        Self { members, rule: Combination::Mean, both_strands: false, offsets: Vec::new() }
    }
}

impl Ensemble {
    /// An ensemble of members with the same outputs in the same order. Its prediction is their
    /// mean.
    ///
    /// # Errors
    ///
    /// [`EnsembleError`] if there is no member, or if the outputs of one differ.
    pub fn new(
        members: impl IntoIterator<Item = impl Into<Member>>,
    ) -> Result<Self, EnsembleError> {
        let members: Vec<Member> = members.into_iter().map(Into::into).collect();
        Self::with_rule(members, Combination::Mean)
    }

    /// As [`new`](Self::new), with weights and a combination rule.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and also for weights or outputs that cannot be combined.
    pub fn with_rule(members: Vec<Member>, rule: Combination) -> Result<Self, EnsembleError> {
        let first = &members.first().ok_or(EnsembleError::Empty)?.classifier;
        let same = |member: &Member| {
            let other = &member.classifier;
            other.labels() == first.labels() && other.problem() == first.problem()
        };
        if let Some(index) = members.iter().position(|member| !same(member)) {
            return Err(EnsembleError::Labels {
                index,
                found: members[index].classifier.labels().to_vec(),
                found_problem: members[index].classifier.problem(),
                expected: first.labels().to_vec(),
                expected_problem: first.problem(),
            });
        }
        let weights: Vec<f64> = members.iter().map(|member| member.weight).collect();
        if weights.iter().any(|weight| !weight.is_finite() || *weight <= 0.0) {
            return Err(EnsembleError::Weights { weights });
        }
        let problem = first.problem();
        if rule == Combination::LogProbabilities
            && problem != ProblemType::SingleLabelClassification
        {
            return Err(EnsembleError::NotClasses { problem });
        }
        Ok(Self { members, rule, both_strands: false, offsets: Vec::new() })
    }

    /// The same ensemble, with a number for each class that is added to its logarithm before
    /// probabilities are normalised. They correct the share of rows that each class is given.
    ///
    /// # Errors
    ///
    /// [`EnsembleError::Offsets`] unless log probabilities are combined, and there is a finite
    /// number for each class.
    pub fn with_offsets(mut self, offsets: Vec<f64>) -> Result<Self, EnsembleError> {
        let is_right = offsets.len() == self.labels().len()
            && offsets.iter().all(|offset| offset.is_finite())
            && self.rule == Combination::LogProbabilities;
        if !is_right {
            return Err(EnsembleError::Offsets { offsets });
        }
        self.offsets = offsets;
        Ok(self)
    }

    /// The same ensemble, with or without averaging its predictions over a sequence and its reverse
    /// complement.
    #[must_use]
    pub fn with_both_strands(mut self, both_strands: bool) -> Self {
        self.both_strands = both_strands;
        self
    }

    /// The members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// How the predictions are combined.
    pub fn rule(&self) -> Combination {
        self.rule
    }

    /// Whether predictions are means over both strands.
    pub fn both_strands(&self) -> bool {
        self.both_strands
    }

    /// Names of the outputs.
    pub fn labels(&self) -> &[String] {
        self.members[0].classifier.labels()
    }

    /// What the outputs mean.
    pub fn problem(&self) -> ProblemType {
        self.members[0].classifier.problem()
    }

    /// Opens a folder with `ensemble.json`.
    ///
    /// # Errors
    ///
    /// [`ModelError`] naming the file.
    pub fn open(
        folder: impl AsRef<Path>,
        options: &ReadOptions,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Self::open_with_own(folder.as_ref(), options, &|folder| Err(needs_encoder(folder)), device)
    }

    pub(crate) fn open_with_own(
        folder: &Path,
        options: &ReadOptions,
        own: &dyn Fn(&Path) -> Result<AnyClassifier, ModelError>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let description = Description::read(folder)?;
        let mut members = Vec::new();
        for member in &description.members {
            let inner = folder.join(&member.folder);
            let classifier = AnyClassifier::open_with_own(&inner, options, own, device)?;
            members.push(Member { classifier, weight: member.weight });
        }
        let wrong = |source| ModelError::Ensemble { path: folder.join(ENSEMBLE_FILE), source };
        let mut ensemble = Self::with_rule(members, description.combination).map_err(wrong)?;
        if !description.offsets.is_empty() {
            ensemble = ensemble.with_offsets(description.offsets).map_err(wrong)?;
        }
        Ok(ensemble.with_both_strands(description.both_strands))
    }

    /// Writes `ensemble.json` and a folder for each member into `folder`, which is created where it
    /// does not exist.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), ModelError> {
        let folder = folder.as_ref();
        let mut members: Vec<(String, f64)> = Vec::new();
        for (number, Member { classifier, weight }) in self.members.iter().enumerate() {
            let kind = classifier.kind();
            let same = self.members.iter().filter(|other| other.classifier.kind() == kind).count();
            let name = if same > 1 { format!("{kind}-{}", number + 1) } else { kind.to_owned() };
            classifier.save(folder.join(&name))?;
            members.push((name, *weight));
        }
        let members: Vec<(&str, f64)> =
            members.iter().map(|(name, weight)| (name.as_str(), *weight)).collect();
        let description = Description {
            offsets: self.offsets.clone(),
            ..Description::new(self.rule, self.both_strands, &members)
        };
        description::write(&folder.join(ENSEMBLE_FILE), &description)
    }

    /// As [`predict`](Classifier::predict), for pairs of sequences.
    ///
    /// # Errors
    ///
    /// [`MemberError`] naming the member and the pair.
    pub fn predict_pairs(
        &self,
        pairs: &[(Sequence, Sequence)],
    ) -> Result<Vec<Vec<f32>>, MemberError> {
        Ok(narrow(self.ask(|member| member.predict_pairs(pairs))?))
    }

    /// The predictions for rows of tokens. All members must have the same tokens, as those of one
    /// experiment do.
    pub fn predict_encoded(&self, rows: &[&Encoding]) -> Vec<Vec<f64>> {
        let answers: Vec<Vec<Vec<f64>>> =
            self.members.iter().map(|member| member.classifier.predict_encoded(rows)).collect();
        self.combine(&answers)
    }

    fn ask(
        &self,
        ask: impl Fn(&AnyClassifier) -> Result<Vec<Vec<f32>>, TokenizeError>,
    ) -> Result<Vec<Vec<f64>>, MemberError> {
        let mut answers = Vec::new();
        for (member, Member { classifier, .. }) in self.members.iter().enumerate() {
            let rows = ask(classifier).map_err(|source| MemberError { member, source })?;
            answers.push(
                rows.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect(),
            );
        }
        Ok(self.combine(&answers))
    }

    /// Combines the predictions of the members, `[members][rows][outputs]`.
    fn combine(&self, answers: &[Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
        let rows = answers.first().map_or(0, Vec::len);
        let weights: f64 = self.members.iter().map(|member| member.weight).sum();
        let row = |row: usize| -> Vec<f64> {
            let mut sum = match self.offsets[..] {
                [] => vec![0.0; self.labels().len()],
                _ => self.offsets.clone(),
            };
            for (answer, Member { weight, .. }) in answers.iter().zip(&self.members) {
                for (sum, value) in sum.iter_mut().zip(&answer[row]) {
                    *sum += match self.rule {
                        Combination::Mean => weight / weights * value,
                        // If one member gives a class the probability 0, the other members still
                        // matter.
                        Combination::LogProbabilities => weight * value.max(LEAST).ln(),
                    };
                }
            }
            match self.rule {
                Combination::Mean => sum,
                Combination::LogProbabilities => {
                    let most = sum.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let odds: Vec<f64> = sum.iter().map(|value| (value - most).exp()).collect();
                    let all: f64 = odds.iter().sum();
                    odds.into_iter().map(|odds| odds / all).collect()
                }
            }
        };
        (0..rows).map(row).collect()
    }
}

/// Writes `ensemble.json` for members in folders next to it.
pub(crate) fn write_description(
    folder: &Path,
    combination: Combination,
    both_strands: bool,
    members: &[(&str, f64)],
) -> Result<(), ModelError> {
    let description = Description::new(combination, both_strands, members);
    description::write(&folder.join(ENSEMBLE_FILE), &description)
}

/// The smallest probability before taking logarithms: the smallest normal f32.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

fn narrow(rows: Vec<Vec<f64>>) -> Vec<Vec<f32>> {
    rows.into_iter().map(|row| row.into_iter().map(|value| value as f32).collect()).collect()
}

impl Classifier for Ensemble {
    type Error = MemberError;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, MemberError> {
        let forward = self.ask(|member| member.predict(sequences))?;
        if !self.both_strands {
            return Ok(narrow(forward));
        }
        let reverse: Vec<Sequence> = sequences.iter().map(Sequence::reverse_complement).collect();
        let reverse = self.ask(|member| member.predict(&reverse))?;
        let mean = |(one, other): (Vec<f64>, Vec<f64>)| -> Vec<f64> {
            one.iter().zip(other).map(|(a, b)| f64::midpoint(*a, b)).collect()
        };
        Ok(narrow(forward.into_iter().zip(reverse).map(mean).collect()))
    }
}
