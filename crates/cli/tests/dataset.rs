//! `dnabert dataset`, and training on what it built.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;

use dnabert::core::LetterPolicy;
use dnabert::genome::fasta::Reader;

use support::{DATA, Desk, IO, USAGE, bases, datasets};

const YEAST: &str = "@genomes/yeast_chr1_chr2.fa.gz";

#[test]
fn yeast_splice_sites_are_built_and_learned() {
    let desk = Desk::new();
    let splice =
        format!("dataset splice {YEAST} @genomes/yeast_chr1_chr2.gff3.gz --coding --width 60");
    let by_place = format!("{splice} --dev-from 300000 --test-from 500000");
    desk.prints(&format!("{by_place} --out set"));
    assert!(desk.read("set/run.toml").contains("command = \"dataset splice\""));
    let tables = "--train set/train.tsv --dev set/dev.tsv --test set/test.tsv";
    desk.prints(&format!("train {tables} --size tiny --epochs 1 --out model"));
    // The next round: non-sites that a model takes for sites, here one that knows the fly.
    let fly = "@models/splice-fly-60";
    let text = desk.prints(&format!("{by_place} --adversary {fly} --out again"));
    assert!(text.contains("16 of 16 non-sites of train fool the model"), "{text}");
    let manifest = desk.read("again/manifest.json");
    assert!(manifest.contains("adversary"), "{manifest}");
    assert!(manifest.contains("\"chromosome names\": \"Exact\""), "{manifest}");
    assert!(desk.read("set/test.tsv") == desk.read("again/test.tsv"), "judged on the same rows");
    let count = |name: &str| desk.read(name).lines().count();
    assert_eq!(count("set/train.tsv"), count("again/train.tsv"));
    // And the one after it, which keeps what that model was fooled by.
    let text = desk.prints(&format!("{by_place} --adversary {fly},{fly} --out third"));
    assert!(text.contains("16 of 16 non-sites of train fool one of 2 models"), "{text}");
    assert!(desk.read("set/test.tsv") == desk.read("third/test.tsv"), "judged on the same rows");
    let [first, second, third] = ["set", "again", "third"].map(|round| {
        let table = desk.read(&format!("{round}/train.tsv"));
        table.lines().map(str::to_owned).collect::<HashSet<String>>()
    });
    assert!(second.difference(&first).any(|hard| third.contains(hard)), "what it found is kept");
    // Splits by sequence.
    desk.prints(&format!("{splice} --clusters 20 --out clusters"));
    let tables = "--train clusters/train.tsv --dev clusters/dev.tsv --test clusters/test.tsv";
    let text = desk.prints(&format!("audit --leaks-only --k 20 {tables}"));
    assert_eq!(text.matches("sharing a 20-mer: 0;").count(), 3, "{text}");
}

#[test]
fn the_same_promoters_come_of_every_kind_of_list() {
    let desk = Desk::new();
    let letters = bases(60_000, 7);
    desk.write("g.fa", &format!(">c\n{letters}\n"));
    // Thirty starts on either strand: as EPDnew's BED, as FPS, and as transcripts of one exon.
    let (mut bed, mut fps, mut gtf) = (String::new(), String::new(), String::new());
    for turn in 0..30 {
        let base = 1500 + 1900 * turn; // from 0
        let (strand, from, to, thick_start, thick_end, exon) = if turn % 2 == 0 {
            ('+', base - 49, base + 11, base + 11, String::new(), (base + 1, base + 200))
        } else {
            let thick_end = format!(" {}", base + 1);
            ('-', base - 10, base + 50, base - 10, thick_end, (base - 199, base + 1))
        };
        let thick_end = if turn % 2 == 0 { format!(" {}", base + 11) } else { thick_end };
        let thick_start = if turn % 2 == 0 { base } else { thick_start };
        writeln!(bed, "c {from} {to} p{turn} 900 {strand} {thick_start}{thick_end}").unwrap();
        writeln!(fps, "FP   p{turn} :+S  EU:c      1{strand}     {}; 1.", base + 1).unwrap();
        writeln!(
            gtf,
            "c\tx\texon\t{}\t{}\t.\t{strand}\t.\tgene_id \"g{turn}\"; transcript_id \"t{turn}\";",
            exon.0, exon.1
        )
        .unwrap();
    }
    let build = |name: &str, text: &str, more: &str| -> [String; 3] {
        desk.write(name, text);
        let borders = "--dev-from 30000 --test-from 45000";
        desk.prints(&format!(
            "dataset promoter g.fa {name} --away 400 --out set-{name} {borders} {more}"
        ));
        ["train", "dev", "test"].map(|split| desk.read(&format!("set-{name}/{split}.tsv")))
    };
    let of_bed = build("p.bed", &bed, "");
    // −249..+50 around the first start, which lies on the forward strand.
    assert!(of_bed[0].contains(&letters[1500 - 249..1500 + 51]), "{}", of_bed[0]);
    assert_eq!(of_bed, build("p.fps", &fps, ""));
    assert_eq!(of_bed, build("p.gtf", &gtf, ""));
    for negatives in ["gc-matched", "dinucleotide-shuffled", "substituted"] {
        let more = format!("--negatives {negatives}");
        let other = build(&format!("{negatives}.bed"), &bed, &more);
        assert_ne!(of_bed, other);
        assert!(other.iter().all(|table| table.contains("\t0") && table.contains("\t1")));
    }
}

