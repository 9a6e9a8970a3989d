//! Builders of data sets, on the shipped genome and on random ones.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use dnabert_core::{Classifier, LetterPolicy, Sequence, Split};
use dnabert_genome::annotation::{AnnotationFormat, Part, Transcript, read_transcripts};
use dnabert_genome::bed::Peak;
use dnabert_genome::{Genome, Interval, Strand};
use dnabert_tasks::build::{
    BindingConfig, BuildError, Built, Negatives, PromoterConfig, SpliceConfig, Splits, TataBox,
    Window, WriteError, adversarial_non_sites, build_binding, build_promoters, build_splice,
    has_tata_box, write,
};
use dnabert_tasks::{TableFormat, read_rows};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

/// The positions of the shipped training windows, and their bases and labels.
fn shipped() -> Vec<(Interval, String, String)> {
    use std::io::BufRead;
    let folder = datasets().join("fly_promoters");
    let lines = |name: &str| -> Vec<String> {
        let file = dnabert_genome::open(&folder.join(name)).unwrap();
        file.lines().skip(1).map(Result::unwrap).collect()
    };
    let places = lines("info_train.tsv.gz");
    let rows = lines("prom300_train.tsv.gz");
    assert_eq!(places.len(), rows.len());
    let parse = |(place, row): (&String, &String)| {
        // chr2R:1910649(-), from 1
        let (name, rest) = place.split('\t').next().unwrap().split_once(':').unwrap();
        let (base, strand) = rest.trim_end_matches(')').split_once('(').unwrap();
        let base: usize = base.parse().unwrap();
        let start = Interval::from_closed(name, base, base, strand.parse().unwrap()).unwrap();
        let (sequence, label) = row.split_once('\t').unwrap();
        (start, sequence.to_owned(), label.to_owned())
    };
    places.iter().zip(&rows).map(parse).collect()
}

#[test]
fn the_shipped_promoters_are_reproduced() {
    let genome = datasets().join("genomes/fly_chr2R.fa.gz");
    let genome = Genome::open(genome, LetterPolicy::default()).unwrap();
    let name = genome.chromosomes().next().unwrap().0.to_owned();
    let on = |start: &Interval| {
        Interval::new(&*name, start.start(), start.end(), start.strand()).unwrap()
    };
    let shipped = shipped();
    // Promoters and negatives are where their names say.
    for (start, sequence, _) in &shipped {
        let window = Interval::around(&*name, start.start(), 249, 51, start.strand()).unwrap();
        assert_eq!(genome.sequence(&window).unwrap().as_str(), sequence, "{start}");
    }
    let promoters: Vec<_> = shipped.iter().filter(|(_, _, label)| label == "1").collect();
    let starts: Vec<Interval> = promoters.iter().map(|(start, ..)| on(start)).collect();
    let built = build_promoters(&genome, &starts, &PromoterConfig::default()).unwrap();
    let of = |label: usize| built.windows.iter().filter(move |window| window.label == label);
    let found: HashSet<String> = of(1).map(|window| window.sequence.to_string()).collect();
    let expected: HashSet<String> = promoters.iter().map(|row| row.1.clone()).collect();
    assert_eq!((of(1).count(), of(0).count()), (2057, 2057));
    assert_eq!(found, expected);
    for negative in of(0) {
        let distance = |start: &Interval| {
            let (window, base) = (&negative.interval, start.start());
            if base < window.start() {
                window.start() - base
            } else {
                (base + 1).saturating_sub(window.end())
            }
        };
        assert!(starts.iter().all(|start| distance(start) >= 1000), "{}", negative.interval);
    }
    assert_eq!(build_promoters(&genome, &starts, &PromoterConfig::default()).unwrap(), built);
}

