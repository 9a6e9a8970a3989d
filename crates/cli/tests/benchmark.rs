//! `dnabert benchmark` on the smallest shipped set.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::Value;

use support::{DATA, Desk, IO, USAGE};

fn metrics(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("runs/splice-uci/metrics.json")).unwrap()
}

#[test]
fn primate_sites_are_learned_from_the_model_of_the_fly_and_what_surrounds_them() {
    let desk = Desk::new();
    let text = desk.prints("benchmark splice-uci --epochs 1");
    assert!(text.contains("positive is any class but neither, whichever is called"), "{text}");
    assert!(text.contains("1 : 100, from dev"), "{text}");
    let metrics = metrics(&desk);
    let config = &metrics["config"];
    assert!(config["start"].as_str().unwrap().ends_with("models/splice-fly-60"), "{config}");
    let ngrams = &config["ngrams"];
    let found = (&ngrams["max_n"], &ngrams["position_bins"]);
    assert_eq!(found, (&1.into(), &20.into()), "{ngrams}");
    assert!(metrics["trainings"][0]["ngram_fraction"].as_f64().unwrap() > 0.0, "{metrics}");
    // One epoch of a model that knows no sites is right on six or seven rows of ten.
    assert!(metrics["accuracy"].as_f64().unwrap() > 0.9, "{metrics}");
}

#[test]
fn fewer_bases_are_another_set() {
    let desk = Desk::new();
    let fresh = "benchmark splice-uci --crop 40 --size tiny --epochs 1";
    desk.prints(fresh);
    assert_eq!(desk.read("runs/splice-uci/predictions.tsv").lines().count(), 1 + 299);
    assert_eq!(metrics(&desk)["task"], "uci-splice-40");
    desk.prints(&format!("{fresh} --offset-negatives 5 --out offset"));
    let offset: Value = serde_json::from_str(&desk.read("offset/metrics.json")).unwrap();
    assert_eq!(offset["task"], "uci-splice-40-beside-5");
    // A model that has the site at another place is not what these start from.
    desk.prints("benchmark splice-uci --crop 40 --epochs 1");
    let start = metrics(&desk)["config"]["start"].as_str().unwrap().to_owned();
    assert!(start.ends_with("models/small-4"), "{start}");
    let what = "--offset-negatives 20 leaves nothing of --crop 40";
    desk.refuses(&format!("{fresh} --offset-negatives 20"), USAGE, &[what]);
}

#[test]
fn data_that_are_not_there_are_named() {
    let desk = Desk::new();
    let small = "benchmark splice-uci --size tiny --epochs 1";
    desk.refuses(&format!("{small} --datasets none"), IO, &["none/uci_splice/group_train.tsv.gz"]);
    assert!(!desk.path("runs").exists());
}

#[test]
fn variants_of_the_globin_genes_need_a_model_of_splice_sites() {
    let desk = Desk::new();
    let what = ["a model of neither, donor and acceptor is needed"];
    let globin = "benchmark globin --model @models/ctcf-gm12878";
    desk.refuses(globin, DATA, &what);
}
