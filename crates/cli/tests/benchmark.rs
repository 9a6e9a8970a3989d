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

/// A table of GUE's layout; class 1 has a motif.
fn gue_table(salt: u64, rows: u64) -> String {
    let mut text = "sequence,label\n".to_owned();
    for row in 0..rows {
        let draw = |place: u64| dnabert::core::derive_seed(salt, &[row, place]) as usize;
        let mut bases: String = (0..30).map(|at| ["A", "C", "G", "T"][draw(at) % 4]).collect();
        if row % 2 == 1 {
            bases.replace_range(9..17, "TATAAAAG");
        }
        text += &format!("{bases},{}\n", row % 2);
    }
    text
}

#[test]
fn tasks_of_gue_are_run_from_a_folder_and_not_again() {
    let desk = Desk::new();
    for (salt, folder) in [(1, "GUE/prom/prom_core_tata"), (5, "GUE/tf/2")] {
        std::fs::create_dir_all(desk.path(folder)).unwrap();
        for (split, rows) in [(0, 120), (1, 40), (2, 40)] {
            let name = ["train", "dev", "test"][split as usize];
            desk.write(&format!("{folder}/{name}.csv"), &gue_table(salt + split, rows));
        }
    }
    let command = "benchmark gue --root GUE --budget 0.02 --out gue";
    let table = desk.prints(command);
    assert!(table.contains("| prom_core_tata | 120 × 30 | **"), "{table}");
    assert!(table.contains("| 78.2 | 74.2 (♦ 76.2) | 78.5 | 78.5 (VQDNA, 103M) |"), "{table}");
    let results: Value = serde_json::from_str(&desk.read("gue/results.json")).unwrap();
    assert_eq!(results.as_array().unwrap().len(), 2);
    for result in results.as_array().unwrap() {
        let number = |key: &str| result[key].as_f64().unwrap();
        assert!(number("mcc") > 0.6, "{result}");
        assert!(number("mcc_low") <= number("mcc") && number("mcc") <= number("mcc_high"));
        assert!(number("seconds") > 0.0 && number("parameters") > 0.0);
        assert_eq!(result["baselines"].as_array().unwrap().len(), 4);
        assert_eq!(result["rows"], serde_json::json!([120, 40, 40]));
    }
    // The results are kept: nothing is trained.
    let model = desk.read("gue/tf_2-1/metrics.json");
    assert_eq!(desk.prints(command), table);
    assert_eq!(desk.read("gue/tf_2-1/metrics.json"), model);
    let other = "benchmark gue --root GUE --budget 0.03 --out gue";
    desk.refuses(other, DATA, &["gue/prom_core_tata-1 has a result with other settings"]);
    desk.refuses("benchmark gue", USAGE, &["--root"]);
    desk.refuses("benchmark gue --root GUE --crop 20", USAGE, &["leave out --crop"]);
    desk.refuses("benchmark splice-uci --root GUE", USAGE, &["--root is for the benchmark gue"]);
    desk.refuses("benchmark gue --root x --tasks tf_9", USAGE, &["unknown task \"tf_9\" of GUE"]);
    desk.refuses("benchmark gue --root x", USAGE, &["x: no task of GUE is there"]);
}