#[test]
fn core_promoters_are_chosen_by_tata_boxes_before_their_first_base() {
    let folder = tempfile::tempdir().unwrap();
    // Only C and G, and before every second start a TATA box at −37, before the first base of the window.
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut letters: Vec<u8> = (0..120_000).map(|_| b"CG"[random.random_range(0..2)]).collect();
    let starts: Vec<Interval> = (0..150)
        .map(|turn| {
            let base = 300 + 780 * turn;
            let forward = turn % 4 < 2;
            if turn % 2 == 1 && forward {
                letters[base - 37..base - 31].copy_from_slice(b"TATAAA");
            } else if turn % 2 == 1 {
                letters[base + 32..base + 38].copy_from_slice(b"TTTATA");
            }
            let strand = if forward { Strand::Forward } else { Strand::Reverse };
            Interval::new("c", base, base + 1, strand).unwrap()
        })
        .collect();
    let path = folder.path().join("genome.fa");
    std::fs::write(&path, format!(">c\n{}\n", String::from_utf8_lossy(&letters))).unwrap();
    let genome = Genome::open(&path, LetterPolicy::default()).unwrap();
    let config = |upstream, tata| PromoterConfig {
        upstream,
        downstream: 36,
        tata,
        away: 60,
        spacing: 1,
        ..Default::default()
    };
    let sequences = |upstream, tata| -> Vec<String> {
        let built = build_promoters(&genome, &starts, &config(upstream, tata)).unwrap();
        let lengths = built.windows.iter().map(|window| window.interval.len());
        assert!(lengths.into_iter().all(|length| length == upstream + 36));
        for window in &built.windows {
            assert_eq!(genome.sequence(&window.interval).unwrap(), window.sequence);
        }
        let promoters = built.windows.iter().filter(|window| window.label == 1);
        promoters.map(|window| window.sequence.to_string()).collect()
    };
    let (core, long) = (sequences(34, TataBox::Without), sequences(50, TataBox::Without));
    assert_eq!(core.len(), 75);
    // The same promoters as with longer windows, which contain the whole box.
    assert_eq!(core, long.iter().map(|sequence| &sequence[16..]).collect::<Vec<_>>());
}

#[test]
fn starts_that_are_not_used_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let genome = made(20_000, 3, folder.path());
    let start = |base| Interval::new("c", base, base + 1, Strand::Forward).unwrap();
    let starts = [start(2000), start(2000), start(2100), start(2149), start(2150)];
    let built = build_promoters(&genome, &starts, &PromoterConfig::default()).unwrap();
    assert_eq!((built.left_out.repeated, built.left_out.too_close), (1, 2));
    assert_eq!(built.left_out.to_string(), "1 are duplicates, 2 are too close to another");
}

#[test]
fn the_shipped_promoters_with_a_tata_box_are_reproduced() {
    let genome = datasets().join("genomes/fly_chr2R.fa.gz");
    let genome = Genome::open(genome, LetterPolicy::default()).unwrap();
    let name = genome.chromosomes().next().unwrap().0.to_owned();
    let starts: Vec<Interval> = shipped()
        .into_iter()
        .filter(|(.., label)| label == "1")
        .map(|(start, ..)| {
            Interval::new(&*name, start.start(), start.end(), start.strand()).unwrap()
        })
        .collect();
    let table = datasets().join("fly_promoters/tata300_train.tsv.gz");
    let rows =
        read_rows(&table, &TableFormat::default(), |label| label.parse::<usize>().is_ok()).unwrap();
    // Promoters and negatives of the shipped set have a TATA box at its position.
    assert!(rows.iter().all(|row| has_tata_box(&row.sequence, 249)));
    let expected: HashSet<String> = rows
        .iter()
        .filter(|row| row.label.as_deref() == Some("1"))
        .map(|row| row.sequence.to_string())
        .collect();
    let with = PromoterConfig { tata: TataBox::With, ..PromoterConfig::default() };
    let built = build_promoters(&genome, &starts, &with).unwrap();
    let of = |label: usize| built.windows.iter().filter(move |window| window.label == label);
    let found: HashSet<String> = of(1).map(|window| window.sequence.to_string()).collect();
    assert_eq!((found, of(0).count()), (expected, 161));
    assert!(of(0).all(|window| has_tata_box(&window.sequence, 249)));
    assert_eq!(built.left_out.other_box, 2057 - 161);
}

/// Takes every window with this letter after the dinucleotide in the middle for a donor.
struct Fooled(u8);

impl Fooled {
    const BY_A: Self = Self(b'A');
}

impl Classifier for Fooled {
    type Error = std::convert::Infallible;