#[test]
fn bound_windows_have_the_summit_in_their_middle() {
    let desk = Desk::new();
    let letters = bases(60_000, 9);
    desk.write("g.fa", &format!(">c\n{letters}\n"));
    let mut peaks = String::new();
    for turn in 0..20 {
        let start = 2000 + 2800 * turn;
        writeln!(peaks, "c\t{start}\t{}\t.\t0\t.\t{turn}\t-1\t-1\t50", start + 100).unwrap();
    }
    desk.write("p.narrowPeak", &peaks);
    let build = "dataset binding g.fa p.narrowPeak --dev-from 30000 --test-from 45000";
    desk.prints(&format!("{build} --width 61 --out set"));
    let table = desk.read("set/train.tsv");
    let window = &letters[2050 - 30..2050 + 31];
    assert!(table.contains(&format!("{window}\t1\tc\t2020\t2081\t+\n")), "{table}");
    // The same settings and seed give the same bytes, another seed other negatives.
    desk.prints(&format!("{build} --width 61 --out again"));
    desk.prints(&format!("{build} --width 61 --seed 2 --out other"));
    assert_eq!(table, desk.read("again/train.tsv"));
    assert_ne!(table, desk.read("other/train.tsv"));
    // The strongest peaks are the last ones.
    let sites = |set: &str| {
        ["train", "dev", "test"]
            .map(|split| desk.read(&format!("{set}/{split}.tsv")).matches("\t1\tc\t").count())
    };
    desk.prints(&format!("{build} --top 15 --out top"));
    let (all, top) = (sites("other"), sites("top"));
    assert_eq!((all.iter().sum::<usize>(), top.iter().sum::<usize>()), (20, 15));
    assert_eq!(all[1..], top[1..]);
}

#[test]
fn each_planted_motif_is_a_class_of_sequences_of_a_genome() {
    let desk = Desk::new();
    let planted = "dataset planted @jaspar/subset.jaspar";
    let more = format!("--genome {YEAST} --within 10 --rows 60,9,9 --width 60 --out set");
    desk.prints(&format!("{planted} TP73 MA0139.2 {more}"));
    let genome = datasets().join("genomes/yeast_chr1_chr2.fa.gz");
    let chromosomes: Vec<String> = Reader::open(&genome, LetterPolicy::default())
        .unwrap()
        .map(|record| record.unwrap().sequence.to_string())
        .collect();
    let is_whole = |part: &str| chromosomes.iter().any(|bases| bases.contains(part));
    let (table, bed) = (desk.read("set/train.tsv"), desk.read("set/sites.bed"));
    let rows: Vec<(&str, &str)> =
        table.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect();
    let sites: Vec<Vec<&str>> = bed
        .lines()
        .filter(|line| line.starts_with("train"))
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!((rows.len(), sites.len()), (60, 40));
    for (row, (sequence, label)) in rows.iter().enumerate() {
        assert_eq!(*label, (row % 3).to_string());
        let name = format!("train.tsv:{}", row + 2);
        let Some(site) = sites.iter().find(|site| site[0] == name) else {
            assert!(*label == "0" && is_whole(sequence), "{sequence}");
            continue;
        };
        let [start, end]: [usize; 2] = [1, 2].map(|at| site[at].parse().unwrap());
        // TP73 has two matrices; the middle of a site is 10 bases beside that of the sequence at
        // most.
        assert_eq!(site[3].starts_with("MA0861."), *label == "1", "{site:?}");
        assert!((start + end).abs_diff(60) <= 21, "{site:?}");
        assert!(is_whole(&sequence[..start]) && is_whole(&sequence[end..]), "{sequence}");
    }
    let ids: HashSet<&str> = sites.iter().map(|site| site[3]).collect();
    assert_eq!(ids, HashSet::from(["MA0861.1", "MA0861.2", "MA0139.2"]));
    let manifest = desk.read("set/manifest.json");
    for part in ["TP73: MA0861.1, MA0861.2", "MA0139.2: MA0139.2", "yeast_chr1_chr2.fa.gz sha256 "]
    {
        assert!(manifest.contains(part), "{manifest}");
    }
    // Splits have no base of the genome in common.
    let places = |split: &str| -> Vec<(usize, usize)> {
        let is_plain = |line: &&str| line.ends_with("\t0");
        let table = desk.read(&format!("set/{split}.tsv"));
        let place = |line: &str| {
            let sequence = line.split('\t').next().unwrap();
            let find = |(at, bases): (usize, &String)| Some((at, bases.find(sequence)?));
            chromosomes.iter().enumerate().find_map(find).unwrap()
        };
        table.lines().filter(is_plain).map(place).collect()
    };
    let (train, test) = (places("train"), places("test"));
    assert!(!test.is_empty());
    for (chromosome, start) in test {
        assert!(train.iter().all(|&(other, at)| other != chromosome || at + 60 <= start));
    }
    // As wide as the sequence, and every motif of the file.
    desk.prints(&format!("{planted} all --width 20 --within 0 --rows 32,16,16 --out set"));
    assert_eq!(desk.read("set/sites.bed").lines().count(), 30 + 15 + 15);
}

