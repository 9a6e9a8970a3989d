//! Turns values of overlapping tokens into values of bases.

use std::collections::BTreeMap;
use std::ops::Range;

/// Averages token values over the bases that the tokens cover, from left to right.
///
/// Tokens may overlap, within a row and between the rows of a long sequence. A base gets the mean
/// over all tokens that cover it. Memory holds only covered bases that are not finished yet.
///
/// ```
/// use dnabert_core::Stitcher;
///
/// let mut stitcher = Stitcher::new(1); // one value for each token
/// stitcher.add(0..3, &[1.0]);
/// stitcher.add(1..4, &[3.0]);
/// let mut means = Vec::new();
/// stitcher.finish(5, |_, mean| means.push(mean.map(|values| values[0])));
/// assert_eq!(means, [Some(1.0), Some(2.0), Some(2.0), Some(3.0), None]);
/// ```
#[derive(Debug, Clone)]
pub struct Stitcher {
    width: usize,
    /// The first base that is not finished yet.
    start: usize,
    /// Covered bases from `start` on, by position.
    open: BTreeMap<usize, Base>,
}

#[derive(Debug, Clone)]
struct Base {
    sums: Vec<f64>,
    tokens: u32,
}

impl Stitcher {
    /// A stitcher for tokens with `width` values each.
    pub fn new(width: usize) -> Self {
        Self { width, start: 0, open: BTreeMap::new() }
    }

    /// Adds a token that covers the bases `span`.
    ///
    /// Bases that [`finish`](Self::finish) has already passed on are ignored.
    ///
    /// # Panics
    ///
    /// If the number of values is not the `width` of the stitcher.
    pub fn add(&mut self, span: Range<usize>, values: &[f32]) {
        assert_eq!(values.len(), self.width, "a token has one value for each column");
        let empty = || Base { sums: vec![0.0; self.width], tokens: 0 };
        for position in span.start.max(self.start)..span.end {
            let base = self.open.entry(position).or_insert_with(empty);
            base.tokens += 1;
            base.sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
        }
    }

    /// Calls `take` for each unfinished base before `end`, with its position and its mean values,
    /// or `None` if no token covers it.
    ///
    /// Call it when no later token covers a base before `end`.
    pub fn finish(&mut self, end: usize, mut take: impl FnMut(usize, Option<&[f32]>)) {
        while self.start < end {
            let base = self.open.remove(&self.start);
            let means = base.map(|Base { sums, tokens }| {
                sums.into_iter().map(|sum| (sum / f64::from(tokens)) as f32).collect::<Vec<_>>()
            });
            take(self.start, means.as_deref());
            self.start += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncovered_bases_take_no_memory() {
        let mut stitcher = Stitcher::new(1000);
        stitcher.add(0..3, &[1.0; 1000]);
        stitcher.add(50_000_000..50_000_003, &[1.0; 1000]);
        assert_eq!(stitcher.open.len(), 6);
    }

    #[test]
    fn a_base_has_the_mean_of_the_tokens_that_cover_it() {
        let mut stitcher = Stitcher::new(1);
        let mut bases = Vec::new();
        for (start, value) in [(0, 1.0), (1, 3.0), (2, 8.0), (6, 5.0)] {
            stitcher.finish(start, |_, mean| bases.push(mean.map(|mean| mean[0])));
            stitcher.add(start..start + 3, &[value]);
        }
        stitcher.finish(10, |_, mean| bases.push(mean.map(|mean| mean[0])));
        let five = Some(5.0);
        let expected =
            [Some(1.0), Some(2.0), Some(4.0), Some(5.5), Some(8.0), None, five, five, five, None];
        assert_eq!(bases, expected);
    }
}