    fn predict(&self, sequences: &[Sequence]) -> Result<Vec<Vec<f32>>, Self::Error> {
        let is_fooled = |sequence: &Sequence| sequence.as_bytes()[sequence.len() / 2 + 2] == self.0;
        let row = |sequence: &Sequence| match is_fooled(sequence) {
            true => vec![0.2, 0.7, 0.1],
            false => vec![0.8, 0.1, 0.1],
        };
        Ok(sequences.iter().map(row).collect())
    }
}

#[test]
fn hard_negatives_fool_the_classifier_and_are_not_sites() {
    let folder = datasets().join("genomes");
    let genome =
        Genome::open(folder.join("yeast_chr1_chr2.fa.gz"), LetterPolicy::default()).unwrap();
    let annotation = folder.join("yeast_chr1_chr2.gff3.gz");
    let genes = read_transcripts(&annotation, AnnotationFormat::Gff3, Part::Coding).unwrap().whole;
    let config = SpliceConfig { width: 60, ..SpliceConfig::default() };
    let hard =
        adversarial_non_sites(&genome, &genes, &config, &[Fooled::BY_A], 30, &|_| true).unwrap();
    assert_eq!(hard.len(), 30);
    let built = build_splice(&genome, &genes, &config).unwrap();
    let sites: HashSet<&Interval> =
        built.windows.iter().filter(|row| row.label > 0).map(|row| &row.interval).collect();
    for window in &hard {
        let letters = window.sequence.as_bytes();
        assert!(letters[32] == b'A' && window.label == 0 && !sites.contains(&window.interval));
        assert!(&letters[30..32] == b"GT" || &letters[28..30] == b"AG", "a decoy");
    }
    let again =
        adversarial_non_sites(&genome, &genes, &config, &[Fooled::BY_A], 30, &|_| true).unwrap();
    assert_eq!(again, hard);
    let of_second = |window: &Window| window.interval.chromosome() == "chrII";
    let some = adversarial_non_sites(&genome, &genes, &config, &[Fooled::BY_A], 30, &of_second);
    let some = some.unwrap();
    assert!(some.len() == 30 && some.iter().all(of_second));
    // Windows on a test chromosome replace none.
    let splits = Splits::chromosomes(&genome, &[], &["chrI".to_owned()]).unwrap();
    let on_test = |window: &Window| window.interval.chromosome() == "chrI";
    let mut mined = built.clone();
    let done = mined.mine_hard_negatives(&splits, |_, _| Ok(hard.clone())).unwrap();
    let usable = hard.iter().filter(|window| !on_test(window)).count();
    assert!(usable > 0 && usable < hard.len());
    assert_eq!(done.replaced, usable.min(done.negatives));
    let clusters = Splits::Clusters { shared: 40, seed: 1 };
    let refused = built.clone().mine_hard_negatives(&clusters, |_, _| Ok(hard.clone()));
    assert!(matches!(refused, Err(BuildError::HardInClusters)));
    let changed: Vec<_> =
        built.windows.iter().zip(&mined.windows).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), done.replaced);
    for (old, new) in changed {
        assert!(old.label == 0 && !on_test(old) && hard.contains(new));
    }
}

#[test]
fn each_round_contributes_its_part_of_the_hard_negatives() {
    let folder = datasets().join("genomes");
    let genome =
        Genome::open(folder.join("yeast_chr1_chr2.fa.gz"), LetterPolicy::default()).unwrap();
    let annotation = folder.join("yeast_chr1_chr2.gff3.gz");
    let genes = read_transcripts(&annotation, AnnotationFormat::Gff3, Part::Coding).unwrap().whole;
    let config = SpliceConfig { width: 60, ..SpliceConfig::default() };
    let find = |rounds: &[Fooled]| {
        adversarial_non_sites(&genome, &genes, &config, rounds, 31, &|_| true).unwrap()
    };
    let first = find(&[Fooled::BY_A]);
    let with = |windows: &[Window], letter: u8| {
        windows.iter().filter(|window| window.sequence.as_bytes()[32] == letter).count()
    };
    // Half are of the newer round, and the others are those that the first round found.
    let both = find(&[Fooled::BY_A, Fooled(b'C')]);
    assert_eq!((with(&both, b'C'), with(&both, b'A')), (16, 15));
    assert!(both.iter().skip(16).all(|window| first.contains(window)));
    let three = find(&[Fooled::BY_A, Fooled(b'C'), Fooled(b'G')]);
    assert_eq!([b'A', b'C', b'G'].map(|letter| with(&three, letter)), [10, 10, 11]);
    // A classifier without false positives leaves its part to those before it.
    let none = find(&[Fooled::BY_A, Fooled(b'N')]);
    assert_eq!(none, first);
    // No position occurs twice if the same windows fool both.
    let places: HashSet<Interval> =
        find(&[Fooled::BY_A, Fooled::BY_A]).into_iter().map(|window| window.interval).collect();
    assert_eq!(places.len(), 31);
}

