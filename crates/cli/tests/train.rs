//! `dnabert train` on small tables.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;

use serde_json::Value;

use support::{DATA, Desk, IO, TABLES, TINY, USAGE, refuses};

/// Three tables, and an output folder that already holds a result.
fn desk() -> Desk {
    let desk = Desk::with_tables();
    fs::create_dir(desk.path("out")).unwrap();
    desk.write("out/metrics.json", "an older result");
    desk
}

/// Training fails, and leaves the old result alone.
#[track_caller]
fn training_refuses(desk: &Desk, options: &str, code: i32, what: &[&str]) {
    refuses(&desk.run(&format!("train {TABLES} --out out {options}")), code, what);
    assert_eq!(desk.read("out/metrics.json"), "an older result");
    assert_eq!(desk.list("out"), ["metrics.json"]);
}

#[test]
fn a_run_leaves_metrics_predictions_and_a_model_to_start_from() {
    let desk = desk();
    let text = desk.prints(&format!("train {TABLES} --out out {TINY}"));
    for row in ["16 train, 16 dev, 16 test examples", "accuracy", "MCC", "AUROC", "AUPRC"] {
        assert!(text.contains(row), "{row}: {text}");
    }
    let text = desk.read("out/metrics.json");
    let metrics: Value = serde_json::from_str(&text).unwrap();
    for key in ["accuracy", "f1_macro", "mcc", "auroc", "auprc", "data_sha256"] {
        assert!(!metrics[key].is_null(), "{key} in {text}");
    }
    assert_eq!((&metrics["seed"], &metrics["config"]["k"]), (&1.into(), &3.into()));
    let table = desk.read("out/predictions.tsv");
    assert_eq!(table.lines().next(), Some("name\tlabel\tpredicted\tp_0\tp_1"));
    assert_eq!(table.lines().count(), 17);
    assert!(table.contains("\ntest.tsv:2\t0\t"));
    for figure in ["out/curves.svg", "out/confusion.svg"] {
        assert!(desk.read(figure).starts_with("<svg"), "{figure}");
    }
    assert!(desk.read("out/run.toml").contains("command = \"train\""));

    fs::rename(desk.path("out/model"), desk.path("model")).unwrap();
    desk.prints(&format!("train {TABLES} --out out --epochs 1 --model model"));
}

#[test]
fn classes_may_have_names() {
    let desk = Desk::with_tables();
    for name in ["train.tsv", "dev.tsv", "test.tsv"] {
        let named = desk.read(name).replace("\t0\n", "\tneither\n").replace("\t1\n", "\tsite\n");
        desk.write(name, &named);
    }
    let classes = "--classes neither,site";
    desk.prints(&format!("train {TABLES} --out out {TINY} {classes}"));
    let config: Value = serde_json::from_str(&desk.read("out/model/config.json")).unwrap();
    assert_eq!(config["id2label"]["1"], "site");
    let train = |options: &str| desk.run(&format!("train {TABLES} --out o {TINY} {options}"));
    refuses(&train(""), DATA, &["train.tsv:2", "name the classes (--classes)"]);
    refuses(&train("--classes site"), USAGE, &["--classes"]);
    refuses(&train("--classes a,b"), DATA, &["label \"neither\" is none of the 2 classes (a, b)"]);
    desk.write("train.tsv", "sequence\ttarget\nACGTACGT\t1\n");
    refuses(&train(classes), DATA, &["train.tsv:1", "no column is named label", "target"]);
}

#[test]
fn metrics_are_printed_as_json() {
    let desk = Desk::with_tables();
    let text = desk.prints(&format!("train {TABLES} --out out {TINY} --json"));
    let printed: Value = serde_json::from_str(&text).unwrap();
    let written: Value = serde_json::from_str(&desk.read("out/metrics.json")).unwrap();
    assert_eq!(printed, written);
}

#[test]
fn a_bad_row_is_named() {
    let desk = desk();
    desk.write("train.tsv", "sequence\tlabel\nACGTACGT\t0\nACGT!CGT\t1\n");
    training_refuses(&desk, TINY, DATA, &["train.tsv:3", "invalid base '!' at position 4"]);
}

#[test]
fn an_empty_file_is_named() {
    let desk = desk();
    desk.write("dev.tsv", "");
    training_refuses(&desk, TINY, DATA, &["dev.tsv: no row of data"]);
}

#[test]
fn a_sequence_shorter_than_k_is_named() {
    let desk = desk();
    desk.write("test.tsv", "ACGTACGT\t0\nAC\t1\n");
    let what = "a sequence of 2 bases is too short for one token: at least 3 are needed";
    training_refuses(&desk, TINY, DATA, &["test.tsv:2", what]);
}

