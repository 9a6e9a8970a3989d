//! FASTA: no panic; the same records with other line ends; the runs are the bases of the records.
#![no_main]

use dnabert_fuzz::{as_dos, write};
use dnabert_genome::fasta::{Reader, Record};
use dnabert_genome::{LetterPolicy, Runs};
use libfuzzer_sys::fuzz_target;

fn records(name: &str, bytes: &[u8]) -> Option<Vec<Record>> {
    let path = write(name, bytes);
    Reader::open(path, LetterPolicy::default()).ok()?.collect::<Result<_, _>>().ok()
}

fuzz_target!(|data: &[u8]| {
    let found = records("x.fa", data);
    if let Some(dos) = as_dos(data) {
        assert_eq!(records("dos.fa", &dos), found);
    }
    let path = write("x.fa", data);
    let runs: Option<Vec<_>> = Runs::open(path, LetterPolicy::default(), 7)
        .ok()
        .and_then(|runs| runs.collect::<Result<_, _>>().ok());
    if let (Some(records), Some(runs)) = (found, runs) {
        let unambiguous = |record: &Record| record.sequence.len() - record.sequence.ambiguous();
        let bases: usize = records.iter().map(unambiguous).sum();
        assert_eq!(runs.iter().map(|run| run.sequence.len()).sum::<usize>(), bases);
    }
});
