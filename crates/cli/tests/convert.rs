//! `dnabert convert` with small models.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::{Desk, IO};

#[test]
fn a_checkpoint_is_converted_to_the_bit() {
    let desk = Desk::with_two_models();
    desk.prints("convert --model k3 --out again");
    for file in ["model.safetensors", "config.json", "vocab.txt"] {
        let [old, new] = ["k3", "again"].map(|folder| desk.bytes(&format!("{folder}/{file}")));
        assert!(old == new, "{file}");
    }
}

#[test]
fn a_checkpoint_that_names_no_class_keeps_its_head() {
    let desk = Desk::with_two_models();
    let config = desk.read("k3/config.json");
    let nameless = config.replace("\"BertForSequenceClassification\"", "");
    assert_ne!(config, nameless);
    desk.write("k3/config.json", &nameless);
    desk.prints("convert --model k3 --out again");
    let [old, new] =
        ["k3", "again"].map(|folder| desk.bytes(&format!("{folder}/model.safetensors")));
    assert!(old == new);
}

#[test]
fn half_the_precision_takes_half_the_space_and_says_nearly_the_same() {
    let desk = Desk::with_two_models();
    desk.prints("convert --model k3 --out half --half");
    let [whole, half] =
        ["k3", "half"].map(|folder| desk.bytes(&format!("{folder}/model.safetensors")).len());
    assert!(half < whole * 2 / 3, "{half} of {whole} bytes");
    let [whole, half] = ["k3", "half"].map(|model| {
        let table = support::cells(&desk.prints(&format!("predict --model {model} x.fa")));
        table[1][3].parse::<f64>().unwrap()
    });
    assert!((whole - half).abs() < 1e-2, "{whole} and {half}");
}

#[test]
fn a_model_that_is_not_there_is_named() {
    let desk = Desk::with_two_models();
    desk.refuses("convert --model k5 --out again", IO, &["k5: no such folder"]);
    assert!(!desk.path("again").exists());
}
