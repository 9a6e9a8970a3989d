//! Variants through a model, a few at a time.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use dnabert::core::{Attribution, Classifier, Sequence};
use dnabert::genome::Genome;
use dnabert::genome::vcf::{Variant, Variants};
use dnabert::model::Pooling;
use dnabert::variants::annotate::{Counts, InfoField, PREFIX, Placed, Placement};
use dnabert::variants::effects::{Effect, Reading, effects};
use dnabert::variants::score::empirical_p_value;
use dnabert::variants::{Kind, ReferencePolicy, Skipped, Windows};
use dnabert::{AttentionReader, Embedder, MaskedScorer};

use crate::output::{Output, Shard};
use crate::console::{note, noteln};
use crate::failure::Outcome;

/// Windows that go through the model at once.
const WINDOWS: usize = 1024;

/// A classifier and how variants are put before it.
pub(crate) struct Scorer<'a, C> {
    pub(crate) classifier: C,
    pub(crate) classes: Vec<String>,
    /// Whether classes are labels, of which a sequence may have several.
    pub(crate) of_labels: bool,
    pub(crate) likelihood: Option<&'a MaskedScorer>,
    /// For the distance of the two windows' states.
    pub(crate) embedder: Option<Embedder>,
    /// For the change of attention.
    pub(crate) reader: Option<AttentionReader>,
    pub(crate) width: usize,
    pub(crate) reach: usize,
    pub(crate) reading: Reading,
    pub(crate) policy: ReferencePolicy,
    /// Strongest effects of variants that do nothing.
    pub(crate) background: Option<Vec<f64>>,
}

/// An allele's scores.
#[derive(Debug, Clone)]
pub(crate) struct Scored {
    pub(crate) effect: Effect,
    /// ln P(reference) − ln P(alternate) of the base, all k-mers over it hidden: of single bases.
    pub(crate) masked: Option<f64>,
    /// The same, summed over all bases of both windows.
    pub(crate) pseudo: Option<f64>,
    /// 1 − cosine of the mean states of both windows.
    pub(crate) distance: Option<f64>,
    /// Mean absolute change of attention over the places of the windows.
    pub(crate) attention: Option<f64>,
    pub(crate) swapped: bool,
}

