//! Ids and offsets of the Python `tokenizers` library (0.23.3), on stored sequences.
//!
//! `data/tokenizer.json` was trained with that library on the shipped fruit-fly promoters (160
//! ids). If `DNABERT_ORACLE` names a folder with `dnabert2/tokenizer.json`, DNABERT-2's own
//! tokenizer is compared as well.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use dnabert_bpe::{BpeError, BpeTokenizer};
use dnabert_core::{
    AmbiguityPolicy, LengthPolicy, LetterPolicy, Sequence, Tiling, TokenizeError, Tokenizer,
};
use proptest::prelude::*;
use serde_json::Value;

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

fn ours() -> BpeTokenizer {
    BpeTokenizer::read(data("tokenizer.json")).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap() as u32).collect()
}

fn sequence(text: &str) -> Sequence {
    text.parse().unwrap()
}

#[test]
fn ids_and_spans_equal_those_of_python() {
    let tokenizer = ours().with_ambiguity(AmbiguityPolicy::Unknown);
    let cases = json(&data("cases.json"));
    for case in cases["cases"].as_array().unwrap() {
        let row = tokenizer.encode(&sequence(case["sequence"].as_str().unwrap())).unwrap();
        assert_eq!(row.ids, numbers(&case["ids"]));
        let spans: Vec<Vec<u32>> = row
            .spans
            .iter()
            .map(|span| {
                let span = span.clone().unwrap_or(0..0);
                vec![span.start as u32, span.end as u32]
            })
            .collect();
        let offsets: Vec<Vec<u32>> =
            case["offsets"].as_array().unwrap().iter().map(numbers).collect();
        assert_eq!(spans, offsets);
    }
    for pair in cases["pairs"].as_array().unwrap() {
        let [first, second] =
            ["first", "second"].map(|part| sequence(pair[part].as_str().unwrap()));
        let row = tokenizer.encode_pair(&first, &second).unwrap();
        assert_eq!(row.ids, numbers(&pair["ids"]));
        assert_eq!(row.segment_ids, numbers(&pair["type_ids"]));
    }
}

#[test]
fn ids_equal_those_of_dnabert_2_if_its_tokenizer_is_available() {
    let Some(folder) = std::env::var_os("DNABERT_ORACLE") else {
        return; // its tokenizer.json cannot be shipped with this project
    };
    let folder = PathBuf::from(folder).join("dnabert2");
    let tokenizer = BpeTokenizer::read(folder.join("tokenizer.json"))
        .unwrap()
        .with_ambiguity(AmbiguityPolicy::Unknown);
    assert_eq!(tokenizer.vocab_size(), 4096);
    let cases = json(&folder.join("tokenizer_cases.json"));
    let mut compared = 0;
    for case in cases.as_array().unwrap() {
        let text = case["sequence"].as_str().unwrap();
        if text.bytes().any(|letter| letter.is_ascii_lowercase() || letter == b' ') {
            continue; // Python encodes these letters as other words; a Sequence has neither
        }
        let row = tokenizer.encode(&sequence(text)).unwrap();
        assert_eq!(row.ids, numbers(&case["ids"]), "{text}");
        compared += 1;
    }
    assert!(compared >= 6);
}

#[test]
fn lost_tokens_are_counted_or_rejected() {
    let text = Sequence::read("ACGTNNACGT", &LetterPolicy::default()).unwrap().0;
    let error = ours().encode(&text).unwrap_err();
    assert_eq!(error, TokenizeError::AmbiguousBase { letter: 'N', position: 4 });
    let unknown = ours().with_ambiguity(AmbiguityPolicy::Unknown).encode(&text).unwrap();
    assert_eq!(unknown.report.unknown_tokens, 2);
    let split = ours().with_ambiguity(AmbiguityPolicy::Split).encode(&text).unwrap();
    assert_eq!(split.report.skipped_tokens, 2);
    assert_eq!(split.spans.iter().flatten().last(), Some(&(9..10)));

    let long = sequence(&"ACGGT".repeat(400));
    assert!(matches!(ours().encode(&long), Err(TokenizeError::TooLong { maximum: 512, .. })));
    let whole = ours().with_length(LengthPolicy::Unlimited).encode(&long).unwrap();
    let cut = ours().with_length(LengthPolicy::Truncate(100)).encode(&long).unwrap();
    assert_eq!((cut.len(), cut.report.truncated_tokens), (100, whole.len() - 100));
    let tiles: Vec<_> = ours().tiles(&long, Tiling::new(100, 10)).map(Result::unwrap).collect();
    assert_eq!(tiles.last().unwrap().spans.iter().flatten().last().unwrap().end, long.len());
}

#[test]
fn an_error_names_the_file() {
    let error = BpeTokenizer::read(data("absent.json")).unwrap_err();
    assert!(error.to_string().contains("absent.json"), "{error}");
    let error = BpeTokenizer::read(data("cases.json")).unwrap_err();
    assert!(matches!(error, BpeError::Read { .. }), "{error}");
}

proptest! {
    #[test]
    fn decode_inverts_encode_and_spans_cover_the_sequence(text in "[ACGT]{1,200}") {
        let row = ours().encode(&sequence(&text)).unwrap();
        prop_assert_eq!(ours().decode(&row.ids).unwrap().to_string(), text.clone());
        let mut end = 0;
        for span in row.spans.iter().flatten() {
            prop_assert_eq!(span.start, end);
            end = span.end;
        }
        prop_assert_eq!(end, text.len());
    }
}
