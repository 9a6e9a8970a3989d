//! `dnabert embed` with small models.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::io::Write as _;
use std::process::Stdio;

use support::{DATA, Desk, cells, printed};

#[test]
fn vectors_of_sequences_tokens_and_bases_are_written() {
    let desk = Desk::with_two_models();
    let per = |what: &str| cells(&desk.prints(&format!("embed --model k3 --per {what} x.fa")));
    let sequences = per("sequence");
    assert_eq!((sequences.len(), sequences[1].len()), (3, 3 + 12));
    let bases = per("base");
    assert_eq!(bases.len(), 1 + 10 + 140);
    assert_eq!(bases[11][..3], ["long", "0", "1"]);
    let tokens = per("token");
    assert_eq!(tokens[1][..3], ["short", "NA", "NA"]); // [CLS]
    assert_eq!(tokens[2][..3], ["short", "0", "3"]);

    // The same numbers in NumPy's format, with an index.
    desk.prints("embed --model k3 --per base --out x.npy x.fa");
    let bytes = desk.bytes("x.npy");
    assert!(String::from_utf8_lossy(&bytes[..128]).contains("'shape': (150, 12)"));
    let values: Vec<f32> = bytes[128..]
        .chunks_exact(4)
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    let expected: Vec<f32> =
        bases[1..].iter().flat_map(|row| &row[3..]).map(|text| text.parse().unwrap()).collect();
    assert_eq!(values, expected);
    assert_eq!(cells(&desk.read("x.index.tsv")).len(), 151);
}

#[test]
fn a_table_is_the_same_in_a_file_and_from_standard_input() {
    let desk = Desk::with_two_models();
    let text = desk.prints("embed --model k3 x.fa");
    desk.prints("embed --model k3 --out x.tsv x.fa");
    assert_eq!(desk.read("x.tsv"), text);
    let mut child = desk.command("embed --model k3 -").stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&desk.bytes("x.fa")).unwrap();
    assert_eq!(printed(&child.wait_with_output().unwrap()), text);
}

#[test]
fn without_a_model_the_shipped_one_is_read() {
    let desk = Desk::with_two_models();
    let rows = cells(&desk.prints("embed x.fa"));
    assert_eq!(rows.len(), 3);
    assert_eq!(rows, cells(&desk.prints("embed --model @models/small-4 x.fa")));
}

#[test]
fn neither_file_of_an_older_result_is_changed_by_a_failure() {
    let desk = Desk::with_two_models();
    desk.write("x.npy", "older vectors");
    desk.write("x.index.tsv", "an older index");
    desk.write("bad.fa", ">a\nACGTAC\n>b\nAC!T\n");
    let what = ["bad.fa: record \"b\"", "invalid base '!' at position 2"];
    desk.refuses("embed --model k3 --per base --out x.npy bad.fa", DATA, &what);
    assert_eq!(desk.read("x.npy"), "older vectors");
    assert_eq!(desk.read("x.index.tsv"), "an older index");
}
