//! What a classifier says of changes.

use dnabert_core::{Classifier, Sequence};

use crate::Windows;
use crate::score::{difference, log_odds_ratio};

/// Which strand of the windows a model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reading {
    /// The forward strand: for genes there.
    #[default]
    Forward,
    /// The reverse strand: for genes there.
    Reverse,
    /// The mean of both: for sites that mean the same on either.
    Mean,
}

/// The probabilities of all classes, for both alleles.
#[derive(Debug, Clone, PartialEq)]
pub struct AlleleScores {
    /// For the reference.
    pub reference: Vec<f32>,
    /// For the alternate.
    pub alternate: Vec<f32>,
}

/// The strongest change of a class's probability along a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Alternate less reference; 0 where no window changes so.
    pub change: f64,
    /// Where: bases right of the change, on the forward strand.
    pub at: isize,
}

/// What a change does to one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassEffect {
    /// The greatest gain.
    pub gain: Peak,
    /// The greatest loss, a negative change.
    pub loss: Peak,
}

/// What a change does.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Both alleles, in the window around the change.
    pub middle: AlleleScores,
    /// For each class, over all windows.
    pub classes: Vec<ClassEffect>,
}

impl AlleleScores {
    /// DNABERT's [`diff`](difference) of a class.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn difference(&self, class: usize) -> f64 {
        difference(self.reference[class].into(), self.alternate[class].into())
    }

    /// DNABERT's [`logOR`](log_odds_ratio) of a class; finite.
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn log_odds_ratio(&self, class: usize) -> f64 {
        log_odds_ratio(self.reference[class].into(), self.alternate[class].into())
    }
}

impl Effect {
    /// The greatest change of any of `classes`, gain or loss, without its sign.
    pub fn strongest(&self, classes: &[usize]) -> f64 {
        let changes = classes.iter().map(|&class| {
            let ClassEffect { gain, loss } = self.classes[class];
            gain.change.max(-loss.change)
        });
        changes.fold(0.0, f64::max)
    }
}

/// What the classifier says of each, in the order given; all windows go through it in one call.
///
/// # Errors
///
/// That of the classifier.
#[allow(clippy::missing_panics_doc, reason = "windows always have a middle one")]
pub fn effects<C: Classifier>(
    classifier: &C,
    changes: &[&Windows],
    reading: Reading,
) -> Result<Vec<Effect>, C::Error> {
    let mut windows: Vec<Sequence> = Vec::new();
    let mut places: Vec<Vec<(isize, bool)>> = Vec::new();
    for change in changes {
        let middle = change.middle();
        let mut own = Vec::new();
        for (at, pair) in change.along() {
            own.push((at, pair == middle));
            windows.extend(pair);
        }
        places.push(own);
    }
    let read = |windows: &[Sequence]| classifier.predict(windows);
    let turned = || windows.iter().map(Sequence::reverse_complement).collect::<Vec<_>>();
    let rows = match reading {
        Reading::Forward => read(&windows)?,
        Reading::Reverse => read(&turned())?,
        Reading::Mean => {
            let mean = |(a, b): (Vec<f32>, Vec<f32>)| {
                a.iter().zip(b).map(|(a, b)| f32::midpoint(*a, b)).collect()
            };
            read(&windows)?.into_iter().zip(read(&turned())?).map(mean).collect()
        }
    };
    let mut pairs = rows.chunks(2);
    let effects = places.into_iter().map(|own| {
        let mut middle = None;
        let mut classes: Vec<ClassEffect> = Vec::new();
        for (at, is_middle) in own {
            let Some([reference, alternate]) = pairs.next() else { continue };
            let none = Peak { change: 0.0, at: 0 };
            classes.resize(reference.len(), ClassEffect { gain: none, loss: none });
            for ((effect, before), after) in classes.iter_mut().zip(reference).zip(alternate) {
                let change = f64::from(*after) - f64::from(*before);
                if change > effect.gain.change {
                    effect.gain = Peak { change, at };
                }
                if change < effect.loss.change {
                    effect.loss = Peak { change, at };
                }
            }
            if is_middle || middle.is_none() {
                middle = Some(AlleleScores {
                    reference: reference.clone(),
                    alternate: alternate.clone(),
                });
            }
        }
        let middle = middle.expect("the middle window is always there");
        Effect { middle, classes }
    });
    Ok(effects.collect())
}
