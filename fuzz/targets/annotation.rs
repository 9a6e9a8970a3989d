//! GTF, GFF3, BED, narrowPeak and FPS: no panic; the same with other line ends. The first byte chooses
//! the format.
#![no_main]

use dnabert_fuzz::{as_dos, write};
use dnabert_genome::annotation::{AnnotationFormat, Part, read_transcripts};
use dnabert_genome::bed::{read_bed, read_narrow_peak};
use dnabert_genome::fps::read_fps;
use libfuzzer_sys::fuzz_target;

fn read(format: u8, bytes: &[u8]) -> Option<String> {
    let path = write("x", bytes);
    Some(match format % 6 {
        0 => format!("{:?}", read_transcripts(path, AnnotationFormat::Gtf, Part::Exon).ok()?),
        1 => format!("{:?}", read_transcripts(path, AnnotationFormat::Gff3, Part::Exon).ok()?),
        2 => format!("{:?}", read_transcripts(path, AnnotationFormat::Gff3, Part::Coding).ok()?),
        3 => {
            let peaks = read_narrow_peak(path).ok()?;
            peaks.iter().for_each(|peak| drop(peak.window(101)));
            format!("{peaks:?}")
        }
        4 => {
            let records = read_bed(path).ok()?;
            let starts: Vec<usize> =
                records.iter().map(|record| record.transcription_start()).collect();
            format!("{records:?} {starts:?}")
        }
        _ => format!("{:?}", read_fps(path).ok()?),
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((&format, text)) = data.split_first() else { return };
    let found = read(format, text);
    if let Some(dos) = as_dos(text) {
        assert_eq!(read(format, &dos), found);
    }
});
