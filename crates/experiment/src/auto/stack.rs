//! Joins classifiers by weights that are fitted to their predictions for rows that none of them was
//! trained on (stacking; Wolpert 1992, doi 10.1016/S0893-6080(05)80023-1).

use dnabert_core::derive_seed;

use crate::Predictions;

/// How classifiers are joined: probabilities are proportional to the product of those of the
/// members, each to the power of its weight.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stack {
    /// One weight for each member, not negative. Their sum need not be 1: it is the inverse of the
    /// temperature (Guo et al. 2017, arXiv 1706.04599).
    pub(super) weights: Vec<f64>,
    /// A number for each class that is added to its logarithm.
    pub(super) offsets: Vec<f64>,
    /// The mean negative log-likelihood of rows that the weights were not fitted to, by
    /// cross-validation.
    pub(super) loss: f64,
}

/// Standard deviation of a weight around its share of 1, in the prior of the fit. Few dev rows then
/// give nearly equal weights, many the best ones.
const DEVIATION: f64 = 0.3;

/// The same for the offset of a class, around 0.
const OFFSET_DEVIATION: f64 = 0.5;

/// Number of parts of the dev split in cross-validation.
const FOLDS: usize = 10;

/// Steps of the fit.
const STEPS: usize = 400;

/// The smallest probability before taking logarithms, as in an ensemble.
const LEAST: f64 = f32::MIN_POSITIVE as f64;

/// A smaller weight changes no probability: the member is left out.
const SMALLEST: f64 = 1e-3;

