//! The effects of changes on the probabilities of a classifier.

use std::collections::HashMap;

use dnabert_core::{BothStrands, Classifier, Sequence};

use crate::score::{difference, log_odds_ratio};
use crate::{Along, PlacedWindow, Windows};

/// Which strand of the windows the classifier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StrandMode {
    /// The forward strand: for genes on that strand.
    #[default]
    Forward,
    /// The reverse strand: for genes on that strand.
    Reverse,
    /// The mean of both strands: for sites without a direction.
    Mean,
}

impl StrandMode {
    /// The probabilities of windows, read in this mode. Equal windows are predicted once.
    pub(crate) fn predict<C: Classifier>(
        self,
        classifier: &C,
        windows: &[Sequence],
    ) -> Result<Vec<Vec<f32>>, C::Error> {
        // Alleles of one place share the windows of the reference, and neighbours some of them.
        let mut places = HashMap::with_capacity(windows.len());
        let mut distinct: Vec<Sequence> = Vec::new();
        let indices: Vec<usize> = windows
            .iter()
            .map(|window| {
                *places.entry(window).or_insert_with(|| {
                    distinct.push(window.clone());
                    distinct.len() - 1
                })
            })
            .collect();
        let found = self.predict_distinct(classifier, &distinct)?;
        Ok(indices.into_iter().map(|index| found[index].clone()).collect())
    }

    fn predict_distinct<C: Classifier>(
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
    /// For the reference allele.
    pub reference: Vec<f32>,
    /// For the alternate allele.
    pub alternate: Vec<f32>,
}

/// The strongest change of the probability of a class, over all windows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Alternate minus reference; 0 if no window changes in this direction.
    pub change: f64,
    /// The position of the window: see [`PlacedWindow::at`].
    pub at: isize,
}

/// The effect of a change on one class, over all windows.
///
/// Positions are aligned across indels (see [`Windows`]), so that a site that an insertion only shifts
/// is neither gained nor lost:
///
/// - gain = probability − maximum over the aligned reference positions;
/// - loss = maximum over the aligned alternate positions − probability of the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassEffect {
    /// The largest gain.
    pub gain: Peak,
    /// The largest loss, as a negative change.
    pub loss: Peak,
}

/// The effect of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The probabilities of both alleles, each in the middle of its window.
    pub middle: AlleleScores,
    /// The effect on each class, over all windows.
    pub classes: Vec<ClassEffect>,
}

impl AlleleScores {
    /// DNABERT's `diff` of a class: see [`difference`].
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    pub fn difference(&self, class: usize) -> f64 {
        difference(self.reference[class].into(), self.alternate[class].into())
    }

    /// DNABERT's `logOR` of a class, but always finite: see [`log_odds_ratio`].
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    pub fn log_odds_ratio(&self, class: usize) -> f64 {
        log_odds_ratio(self.reference[class].into(), self.alternate[class].into())
    }
}

impl AlleleScores {
    /// The change of each class, as the gain or the loss of a single window.
    fn changes(&self) -> Vec<ClassEffect> {
        let pairs = self.reference.iter().zip(&self.alternate);
        let change = |(reference, alternate): (&f32, &f32)| {
            let change = f64::from(*alternate) - f64::from(*reference);
            ClassEffect {
                gain: Peak { change: change.max(0.0), at: 0 },
                loss: Peak { change: change.min(0.0), at: 0 },
            }
        };
        pairs.map(change).collect()
    }
}

impl Effect {
    /// The absolute value of the largest gain or loss of any of `classes`.
    ///
    /// # Panics
    ///
    /// If one of `classes` is not below the number of classes.
    pub fn strongest(&self, classes: &[usize]) -> f64 {
        let changes = classes.iter().map(|&class| {
            let ClassEffect { gain, loss } = self.classes[class];
            gain.change.max(-loss.change)
        });
        changes.fold(0.0, f64::max)
    }
}

