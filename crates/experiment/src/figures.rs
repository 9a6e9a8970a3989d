//! Figures of predictions and of training, from this crate's types.

use dnabert_figure::{FigureError, LossHistory, RankingCurve, ranking_curves};
use dnabert_train::metric::{auprc, auroc, precision_recall_curve, roc_curve};
use dnabert_train::pretrain::LogLine;

use crate::Predictions;

/// Draws the ROC and precision-recall curves of several methods on the same task. With two classes,
/// each method has one line. With more, it has one line for each class against all others. A method
/// without a name is labelled by its classes.
///
/// # Errors
///
/// [`FigureError::Empty`] where there is no method, or no positive or negative.
pub fn curves(methods: &[(&str, &Predictions)], classes: &[String]) -> Result<String, FigureError> {
    let mut curves = Vec::new();
    for (name, scored) in methods {
        for (name, scores, positive) in lines(name, scored, classes) {
            let roc = roc_curve(&scores, &positive)
                .ok_or(FigureError::Empty("a class has no example"))?;
            curves.push(RankingCurve {
                name,
                roc,
                auroc: auroc(&scores, &positive).unwrap_or_default(),
                precision_recall: precision_recall_curve(&scores, &positive).unwrap_or_default(),
                auprc: auprc(&scores, &positive).unwrap_or_default(),
            });
        }
    }
    ranking_curves(&curves)
}

/// The lines of a method: name, scores, and whether each example is positive.
fn lines(
    name: &str,
    scored: &Predictions,
    classes: &[String],
) -> Vec<(String, Vec<f64>, Vec<bool>)> {
    if let Some((scores, positive)) = scored.binary() {
        let name = if name.is_empty() { classes[1].clone() } else { name.to_owned() };
        return vec![(name, scores, positive)];
    }
    let of_class = |(class, class_name): (usize, &String)| {
        let name =
            if name.is_empty() { class_name.clone() } else { format!("{name}: {class_name}") };
        let scores = scored.probabilities.iter().map(|row| row[class]).collect();
        (name, scores, scored.labels.iter().map(|&label| label == class).collect())
    };
    classes.iter().enumerate().map(of_class).collect()
}

/// Draws the log of a pre-training run: losses of training steps and held-out rows, and accuracy.
///
/// # Errors
///
/// [`FigureError::Empty`] for a log without steps.
pub fn loss_curve(log: &[LogLine]) -> Result<String, FigureError> {
    let mut history = LossHistory::default();
    for line in log {
        match *line {
            LogLine::Step { step, loss, .. } => history.train.push((step as f64, loss)),
            LogLine::HeldOut { step, held_out } => {
                history.held_out.push((step as f64, held_out.loss));
                history.accuracy.push((step as f64, held_out.accuracy));
            }
        }
    }
    dnabert_figure::loss_curve(&history)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_have_a_line_and_three_have_three() {
        let classes = ["no", "yes"].map(str::to_owned);
        let rows = |probabilities: Vec<Vec<f64>>, labels| Predictions { probabilities, labels };
        let two = rows(vec![vec![0.9, 0.1], vec![0.2, 0.8]], vec![0, 1]);
        let svg = curves(&[("network", &two), ("baseline", &two)], &classes).unwrap();
        assert_eq!(svg.matches("network, 1.000").count(), 2, "{svg}");
        let three = vec![vec![0.8, 0.1, 0.1], vec![0.1, 0.8, 0.1], vec![0.1, 0.1, 0.8]];
        let three = rows(three, vec![0, 1, 2]);
        let names = ["neither", "donor", "acceptor"].map(str::to_owned);
        let svg = curves(&[("", &three)], &names).unwrap();
        assert!(names.iter().all(|name| svg.contains(&format!("{name}, 1.000"))), "{svg}");
        let one = rows(vec![vec![0.9, 0.1]], vec![0]);
        assert!(matches!(curves(&[("", &one)], &classes), Err(FigureError::Empty(_))));
        assert!(matches!(curves(&[], &classes), Err(FigureError::Empty(_))));
    }
}
