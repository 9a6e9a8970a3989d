//! Compares every stage of the motif pipeline with the output of DNABERT's own code (`tests/data`).
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;

use dnabert_core::Sequence;
use dnabert_motif::reference::{
    Config, Instance, ScoredSequence, Ties, Word, candidates, enrich, find_motifs, merge, windows,
};
use dnabert_motif::{high_regions, overlap};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn data(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&data(name)).unwrap()
}

#[derive(Deserialize)]
struct Region {
    score: Vec<f64>,
    min_len: usize,
    regions: Vec<[usize; 2]>,
}

#[test]
fn regions_equal_those_of_dnabert() {
    let cases: Vec<Region> = json("expected_regions.json");
    for case in &cases {
        let found: Vec<[usize; 2]> =
            high_regions(&case.score, case.min_len).iter().map(|r| [r.start, r.end]).collect();
        assert_eq!(found, case.regions);
    }
    assert_eq!(cases.len(), 39);
}

#[derive(Deserialize)]
struct Aligned {
    query: String,
    key: String,
    score: f64,
    aligned: [Vec<[usize; 2]>; 2],
    n_optimal: usize,
}

#[test]
fn overlaps_equal_those_of_biopython() {
    let cases: Vec<Aligned> = json("expected_align.json");
    for case in &cases {
        let (query, key) = (case.query.as_bytes(), case.key.as_bytes());
        let found = overlap(query, key);
        assert_eq!(
            (found.score as f64, found.ways),
            (case.score, case.n_optimal),
            "{}",
            case.query
        );
        let aligned = found.aligned(query.len(), key.len()).map(|range| [[range.start, range.end]]);
        assert_eq!(aligned.map(Vec::from), case.aligned, "{} {}", case.query, case.key);
    }
    assert_eq!(cases.len(), 67);
}

/// Words in the order of the file.
struct Words(Vec<Word>);

#[derive(Deserialize, Clone)]
struct Places {
    seq_idx: Vec<usize>,
    atten_region_pos: Vec<[isize; 2]>,
    #[serde(default)]
    seqs: Vec<String>,
}

impl Places {
    fn instances(&self) -> Vec<Instance> {
        let places = self.seq_idx.iter().zip(&self.atten_region_pos);
        places.map(|(&sequence, &[start, end])| Instance { sequence, start, end }).collect()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Words;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of words")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some((bases, places)) = map.next_entry::<String, Places>()? {
                    words.push(Word { bases, instances: places.instances() });
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Deserialize)]
struct Merge {
    input: Words,
    min_len: usize,
    align_all_ties: bool,
    merged: Words,
}

#[test]
fn merged_motifs_equal_those_with_biopython_before_and_after_1_83() {
    for (file, same_place) in
        [("expected_merge_bp178.json", Ties::SamePlace), ("expected_merge_bp185.json", Ties::First)]
    {
        let cases: Vec<Merge> = json(file);
        for case in &cases {
            let ties = if case.align_all_ties { same_place } else { Ties::First };
            assert_eq!(merge(case.input.0.clone(), case.min_len, ties), case.merged.0, "{file}");
        }
        assert_eq!(cases.len(), 30);
    }
}

#[derive(Deserialize)]
struct Params {
    window_size: usize,
    min_len: usize,
    pval_cutoff: f64,
    min_n_motif: usize,
    align_all_ties: bool,
}

#[derive(Deserialize)]
struct Pipeline {
    params: Params,
    candidates: Vec<String>,
    #[serde(rename = "N")]
    all: usize,
    #[serde(rename = "K")]
    positives: usize,
    n_all: Vec<usize>,
    x_pos: Vec<usize>,
    p_raw: Vec<f64>,
    p_bh: Vec<f64>,
    kept: Vec<String>,
    instances_kept: BTreeMap<String, Places>,
    merged: Words,
    windowed: BTreeMap<String, Places>,
    final_counts: BTreeMap<String, usize>,
    files: serde_json::Value,
}

