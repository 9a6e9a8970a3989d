//! `dnabert predict` with small models.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use support::{DATA, Desk, IO, USAGE, cells, printed, refuses, told};

fn table(desk: &Desk, arguments: &str) -> Vec<Vec<String>> {
    cells(&desk.prints(&format!("predict {arguments}")))
}

#[test]
fn predictions_of_an_ensemble_are_the_mean() {
    let desk = Desk::with_two_models();
    let one = |k: &str| table(&desk, &format!("--model {k} x.fa"));
    let (k3, k4) = (one("k3"), one("k4"));
    assert_eq!(k3[0], ["name", "predicted", "p_no", "p_yes"]);
    assert_eq!((k3[1][0].as_str(), k3[2][0].as_str(), k3.len()), ("short", "long", 3));
    let both = table(&desk, "--model k3 --model k4 x.fa");
    for row in 1..3 {
        let number = |table: &[Vec<String>]| table[row][3].parse::<f64>().unwrap();
        let mean = (number(&k3) + number(&k4)) / 2.0;
        assert!((number(&both) - mean).abs() < 2e-6, "{both:?}");
    }
}

#[test]
fn both_strands_are_the_mean_of_a_sequence_and_its_reverse_complement() {
    let desk = Desk::with_two_models();
    desk.write("y.fa", ">forward\nACGGTCAAACCT\n>reverse\nAGGTTTGACCGT\n");
    let one = table(&desk, "--model k3 y.fa");
    let both = table(&desk, "--model k3 --strands both y.fa");
    let number = |table: &[Vec<String>], row: usize| table[row][3].parse::<f64>().unwrap();
    let mean = (number(&one, 1) + number(&one, 2)) / 2.0;
    for row in 1..3 {
        assert!((number(&both, row) - mean).abs() < 2e-6, "{one:?}, {both:?}");
    }
}

#[test]
fn tables_and_pairs_are_read_and_files_are_written_whole() {
    let desk = Desk::with_two_models();
    desk.write("pairs.tsv", "ACGTAC\tGGGTTT\nACGTAC\tACGTAC\n");
    let pairs = table(&desk, "--model k3 --pairs pairs.tsv");
    assert_eq!((pairs.len(), pairs[2][0].as_str()), (3, "pairs.tsv:2"));

    desk.write("out.tsv", "an older result");
    desk.write("bad.tsv", "ACGTAC\nACNTAC\n");
    let bad = "predict --model k3 --out out.tsv bad.tsv";
    desk.refuses(bad, DATA, &["bad.tsv:2: ambiguous base 'N' at position 2"]);
    assert_eq!(desk.read("out.tsv"), "an older result");
    desk.prints(&format!("{bad} --unknown"));
    assert_eq!(cells(&desk.read("out.tsv")).len(), 3);
    // What ends well leaves nothing else behind.
    assert_eq!(desk.list("."), ["bad.tsv", "k3", "k4", "out.tsv", "pairs.tsv", "x.fa"]);
}

#[test]
fn tokens_with_ambiguous_letters_are_left_out() {
    let desk = Desk::with_two_models();
    desk.write("n.fa", ">n\nACGTACNACGTAC\n");
    desk.refuses("predict --model k3 n.fa", DATA, &["n: ambiguous base 'N' at position 6"]);
    let [unknown, split] = ["--unknown", "--split"].map(|how| {
        let rows = table(&desk, &format!("--model k3 {how} n.fa"));
        assert_eq!(rows.len(), 2);
        rows[1].clone()
    });
    assert_ne!(unknown, split);
    desk.refuses("predict --model k3 --unknown --split n.fa", USAGE, &["cannot be used with"]);
}