impl<C: Classifier> Scorer<'_, C>
where
    C::Error: 'static,
{
    pub(crate) fn placement(&self) -> Placement {
        Placement { width: self.width, reach: self.reach, policy: self.policy }
    }

    /// The classes whose changes count: of classes that exclude one another all but the first, which stands for none
    /// of them; of labels all.
    pub(crate) fn positive(&self) -> Vec<usize> {
        (usize::from(!self.of_labels)..self.classes.len()).collect()
    }

    /// What a class is called in keys: letters and digits, with its number where others would be called so, too.
    fn key(&self, class: usize) -> String {
        let plain = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let own = plain(&self.classes[class]);
        let same = self.classes.iter().filter(|name| plain(name) == own).count();
        if same > 1 { format!("{own}_{class}") } else { own }
    }

    /// The columns that are written.
    pub(crate) fn fields(&self) -> Vec<InfoField> {
        let mut fields = Vec::new();
        let mut add = |key: String, kind, description: String| {
            fields.push(InfoField { key, description, kind });
        };
        for class in self.positive() {
            let name = &self.classes[class];
            let key = |what: &str| format!("{PREFIX}{}_{what}", self.key(class));
            add(key("REF"), "Float", format!("probability of {name} with the genome's allele"));
            add(key("ALT"), "Float", format!("probability of {name} with the other allele"));
            add(key("DIFF"), "Float", format!("(ALT - REF) x the greater of both, {name}"));
            add(
                key("LOGOR"),
                "Float",
                format!("log2 odds of REF less those of ALT, {name}: a loss is positive"),
            );
            if self.reach > 0 {
                let around = format!("of {name} in windows up to {} bases away", self.reach);
                add(key("GAIN"), "Float", format!("greatest gain {around}"));
                add(key("GAIN_AT"), "Integer", "where: bases right of the change".into());
                add(key("LOSS"), "Float", format!("greatest loss {around}"));
                add(key("LOSS_AT"), "Integer", "where: bases right of the change".into());
            }
        }
        add("DNABERT_MAX".into(), "Float", "greatest change of any class but the first".into());
        if self.background.is_some() {
            let what = "share of background variants with as great a DNABERT_MAX".to_owned();
            add("DNABERT_P".into(), "Float", what);
        }
        if self.likelihood.is_some() {
            let what =
                "ln P(reference base) - ln P(alternate base) by the pre-trained model".to_owned();
            add("DNABERT_LLR".into(), "Float", what);
            let what =
                "difference of pseudo-log-likelihoods of both windows, reference less alternate";
            add("DNABERT_PLL".into(), "Float", what.into());
        }
        if self.embedder.is_some() {
            let what = "1 - cosine of the mean last states of both windows".to_owned();
            add("DNABERT_EMBEDDING".into(), "Float", what);
        }
        if self.reader.is_some() {
            let what = "mean absolute change of attention, place by place (1: even attention)";
            add("DNABERT_ATTENTION".into(), "Float", what.into());
        }
        let what = "swapped (the genome has the alternate allele, which REF then stands for), or why the \
                    allele has no score";
        add("DNABERT_NOTE".into(), "String", what.into());
        fields
    }

    /// The values of these columns.
    pub(crate) fn values(&self, scored: &Result<Scored, Skipped>) -> Vec<String> {
        let count = self.fields().len();
        let scored = match scored {
            Ok(scored) => scored,
            Err(reason) => {
                let mut values = vec![".".to_owned(); count - 1];
                values.push(reason.to_string().replace(' ', "_").replace(',', ""));
                return values;
            }
        };
        // As few digits as five decimals need, and no −0: other programs write numbers so, too.
        let number = |value: f64| ((value * 1e5).round() / 1e5 + 0.0).to_string();
        let mut values = Vec::with_capacity(count);
        for class in self.positive() {
            let middle = &scored.effect.middle;
            values.push(number(middle.reference[class].into()));
            values.push(number(middle.alternate[class].into()));
            values.push(number(middle.difference(class)));
            values.push(number(middle.log_odds_ratio(class)));
            if self.reach > 0 {
                let effect = &scored.effect.classes[class];
                values.extend([number(effect.gain.change), effect.gain.at.to_string()]);
                values.extend([number(effect.loss.change), effect.loss.at.to_string()]);
            }
        }
        let strongest = scored.effect.strongest(&self.positive());
        values.push(number(strongest));
        if let Some(background) = &self.background {
            values.push(format!("{:.3e}", empirical_p_value(strongest, background)));
        }
        let optional = |value: Option<f64>| value.map_or(".".to_owned(), number);
        if self.likelihood.is_some() {
            values.extend([optional(scored.masked), optional(scored.pseudo)]);
        }
        values.extend(self.embedder.as_ref().map(|_| optional(scored.distance)));
        values.extend(self.reader.as_ref().map(|_| optional(scored.attention)));
        values.push(if scored.swapped { "swapped".into() } else { ".".into() });
        values
    }

    /// The scores of placed alleles.
    pub(crate) fn score(&self, placed: &[&Placed]) -> Outcome<Vec<Scored>> {
        let windows: Vec<&Windows> = placed.iter().map(|placed| &placed.windows).collect();
        let found = effects(&self.classifier, &windows, self.reading)?;
        let likelihoods = match self.likelihood {
            None => vec![(None, None); placed.len()],
            Some(scorer) => likelihoods(scorer, placed)?,
        };
        let both: Vec<Sequence> =
            placed.iter().flat_map(|placed| placed.windows.middle()).collect();
        let distances = match &self.embedder {
            None => Vec::new(),
            Some(embedder) => {
                let states = embedder.sequences(&both, Pooling::Mean)?;
                states.chunks(2).map(|pair| distance(&pair[0], &pair[1])).collect()
            }
        };
        let changes: Vec<f64> = match &self.reader {
            None => Vec::new(),
            Some(reader) => {
                let tracks = reader.attribute(&both)?;
                tracks.chunks(2).map(|pair| change(&pair[0], &pair[1])).collect()
            }
        };
        let scored = found.into_iter().zip(likelihoods).zip(placed).enumerate();
        Ok(scored
            .map(|(at, ((effect, (masked, pseudo)), placed))| Scored {
                effect,
                masked,
                pseudo,
                distance: distances.get(at).copied(),
                attention: changes.get(at).copied(),
                swapped: placed.swapped,
            })
            .collect())
    }

    /// The strongest effect of each allele of a file; alleles without windows are left out.
    pub(crate) fn background(
        &self,
        genome: &Genome,
        path: &Path,
    ) -> Outcome<Vec<f64>> {
        let started = Instant::now();
        let mut found = Vec::new();
        let mut waiting: Vec<Variant> = Vec::new();
        for variant in Variants::open(path)? {
            waiting.push(variant?);
            if waiting.len() == WINDOWS {
                found.extend(self.strongest(genome, &waiting)?);
                waiting.clear();
            }
        }
        found.extend(self.strongest(genome, &waiting)?);
        let seconds = started.elapsed().as_secs_f64();
        noteln!("background: {} alleles in {seconds:.1} s", found.len());
        if found.is_empty() {
            return Err(
                format!("{}: no allele of the background has a score", path.display()).into()
            );
        }
        found.sort_by(f64::total_cmp);
        Ok(found)
    }

    /// The strongest effect of each allele; alleles without windows are left out.
    pub(crate) fn strongest(
        &self,
        genome: &Genome,
        variants: &[Variant],
    ) -> Outcome<Vec<f64>> {
        let placement = self.placement();
        let mut counts = Counts::default();
        let mut placed: Vec<Placed> = Vec::new();
        for variant in variants {
            placed.extend(placement.place(genome, variant, &mut counts)?.into_iter().flatten());
        }
        let mut strongest = Vec::with_capacity(placed.len());
        for some in placed.chunks(self.at_once()) {
            let windows: Vec<&Windows> = some.iter().map(|placed| &placed.windows).collect();
            let found = effects(&self.classifier, &windows, self.reading)?;
            strongest.extend(found.iter().map(|effect| effect.strongest(&self.positive())));
        }
        Ok(strongest)
    }

    /// Alleles that are held at once.
    fn at_once(&self) -> usize {
        (WINDOWS / (4 * (self.reach + 1))).max(1)
    }

    /// Scores all variants of a shard that the output does not have yet, in their order.
    pub(crate) fn run<E: Error + 'static>(
        &self,
        genome: &Genome,
        variants: impl Iterator<Item = Result<Variant, E>>,
        shard: Shard,
        output: &mut Output,
    ) -> Outcome<Counts> {
        let mut counts = Counts::default();
        let mut waiting: Vec<(Variant, Vec<Result<Placed, Skipped>>)> = Vec::new();
        let (started, mut alleles) = (Instant::now(), 0);
        let mut passed = 0;
        for (number, variant) in variants.enumerate() {
            // What cannot be read ends every shard, also those that the line is not for.
            let variant = variant?;
            if !shard.has(number) {
                continue;
            }
            if passed < output.before() {
                passed += 1;
                continue;
            }
            let placed = self.placement().place(genome, &variant, &mut counts)?;
            // A line without alleles counts, too: lines are held until they are written.
            alleles += placed.len().max(1);
            waiting.push((variant, placed));
            if alleles >= self.at_once() {
                self.write(&mut waiting, output)?;
                alleles = 0;
                let rate = counts.variants as f64 / started.elapsed().as_secs_f64();
                note!("\r{} variants, {rate:.1} per second ", counts.variants);
            }
        }
        self.write(&mut waiting, output)?;
        noteln!(
            "\r{} variants in {:.1} s          ",
            counts.variants,
            started.elapsed().as_secs_f64()
        );
        Ok(counts)
    }

    fn write(
        &self,
        waiting: &mut Vec<(Variant, Vec<Result<Placed, Skipped>>)>,
        output: &mut Output,
    ) -> Outcome {
        let placed: Vec<&Placed> =
            waiting.iter().flat_map(|(_, alleles)| alleles.iter().flatten()).collect();
        let mut scores = self.score(&placed)?.into_iter();
        for (variant, alleles) in waiting.drain(..) {
            let mut columns: Vec<Vec<String>> = vec![Vec::new(); self.fields().len()];
            for allele in alleles {
                let scored = match allele {
                    Ok(_) => Ok(scores.next().ok_or("a score for each allele")?),
                    Err(reason) => Err(reason),
                };
                columns
                    .iter_mut()
                    .zip(self.values(&scored))
                    .for_each(|(column, value)| column.push(value));
            }
            output.push(&variant, &columns)?;
        }
        output.flush()?;
        Ok(())
    }
}

/// 1 − cosine.
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

/// Of an allele's base, and of its windows.
type Likelihoods = (Option<f64>, Option<f64>);

/// Of each allele what the masked language model says: of its base, and of both windows.
pub(crate) fn likelihoods(
    scorer: &MaskedScorer,
    placed: &[&Placed],
) -> Outcome<Vec<Likelihoods>> {
    let pairs: Vec<[Sequence; 2]> = placed.iter().map(|placed| placed.windows.middle()).collect();
    let both: Vec<Sequence> = pairs.iter().flatten().cloned().collect();
    let sums: Vec<f64> =
        scorer.attribute(&both)?.iter().map(|track| track.iter().sum::<f64>()).collect();
    let references: Vec<Sequence> = pairs.iter().map(|[reference, _]| reference.clone()).collect();
    let column = |letter: u8| b"ACGT".iter().position(|base| *base == letter);
    // Where a base alone changes, it is where the windows differ.
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
