//! What a result must beat to show anything.

use dnabert_core::Example;
use dnabert_train::metric::auroc;

/// The AUROC of GC content alone on `test`, its direction chosen on `train`; two classes.
/// `None` where a split has one class only.
pub fn gc_auroc(train: &[Example], test: &[Example]) -> Option<f64> {
    let area = |examples: &[Example]| {
        let scores: Vec<f64> =
            examples.iter().map(|e| e.sequence.gc_content().unwrap_or(0.5)).collect();
        let positive: Vec<bool> = examples.iter().map(|example| example.label == 1).collect();
        auroc(&scores, &positive)
    };
    let (train, test) = (area(train)?, area(test)?);
    Some(if train >= 0.5 { test } else { 1.0 - test })
}