/// A genome of one chromosome of random bases.
fn made(len: usize, seed: u64, folder: &Path) -> Genome {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let letters = (0..len).map(|_| char::from(b"ACGT"[random.random_range(0..4)]));
    let path = folder.join("genome.fa");
    std::fs::write(&path, format!(">c\n{}\n", letters.collect::<String>())).unwrap();
    Genome::open(&path, LetterPolicy::default()).unwrap()
}

fn peak(summit: usize, signal: f64) -> Peak {
    let interval = Interval::new("c", summit - 20, summit + 30, Strand::Unknown).unwrap();
    Peak {
        interval,
        name: None,
        signal: Some(signal),
        p_value: None,
        q_value: None,
        summit: Some(summit),
    }
}

#[test]
fn the_strongest_peaks_get_negatives_of_their_gc_content() {
    let folder = tempfile::tempdir().unwrap();
    let genome = made(60_000, 1, folder.path());
    let peaks: Vec<Peak> = (1..=20).map(|i| peak(1000 * i, i as f64)).collect();
    let config = BindingConfig { top: Some(8), away: 200, ..BindingConfig::default() };
    let built = build_binding(&genome, &peaks, &config).unwrap();
    let (bound, free) = built.windows.split_at(8);
    assert_eq!(bound[0].interval, Interval::new("c", 19_950, 20_051, Strand::Forward).unwrap());
    assert_eq!((free.len(), bound.iter().map(|window| window.label).sum::<usize>()), (8, 8));
    for (one, other) in bound.iter().zip(free) {
        let [one, other] = [one, other].map(|window| window.sequence.gc_content().unwrap());
        assert!((one - other).abs() <= 0.02);
    }
    let config = BindingConfig { negatives: Negatives::DinucleotideShuffled, ..config };
    let shuffled = build_binding(&genome, &peaks, &config).unwrap();
    assert_eq!(shuffled.windows[8].interval, bound[0].interval);
    assert_ne!(shuffled.windows[8].sequence, bound[0].sequence);
}

#[test]
fn sets_that_cannot_be_built_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let genome = made(3000, 1, folder.path());
    let start = |base: usize| Interval::new("c", base, base + 1, Strand::Forward).unwrap();
    let error = build_promoters(&genome, &[start(10), start(2990)], &PromoterConfig::default());
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "none of the 2 sites has a window: 2 extend past an end of the chromosome");
    let unstranded = Interval::new("c", 700, 701, Strand::Unknown).unwrap();
    let error = build_promoters(&genome, &[unstranded], &PromoterConfig::default()).unwrap_err();
    assert_eq!(error.to_string(), "none of the 1 sites has a window: 1 have no strand");
    let error = build_promoters(
        &genome,
        &[start(1500)],
        &PromoterConfig { away: 2000, ..Default::default() },
    );
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("only 0 of 1 negatives found in 1000 random windows"), "{error}");
    let elsewhere = Interval::new("d", 700, 701, Strand::Forward).unwrap();
    let error = build_promoters(&genome, &[elsewhere], &PromoterConfig::default()).unwrap_err();
    assert!(error.to_string().contains("no chromosome \"d\""), "{error}");
}

