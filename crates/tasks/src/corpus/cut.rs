//! Cuts long sequences into pieces without overlap.

/// The lengths of the pieces into which DNABERT cuts a sequence without overlap.
///
/// A piece has `full` bases (in DNABERT's code `509 + k`, of which it reads 509 k-mers) or, with
/// probability `1 − full_fraction`, a random length of at least 5; the last piece is what is left.
/// `uniform` gives numbers in [0, 1): one for each piece, and a second one if the length is random.
///
/// The published models used a `full_fraction` of 0.5 (Ji et al. 2021, doi
/// 10.1093/bioinformatics/btab083).
///
/// ```
/// use dnabert_tasks::corpus::cut_lengths;
///
/// let draws = [0.2, 0.7, 0.1]; // full, then a random length of a tenth
/// let mut draws = draws.into_iter();
/// let lengths = cut_lengths(1200, 500, 0.5, || draws.next().unwrap_or_default());
/// assert_eq!(lengths, [500, 50, 500, 150]);
/// ```
pub fn cut_lengths(
    length: usize,
    full: usize,
    full_fraction: f64,
    mut uniform: impl FnMut() -> f64,
) -> Vec<usize> {
    let mut rest = length;
    let mut lengths = Vec::new();
    while rest > full {
        let random = uniform() > full_fraction;
        let piece = if random { ((uniform() * full as f64) as usize).max(5) } else { full };
        lengths.push(piece);
        rest -= piece;
    }
    if rest > 0 {
        lengths.push(rest);
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_sequence() {
        let mut draws = (0..).map(|i| f64::from(i * 37 % 100) / 100.0);
        let lengths = cut_lengths(20_000, 515, 0.5, || draws.next().unwrap());
        assert_eq!(lengths.iter().sum::<usize>(), 20_000);
        assert!(lengths.iter().all(|&length| length <= 515));
        assert_eq!(cut_lengths(515, 515, 0.5, || unreachable!()), [515]);
        assert!(cut_lengths(0, 515, 0.5, || unreachable!()).is_empty());
    }
}