impl Stack {
    /// Fits the weights of `members` on the same rows, which must not be empty.
    pub(super) fn fit(members: &[&Predictions], seed: u64) -> Self {
        let logs = logs(members);
        let labels = &members[0].labels;
        let rows: Vec<usize> = (0..labels.len()).collect();
        let fold_of = |row: usize| derive_seed(seed, &[row as u64]) as usize % FOLDS;
        let mut loss = 0.0;
        for fold in 0..FOLDS {
            let (held, rest): (Vec<usize>, Vec<usize>) =
                rows.iter().partition(|&&row| fold_of(row) == fold);
            let found = fit(&logs, labels, &rest);
            loss += held.iter().map(|&row| row_loss(&logs[row], labels[row], &found)).sum::<f64>();
        }
        let mut weights = fit(&logs, labels, &rows);
        let offsets = weights.split_off(members.len());
        // If no member knows anything, one of them stays: a classifier has members.
        let most = weights.iter().copied().fold(SMALLEST, f64::max);
        let largest = (0..weights.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
        weights.iter_mut().filter(|weight| **weight < SMALLEST).for_each(|weight| *weight = 0.0);
        if let Some(largest) = largest {
            weights[largest] = most;
        }
        Self { weights, offsets, loss: loss / rows.len() as f64 }
    }

    /// The joined predictions.
    pub(super) fn predict(&self, members: &[&Predictions]) -> Predictions {
        let logs = logs(members);
        let all = [&self.weights[..], &self.offsets].concat();
        let probabilities = logs.iter().map(|row| softmax(row, &all)).collect();
        Predictions { probabilities, labels: members[0].labels.clone() }
    }
}

/// Logarithms of the probabilities, `[rows][members][classes]`.
type Logs = Vec<Vec<Vec<f64>>>;

fn logs(members: &[&Predictions]) -> Logs {
    let log = |row: &Vec<f64>| row.iter().map(|value| value.max(LEAST).ln()).collect();
    (0..members[0].labels.len())
        .map(|row| members.iter().map(|member| log(&member.probabilities[row])).collect())
        .collect()
}

/// The weights, followed by the offsets, with the highest posterior probability, by projected
/// gradient descent with momentum (Nesterov). The loss is convex in them.
fn fit(logs: &Logs, labels: &[usize], rows: &[usize]) -> Vec<f64> {
    let members = logs.first().map_or(0, Vec::len);
    let classes = logs.first().and_then(|row| row.first()).map_or(0, Vec::len);
    let share = 1.0 / members as f64;
    let count = rows.len().max(1) as f64;
    let penalties = [DEVIATION, OFFSET_DEVIATION].map(|wide| 1.0 / (wide * wide * count));
    let penalty = |at: usize| penalties[usize::from(at >= members)];
    let mean = |at: usize| if at < members { share } else { 0.0 };
    // An upper bound of the curvature gives a step that always descends.
    let curvature = rows
        .iter()
        .map(|&row| {
            let widest = |member: &Vec<f64>| {
                let low = member.iter().copied().fold(f64::INFINITY, f64::min);
                let high = member.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                (high - low).powi(2)
            };
            (logs[row].iter().map(widest).sum::<f64>() + 2.0) / 4.0
        })
        .sum::<f64>()
        / count
        + penalties[0].max(penalties[1]);
    let mut now: Vec<f64> = (0..members + classes).map(mean).collect();
    let mut before = now.clone();
    for step in 0..STEPS {
        let momentum = step as f64 / (step as f64 + 3.0);
        let ahead: Vec<f64> =
            now.iter().zip(&before).map(|(now, old)| now + momentum * (now - old)).collect();
        let mut gradient: Vec<f64> =
            ahead.iter().enumerate().map(|(at, value)| penalty(at) * (value - mean(at))).collect();
        for &row in rows {
            let found = softmax(&logs[row], &ahead);
            let (of_members, of_classes) = gradient.split_at_mut(members);
            for (slope, member) in of_members.iter_mut().zip(&logs[row]) {
                let expected: f64 = found.iter().zip(member).map(|(p, log)| p * log).sum();
                *slope += (expected - member[labels[row]]) / count;
            }
            for (class, (slope, p)) in of_classes.iter_mut().zip(&found).enumerate() {
                *slope += (p - f64::from(u8::from(class == labels[row]))) / count;
            }
        }
        before = now;
        now = ahead
            .iter()
            .zip(&gradient)
            .enumerate()
            .map(|(at, (value, slope))| {
                let next = value - slope / curvature;
                if at < members { next.max(0.0) } else { next }
            })
            .collect();
    }
    now
}

/// The probability of each class; `all` are weights, followed by offsets.
fn softmax(row: &[Vec<f64>], all: &[f64]) -> Vec<f64> {
    let (weights, offsets) = all.split_at(row.len());
    let score = |(class, offset): (usize, &f64)| -> f64 {
        let members = row.iter().zip(weights);
        offset + members.map(|(member, weight)| weight * member[class]).sum::<f64>()
    };
    let scores: Vec<f64> = offsets.iter().enumerate().map(score).collect();
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let odds: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let all: f64 = odds.iter().sum();
    odds.into_iter().map(|odds| odds / all).collect()
}

fn row_loss(row: &[Vec<f64>], label: usize, all: &[f64]) -> f64 {
    -softmax(row, all)[label].max(LEAST).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes; the score of class 1 is the truth plus noise of this size.
    fn noisy(rows: usize, noise: f64, salt: u64) -> Predictions {
        let uniform = |row: usize| derive_seed(salt, &[row as u64]) as f64 / u64::MAX as f64 - 0.5;
        let labels: Vec<usize> = (0..rows).map(|row| row % 2).collect();
        let probabilities = labels
            .iter()
            .enumerate()
            .map(|(row, &label)| {
                let score = 2.0 * (label as f64 - 0.5) + noise * uniform(row);
                let p = 1.0 / (1.0 + (-3.0 * score).exp());
                vec![1.0 - p, p]
            })
            .collect();
        Predictions { probabilities, labels }
    }

    #[test]
    fn the_better_member_weighs_more_and_both_are_better_than_one() {
        let (good, fair, bad) = (noisy(2000, 4.0, 1), noisy(2000, 5.0, 2), noisy(2000, 400.0, 3));
        let stack = Stack::fit(&[&good, &fair, &bad], 1);
        assert!(stack.weights[0] > stack.weights[1], "{stack:?}");
        assert!(stack.weights[2] < 0.02, "{stack:?}");
        let joined = stack.predict(&[&good, &fair, &bad]);
        assert!(joined.report().mcc > good.report().mcc);
        assert!(stack.loss < Stack::fit(&[&good], 1).loss);
    }

    #[test]
    fn a_member_that_prefers_a_class_is_set_right() {
        let mut biased = noisy(2000, 3.0, 1);
        for row in &mut biased.probabilities {
            let odds = row[1] / row[0] * 20.0;
            *row = vec![1.0 / (1.0 + odds), odds / (1.0 + odds)];
        }
        let stack = Stack::fit(&[&biased], 1);
        let (before, after) = (biased.report().mcc, stack.predict(&[&biased]).report().mcc);
        assert!(after > before + 0.05, "{before} {after} {stack:?}");
        assert!(stack.offsets[0] > stack.offsets[1], "{stack:?}");
    }

    #[test]
    fn of_members_that_know_nothing_one_stays() {
        // Very sure, and wrong in every second row.
        let guess = |salt| {
            let labels: Vec<usize> = (0..2000).map(|row| row % 2).collect();
            let sure = |row: u64| derive_seed(salt, &[row]).is_multiple_of(2);
            let row = |row| if sure(row) { vec![1e-30, 1.0] } else { vec![1.0, 1e-30] };
            Predictions { probabilities: (0..2000).map(row).collect(), labels }
        };
        let (one, other) = (guess(1), guess(2));
        let stack = Stack::fit(&[&one, &other], 1);
        assert!(stack.weights.iter().any(|&weight| weight > 0.0), "{stack:?}");
        let found = stack.predict(&[&one, &other]);
        assert!(found.probabilities.iter().all(|row| (row[0] - 0.5).abs() < 0.1), "{stack:?}");
    }

    #[test]
    fn few_rows_give_nearly_equal_weights() {
        let (good, fair) = (noisy(8, 1.0, 1), noisy(8, 1.5, 2));
        let weights = Stack::fit(&[&good, &fair], 1).weights;
        assert!((weights[0] - weights[1]).abs() < 0.2, "{weights:?}");
    }

    #[test]
    fn one_member_that_is_too_sure_is_tempered() {
        // Class 1 has 0.999 in all rows, and is right in three of four.
        let labels: Vec<usize> = (0..4000).map(|row| usize::from(row % 4 > 0)).collect();
        let probabilities = labels.iter().map(|_| vec![0.001, 0.999]).collect();
        let sure = Predictions { probabilities, labels };
        let stack = Stack::fit(&[&sure], 1);
        let p = stack.predict(&[&sure]).probabilities[0][1];
        assert!((p - 0.75).abs() < 0.01, "{p}");
    }
}