/// A chromosome with an intron on each strand: exon C…, GT A… AG, exon C…; the second reversed.
fn spliced(folder: &Path) -> (Genome, Vec<Transcript>) {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut letters = |len: usize| -> String {
        (0..len).map(|_| char::from(b"ACGT"[random.random_range(0..4)])).collect()
    };
    let gene = format!("{}GT{}AG{}", letters(300), letters(200), letters(300));
    let other = format!("{}GT{}AG{}", letters(300), letters(100), letters(300));
    let other: dnabert_core::Sequence = other.parse().unwrap();
    let path = folder.join("genome.fa");
    let (left, middle, right) = (letters(50), letters(50), letters(50));
    let reversed = other.reverse_complement();
    std::fs::write(&path, format!(">c\n{left}{gene}{middle}{reversed}{right}\n")).unwrap();
    let exon = |start, end, strand| Interval::new("c", start, end, strand).unwrap();
    let forward = vec![exon(50, 350, Strand::Forward), exon(554, 854, Strand::Forward)];
    let reverse = vec![exon(1308, 1608, Strand::Reverse), exon(904, 1204, Strand::Reverse)];
    let transcripts = [("one", forward), ("two", reverse)]
        .map(|(id, parts)| Transcript { id: id.to_owned(), parts });
    (Genome::open(&path, LetterPolicy::default()).unwrap(), transcripts.to_vec())
}

#[test]
fn every_window_has_its_dinucleotide_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let (genome, transcripts) = spliced(folder.path());
    let config = SpliceConfig { width: 100, ..SpliceConfig::default() };
    let built = build_splice(&genome, &transcripts, &config).unwrap();
    let labels: Vec<usize> = built.windows.iter().map(|window| window.label).collect();
    assert_eq!(labels.iter().filter(|&&label| label > 0).count(), 4, "{labels:?}");
    assert_eq!(labels.iter().filter(|&&label| label == 0).count(), 2);
    let mut decoys = [b"GT", b"AG"].into_iter();
    for window in &built.windows {
        let letters = window.sequence.as_bytes();
        let (acceptor, donor) = (&letters[48..50], &letters[50..52]);
        match window.label {
            1 => assert_eq!(donor, b"GT", "{}", window.interval),
            2 => assert_eq!(acceptor, b"AG", "{}", window.interval),
            _ => {
                let wanted = decoys.next().unwrap();
                assert_eq!(if wanted == b"GT" { donor } else { acceptor }, wanted);
                let places = built.windows.iter().filter(|other| other.label > 0);
                assert!(places.into_iter().all(|other| other.interval != window.interval));
            }
        }
    }
    let wide = SpliceConfig { width: 800, ..config };
    let error = build_splice(&genome, &transcripts, &wide).unwrap_err();
    // Both donors are too close to an end.
    assert!(
        matches!(error, BuildError::NoSite { sites: 4, left_out } if left_out.off_the_chromosome == 2)
    );
}

#[test]
fn yeast_introns_are_built_from_the_annotation() {
    let folder = datasets().join("genomes");
    let genome =
        Genome::open(folder.join("yeast_chr1_chr2.fa.gz"), LetterPolicy::default()).unwrap();
    let annotation = folder.join("yeast_chr1_chr2.gff3.gz");
    let genes = read_transcripts(&annotation, AnnotationFormat::Gff3, Part::Coding).unwrap().whole;
    // SNC1, whose gene is 87,287 to 87,753 from 1.
    let gene = genes.iter().find(|gene| gene.id == "YAL030W").unwrap();
    let intron = gene.introns().next().unwrap();
    assert_eq!(intron.to_string(), "chrI:87389-87501(+)");
    let sequence = genome.sequence(&intron).unwrap().to_string();
    assert!(sequence.starts_with("GTAAGT") && sequence.ends_with("AG"), "{sequence}");
    assert!(sequence.contains("TACTAAC"), "{sequence}"); // the branch point of yeast introns
    let introns: HashSet<Interval> = genes.iter().flat_map(Transcript::introns).collect();
    let built = build_splice(&genome, &genes, &SpliceConfig::default()).unwrap();
    let count = |label| built.windows.iter().filter(|window| window.label == label).count();
    // Nearly all introns of yeast are GT-AG; the rest are frame shifts and errors.
    assert!(count(1) * 10 >= introns.len() * 8 && count(0) == count(1), "{}", count(1));
    let error = read_transcripts(&annotation, AnnotationFormat::Gff3, Part::Exon).unwrap_err();
    assert!(error.to_string().contains("no feature of kind \"exon\""), "{error}");
}

