//! One score for a sequence that was scored in several windows.

/// How the scores of several windows are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSummary {
    /// The largest score.
    Max,
    /// The mean score.
    Mean,
    /// The second largest score, or the only one.
    SecondMax,
}

/// Returns one score for each group of `windows` consecutive scores.
///
/// # Panics
///
/// If `windows` is 0 or the number of scores is not a multiple of it.
pub fn summarize_windows(scores: &[f64], windows: usize, summary: WindowSummary) -> Vec<f64> {
    assert!(scores.len().is_multiple_of(windows), "whole groups of windows");
    scores
        .chunks(windows)
        .map(|group| {
            let mut descending = group.to_vec();
            descending.sort_by(|a, b| b.total_cmp(a));
            match summary {
                WindowSummary::Max => descending[0],
                WindowSummary::Mean => group.iter().sum::<f64>() / windows as f64,
                WindowSummary::SecondMax => descending[1.min(windows - 1)],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_gives_one_score() {
        let scores = [0.1, 0.5, 0.3, 0.9, 0.0, 0.6];
        assert_eq!(summarize_windows(&scores, 3, WindowSummary::Max), [0.5, 0.9]);
        assert_eq!(summarize_windows(&scores, 3, WindowSummary::Mean), [0.3, 0.5]);
        assert_eq!(summarize_windows(&scores, 3, WindowSummary::SecondMax), [0.3, 0.6]);
        assert_eq!(summarize_windows(&scores[..1], 1, WindowSummary::SecondMax), [0.1]);
    }
}
