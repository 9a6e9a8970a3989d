//! Genes and transcripts from GTF and GFF3.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use noodles::gff::feature::record::Attributes;
use noodles::{gff, gtf};

use crate::lines::{LineError, Lines, TableError};
use crate::{Interval, Strand};

/// The format of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationFormat {
    /// GTF, where features have a `gene_id` and a `transcript_id`.
    Gtf,
    /// GFF3, where features have an `ID` and one or more `Parent`s.
    Gff3,
}

impl AnnotationFormat {
    /// The format by file name: `.gtf`, `.gff` or `.gff3`, with or without `.gz`.
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (_, extension) = name.strip_suffix(".gz").unwrap_or(name).rsplit_once('.')?;
        match extension {
            "gtf" => Some(Self::Gtf),
            "gff" | "gff3" => Some(Self::Gff3),
            _ => None,
        }
    }
}

/// One line of an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// The bases of the feature.
    pub interval: Interval,
    /// The kind of feature: `gene`, `exon`, `CDS`, …
    pub kind: String,
    /// The id of the feature; GFF3 only.
    pub id: Option<String>,
    /// The ids of the features that it is part of: the transcript in GTF, the parents in GFF3.
    pub parents: Vec<String>,
    /// The id of the gene; GTF only.
    pub gene: Option<String>,
}

/// A transcript and its parts in the direction of transcription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The id of the transcript.
    pub id: String,
    /// The parts from the transcription start on; no two of them touch.
    pub parts: Vec<Interval>,
}

/// The transcripts of an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcripts {
    /// Transcripts on one strand of one chromosome, in the order of their first line.
    pub whole: Vec<Transcript>,
    /// The ids of transcripts with parts on several chromosomes or strands, as after
    /// trans-splicing; *Drosophila* has some.
    pub torn: Vec<String>,
    /// The number of parts that name no transcript, and so are in none.
    pub orphans: usize,
}

/// Which features make up a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// Features of kind `exon`.
    #[default]
    Exon,
    /// Features of kind `CDS`. The gaps between them are introns too, but introns in the
    /// untranslated regions are missing.
    Coding,
}

impl Part {
    fn kind(self) -> &'static str {
        match self {
            Self::Exon => "exon",
            Self::Coding => "CDS",
        }
    }
}

impl Transcript {
    /// The base where transcription starts: the first base of the first part.
    ///
    /// # Panics
    ///
    /// If the transcript has no parts, which [`read_transcripts`] never returns.
    pub fn start(&self) -> usize {
        let first = &self.parts[0];
        if first.strand() == Strand::Reverse { first.end() - 1 } else { first.start() }
    }

    /// The introns between the parts, in the direction of transcription.
    pub fn introns(&self) -> impl Iterator<Item = Interval> {
        self.parts.windows(2).filter_map(|pair| {
            let (left, right) = match pair[0].strand() {
                Strand::Reverse => (&pair[1], &pair[0]),
                _ => (&pair[0], &pair[1]),
            };
            Interval::new(left.chromosome(), left.end(), right.start(), left.strand()).ok()
        })
    }
}

/// Calls `each` for every feature of an annotation; up to the sequences that may follow them.
///
/// # Errors
///
/// [`TableError`] with the line, also for an error of `each`.
pub fn for_each_feature(
    path: impl AsRef<Path>,
    format: AnnotationFormat,
    mut each: impl FnMut(Feature) -> Result<(), LineError>,
) -> Result<(), TableError> {
    let mut lines = Lines::open(path.as_ref())?;
    while let Some(line) = lines.next()? {
        // A comment may begin with the same letters. Sequences may also follow without the line.
        if line.trim_end() == "##FASTA" || line.starts_with('>') {
            break;
        }
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let feature = match format {
            AnnotationFormat::Gtf => gtf_feature(line),
            AnnotationFormat::Gff3 => gff3_feature(line),
        };
        feature.and_then(&mut each).map_err(|error| lines.error(error))?;
    }
    Ok(())
}

