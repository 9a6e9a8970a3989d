//! `dnabert evaluate` beside what training reports.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::Value;

use support::{DATA, Desk, IO, TABLES, USAGE};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_metrics_of_the_test_table_are_those_of_the_training() {
    let desk = Desk::with_one_table();
    desk.write("train.tsv", &desk.read("all.tsv"));
    let rows = |from: u64| -> String {
        let row = |i| {
            let motif = if i % 2 == 1 { "TATAAATATAAA" } else { "GCGCGCGAGCGC" };
            format!("{}{motif}\t{}\n", support::bases(30, i), i % 2)
        };
        (from..from + 30).map(row).collect()
    };
    desk.write("dev.tsv", &rows(100));
    desk.write("test.tsv", &rows(200));
    desk.prints(&format!("train {TABLES} --size tiny --k 3 --epochs 3 --out out"));
    let trained = json(&desk.read("out/metrics.json"));
    let found = json(&desk.prints("evaluate --model out/model --json test.tsv"));
    assert_eq!(found["rows"], 30);
    assert_eq!(found["class_names"], trained["class_names"]);
    for key in ["accuracy", "f1_macro", "mcc", "auroc", "auprc"] {
        let [found, trained] = [&found["report"], &trained].map(|all| all[key].as_f64().unwrap());
        assert!((found - trained).abs() < 1e-9, "{key}: {found} and {trained}");
    }
    assert_eq!(found["report"]["confusion"], trained["confusion"]);
    let auroc = trained["auroc"].as_f64().unwrap();
    let interval = &found["auroc_interval"];
    let [low, high] = [0, 1].map(|end| interval[end].as_f64().unwrap());
    assert!(low <= auroc && auroc <= high, "{interval}");
    // For people, the same with four digits.
    let text = desk.prints("evaluate --model out/model test.tsv");
    assert!(text.contains("30 examples of 2 classes"), "{text}");
    for (name, key) in [("accuracy", "accuracy"), ("MCC", "mcc"), ("AUROC", "auroc")] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let value = format!("{:.4}", trained[key].as_f64().unwrap());
        assert_eq!(line[name.len()..].split_whitespace().next(), Some(&*value), "{line}");
    }
}

#[test]
fn labels_are_names_of_classes_or_their_numbers() {
    let desk = Desk::with_two_models();
    desk.write("names.tsv", "ACGTAC\tno\nGGGTTT\tyes\nCATCAT\tyes\n");
    desk.write("numbers.tsv", "ACGTAC\t0\nGGGTTT\t1\nCATCAT\t1\n");
    let [names, numbers] = ["names", "numbers"]
        .map(|table| json(&desk.prints(&format!("evaluate --model k3 --json {table}.tsv"))));
    assert_eq!(names["report"], numbers["report"]);
    assert_eq!(names["class_names"], serde_json::json!(["no", "yes"]));
    // An ensemble, both strands.
    let both = "evaluate --model k3 --model k4 --strands both --json names.tsv";
    assert_eq!(json(&desk.prints(both))["rows"], 3);
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let desk = Desk::with_two_models();
    let refuses = |table: &str, what: &str| {
        desk.write("t.tsv", table);
        desk.refuses("evaluate --model k3 t.tsv", DATA, &["t.tsv", what]);
    };
    refuses("", "no row of data");
    refuses("sequence\tlabel\n", "no row of data");
    refuses("ACGTAC\tno\nGGGTTT\tmaybe\n", "label \"maybe\" is none of the 2 classes");
    refuses("ACGTAC\tno\nGG\tyes\n", "t.tsv:2: a sequence of 2 bases is too short for one token");
    refuses(
        "ACGTAC\tno\nGG!T\tyes\n",
        "t.tsv:2: not a DNA sequence\n  because: invalid base '!' at position 2",
    );
    desk.refuses("evaluate --model k3 none.tsv", IO, &["none.tsv"]);
    desk.refuses("evaluate --model none t.tsv", IO, &["none: no such folder"]);
    desk.refuses("evaluate t.tsv", USAGE, &["--model"]);
    // A model that was pre-trained alone has no classes.
    let small = "evaluate --model @models/small-4 t.tsv";
    desk.refuses(small, DATA, &["small-4"]);
}
