//! Motif files: no panic; what is read, written and read again is the same.
#![no_main]

use dnabert_fuzz::write;
use dnabert_motif::file::{MotifFormat, read_motifs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(motifs) = read_motifs(write("x.motif", data)) else { return };
    let format = MotifFormat::Jaspar;
    let text = format.format(&motifs, &dnabert_motif::Background::uniform());
    let again = format.parse(&text).expect("what was written is read");
    assert_eq!(again.len(), motifs.len());
    for (again, motif) in again.iter().zip(&motifs) {
        assert_eq!(again.counts.rows(), motif.counts.rows());
    }
});
