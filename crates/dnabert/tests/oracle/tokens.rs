//! Tokenizer, k-mer functions and cutting.

use dnabert::core::{LetterPolicy, LetterRule, Sequence, Tokenizer};
use dnabert::kmer::{
    AmbiguityPolicy, KmerTokenizer, LengthPolicy, Vocabulary, reference, sentence,
};
use dnabert::tasks::corpus::cut_lengths;
use serde_json::Value;

use crate::ledger::{Ledger, Tolerance};

pub(crate) fn compare(ledger: &mut Ledger) {
    sentences(ledger);
    long_rows(ledger);
    functions(ledger);
    for model in ["k3_mlm", "k6_mlm"] {
        raw_sequences(ledger, model);
        vocabulary(ledger, model);
    }
}

/// Reads a JSON file; a failure is noted and gives `Null`.
pub(crate) fn json(ledger: &mut Ledger, file: &str) -> Value {
    let read = std::fs::read_to_string(ledger.path(file))
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    ledger.attempt(file, read).unwrap_or(Value::Null)
}

/// The elements of a JSON array; none for anything else.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A JSON array of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    items(value).iter().map(|number| number.as_f64().unwrap()).collect()
}

fn size(value: &Value) -> Option<usize> {
    value.as_u64().map(|number| number as usize)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn sentences(ledger: &mut Ledger) {
    let file = "io/tokenizer_cases.json";
    for case in items(&json(ledger, file)["cases"]) {
        let vocabulary = Vocabulary::new(size(&case["k"]).unwrap()).unwrap();
        let maximum = size(&case["max_length"]);
        let name = format!("k={} {}", vocabulary.k(), text(&case["note"]));
        let words = sentence::words(text(&case["text"])).join("|");
        let expected: Vec<&str> = items(&case["tokens"]).iter().map(text).collect();
        ledger.compare_text(file, &name, &words, &expected.join("|"));

        let (ids, _) = sentence::ids(&vocabulary, text(&case["text"]));
        let (row, segments) = match case["pair"].as_str() {
            Some(second) => {
                let (second, _) = sentence::ids(&vocabulary, second);
                reference::pair_row(&ids, &second, maximum)
            }
            None => {
                let row = reference::row(&ids, maximum);
                let segments = vec![0; row.len()];
                (row, segments)
            }
        };
        // The reference calls special what it added itself, at the ends of the segments.
        let is_cls_or_sep = |id: &u32| u32::from([2, 3].contains(id));
        let special = row.iter().enumerate().map(|(place, id)| {
            let inner_cls = place > 0 && *id == 2;
            if inner_cls { 0 } else { is_cls_or_sep(id) }
        });
        let special: Vec<u32> = special.collect();
        for (what, found) in
            [("input_ids", row), ("token_type_ids", segments), ("special_tokens_mask", special)]
        {
            let expected = numbers(&case[what]);
            ledger.compare(file, &format!("{name} {what}"), found, expected, Tolerance::EXACT);
        }
    }
}

fn long_rows(ledger: &mut Ledger) {
    let file = "io/tokenizer_long_cases.json";
    for case in items(&json(ledger, file)["cases"]) {
        let ids = vec![5; size(&case["n_kmers"]).unwrap()];
        let row = reference::row(&ids, size(&case["max_length"]));
        let places = |id: u32| {
            let all = row.iter().enumerate().filter(move |&(_, found)| *found == id);
            all.map(|(place, _)| place as u32).collect::<Vec<_>>()
        };
        let name = format!("{} k-mers, at most {}", case["n_kmers"], case["max_length"]);
        let length = numbers(&Value::Array(vec![case["out_len"].clone()]));
        ledger.compare(file, &name, [row.len() as u32], length, Tolerance::EXACT);
        let types = numbers(&Value::Array(vec![case["token_type_len"].clone()]));
        ledger.compare(file, &name, [row.len() as u32], types, Tolerance::EXACT);
        let (cls, sep) = (numbers(&case["cls_positions"]), numbers(&case["sep_positions"]));
        ledger.compare(file, &name, places(2), cls, Tolerance::EXACT);
        ledger.compare(file, &name, places(3), sep, Tolerance::EXACT);
    }
}

fn functions(ledger: &mut Ledger) {
    let file = "io/kmer_and_cutting.json";
    let cases = json(ledger, file);
    for case in items(&cases["kmer_functions"]) {
        let (k, sequence) = (size(&case["k"]).unwrap(), text(&case["seq"]));
        let stride = size(&case["stride"]).unwrap_or(1);
        let kmers = reference::seq2kmer(sequence, k);
        for (name, found) in [
            ("kmer2seq", reference::kmer2seq(&kmers)),
            ("get_kmer_sentence", reference::get_kmer_sentence(sequence, k, stride)),
            ("seq2kmer", kmers),
        ] {
            // Where the reference fails on its own output, nothing is stored.
            if let Some(expected) = case[name].as_str() {
                ledger.compare_text(file, name, &found, expected);
            }
        }
        if case["get_kmer_sequence"].is_array() {
            let found = reference::get_kmer_sequence(sequence, k).join(" ");
            let expected: Vec<&str> = items(&case["get_kmer_sequence"]).iter().map(text).collect();
            ledger.compare_text(file, "get_kmer_sequence", &found, &expected.join(" "));
        }
    }
    for case in items(&cases["cut_no_overlap"]) {
        let (length, k) = (size(&case["length"]).unwrap(), size(&case["kmer"]).unwrap());
        let mut draws = numbers(&case["uniform_draws"]).into_iter();
        let share = case["max_prob"].as_f64().unwrap();
        let found = cut_lengths(length, 509 + k, share, || draws.next().expect("a recorded draw"));
        let name = format!("cut_no_overlap of {length}");
        let found = found.into_iter().map(|length| length as u32);
        ledger.compare(file, &name, found, numbers(&case["cuts"]), Tolerance::EXACT);
        ledger.compare(file, "draws left", [draws.count() as u32], [0], Tolerance::EXACT);
    }
}

/// The reference reads lower case and `N` alike: as k-mers outside the vocabulary.
const AS_REFERENCE: LetterPolicy = LetterPolicy {
    lower_case: LetterRule::Mask,
    uracil: LetterRule::Mask,
    ambiguous: dnabert::core::AmbiguityRule::Keep,
};

/// A tokenizer with the reference's habits.
pub(crate) fn tokenizer(k: usize, maximum: Option<usize>) -> KmerTokenizer {
    KmerTokenizer::new(k)
        .unwrap()
        .with_ambiguity(AmbiguityPolicy::Unknown)
        .with_length(maximum.map_or(LengthPolicy::Unlimited, LengthPolicy::Truncate))
}

/// The token ids of a raw sequence.
pub(crate) fn encode(tokenizer: &KmerTokenizer, sequence: &str) -> Vec<u32> {
    let (sequence, _) = Sequence::read(sequence, &AS_REFERENCE).unwrap();
    tokenizer.encode(&sequence).unwrap().ids
}

fn raw_sequences(ledger: &mut Ledger, model: &str) {
    let file = format!("io/{model}_inputs.json");
    let cases = json(ledger, &file);
    let Some(k) = size(&cases["k"]) else { return };
    let tokenizer = tokenizer(k, None);
    let rows = items(&cases["sequences"]).iter().zip(items(&cases["kmer_sentences"]));
    for ((sequence, kmers), ids) in rows.zip(items(&cases["token_ids"])) {
        let expected = numbers(ids);
        let found = encode(&tokenizer, text(sequence));
        ledger.compare(&file, "from sequences", found, expected.clone(), Tolerance::EXACT);
        let (ids, _) = sentence::ids(tokenizer.vocabulary(), text(kmers));
        let row = reference::row(&ids, None);
        ledger.compare(&file, "from k-mer sentences", row, expected, Tolerance::EXACT);
    }
}

fn vocabulary(ledger: &mut Ledger, model: &str) {
    let file = format!("models/{model}/vocab.txt");
    let Some(vocabulary) = ledger.attempt(&file, Vocabulary::read(ledger.path(&file))) else {
        return;
    };
    let lines = std::fs::read_to_string(ledger.path(&file)).unwrap();
    let found = lines.lines().map(|token| vocabulary.id(token).unwrap());
    let expected = 0..lines.lines().count() as u32;
    ledger.compare(&file, "ids", found.collect::<Vec<_>>(), expected, Tolerance::EXACT);
}
