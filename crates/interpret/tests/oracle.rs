//! Compares the scores of given attention weights with the output of DNABERT's own code, stored in
//! `tests/data`.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use dnabert_interpret::reference::{attention_scores, mean_over_kmers};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    k: usize,
    #[serde(rename = "L")]
    length: usize,
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn doubles(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let view = file.tensor(name).unwrap();
    assert_eq!(view.dtype(), Dtype::F64);
    view.data().chunks_exact(8).map(|word| f64::from_le_bytes(word.try_into().unwrap())).collect()
}

fn floats(file: &SafeTensors<'_>, name: &str) -> (Vec<usize>, Vec<f32>) {
    let view = file.tensor(name).unwrap();
    let words = view.data().chunks_exact(4);
    let values = words.map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect();
    (view.shape().to_vec(), values)
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-9, "{what}, {place}: {found} {expected}");
    }
}

#[test]
fn scores_of_given_attention() {
    let bytes = data("visualize_given_attention.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let cases: Cases = serde_json::from_slice(&data("visualize_given_attention.json")).unwrap();
    assert_eq!(cases.cases.len(), 4);
    for Case { k, length } in cases.cases {
        for suffix in ["", "_nozero"] {
            let (shape, rows) = floats(&file, &format!("k{k}.cls_rows{suffix}"));
            assert_eq!(shape, [4, 12, length]);
            let name = format!("k{k}.scores{suffix}");
            let expected = doubles(&file, &name);
            for (row, expected) in rows.chunks(12 * length).zip(expected.chunks(length)) {
                let heads: Vec<&[f32]> = row.chunks(length).collect();
                assert_close(&attention_scores(&heads, k), expected, &name);
            }
        }
        let tokens = doubles(&file, &format!("k{k}.get_real_score.in"));
        let expected = doubles(&file, &format!("k{k}.get_real_score.out"));
        assert_close(&mean_over_kmers(&tokens, k), &expected, "get_real_score");
    }
}
