//! Combines several methods into one by averaging their probabilities.

use super::{Run, RunKey};
use crate::Predictions;

/// Averages the probabilities of `methods`, as the runs of a new method called `name`. There is one
/// such run for each task, draw and seed for which all of the methods have a run.
///
/// If a method has several runs with the same draw and seed but other settings, the first one is
/// used.
pub fn combine(runs: &[Run], methods: &[&str], name: &str) -> Vec<Run> {
    let Some(first) = methods.first() else {
        return Vec::new();
    };
    let of = |method: &str, key: &RunKey| {
        let same = |run: &&Run| {
            let found = &run.key;
            found.method == method
                && (&found.task, &found.draw, found.seed) == (&key.task, &key.draw, key.seed)
        };
        runs.iter().find(same)
    };
    let mut combined: Vec<Run> = Vec::new();
    for run in runs.iter().filter(|run| run.key.method == *first) {
        let parts = methods.iter().map(|method| of(method, &run.key));
        let Some(parts) = parts.collect::<Option<Vec<&Run>>>() else {
            continue;
        };
        let scored = |side: fn(&Run) -> Predictions| {
            mean(&parts.iter().map(|part| side(part)).collect::<Vec<Predictions>>())
        };
        let (dev, test) =
            (scored(|run| Predictions::from(&run.dev)), scored(|run| Predictions::from(&run.test)));
        if let (Some(dev), Some(test)) = (dev, test) {
            let settings = parts.iter().map(|part| part.key.settings.as_str());
            let key = RunKey {
                method: name.to_owned(),
                settings: settings.collect::<Vec<_>>().join(" and "),
                ..run.key.clone()
            };
            combined.push(Run {
                key,
                train_rows: run.train_rows,
                dev: (&dev).into(),
                test: (&test).into(),
            });
        }
    }
    combined
}

/// The mean of several predictions of the same examples. `None` where examples or classes differ.
fn mean(opinions: &[Predictions]) -> Option<Predictions> {
    let labels = &opinions.first()?.labels;
    let classes = |opinion: &Predictions| opinion.probabilities.first().map(Vec::len);
    let is_other = |opinion: &Predictions| {
        opinion.labels != *labels || classes(opinion) != classes(&opinions[0])
    };
    if opinions.iter().any(is_other) {
        return None;
    }
    let share = 1.0 / opinions.len() as f64;
    let row = |example: usize| {
        let classes = opinions[0].probabilities[example].len();
        let sum = |class: usize| -> f64 {
            opinions.iter().map(|found| found.probabilities[example][class]).sum()
        };
        (0..classes).map(|class| share * sum(class)).collect()
    };
    Some(Predictions {
        probabilities: (0..labels.len()).map(row).collect(),
        labels: labels.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(method: &str, seed: u64, positive: &[f64]) -> Run {
        let scored = Predictions {
            probabilities: positive.iter().map(|p| vec![1.0 - p, *p]).collect(),
            labels: vec![0, 1],
        };
        let key = RunKey {
            task: "t".into(),
            draw: String::new(),
            method: method.into(),
            settings: "s".into(),
            seed,
        };
        Run { key, train_rows: 2, dev: (&scored).into(), test: (&scored).into() }
    }

    #[test]
    fn methods_are_joined_where_all_of_them_ran() {
        let runs = [run("a", 1, &[0.2, 0.4]), run("b", 1, &[0.4, 1.0]), run("a", 2, &[0.5, 0.5])];
        let both = combine(&runs, &["a", "b"], "both");
        assert_eq!(both.len(), 1);
        assert_eq!((both[0].key.method.as_str(), both[0].key.seed), ("both", 1));
        let test = Predictions::from(&both[0].test);
        assert_eq!(test.labels, [0, 1]);
        for (row, expected) in test.probabilities.iter().zip([0.3, 0.7]) {
            assert!((row[1] - expected).abs() < 1e-9, "{row:?}");
        }
        assert!(combine(&runs, &["a", "c"], "none").is_empty());
    }
}
