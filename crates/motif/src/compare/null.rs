//! The null distribution: the score of the best alignment with columns drawn at random.

/// The distribution of the integer scores of each query column.
#[derive(Debug)]
pub(super) struct Scores {
    /// For each column of the query, the fraction of target columns with each score, from 0.
    pub(super) fractions: Vec<Vec<f64>>,
    /// The score of a column outside the overlap, which is the median.
    pub(super) outside: usize,
}

/// P(best score of all alignments ≥ s) of one query, for targets of each width.
#[derive(Debug)]
pub(super) struct Null {
    /// `tails[width][s]`; empty for widths that no target has.
    tails: Vec<Vec<f64>>,
}

/// ln(1 − tail), exact for small tails.
fn ln_complement(tail: f64) -> f64 {
    // For small tails two terms of the series are exact in double precision.
    if tail < 1e-6 { -tail - 0.5 * tail * tail } else { (-tail.min(1.0)).ln_1p() }
}

impl Null {
    /// The null distribution for targets of these widths.
    pub(super) fn new(scores: &Scores, widths: impl IntoIterator<Item = usize>) -> Self {
        let spans = Spans::new(scores);
        let mut tails = Vec::new();
        for width in widths {
            if tails.len() <= width {
                tails.resize(width + 1, Vec::new());
            }
            if tails[width].is_empty() {
                tails[width] = spans.tails(width);
            }
        }
        Self { tails }
    }

    /// P(best score ≥ `score`) against a target of `width` columns.
    pub(super) fn tail(&self, width: usize, score: usize) -> f64 {
        self.tails[width].get(score).copied().unwrap_or(0.0)
    }
}

/// ln P(score < s) for each range of query columns in the overlap, with all other columns at the
/// median.
struct Spans {
    columns: usize,
    /// The values of the columns a..b are at `a × (columns + 1) + b`.
    below: Vec<Vec<f64>>,
}

impl Spans {
    fn new(scores: &Scores) -> Self {
        let columns = scores.fractions.len();
        let top = scores.fractions.iter().map(|fractions| fractions.len() - 1).sum::<usize>();
        let beside = scores.outside * columns;
        let mut below = vec![Vec::new(); (columns + 1) * (columns + 1)];
        for start in 0..columns {
            let mut sums = vec![1.0];
            for end in start + 1..=columns {
                sums = convolve(&sums, &scores.fractions[end - 1]);
                let shift = scores.outside * (columns - (end - start));
                below[start * (columns + 1) + end] = ln_below(&sums, shift, top.max(beside) + 2);
            }
        }
        Self { columns, below }
    }

    /// 1 − Π over all alignments of P(score < s), for each score s.
    fn tails(&self, width: usize) -> Vec<f64> {
        let columns = self.columns;
        let mut sum = vec![0.0; self.below[columns].len()];
        // The target's first column lies at `offset` columns of the query.
        for offset in 1 - width as isize..columns as isize {
            let start = offset.max(0) as usize;
            let end = (offset + width as isize).min(columns as isize) as usize;
            let span = &self.below[start * (columns + 1) + end];
            sum.iter_mut().zip(span).for_each(|(sum, ln)| *sum += ln);
        }
        sum.into_iter().map(|ln| -ln.exp_m1()).collect()
    }
}

fn convolve(sums: &[f64], fractions: &[f64]) -> Vec<f64> {
    let mut result = vec![0.0; sums.len() + fractions.len() - 1];
    for (score, &fraction) in fractions.iter().enumerate().filter(|(_, fraction)| **fraction > 0.0)
    {
        let places = &mut result[score..score + sums.len()];
        places.iter_mut().zip(sums).for_each(|(place, sum)| *place += fraction * sum);
    }
    result
}

/// ln P(sum + shift < s) for each s in 0..`length`.
fn ln_below(sums: &[f64], shift: usize, length: usize) -> Vec<f64> {
    let mut below = vec![0.0; length];
    let mut tail = 0.0; // P(sum + shift ≥ s), summed from the right so that small tails are exact
    for s in (0..length).rev() {
        if let Some(fraction) = s.checked_sub(shift).and_then(|sum| sums.get(sum)) {
            tail += fraction;
        }
        below[s] = ln_complement(tail);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same probability by enumerating all alignments of a target of `width` random columns.
    fn by_hand(scores: &Scores, width: usize, at_least: usize) -> f64 {
        let columns = scores.fractions.len();
        let mut below = 1.0;
        for offset in 1 - width as isize..columns as isize {
            let mut sums = vec![1.0];
            for column in 0..columns {
                let target = column as isize - offset;
                let is_over = (0..width as isize).contains(&target);
                let mut outside = vec![0.0; scores.outside + 1];
                outside[scores.outside] = 1.0;
                sums = convolve(&sums, if is_over { &scores.fractions[column] } else { &outside });
            }
            below *= sums.iter().take(at_least).sum::<f64>();
        }
        1.0 - below
    }

    #[test]
    fn tails_equal_those_of_enumerated_alignments() {
        let fractions = vec![vec![0.5, 0.3, 0.2], vec![0.1, 0.0, 0.9], vec![0.25, 0.5, 0.25]];
        let scores = Scores { fractions, outside: 1 };
        let null = Null::new(&scores, [1, 2, 5]);
        for width in [1, 2, 5] {
            for score in 0..8 {
                let (found, expected) = (null.tail(width, score), by_hand(&scores, width, score));
                assert!((found - expected).abs() < 1e-12, "{width} {score}: {found} {expected}");
            }
        }
        assert_eq!(null.tail(5, 0), 1.0);
    }
}
