//! The corpus of the shipped model shares no 31-mer with the sets that models are evaluated on.

use std::collections::HashSet;
use std::path::PathBuf;

use dnabert_tasks::corpus::{Corpus, CorpusConfig, KmerSet};
use dnabert_tasks::{FileRole, Manifest, TableFormat, read_inputs};

const K: usize = 31;

/// The canonical 31-mers of a sequence, computed in the simplest way, so that the check is independent
/// of the code that it checks.
fn kmers(bases: &[u8]) -> impl Iterator<Item = u64> {
    let code = |base: u8| b"ACGT".iter().position(|&known| known == base).map(|code| code as u64);
    bases.windows(K).filter_map(move |window| {
        let (mut forward, mut reverse) = (0, 0);
        for (place, &base) in window.iter().enumerate() {
            let code = code(base)?;
            forward = forward << 2 | code;
            reverse |= (3 - code) << (2 * place);
        }
        Some(forward.min(reverse))
    })
}

#[test]
fn no_31_mer_of_the_corpus_is_in_a_row_that_models_are_evaluated_on() {
    let datasets = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"));
    let manifest = Manifest::read(&datasets).unwrap();
    let (mut excluded, mut evaluated) = (KmerSet::new(K), HashSet::new());
    let mut rows = 0;
    for file in manifest.files(&datasets, FileRole::Benchmark) {
        for input in read_inputs(&file, &TableFormat::default()).unwrap() {
            let sequence = input.unwrap().sequence;
            evaluated.extend(kmers(sequence.as_bytes()));
            excluded.add(&sequence);
            rows += 1;
        }
    }
    assert!(
        rows > 15_000 && evaluated.len() > 1_000_000,
        "{rows} rows, {} 31-mers",
        evaluated.len()
    );
    let genomes = manifest.files(&datasets, FileRole::Genome);
    let corpus = Corpus::build(&genomes, &CorpusConfig::new(6), &excluded).unwrap();
    assert!(corpus.report.excluded > 1_000_000, "{:?}", corpus.report);
    let mut checked = 0;
    for part in [&corpus.train, corpus.held_out.as_ref().unwrap()] {
        for stretch in part.stretches(1 << 16, K - 1) {
            let stretch = stretch.unwrap();
            for kmer in kmers(stretch.sequence.as_bytes()) {
                checked += 1;
                assert!(!evaluated.contains(&kmer), "{}: {}", stretch.record, stretch.start);
            }
        }
    }
    assert!(checked > 25_000_000, "{checked} 31-mers");
}