/// The positives of `dev.tsv` with their scores, and the negatives.
fn rows() -> (Vec<(Sequence, Vec<f64>)>, Vec<Sequence>) {
    let bytes = data("atten.npy");
    let header = 10 + u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
    let values: Vec<f64> = bytes[header..]
        .chunks_exact(8)
        .map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap()))
        .collect();
    let text = String::from_utf8(data("dev.tsv")).unwrap();
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for (line, scores) in text.lines().skip(1).zip(values.chunks(81)) {
        let (kmers, label) = line.split_once('\t').unwrap();
        let sequence = Sequence::from_kmers(kmers, &Default::default()).unwrap().0;
        match label {
            "1" => positives.push((sequence, scores.to_vec())),
            _ => negatives.push(sequence),
        }
    }
    (positives, negatives)
}

#[test]
fn every_stage_equals_that_of_dnabert() {
    let (positives, negatives) = rows();
    let scored: Vec<ScoredSequence<'_>> =
        positives.iter().map(|(sequence, scores)| ScoredSequence { sequence, scores }).collect();
    let sequences: Vec<&Sequence> = positives.iter().map(|(sequence, _)| sequence).collect();
    let negatives: Vec<&Sequence> = negatives.iter().collect();
    let cases: BTreeMap<String, Pipeline> = json("expected_pipeline.json");
    assert_eq!(cases.len(), 4);
    for (name, case) in cases {
        assert_eq!(
            (sequences.len() + negatives.len(), sequences.len()),
            (case.all, case.positives)
        );
        let config = Config {
            min_len: case.params.min_len,
            p_value_cutoff: case.params.pval_cutoff,
            window: case.params.window_size,
            min_instances: case.params.min_n_motif,
            ties: if case.params.align_all_ties { Ties::SamePlace } else { Ties::First },
        };
        let words = candidates(&scored, config.min_len);
        let bases: Vec<&str> = words.iter().map(|word| word.bases.as_str()).collect();
        assert_eq!(bases, case.candidates, "{name}");
        let found = enrich(&words, &sequences, &negatives);
        for (at, found) in found.iter().enumerate() {
            assert_eq!((found.sequences, found.positives), (case.n_all[at], case.x_pos[at]));
            for (value, expected) in
                [(found.p_value, case.p_raw[at]), (found.adjusted, case.p_bh[at])]
            {
                assert!((value / expected - 1.0).abs() < 1e-9, "{name}: {value} {expected}");
            }
        }
        let found = find_motifs(&scored, &negatives, &config);
        assert_eq!(found.candidates, words);
        let kept: Vec<&Word> = words
            .iter()
            .zip(&found.enrichment)
            .filter(|(_, found)| found.adjusted < config.p_value_cutoff)
            .map(|(word, _)| word)
            .collect();
        let bases: Vec<&str> = kept.iter().map(|word| word.bases.as_str()).collect();
        assert_eq!(bases, case.kept, "{name}");
        for word in kept {
            assert_eq!(word.instances, case.instances_kept[&word.bases].instances(), "{name}");
        }
        assert_eq!(found.merged, case.merged.0, "{name}");
        for word in &found.merged {
            let windows = windows(word, &sequences, config.window);
            let expected = &case.windowed[&word.bases];
            assert_eq!(windows.instances, expected.instances(), "{name}");
            let bases: Vec<String> = windows
                .instances
                .iter()
                .map(|window| windows.bases_of(window, &sequences).unwrap())
                .collect();
            assert_eq!(bases, expected.seqs, "{name}");
        }
        let counts: BTreeMap<String, usize> =
            found.motifs.iter().map(|word| (word.bases.clone(), word.instances.len())).collect();
        assert_eq!(counts, case.final_counts, "{name}");
        for word in &found.motifs {
            let name = format!("motif_{}_{}.txt", word.bases, word.instances.len());
            if let Some(expected) = case.files.get(&name) {
                let text: String = word
                    .instances
                    .iter()
                    .map(|window| word.bases_of(window, &sequences).unwrap() + "\n")
                    .collect();
                assert_eq!(text, expected.as_str().unwrap());
            }
        }
    }
}