/// Reads the transcripts of an annotation.
///
/// ```
/// use dnabert_genome::annotation::{AnnotationFormat, Part, read_transcripts};
///
/// # let file = tempfile::NamedTempFile::new()?;
/// # std::fs::write(file.path(), "chr1\tx\texon\t11\t20\t.\t+\t.\ttranscript_id \"t1\";\n\
/// #     chr1\tx\texon\t31\t40\t.\t+\t.\ttranscript_id \"t1\";\n")?;
/// // Two exons of t1, which GTF writes as 11 to 20 and 31 to 40.
/// let transcripts = read_transcripts(file.path(), AnnotationFormat::Gtf, Part::Exon)?;
/// let transcript = &transcripts.whole[0];
/// assert_eq!((transcript.id.as_str(), transcript.start()), ("t1", 10));
/// let introns: Vec<_> = transcript.introns().map(|i| (i.start(), i.end())).collect();
/// assert_eq!(introns, [(20, 30)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TableError::NoFeature`] for an annotation without such parts; [`TableError::Line`] for lines that
/// cannot be parsed.
pub fn read_transcripts(
    path: impl AsRef<Path>,
    format: AnnotationFormat,
    part: Part,
) -> Result<Transcripts, TableError> {
    let path = path.as_ref();
    let (mut transcripts, mut by_id) = (Vec::<Transcript>::new(), HashMap::new());
    let (mut kinds, mut orphans) = (BTreeSet::new(), 0);
    for_each_feature(path, format, |feature| {
        if feature.kind != part.kind() {
            kinds.insert(feature.kind);
            return Ok(());
        }
        // A CDS of several lines may have an id but no parent.
        let ids =
            if feature.parents.is_empty() { Vec::from_iter(feature.id) } else { feature.parents };
        orphans += usize::from(ids.is_empty());
        for id in ids {
            let number = *by_id.entry(id.clone()).or_insert(transcripts.len());
            if number == transcripts.len() {
                transcripts.push(Transcript { id, parts: Vec::new() });
            }
            transcripts[number].parts.push(feature.interval.clone());
        }
        Ok(())
    })?;
    if transcripts.is_empty() {
        let (path, wanted) = (path.to_path_buf(), part.kind());
        return Err(TableError::NoFeature { path, wanted, found: kinds.into_iter().collect() });
    }
    let (mut whole, torn): (Vec<_>, Vec<_>) = transcripts.into_iter().partition(|transcript| {
        let place = |part: &Interval| (part.chromosome().to_owned(), part.strand());
        transcript.parts.iter().all(|part| place(part) == place(&transcript.parts[0]))
    });
    whole.iter_mut().for_each(|transcript| join(&mut transcript.parts));
    let torn = torn.into_iter().map(|transcript| transcript.id).collect();
    Ok(Transcripts { whole, torn, orphans })
}