#[test]
fn motifs_that_cannot_be_planted_are_named() {
    let desk = Desk::new();
    let refuses = |planted: &str, code: i32, what: &str| {
        let planted = format!("dataset planted @jaspar/subset.jaspar --out set {planted}");
        desk.refuses(&planted, code, &[what]);
        assert!(!desk.path("set").exists());
    };
    refuses("TP37", DATA, "TP37: no such motif in the file");
    refuses("TP73 MA0861.1", USAGE, "MA0861.1: MA0861.1 is planted for TP73 already");
    refuses("all CTCF", USAGE, "CTCF: MA0139.1 is planted for CTCF already");
    refuses("MA0106.1 --width 19", USAGE, "--width 19: MA0106.1 has 20 places");
    let few = format!("CTCF --genome {YEAST} --rows 999999,1,1");
    refuses(&few, DATA, "yeast_chr1_chr2.fa.gz: no 101 bases in a row for dev");
    desk.refuses("dataset planted none.jaspar all --out set", IO, &["none.jaspar"]);
}

#[test]
fn what_cannot_be_built_is_said() {
    let desk = Desk::new();
    let refuses = |arguments: &str, code: i32, what: &str| {
        let arguments = format!("dataset {arguments} --dev chrI --test chrII --out out");
        desk.refuses(&arguments, code, &[what]);
        assert!(!desk.path("out").exists());
    };
    desk.write("x.bed", "chrI\t500\t501\tn\t0\t+\nchrV\t5000\t5001\tn\t0\t+\n");
    refuses(&format!("promoter {YEAST} x.bed"), DATA, "no chromosome \"chrV\"");
    desk.write("y.bed", "chrI\t500\n");
    let line = "y.bed, line 1\n  because: no column 3 (end)";
    refuses(&format!("promoter {YEAST} y.bed"), DATA, line);
    desk.write("z.gtf", "chrI\tx\tgene\t5\t9\t.\t+\t.\tgene_id \"g\";\n");
    let kinds = "no feature of kind \"exon\"; kinds found: gene";
    refuses(&format!("splice {YEAST} z.gtf"), DATA, kinds);
    let whole = fs::read(datasets().join("genomes/yeast_chr1_chr2.fa.gz")).unwrap();
    fs::write(desk.path("half.fa.gz"), &whole[..whole.len() / 2]).unwrap();
    refuses("promoter half.fa.gz x.bed", DATA, "half.fa.gz");
    refuses("promoter none.fa x.bed", IO, "none.fa");
    refuses(&format!("promoter {YEAST} none.bed"), IO, "none.bed");
    refuses(&format!("splice {YEAST} none.gtf"), IO, "none.gtf");
    refuses(&format!("splice {YEAST} z.gtf --width 61"), USAGE, "must be an even number");
}