/// The effects of changes, in their order; all windows are classified in one call.
///
/// # Errors
///
/// The error of the classifier.
///
/// ```
/// use dnabert_core::{Classifier, LetterPolicy, Sequence};
/// use dnabert_genome::Genome;
/// use dnabert_variants::effects::{StrandMode, effects};
/// use dnabert_variants::{Change, Windows};
///
/// /// The probability of class 1 is the GC content.
/// struct Gc;
///
/// impl Classifier for Gc {
///     type Error = std::convert::Infallible;
///
///     fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
///         let gc = |bases: &Sequence| bases.gc_content().unwrap_or_default() as f32;
///         Ok(sequences.iter().map(|bases| vec![1.0 - gc(bases), gc(bases)]).collect())
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let fasta = folder.path().join("genome.fa");
/// # std::fs::write(&fasta, format!(">chr1\n{}\n", "ACGT".repeat(20)))?;
/// let genome = Genome::open(&fasta, LetterPolicy::default())?; // ACGTACGT…
/// let change = Change {
///     chromosome: "chr1".into(),
///     start: 40,
///     reference: "A".parse()?,
///     alternate: "G".parse()?,
/// };
/// let windows = Windows::new(&genome, &change, 10, 0)?.expect("it fits");
/// let effect = &effects(&Gc, &[&windows], StrandMode::Mean)?[0];
/// assert!((effect.middle.alternate[1] - effect.middle.reference[1] - 0.1).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
        let is_comparable =
            |places: &[PlacedWindow]| places.iter().any(|place| !place.partners.is_empty());
        if !is_comparable(&along.reference) && !is_comparable(&along.alternate) {
            // At an end of a chromosome no window has the change in its middle, or at a distance
            // from it: the windows that were moved inward are compared instead.
            let classes = middle.changes();
            return Effect { middle, classes };
        }
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

/// The largest difference between the probability at a position of one allele and the maximum over
/// the aligned positions of the other.
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

    /// Finds a donor if GGTAAG starts in the middle of the window.
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

    /// The effect of a change on the donor at base 40 of a genome without others.
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
    fn a_shifted_site_is_neither_gained_nor_lost() {
        // Left and right of the site, and directly before it.
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
    fn a_broken_site_is_lost_and_a_new_one_is_gained() {
        let lost = effect(42, "T", "C").loss;
        assert_eq!((lost.change, lost.at), (-1.0, -2));
        let lost = effect(41, "GT", "").loss;
        assert_eq!((lost.change, lost.at), (-1.0, -1));
        let gained = effect(50, "", "CAGGTAAG").gain;
        assert_eq!((gained.change, gained.at), (1.0, 2));
        // A second site is gained and the first one is not lost.
        let found = effect(30, "", "GGTAAGCC");
        assert_eq!((found.gain.change, found.loss.change, found.gain.at), (1.0, 0.0, 0));
    }

    #[test]
    fn at_an_end_the_window_that_was_moved_inward_counts() {
        /// The fraction of A.
        struct Content;

        impl Classifier for Content {
            type Error = std::convert::Infallible;

            fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
                let share = |s: &Sequence| s.as_str().matches('A').count() as f32 / s.len() as f32;
                Ok(sequences.iter().map(|s| vec![1.0 - share(s), share(s)]).collect())
            }
        }

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.fa");
        std::fs::write(&path, format!(">c\n{}\n", "C".repeat(100))).unwrap();
        let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
        for (start, reach) in [(0, 0), (9, 0), (50, 0), (91, 0), (99, 0), (0, 3), (50, 3), (99, 3)]
        {
            let [reference, alternate] = ["C", "A"].map(|base| base.parse().unwrap());
            let change = Change { chromosome: "c".into(), start, reference, alternate };
            let windows = Windows::new(&genome, &change, 20, reach).unwrap().unwrap();
            let effect = &effects(&Content, &[&windows], StrandMode::Forward).unwrap()[0];
            assert!((effect.strongest(&[1]) - 0.05).abs() < 1e-6, "{start} {reach}: {effect:?}");
            assert!((effect.classes[0].loss.change + 0.05).abs() < 1e-6, "{start} {reach}");
        }
    }

    #[test]
    fn equal_windows_are_predicted_once() {
        /// Keeps what it was asked.
        #[derive(Default)]
        struct Asked(std::sync::Mutex<Vec<Sequence>>);

        impl Classifier for Asked {
            type Error = std::convert::Infallible;

            fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
                self.0.lock().unwrap().extend_from_slice(sequences);
                Ok(sequences
                    .iter()
                    .map(|sequence| vec![f32::from(sequence.as_bytes()[0])])
                    .collect())
            }
        }

        let windows: Vec<Sequence> =
            ["AC", "GC", "AC", "TC", "AC"].map(|bases| bases.parse().unwrap()).to_vec();
        let asked = Asked::default();
        let found = StrandMode::Forward.predict(&asked, &windows).unwrap();
        assert_eq!(found.concat(), [65.0, 71.0, 65.0, 84.0, 65.0]);
        assert_eq!(asked.0.into_inner().unwrap().len(), 3);
    }
}
