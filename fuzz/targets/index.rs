//! A FASTA file with any index beside it: the bases are those of the file, or an error. The first byte
//! says where the index begins.
#![no_main]

use dnabert_fuzz::write;
use dnabert_genome::fasta::Reader;
use dnabert_genome::{Genome, Interval, LetterPolicy, Strand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let (fasta, index) = rest.split_at(rest.len() * usize::from(first) / 255);
    let path = write("g.fa", fasta);
    write("g.fa.fai", index);
    let Ok(genome) = Genome::open(&path, LetterPolicy::default()) else { return };
    let known: Vec<(String, usize)> =
        genome.chromosomes().map(|(name, length)| (name.to_owned(), length)).collect();
    let Ok(reader) = Reader::open(&path, LetterPolicy::default()) else { return };
    let Ok(records) = reader.collect::<Result<Vec<_>, _>>() else { return };
    for ((name, length), record) in known.iter().zip(&records) {
        let Ok(interval) = Interval::new(name.as_str(), 0, *length, Strand::Forward) else {
            return;
        };
        let Ok(found) = genome.sequence(&interval) else { return };
        assert_eq!((name, &found), (&record.name, &record.sequence));
    }
    assert_eq!(known.len(), records.len());
});
