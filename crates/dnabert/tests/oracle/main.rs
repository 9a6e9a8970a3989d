//! Equality with DNABERT's own code and with PyTorch, on stored inputs and outputs.
//!
//! Reads `tests/data/oracle`, or the folder that `DNABERT_ORACLE` names, runs networks where
//! `DNABERT_DEVICE` and `DNABERT_PRECISION` say, and prints one line for each file: the number of
//! values compared, and the difference that came closest to its tolerance. It runs without cargo's harness, so that the lines are always seen. A file of
//! [`REQUIRED`] that is missing, or that nothing was compared with, is a failure.
#![allow(clippy::print_stdout, reason = "the lines are the report")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod arrays;
mod ledger;
mod masking;
mod metrics;
mod models;
mod place;
mod tokens;
mod training;

use std::path::PathBuf;
use std::process::ExitCode;

use dnabert::Precision;
use ledger::Ledger;

/// Files that must be there and must be compared.
const REQUIRED: [&str; 41] = [
    "io/tokenizer_cases.json",
    "io/tokenizer_long_cases.json",
    "io/kmer_and_cutting.json",
    "io/metrics.json",
    "io/mlm_masking.json",
    "io/optim.json",
    "io/train_k3_cls_final.safetensors",
    "io/k3_mlm.safetensors",
    "io/k3_mlm_inputs.json",
    "io/k6_mlm.safetensors",
    "io/k6_mlm_inputs.json",
    "io/k3_cls.safetensors",
    "io/k3_cls_inputs.json",
    "io/k4_splice3.safetensors",
    "io/k4_splice3_inputs.json",
    "io/k3_reg.safetensors",
    "io/k3_reg_inputs.json",
    "io/k3_tokcls.safetensors",
    "io/k3_tokcls_inputs.json",
    "models/k3_mlm/model.safetensors",
    "models/k3_mlm/pytorch_model.bin",
    "models/k3_mlm/pytorch_model_legacy.bin",
    "models/k3_mlm/pytorch_model_gamma_beta.bin",
    "models/k3_mlm/model_fp16.safetensors",
    "models/k6_mlm/pytorch_model.bin",
    "models/k3_cls/model.safetensors",
    "models/k4_splice3/model.safetensors",
    "models/k3_reg/model.safetensors",
    "models/k3_tokcls/model.safetensors",
    "io/k3_long_lstm.safetensors",
    "io/k3_long_gru.safetensors",
    "io/k3_longcat.safetensors",
    "io/k3_long_inputs.json",
    "models/k3_long_lstm/model.safetensors",
    "models/k3_long_gru/model.safetensors",
    "models/k3_longcat/model.safetensors",
    "dnabert2/io.safetensors",
    "dnabert2/model.safetensors",
    "dnabert2/model_cls.safetensors",
    "models/k3_mlm/vocab.txt",
    "models/k6_mlm/vocab.txt",
];

/// Those of them that hold steps of training.
const TRAINING: [&str; 2] = ["io/optim.json", "io/train_k3_cls_final.safetensors"];

/// One network of each family, for devices that are emulated: `DNABERT_ORACLE_PART=small`.
const SMALL: [&str; 6] = [
    "io/k3_cls.safetensors",
    "io/k3_cls_inputs.json",
    "models/k3_cls/model.safetensors",
    "dnabert2/io.safetensors",
    "dnabert2/model.safetensors",
    "dnabert2/model_cls.safetensors",
];

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        println!("oracle: test"); // what test runners ask for
        return ExitCode::SUCCESS;
    }
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/oracle");
    let folder = std::env::var_os("DNABERT_ORACLE").unwrap_or_else(|| committed.into());
    if let Err(error) = place::open() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    if std::env::var("DNABERT_ORACLE_PART").is_ok_and(|part| part == "small") {
        println!("only one network of each family, forward");
        let mut ledger = Ledger::open(PathBuf::from(folder), &SMALL);
        models::compare_small(&mut ledger);
        return ledger.close();
    }
    // Half precision is for prediction: there is no training to compare.
    let trains = place::precision() == Precision::F32;
    let required: Vec<&str> =
        REQUIRED.into_iter().filter(|file| trains || !TRAINING.contains(file)).collect();
    let mut ledger = Ledger::open(PathBuf::from(folder), &required);
    tokens::compare(&mut ledger);
    masking::compare(&mut ledger);
    models::compare(&mut ledger);
    if trains {
        training::compare(&mut ledger);
    }
    metrics::compare(&mut ledger);
    ledger.close()
}