/// Sorts parts in the direction of transcription, and joins those that touch or overlap, as after a
/// frame shift.
fn join(parts: &mut Vec<Interval>) {
    parts.sort();
    let mut joined: Vec<Interval> = Vec::with_capacity(parts.len());
    for part in parts.drain(..) {
        match joined.last_mut().filter(|last| last.end() >= part.start()) {
            Some(last) => {
                let end = last.end().max(part.end());
                let whole = Interval::new(last.chromosome(), last.start(), end, last.strand());
                *last = whole.unwrap_or(part); // the end is never before the start
            }
            None => joined.push(part),
        }
    }
    if joined.first().is_some_and(|part| part.strand() == Strand::Reverse) {
        joined.reverse();
    }
    *parts = joined;
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn format_error(error: std::io::Error) -> LineError {
    LineError::Format(error.to_string())
}

fn gff3_feature(line: &str) -> Result<Feature, LineError> {
    let mut reader = gff::io::Reader::new(line.as_bytes());
    let mut parsed = gff::Line::default();
    reader.read_line(&mut parsed).map_err(format_error)?;
    let record = parsed.as_record().ok_or_else(|| LineError::Format("no record".to_owned()))?;
    let record = record.map_err(format_error)?;
    feature(&record, &record.attributes(), &Tags { id: b"ID", parent: b"Parent", gene: b"" })
}

fn gtf_feature(line: &str) -> Result<Feature, LineError> {
    // GTF has no sign for an unknown strand, and files have that of GFF3 in its place.
    let mut columns: Vec<&str> = line.split('\t').collect();
    if let Some(strand) = columns.get_mut(6).filter(|strand| **strand == "?") {
        *strand = ".";
    }
    let line = &*columns.join("\t");
    let mut reader = gtf::io::Reader::new(line.as_bytes());
    let mut parsed = gtf::Line::default();
    reader.read_line(&mut parsed).map_err(format_error)?;
    let record = parsed.as_record().ok_or_else(|| LineError::Format("no record".to_owned()))?;
    let record = record.map_err(format_error)?;
    let attributes = record.attributes().map_err(format_error)?;
    feature(&record, &attributes, &Tags { id: b"", parent: b"transcript_id", gene: b"gene_id" })
}

/// The names of a format for the attributes of a [`Feature`]; empty if the format has none.
struct Tags {
    id: &'static [u8],
    parent: &'static [u8],
    gene: &'static [u8],
}

/// Converts a line of either format. Attributes are an argument because a GTF record panics on
/// malformed attributes when they are read through the trait.
fn feature(
    record: &dyn gff::feature::Record,
    attributes: &dyn Attributes,
    tags: &Tags,
) -> Result<Feature, LineError> {
    let start = record.feature_start().map_err(format_error)?;
    let end = record.feature_end().map_err(format_error)?;
    let strand = strand(record.strand().map_err(format_error)?);
    let values = |tag: &[u8]| -> Result<Vec<String>, LineError> {
        let Some(value) = attributes.get(tag) else { return Ok(Vec::new()) };
        let value = value.map_err(format_error)?;
        let texts = value.iter().map(|one| one.map(|one| one.to_string()));
        let texts = texts.collect::<Result<Vec<_>, _>>().map_err(format_error)?;
        Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
    };
    let name = record.reference_sequence_name().to_string();
    Ok(Feature {
        interval: Interval::from_closed(name, start.get(), end.get(), strand)?,
        kind: record.ty().to_string(),
        id: values(tags.id)?.into_iter().next(),
        parents: values(tags.parent)?,
        gene: values(tags.gene)?.into_iter().next(),
    })
}

fn strand(strand: gff::feature::record::Strand) -> Strand {
    match strand {
        gff::feature::record::Strand::Forward => Strand::Forward,
        gff::feature::record::Strand::Reverse => Strand::Reverse,
        _ => Strand::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GTF: &str = "#!genome\n\
        chr1\tx\texon\t11\t20\t.\t+\t.\tgene_id \"g1\"; transcript_id \"t1\"; note \"a; b\";\n\
        chr1\tx\texon\t31\t40\t.\t+\t.\tgene_id \"g1\"; transcript_id \"t1\";\n\
        chr1\tx\texon\t71\t80\t.\t-\t.\tgene_id \"g2\"; transcript_id \"t2\";\n\
        chr1\tx\texon\t51\t60\t.\t-\t.\tgene_id \"g2\"; transcript_id \"t2\";\n";
    const GFF3: &str = "##gff-version 3\n\n\
        chr1\tx\tCDS\t11\t20\t.\t+\t0\tID=a%3Bb;Parent=t1,t2\n\
        chr1\tx\tCDS\t31\t40\t.\t+\t0\tParent=t1\n\
        chr1\tx\tCDS\t41\t45\t.\t+\t0\tParent=t1\n\
        ##FASTA\n>chr1\nACGT\n";

    fn read(text: &str, format: AnnotationFormat, part: Part) -> Result<Transcripts, TableError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_transcripts(file.path(), format, part)
    }

    fn spans(intervals: impl IntoIterator<Item = Interval>) -> Vec<(usize, usize)> {
        intervals.into_iter().map(|interval| (interval.start(), interval.end())).collect()
    }

    #[test]
    fn introns_lie_between_exons_on_both_strands() {
        let found = read(GTF, AnnotationFormat::Gtf, Part::Exon).unwrap().whole;
        assert_eq!((found[0].id.as_str(), found[0].start()), ("t1", 10));
        assert_eq!(spans(found[0].introns()), [(20, 30)]);
        assert_eq!(found[1].start(), 79);
        assert_eq!(spans(found[1].parts.clone()), [(70, 80), (50, 60)]);
        let intron = found[1].introns().next().unwrap();
        assert_eq!((intron.start(), intron.end(), intron.strand()), (60, 70, Strand::Reverse));
    }

    #[test]
    fn a_part_can_have_several_parents_and_parts_that_touch_are_joined() {
        let found = read(GFF3, AnnotationFormat::Gff3, Part::Coding).unwrap().whole;
        assert_eq!(spans(found[0].parts.clone()), [(10, 20), (30, 45)]);
        assert_eq!(spans(found[1].parts.clone()), [(10, 20)]);
        assert_eq!(found[1].introns().count(), 0);
    }

    #[test]
    fn files_as_people_have_them_are_read() {
        let expected = read(GTF, AnnotationFormat::Gtf, Part::Exon).unwrap();
        for text in [
            format!("\u{feff}{}", &GTF[GTF.find('\n').unwrap() + 1..]),
            GTF.replace('\n', "\r\n"),
            GTF.replace('\n', "\r"),
            GTF.replacen('\n', "\n##FASTA is a comment\n", 3),
            format!("{GTF}>chr1\nACGT\n"),
        ] {
            assert_eq!(read(&text, AnnotationFormat::Gtf, Part::Exon).unwrap(), expected);
        }
        let unknown = GTF.replace("\t-\t", "\t?\t");
        let found = read(&unknown, AnnotationFormat::Gtf, Part::Exon).unwrap();
        assert_eq!(found.whole[1].parts[0].strand(), Strand::Unknown);
    }

    #[test]
    fn an_error_names_the_defect() {
        let error = read(GFF3, AnnotationFormat::Gff3, Part::Exon).unwrap_err();
        assert!(
            error.to_string().contains("no feature of kind \"exon\"; kinds found: CDS; the coding"),
            "{error}"
        );
        let torn = GTF.replace("51\t60\t.\t-", "51\t60\t.\t+");
        let found = read(&torn, AnnotationFormat::Gtf, Part::Exon).unwrap();
        assert_eq!((found.whole.len(), found.torn), (1, vec!["t2".to_owned()]));
        // A part without a transcript is in none, and is counted.
        let orphan = "chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id \"g\"; transcript_id \"\";\n";
        let found = read(&format!("{GTF}{orphan}"), AnnotationFormat::Gtf, Part::Exon).unwrap();
        assert_eq!((found.whole.len(), found.orphans), (2, 1));
        assert!(read(orphan, AnnotationFormat::Gtf, Part::Exon).is_err());
        let unfinished = "chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id \"g\n";
        assert!(read(unfinished, AnnotationFormat::Gtf, Part::Exon).is_err());
        for wrong in ["chr1\tx\texon\t0\t9", "chr1\tx\texon\tten\t9", "chr1 x exon 1 9"] {
            let text = format!("{wrong}\t.\t+\t.\tgene_id \"g\"; transcript_id \"t\";\n");
            let error = read(&text, AnnotationFormat::Gtf, Part::Exon).unwrap_err();
            assert!(error.to_string().ends_with("line 1"), "{error}");
        }
    }

    #[test]
    fn file_names_give_the_format() {
        let of = |name: &str| AnnotationFormat::from_path(Path::new(name));
        assert_eq!(of("a.b/x.gtf.gz"), Some(AnnotationFormat::Gtf));
        assert_eq!(of("x.gff3"), Some(AnnotationFormat::Gff3));
        assert_eq!(of("x.txt"), None);
    }
}
