//! What a classifier says of changes.

use dnabert_core::{BothStrands, Classifier, Sequence};

use crate::score::{difference, log_odds_ratio};
use crate::{Along, PlacedWindow, Windows};

/// Which strand of the windows a model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StrandMode {
    /// The forward strand: for genes there.
    #[default]
    Forward,
    /// The reverse strand: for genes there.
    Reverse,
    /// The mean of both: for sites that mean the same on either.
    Mean,
}

impl StrandMode {
    /// What the classifier says of windows, read so.
    pub(crate) fn predict<C: Classifier>(
        self,
        classifier: &C,
        windows: &[Sequence],
    ) -> Result<Vec<Vec<f32>>, C::Error> {
        match self {
            Self::Forward => classifier.predict(windows),
            Self::Reverse => {
                let turned: Vec<Sequence> =
                    windows.iter().map(Sequence::reverse_complement).collect();
                classifier.predict(&turned)
            }
            Self::Mean => BothStrands(classifier).predict(windows),
        }
    }
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
    /// Where, on the forward strand: see [`PlacedWindow::at`].
    pub at: isize,
}

/// What a change does to one class along a stretch. A place gains what its probability has more than that of all places
/// of the reference that stand for it, and loses what they have more than it: a site that an insertion only moves
/// neither gains nor loses.
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
    /// Both alleles, each in the middle of its window.
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
pub fn effects<C: Classifier>(
    classifier: &C,
    changes: &[&Windows],
    strands: StrandMode,
) -> Result<Vec<Effect>, C::Error> {
    let along: Vec<Along> = changes.iter().map(|change| change.along()).collect();
    let mut windows: Vec<Sequence> = Vec::new();
    for (change, along) in changes.iter().zip(&along) {
        windows.extend(change.middle());
        windows.extend(
            along.reference.iter().chain(&along.alternate).map(|placed| placed.window.clone()),
        );
    }
    let rows = strands.predict(classifier, &windows)?;
    let mut rest = &rows[..];
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at(count);
        rest = left;
        taken
    };
    let effects = along.iter().map(|along| {
        let pair = take(2);
        let middle = AlleleScores { reference: pair[0].clone(), alternate: pair[1].clone() };
        let reference = take(along.reference.len());
        let alternate = take(along.alternate.len());
        let classes = (0..middle.reference.len())
            .map(|class| ClassEffect {
                gain: strongest(&along.alternate, alternate, reference, class),
                loss: {
                    let Peak { change, at } =
                        strongest(&along.reference, reference, alternate, class);
                    Peak { change: 0.0 - change, at }
                },
            })
            .collect();
        Effect { middle, classes }
    });
    Ok(effects.collect())
}

/// By how much a place of one allele is above all places of the other that stand for it, at most.
fn strongest(places: &[PlacedWindow], own: &[Vec<f32>], other: &[Vec<f32>], class: usize) -> Peak {
    let mut peak = Peak { change: 0.0, at: 0 };
    for (place, row) in places.iter().zip(own) {
        let partners = place.partners.iter().map(|&partner| f64::from(other[partner][class]));
        let Some(most) = partners.reduce(f64::max) else { continue };
        let change = f64::from(row[class]) - most;
        if change > peak.change {
            peak = Peak { change, at: place.at };
        }
    }
    peak
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use dnabert_core::LetterPolicy;
    use dnabert_genome::Genome;

    use super::*;
    use crate::Change;

    /// Sure of a donor where the middle of a window stands before GGTAAG.
    struct Donor;

    impl Classifier for Donor {
        type Error = std::convert::Infallible;

        fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
            let row = |sequence: &Sequence| {
                let is_donor = sequence.as_str()[sequence.len() / 2..].starts_with("GGTAAG");
                if is_donor { vec![0.0, 1.0] } else { vec![1.0, 0.0] }
            };
            Ok(sequences.iter().map(row).collect())
        }
    }

    /// What a change does to the donor at base 40 of a genome that has no other.
    fn effect(start: usize, reference: &str, alternate: &str) -> ClassEffect {
        let bases = format!("{}GGTAAG{}", "AC".repeat(20), "TC".repeat(27));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.fa");
        writeln!(std::fs::File::create(&path).unwrap(), ">c\n{bases}").unwrap();
        let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
        let [reference, alternate] = [reference, alternate].map(|text| text.parse().unwrap());
        let change = Change { chromosome: "c".into(), start, reference, alternate };
        let windows = Windows::new(&genome, &change, 20, 12).unwrap().unwrap();
        effects(&Donor, &[&windows], StrandMode::Forward).unwrap()[0].classes[1]
    }

    #[test]
    fn a_site_that_moves_with_its_bases_neither_gains_nor_loses() {
        // Left and right of the site, and right before it.
        for start in [34, 38, 40, 48] {
            let found = effect(start, "", "TTTTT");
            assert_eq!((found.gain.change, found.loss.change), (0.0, 0.0), "insertion at {start}");
        }
        for start in [30, 32, 36, 48] {
            let bases = format!("{}GGTAAG{}", "AC".repeat(20), "TC".repeat(27));
            let found = effect(start, &bases[start..start + 4], "");
            assert_eq!((found.gain.change, found.loss.change), (0.0, 0.0), "deletion at {start}");
        }
    }

    #[test]
    fn a_site_that_is_broken_is_lost_and_a_new_one_is_gained() {
        let lost = effect(42, "T", "C").loss;
        assert_eq!((lost.change, lost.at), (-1.0, -2));
        let lost = effect(41, "GT", "").loss;
        assert_eq!((lost.change, lost.at), (-1.0, -1));
        let gained = effect(50, "", "CAGGTAAG").gain;
        assert_eq!((gained.change, gained.at), (1.0, 2));
        // Taken away and put in again elsewhere: nothing is lost where the site still stands.
        let found = effect(30, "", "GGTAAGCC");
        assert_eq!((found.gain.change, found.loss.change, found.gain.at), (1.0, 0.0, 0));
    }
}
