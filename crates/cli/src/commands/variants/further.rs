//! Additional scores: masked likelihood, hidden states, attention.

use std::error::Error;

use dnabert::core::{Attribution, Sequence};
use dnabert::model::Pooling;
use dnabert::variants::annotate::{InfoField, Placed};
use dnabert::variants::{AlleleScorer, Kind};
use dnabert::{AttentionReader, Embedder, MaskedScorer};

type BoxedError = Box<dyn Error + Send + Sync>;
type Scores = Vec<Vec<Option<f64>>>;

/// The log likelihood of the reference allele minus that of the alternate allele, by a pre-trained
/// model.
pub(crate) struct Likelihood<'a>(pub(crate) &'a MaskedScorer);

/// The distance between the hidden states of the two windows.
pub(crate) struct Distance(pub(crate) Embedder);

/// The change of attention.
pub(crate) struct AttentionChange(pub(crate) AttentionReader);

fn field(key: &str, description: &str) -> InfoField {
    InfoField { key: key.into(), description: description.into(), kind: "Float" }
}

/// Reference and alternate window of each allele, one after the other.
fn windows(alleles: &[&Placed]) -> Vec<Sequence> {
    alleles.iter().flat_map(|placed| placed.windows.middle()).collect()
}

impl AlleleScorer for Likelihood<'_> {
    fn fields(&self) -> Vec<InfoField> {
        vec![
            field(
                "DNABERT_LLR",
                "ln P(reference base) - ln P(alternate base) by the pre-trained model",
            ),
            field(
                "DNABERT_PLL",
                "difference of pseudo-log-likelihoods of both windows, reference less alternate",
            ),
        ]
    }

    fn score(&self, alleles: &[&Placed]) -> Result<Scores, BoxedError> {
        let found = likelihoods(self.0, alleles)?;
        Ok(found.into_iter().map(|(masked, pseudo)| vec![masked, pseudo]).collect())
    }
}

impl AlleleScorer for Distance {
    fn fields(&self) -> Vec<InfoField> {
        vec![field("DNABERT_EMBEDDING", "1 - cosine of the mean last states of both windows")]
    }

    fn score(&self, alleles: &[&Placed]) -> Result<Scores, BoxedError> {
        let states = self.0.sequences(&windows(alleles), Pooling::Mean)?;
        Ok(states.chunks(2).map(|pair| vec![Some(distance(&pair[0], &pair[1]))]).collect())
    }
}

impl AlleleScorer for AttentionChange {
    fn fields(&self) -> Vec<InfoField> {
        let what = "mean absolute change of attention, place by place (1: even attention)";
        vec![field("DNABERT_ATTENTION", what)]
    }

    fn score(&self, alleles: &[&Placed]) -> Result<Scores, BoxedError> {
        let tracks = self.0.attribute(&windows(alleles))?;
        Ok(tracks.chunks(2).map(|pair| vec![Some(change(&pair[0], &pair[1]))]).collect())
    }
}

/// The cosine distance: 1 − cosine.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    let norm = (product(a, a) * product(b, b)).sqrt();
    if norm > 0.0 { 1.0 - product(a, b) / norm } else { 0.0 }
}

/// The mean absolute difference.
fn change(a: &[f64], b: &[f64]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
    sum / a.len().max(1) as f64
}

/// The log likelihood ratio of an allele's base, and of its windows.
type Likelihoods = (Option<f64>, Option<f64>);

/// The log likelihood ratios of each allele (reference to alternate) by the masked language model:
/// of its base, and of both windows.
fn likelihoods(scorer: &MaskedScorer, placed: &[&Placed]) -> Result<Vec<Likelihoods>, BoxedError> {
    let pairs: Vec<[Sequence; 2]> = placed.iter().map(|placed| placed.windows.middle()).collect();
    let both: Vec<Sequence> = pairs.iter().flatten().cloned().collect();
    let sums: Vec<f64> =
        scorer.attribute(&both)?.iter().map(|track| track.iter().sum::<f64>()).collect();
    let references: Vec<Sequence> = pairs.iter().map(|[reference, _]| reference.clone()).collect();
    let column = |letter: u8| b"ACGT".iter().position(|base| *base == letter);
    // For a substitution, the position where the windows differ.
    let places: Vec<Option<(usize, usize, usize)>> = pairs
        .iter()
        .zip(placed)
        .map(|([reference, alternate], placed)| {
            if placed.change.kind() != Kind::Snv {
                return None;
            }
            let letters = reference.as_bytes().iter().zip(alternate.as_bytes());
            let base = letters.clone().position(|(a, b)| a != b)?;
            Some((base, column(reference.as_bytes()[base])?, column(alternate.as_bytes()[base])?))
        })
        .collect();
    let asked: Vec<(usize, usize)> =
        places.iter().enumerate().filter_map(|(at, place)| Some((at, place.as_ref()?.0))).collect();
    let mut answers = scorer.log_probabilities_at(&references, &asked)?.into_iter();
    let of_place = |place: &Option<(usize, usize, usize)>| {
        let (_, own, other) = (*place)?;
        let answer = answers.next()??;
        Some(answer[own] - answer[other])
    };
    let masked: Vec<Option<f64>> = places.iter().map(of_place).collect();
    Ok(masked.into_iter().zip(sums.chunks(2).map(|pair| Some(pair[0] - pair[1]))).collect())
}