#[test]
fn a_label_out_of_range_is_named() {
    let desk = desk();
    desk.write("dev.tsv", "ACGTACGT\t0\nACGTACGT\t2\n");
    training_refuses(&desk, TINY, DATA, &["dev.tsv:2", r#"label "2" is none of the 2 classes"#]);
}

#[test]
fn a_damaged_or_misshapen_checkpoint_is_named() {
    let desk = Desk::with_model();
    fs::create_dir(desk.path("out")).unwrap();
    desk.write("out/metrics.json", "an older result");
    let from = "--model model --epochs 1";

    let weights = desk.path("model/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    training_refuses(&desk, from, DATA, &["model/model.safetensors", "damaged"]);

    fs::write(&weights, whole).unwrap();
    let config = desk.read("model/config.json");
    let wider = config.replace(r#""intermediate_size": 64"#, r#""intermediate_size": 96"#);
    assert_ne!(config, wider);
    desk.write("model/config.json", &wider);
    let name = "bert.encoder.layer.1.intermediate.dense.weight has shape [64, 32] where [96, 32]";
    training_refuses(&desk, from, DATA, &["model.safetensors", name]);

    fs::remove_file(desk.path("model/vocab.txt")).unwrap();
    desk.write("model/config.json", &config);
    training_refuses(&desk, from, IO, &["vocab.txt"]);
}

#[test]
fn one_table_is_split_the_same_way_each_time() {
    let desk = Desk::with_one_table();
    let train = |out: &str, more: &str| -> Value {
        desk.prints(&format!("train all.tsv --out {out} {TINY} {more}"));
        serde_json::from_str(&desk.read(&format!("{out}/metrics.json"))).unwrap()
    };
    let metrics = train("first", "");
    let rows = [0, 1, 2].map(|split| metrics["examples"][split].as_u64().unwrap());
    assert_eq!(rows.iter().sum::<u64>(), 60, "{rows:?}");
    assert!(rows[0] > 40 && rows[1] > 1 && rows[2] > 1, "{rows:?}");
    assert_eq!(desk.read("first/predictions.tsv").lines().count() as u64, 1 + rows[2]);
    // The seed of training changes the network alone.
    train("second", "--seed 1");
    train("third", "--seed 2");
    train("fourth", "--split-seed 2");
    train("fifth", "--test-fraction 0.4");
    let predictions = |out: &str| desk.read(&format!("{out}/predictions.tsv"));
    let rows = |out: &str| -> Vec<String> {
        let text = predictions(out);
        text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    assert_eq!(predictions("first"), predictions("second"));
    assert_ne!(predictions("first"), predictions("third"));
    assert_eq!(rows("first"), rows("third"));
    assert_ne!(rows("first"), rows("fourth"));
    assert!(rows("fifth").len() > 2 * rows("first").len());
}

#[test]
fn rows_that_are_alike_are_in_one_split() {
    let desk = Desk::with_one_table();
    // Each row is there twice, the second time read from the other strand.
    let other = |sequence: &str| -> String {
        let turn = |base| match base {
            'A' => 'T',
            'C' => 'G',
            'G' => 'C',
            _ => 'A',
        };
        sequence.chars().rev().map(turn).collect()
    };
    let mut twice = "sequence\tlabel\n".to_owned();
    for row in support::cells(&desk.read("all.tsv")).iter().skip(1) {
        twice += &format!("{0}\t{2}\n{1}\t{2}\n", row[0], other(&row[0]), row[1]);
    }
    desk.write("twice.tsv", &twice);
    desk.prints(&format!("train twice.tsv --out out {TINY}"));
    let table = support::cells(&desk.read("out/predictions.tsv"));
    let line = |row: &Vec<String>| row[0].rsplit(':').next().unwrap().parse::<usize>().unwrap();
    let lines: Vec<usize> = table.iter().skip(1).map(line).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        // Lines 2 and 3 are one sequence, 4 and 5 the next.
        assert!(lines.contains(&(line ^ 1)), "{line} without its other strand: {lines:?}");
    }
}

#[test]
fn tables_that_cannot_be_split_are_refused() {
    let desk = Desk::with_tables();
    let one = format!("train train.tsv --out out {TINY}");
    desk.refuses(&one, DATA, &["train.tsv: the dev split would have no row of class"]);
    assert!(!desk.path("out").exists());
    for options in [
        format!("train --out out {TINY}"),
        format!("train train.tsv {TABLES} --out out {TINY}"),
        format!("train --train train.tsv --out out {TINY}"),
        format!("train {TABLES} {TINY}"),
    ] {
        desk.refuses(&options, USAGE, &[]);
    }
}
