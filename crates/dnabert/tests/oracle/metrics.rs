//! Metrics against scikit-learn's.

use dnabert::model::softmax;
use dnabert::train::ClassificationReport;
use dnabert::train::metric::{WindowSummary, summarize_windows};
use serde_json::Value;

use crate::ledger::{Ledger, Tolerance};
use crate::tokens::{items, json, numbers};

const FILE: &str = "io/metrics.json";

pub(crate) fn compare(ledger: &mut Ledger) {
    let all = json(ledger, FILE);
    for (index, case) in items(&all["cases"]).iter().enumerate() {
        judge(ledger, index, case);
    }
    windows(ledger, &all["scan"]);
}

fn judge(ledger: &mut Ledger, index: usize, case: &Value) {
    let task = case["task"].as_str().unwrap();
    let labels: Vec<usize> =
        numbers(&case["labels"]).into_iter().map(|label| label as usize).collect();
    // A case with tied scores has them in `probs` only.
    let probabilities: Vec<Vec<f64>> = items(&case["probs"])
        .iter()
        .map(|row| row.as_f64().map_or_else(|| numbers(row), |p| vec![1.0 - p, p]))
        .collect();
    let report = ClassificationReport::new(&probabilities, &labels);
    let expected = &case["result"];
    let positive_class = matches!(task, "dna690" | "dnapair");
    let positive = report.classes[1];
    let choose = |positive: f64, mean: f64| if positive_class { positive } else { mean };
    let found = [
        ("acc", Some(report.accuracy)),
        ("mcc", Some(report.mcc)),
        ("auc", report.auroc),
        ("aupr", if positive_class { report.auprc } else { None }),
        ("f1", Some(choose(positive.f1, report.f1_macro))),
        ("precision", Some(choose(positive.precision, report.precision_macro))),
        ("recall", Some(choose(positive.recall, report.recall_macro))),
    ];
    let keys = expected.as_object().unwrap().len();
    ledger.compare(
        FILE,
        "number of metrics",
        [found.iter().filter(|(_, value)| value.is_some()).count() as u32],
        [keys as u32],
        Tolerance::EXACT,
    );
    for (name, value) in found {
        let Some(value) = value else { continue };
        let name_here = format!("case {index} ({task}) {name}");
        let expected = expected[name].as_f64().unwrap_or(f64::NAN);
        ledger.compare(FILE, &name_here, [value], [expected], Tolerance::METRIC);
    }

    if case["logits"].is_array() {
        let found = items(&case["logits"]).iter().flat_map(|row| {
            let logits: Vec<f32> = numbers(row).into_iter().map(|value| value as f32).collect();
            let row = softmax(&logits);
            if row.len() == 2 { vec![row[1]] } else { row }
        });
        let expected = probabilities.iter().flat_map(|row| match row[..] {
            [_, positive] => vec![positive],
            _ => row.clone(),
        });
        let name = format!("case {index} ({task}) probs");
        let found: Vec<f64> = found.collect();
        ledger.compare(FILE, &name, found, expected, Tolerance::PROBABILITY);
    }
}

fn windows(ledger: &mut Ledger, scan: &Value) {
    let scores = numbers(&scan["window_probs"]);
    for aggregate in items(&scan["aggregates"]) {
        let name = aggregate["metric"].as_str().unwrap();
        let summary = match name {
            "max" => WindowSummary::Max,
            "mean" => WindowSummary::Mean,
            "second-max" => WindowSummary::SecondMax,
            other => return ledger.fail(FILE, format!("unknown aggregate {other}")),
        };
        let windows = scan["n_windows"].as_u64().unwrap() as usize;
        let found = summarize_windows(&scores, windows, summary);
        let expected = numbers(&aggregate["pred"]);
        ledger.compare(FILE, &format!("scan {name}"), found, expected, Tolerance::METRIC);
    }
}