fn small(folder: &Path) -> Built {
    let genome = made(30_000, 2, folder);
    let starts: Vec<Interval> = (1..28)
        .map(|i| Interval::new("c", 1000 * i, 1000 * i + 1, Strand::Reverse).unwrap())
        .collect();
    let config = PromoterConfig { away: 100, ..PromoterConfig::default() };
    build_promoters(&genome, &starts, &config).unwrap()
}

#[test]
fn tables_can_be_read_and_are_reproducible() {
    let folder = tempfile::tempdir().unwrap();
    let built = small(folder.path());
    let splits = Splits::Position { dev: 18_000, test: 23_000 };
    let made_of = [("genome", "made \"here\"".to_owned())];
    let bytes = || {
        let out = folder.path().join("out");
        write(&built, &splits, &made_of, &out).unwrap();
        let names = ["train.tsv", "dev.tsv", "test.tsv", "manifest.json"];
        names.map(|name| std::fs::read(out.join(name)).unwrap())
    };
    assert_eq!(bytes(), bytes());
    let manifest: serde_json::Value = serde_json::from_slice(&bytes()[3]).unwrap();
    assert_eq!(manifest["made_of"]["genome"], "made \"here\"");
    for (split, file) in [Split::Train, Split::Dev, Split::Test].into_iter().zip(0..) {
        let path = folder.path().join(format!("out/{split}.tsv"));
        let rows =
            read_rows(&path, &TableFormat::default(), |label| label.parse::<usize>().is_ok())
                .unwrap();
        assert_eq!(manifest["files"][file]["rows"], rows.len());
        assert_eq!(manifest["files"][file]["sha256"], dnabert_tasks::sha256(&path).unwrap());
    }
    let splits = Splits::Chromosomes { dev: vec!["d".into()], test: vec!["e".into()] };
    let error = write(&built, &splits, &made_of, &folder.path().join("other")).unwrap_err();
    assert!(matches!(error, WriteError::Lacking { split: Split::Dev, label: 0 }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn no_negative_overlaps_a_site_or_another(
        bases in prop::collection::vec(300_usize..19_700, 1..12), away in 0_usize..200, seed: u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let genome = made(20_000, seed, folder.path());
        let starts: Vec<Interval> = bases
            .iter()
            .enumerate()
            .map(|(turn, &base)| {
                let strand = if turn % 2 == 0 { Strand::Forward } else { Strand::Reverse };
                Interval::new("c", base, base + 1, strand).unwrap()
            })
            .collect();
        let config = PromoterConfig { upstream: 20, downstream: 10, away, seed, ..Default::default() };
        let built = build_promoters(&genome, &starts, &config).unwrap();
        let of = |label: usize| built.windows.iter().filter(move |window| window.label == label);
        for (turn, negative) in of(0).enumerate() {
            prop_assert!(of(1).all(|window| !window.interval.overlaps(&negative.interval)));
            prop_assert!(of(0).skip(turn + 1).all(|other| !other.interval.overlaps(&negative.interval)));
        }
    }

    #[test]
    fn no_unbound_window_overlaps_a_peak(
        ends in prop::collection::vec((300_usize..17_000, 1_usize..2000, 0.0_f64..1.0), 1..6),
        away in 0_usize..200, seed: u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let genome = made(20_000, seed, folder.path());
        let peaks: Vec<Peak> = ends
            .iter()
            .map(|&(start, len, place)| Peak {
                interval: Interval::new("c", start, start + len, Strand::Unknown).unwrap(),
                summit: (place > 0.1).then_some(start + (place * len as f64) as usize),
                ..peak(start, 1.0)
            })
            .collect();
        let negatives = Negatives::Genomic;
        let top = Some(1);
        let config = BindingConfig { width: 31, top, away, negatives, seed };
        // Broad peaks may leave no place for negatives.
        let built = build_binding(&genome, &peaks, &config);
        prop_assert!(matches!(built, Ok(_) | Err(BuildError::TooFewNegatives { .. })), "{built:?}");
        if let Ok(built) = built {
            for negative in built.windows.iter().filter(|window| window.label == 0) {
                let (start, end) = (negative.interval.start(), negative.interval.end());
                let near = |peak: &Peak| {
                    start < peak.interval.end() + away && peak.interval.start() < end + away
                };
                prop_assert!(!peaks.iter().any(near), "{:?}", negative.interval);
            }
        }
    }
}
