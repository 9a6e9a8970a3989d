//! Compares with the output of DNABERT's variant tools for a small table.
#![allow(clippy::unwrap_used, reason = "a test")]

use dnabert_core::{LetterPolicy, Sequence};
use dnabert_variants::reference::{Mutation, MutationError, all_substitutions, parse, scores};

const TABLE: &str = include_str!("data/dev.tsv");
const MUTATIONS: &str = include_str!("data/mut_file.txt");
const FROM_FILE: &str = include_str!("data/expected_from_file/dev.tsv");
const ALL: &str = include_str!("data/expected_all/dev.tsv");
const SCORES: &str = include_str!("data/mutations.tsv");
const ORIGINAL: &[u8] = include_bytes!("data/orig_pred.npy");
const MUTATED: &[u8] = include_bytes!("data/mut_pred.npy");

/// The sequences of a table of k-mers, and their last column.
fn sequences(table: &str) -> Vec<(Sequence, Vec<&str>)> {
    table
        .lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let (sequence, _) = Sequence::from_kmers(columns[0], &LetterPolicy::STRICT).unwrap();
            (sequence, columns[1..].to_vec())
        })
        .collect()
}

fn is_equal(mutations: impl Iterator<Item = Mutation>, expected: &str) {
    let originals: Vec<Sequence> = sequences(TABLE).into_iter().map(|(row, _)| row).collect();
    let expected = sequences(expected);
    let mut count = 0;
    for (mutation, (sequence, columns)) in mutations.zip(&expected) {
        assert_eq!(mutation.apply(&originals).unwrap(), *sequence);
        assert_eq!(mutation.row.to_string(), columns[1]);
        count += 1;
    }
    assert_eq!(count, expected.len());
}

#[test]
fn mutated_sequences_equal_those_of_dnabert() {
    is_equal(parse(MUTATIONS).unwrap().into_iter(), FROM_FILE);
    let originals: Vec<Sequence> = sequences(TABLE).into_iter().map(|(row, _)| row).collect();
    is_equal(all_substitutions(&originals), ALL);
}

fn numbers(npy: &[u8]) -> Vec<f32> {
    let start = 10 + usize::from(u16::from_le_bytes([npy[8], npy[9]]));
    npy[start..].chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}

#[test]
fn scores_equal_those_of_dnabert() {
    let (original, mutated) = (numbers(ORIGINAL), numbers(MUTATED));
    // SNP.py sorts the rows when it merges them.
    let mutations = parse(MUTATIONS).unwrap();
    let mut order: Vec<usize> = (0..mutations.len()).collect();
    order.sort_by_key(|&at| mutations[at].row);
    for (line, at) in SCORES.lines().skip(1).zip(order) {
        let mutated = mutated[at];
        let columns: Vec<&str> = line.split('\t').collect();
        let row: usize = columns[1].parse().unwrap();
        let (difference, log_odds) = scores(original[row], mutated);
        let expected: [f32; 2] = [6, 7].map(|at| columns[at].parse().unwrap());
        assert!((difference - expected[0]).abs() < 1e-6, "{line}");
        // A difference of two single-precision numbers of a few units.
        assert!((log_odds - expected[1]).abs() < 1e-5, "{line}: {log_odds}");
    }
    assert_eq!(scores(1.0, 0.5).1, f32::INFINITY);
}

#[test]
fn errors_name_the_line() {
    for (text, what) in [
        ("0\t3\t4\tG\n1\tx\t4\tG\n", "line 2: \"x\" is not a number"),
        ("0\t5\t4\tG\n", "line 1: start 5 is after end 4"),
        ("0\t5\n", "line 1: 2 columns, but 3 or 4 are expected"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), what);
    }
    let error = parse("0\t3\t4\tG?\n").unwrap_err();
    assert!(matches!(error, MutationError::Allele { line: 1, .. }), "{error}");
    let mutation = parse("7\t0\t1\tA\n").unwrap().remove(0);
    assert_eq!(
        mutation.apply(&[]).unwrap_err().to_string(),
        "there is no row 7: the table has 0 rows"
    );
}