#[test]
fn standard_input_is_read() {
    let desk = Desk::with_two_models();
    let feed = |text: &str| {
        let mut child = desk.command("predict --model k3 -").stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(cells(&printed(&feed(&desk.read("x.fa")))), table(&desk, "--model k3 x.fa"));
    let rows = cells(&printed(&feed("ACGTAC\nGGGTTT\n")));
    assert_eq!(rows.len(), 3);
    refuses(&feed(">a\nACGTAC\n>b\nAC!TAC\n"), DATA, &["b", "invalid base '!' at position 2"]);
    refuses(&feed(""), DATA, &["no row of data"]);
}

#[test]
fn json_has_an_object_for_each_sequence() {
    let desk = Desk::with_two_models();
    let rows = table(&desk, "--model k3 x.fa");
    let text = desk.prints("predict --model k3 --json x.fa");
    assert_eq!(text.lines().count(), 2);
    for (line, row) in text.lines().zip(&rows[1..]) {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&object["name"], &object["predicted"]), (&(*row[0]).into(), &(*row[1]).into()));
        for (label, value) in [("no", &row[2]), ("yes", &row[3])] {
            let value: f64 = value.parse().unwrap();
            let found = object["values"][label].as_f64().unwrap();
            assert!((found - value).abs() < 1e-6, "{line}");
        }
    }
    desk.prints("predict --model k3 --json --out x.jsonl x.fa");
    assert_eq!(desk.read("x.jsonl"), text);
}

#[test]
fn quiet_tells_nothing() {
    let desk = Desk::with_two_models();
    let loud = desk.run("predict --model k3 x.fa");
    assert!(told(&loud).contains("2 sequences in "), "{}", told(&loud));
    for arguments in ["--quiet predict --model k3 x.fa", "predict --model k3 x.fa -q"] {
        let output = desk.run(arguments);
        assert_eq!(told(&output), "");
        assert_eq!(printed(&output), printed(&loud));
    }
    // Errors are told all the same.
    desk.write("bad.fa", ">a\nAC!T\n");
    let output = desk.run("predict --model k3 -q bad.fa");
    let error = "error: bad.fa: record \"a\"\n  because: invalid base '!' at position 2\n";
    refuses(&output, DATA, &[error]);
    assert_eq!(told(&output), error);
    desk.refuses("predict --model k3 -q -v x.fa", USAGE, &["cannot be used with"]);
}

#[test]
fn a_mask_that_needs_a_length_says_so() {
    let desk = Desk::with_two_models();
    let head = "--model k3 --mask-mode head x.fa";
    desk.refuses(&format!("predict {head}"), DATA, &["padded_length"]);
    desk.refuses(&format!("embed {head}"), DATA, &["padded_length"]);
    let long = format!("predict {head} --padded-length 33");
    desk.refuses(&long, DATA, &["`padded_length` is 33"]);
    assert_eq!(table(&desk, &format!("{head} --padded-length 32")).len(), 3);
}

#[test]
fn causes_are_told_wherever_the_answer_goes() {
    let desk = Desk::with_two_models();
    desk.write("bad.fa", ">a\nAC*T\n");
    for out in ["", "--out out.tsv"] {
        let arguments = format!("predict --model k3 {out} bad.fa");
        desk.refuses(&arguments, DATA, &["invalid base '*' at position 2"]);
    }
}

#[test]
fn models_that_are_not_there_are_named() {
    let desk = Desk::with_two_models();
    desk.refuses("predict --model k5 x.fa", IO, &["k5: no such folder"]);
    desk.write("k3/vocab.txt", "[PAD]\n");
    desk.refuses("embed --model k3 x.fa", DATA, &["vocab.txt"]);
}

#[test]
fn one_of_several_models_is_named_when_it_cannot_read_a_sequence() {
    let desk = Desk::with_two_models();
    desk.write("abc.fa", ">abc\nACG\n");
    assert_eq!(table(&desk, "--model k3 abc.fa").len(), 2);
    let what = ["k4: abc: a sequence of 3 bases is too short for one token"];
    desk.refuses("predict --model k3 --model k4 abc.fa", DATA, &what);
}
