//! Sliding windows.

use dnabert_core::{Classifier, Sequence};
use dnabert_genome::Strand;

/// How windows are placed, and which class is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanConfig {
    /// Bases of a window.
    pub width: usize,
    /// Bases of a window before the base that is scored: 249 for promoters −249..+50.
    pub before: usize,
    /// Bases from one window to the next.
    pub stride: usize,
    /// The class whose probability is the score.
    pub class: usize,
}

/// The score of a base on a strand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The base, from 0 on the forward strand.
    pub position: usize,
    /// The strand of the window.
    pub strand: Strand,
    /// The probability of the class.
    pub score: f64,
}

/// Why a sequence cannot be scanned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError<E: std::error::Error + 'static> {
    /// The sequence is shorter than a window.
    #[error("a sequence of {length} bases is shorter than a window of {width}")]
    TooShort {
        /// Bases of the sequence.
        length: usize,
        /// Bases of a window.
        width: usize,
    },
    /// The classifier does not have the class.
    #[error("there is no class {class}: the classifier has {found} classes")]
    NoClass {
        /// The class, from 0.
        class: usize,
        /// Classes of the classifier.
        found: usize,
    },
    /// The classifier fails on a window.
    #[error("the classifier fails on a window")]
    Classifier(#[source] E),
}

/// Windows in one call of the classifier.
const BATCH: usize = 1024;

/// Scores windows on both strands of `sequence` and passes each point to `each`, from left to right, the
/// forward strand before the reverse one.
///
/// Windows with letters other than `A C G T` are skipped. Memory does not grow with the sequence.
///
/// # Errors
///
/// [`ScanError`] if the sequence is shorter than a window, the classifier does not have the class, or
/// it fails.
///
/// # Panics
///
/// If the stride is 0, or `before` is not below the width.
pub fn scan<C: Classifier>(
    classifier: &C,
    sequence: &Sequence,
    config: ScanConfig,
    mut each: impl FnMut(Point),
) -> Result<(), ScanError<C::Error>> {
    let ScanConfig { width, before, stride, class } = config;
    assert!(stride > 0, "a stride of 0");
    assert!(before < width, "base {before} of a window of {width}");
    let letters = sequence.as_bytes();
    let Some(last) = letters.len().checked_sub(width) else {
        return Err(ScanError::TooShort { length: letters.len(), width });
    };
    let mut batch: Vec<(usize, Strand, Sequence)> = Vec::with_capacity(BATCH);
    let mut score = |batch: &mut Vec<(usize, Strand, Sequence)>| {
        let sequences: Vec<Sequence> = batch.iter().map(|(_, _, bases)| bases.clone()).collect();
        let rows = classifier.predict(&sequences).map_err(ScanError::Classifier)?;
        for ((position, strand, _), row) in batch.drain(..).zip(rows) {
            let score = row.get(class);
            let score = *score.ok_or(ScanError::NoClass { class, found: row.len() })?;
            each(Point { position, strand, score: score.into() });
        }
        Ok(())
    };
    for start in (0..=last).step_by(stride) {
        let window = &letters[start..start + width];
        if !window.iter().all(|letter| b"ACGT".contains(letter)) {
            continue;
        }
        let forward = sequence.slice(start..start + width);
        let reverse = forward.reverse_complement();
        batch.push((start + before, Strand::Forward, forward));
        batch.push((start + width - 1 - before, Strand::Reverse, reverse));
        if batch.len() >= BATCH {
            score(&mut batch)?;
        }
    }
    if batch.is_empty() { Ok(()) } else { score(&mut batch) }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// 1 where `TATAAA` begins at base 2 of a window, else 0.
    struct Box2;

    impl Classifier for Box2 {
        type Error = Infallible;

        fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Infallible> {
            let score = |sequence: &Sequence| {
                f32::from(u8::from(sequence.as_bytes()[2..].starts_with(b"TATAAA")))
            };
            Ok(sequences.iter().map(|bases| vec![1.0 - score(bases), score(bases)]).collect())
        }
    }

    const CONFIG: ScanConfig = ScanConfig { width: 10, before: 2, stride: 1, class: 1 };

    #[test]
    fn a_site_is_found_on_either_strand_at_its_base() {
        let text = format!("{}TATAAA{}TTTATA{}", "C".repeat(40), "G".repeat(1000), "C".repeat(30));
        let sequence: Sequence = text.parse().unwrap();
        let mut found = Vec::new();
        scan(&Box2, &sequence, CONFIG, |point| {
            if point.score > 0.5 {
                found.push((point.position, point.strand));
            }
        })
        .unwrap();
        // On the reverse strand, the site begins at its last base.
        assert_eq!(found, [(40, Strand::Forward), (40 + 6 + 1000 + 5, Strand::Reverse)]);
    }

    #[test]
    fn gaps_are_skipped_and_short_sequences_are_an_error() {
        let sequence: Sequence = "CCTATAAACCCCNCCTATAAACC".parse().unwrap();
        let mut positions = Vec::new();
        let mut take = |point: Point| {
            if point.strand == Strand::Forward {
                positions.push(point.position);
            }
        };
        scan(&Box2, &sequence, CONFIG, &mut take).unwrap();
        assert_eq!(positions, [2, 3, 4, 15]);
        let error = scan(&Box2, &"ACGT".parse().unwrap(), CONFIG, |_| ()).unwrap_err();
        assert!(matches!(error, ScanError::TooShort { length: 4, width: 10 }));
        let error = scan(&Box2, &sequence, ScanConfig { class: 2, ..CONFIG }, |_| ()).unwrap_err();
        assert!(matches!(error, ScanError::NoClass { class: 2, found: 2 }));
    }
}
