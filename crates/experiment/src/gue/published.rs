//! Published results on GUE, as Matthews correlation times 100 on all test rows.

use serde::Serialize;

/// Published results on a task: MCC × 100 on all test rows. `None` where none is known to us.
///
/// DNABERT and DNABERT-2 are of Zhou et al. 2023 (arXiv 2306.15006), which fine-tuned all four
/// models of DNABERT.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// The best of DNABERT with 3-mers to 6-mers.
    pub dnabert: f64,
    /// DNABERT-2.
    pub dnabert_2: f64,
    /// DNABERT-2, after further pre-training on the sequences of GUE.
    pub dnabert_2_further: f64,
    /// The best of models with at most 500 million parameters.
    pub up_to_500m: f64,
    /// The best of models of any size.
    pub best: f64,
    /// The model of [`best`](Self::best).
    pub best_model: &'static str,
}

/// The figures for a task.
pub(super) fn of(task: &str) -> Option<Published> {
    let row = |dnabert, dnabert_2, dnabert_2_further, up_to_500m, best, best_model| {
        Some(Published { dnabert, dnabert_2, dnabert_2_further, up_to_500m, best, best_model })
    };
    match task {
        "prom_core_tata" => row(78.2, 74.2, 76.2, 78.5, 78.5, "VQDNA, 103M"),
        "prom_300_tata" => row(69.8, 71.6, 68.8, 80.4, 80.4, "NT-v2, 500M"),
        "prom_core_notata" => row(70.5, 68.0, 69.5, 70.5, 71.6, "NT, 2.5B"),
        "prom_core_all" => row(70.9, 69.4, 67.5, 71.0, 71.0, "VQDNA, 103M"),
        "tf_0" => row(68.0, 72.0, 69.1, 72.5, 72.5, "VQDNA, 103M"),
        "tf_1" => row(73.1, 76.1, 71.9, 76.4, 76.4, "VQDNA, 103M"),
        "tf_2" => row(61.0, 66.5, 63.0, 70.5, 72.8, "HybriDNA, 3B"),
        "tf_3" => row(53.0, 58.5, 55.4, 58.5, 65.8, "HybriDNA, 7B"),
        "tf_4" => row(71.2, 77.4, 74.9, 78.6, 86.2, "HybriDNA, 7B"),
        "mouse_0" => row(49.4, 56.8, 64.2, 64.2, 72.9, "HybriDNA, 7B"),
        "mouse_2" => row(72.6, 79.3, 81.3, 84.5, 89.8, "HybriDNA, 3B"),
        "mouse_3" => row(55.4, 66.5, 73.5, 82.7, 88.6, "HybriDNA, 7B"),
        "mouse_4" => row(44.1, 52.7, 50.8, 52.7, 57.3, "HybriDNA, 7B"),
        _ => None,
    }
}
