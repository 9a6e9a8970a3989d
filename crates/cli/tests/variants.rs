//! `dnabert variants` and `dnabert merge`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Output;

use support::{DATA, Desk, IO, USAGE, bases, printed, refuses, told};

const MODEL: &str = "@models/ctcf-gm12878";

const HEADER: &str = "##fileformat=VCFv4.2\n##contig=<ID=c,length=400>\n\
                      #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

fn score(desk: &Desk, more: &str) -> Output {
    desk.run(&format!("variants v.vcf g.fa --model {MODEL} --width 60 {more}"))
}

#[track_caller]
fn scores(desk: &Desk, more: &str) -> String {
    printed(&score(desk, more))
}

/// The bases of a genome, counted from 1.
struct Genome(String);

impl Genome {
    fn at(&self, position: usize) -> &str {
        &self.0[position - 1..position]
    }

    fn other(&self, position: usize) -> &'static str {
        if self.at(position) == "A" { "C" } else { "A" }
    }
}

/// A genome, and variants of every kind on it, out of order.
fn desk() -> (Desk, Genome) {
    let desk = Desk::new();
    let genome = Genome(bases(400, 7));
    desk.write("g.fa", &format!(">c\n{}\n", genome.0));
    let mut vcf = HEADER.to_owned();
    for position in [200, 100, 1, 400] {
        let (own, other) = (genome.at(position), genome.other(position));
        writeln!(vcf, "c\t{position}\trs{position}\t{own}\t{other}\t9\tPASS\tA=1;B").unwrap();
    }
    writeln!(vcf, "c\t150\t.\t{0}\t{0}GG,*,<DEL>\t.\t.\t.", genome.at(150)).unwrap();
    writeln!(vcf, "c\t160\t.\t{}\t{}\t.\t.\t.", &genome.0[159..163], genome.at(160)).unwrap();
    writeln!(vcf, "c\t170\t.\t{}\t.\t.\t.\t.", genome.at(170)).unwrap();
    desk.write("v.vcf", &vcf);
    (desk, genome)
}

#[test]
fn every_line_comes_back_in_its_place_with_fields_that_are_defined() {
    let (desk, _) = desk();
    let told = scores(&desk, "--out out.vcf");
    assert!(told.contains("7 variants, 6 alleles scored"), "{told}");
    assert!(told.contains("1 alleles skipped: symbolic allele"), "{told}");
    let written = desk.read("out.vcf");
    let records = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let (before, after) = (records(&desk.read("v.vcf")), records(&written));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before[..7], after[..7]);
        let own = before[7].split(';').filter(|entry| *entry != ".");
        let mut entries = after[7].split(';');
        own.for_each(|entry| assert_eq!(entries.next(), Some(entry)));
        let alleles = before[4].split(',').filter(|allele| *allele != ".").count();
        for entry in entries.filter(|entry| *entry != ".") {
            let (key, values) = entry.split_once('=').unwrap();
            assert!(written.contains(&format!("##INFO=<ID={key},Number=A,")), "{key}");
            assert_eq!(values.split(',').count(), alleles, "{entry}");
            assert!(values.split(',').all(|value| !value.is_empty()), "{entry}");
        }
    }
    // Scored again, the fields are replaced.
    fs::copy(desk.path("out.vcf"), desk.path("v.vcf")).unwrap();
    scores(&desk, "--out again.vcf");
    assert_eq!(desk.read("again.vcf"), written);
}

#[test]
fn low_precision_changes_scores_a_little() {
    let (desk, _) = desk();
    let numbers = |options: &str| -> Vec<f64> {
        scores(&desk, &format!("--out x.tsv {options}"));
        let table = desk.read("x.tsv");
        let cells = table.lines().skip(1).flat_map(|line| line.split('\t'));
        cells.filter(|cell| cell.contains('.')).filter_map(|cell| cell.parse().ok()).collect()
    };
    let [whole, packed] = [numbers("--precision f32"), numbers("--precision bf16")];
    assert_eq!(whole.len(), packed.len());
    assert_ne!(whole, packed);
    let largest = whole.iter().zip(&packed).map(|(whole, packed)| (whole - packed).abs());
    assert!(largest.fold(0.0, f64::max) < 0.1, "{whole:?} {packed:?}");
}

#[test]
fn shards_are_merged_in_their_order() {
    let (desk, _) = desk();
    for kind in ["vcf", "tsv"] {
        scores(&desk, &format!("--out whole.{kind}"));
        for shard in 1..=3 {
            scores(&desk, &format!("--shard {shard}/3 --out {shard}.{kind}"));
        }
        desk.prints(&format!("merge 1.{kind} 2.{kind} 3.{kind} --out merged.{kind}"));
        let whole = desk.read(&format!("whole.{kind}"));
        assert_eq!(desk.read(&format!("merged.{kind}")), whole);
        let merge = format!("merge --out wrong.{kind}");
        let order = format!("{merge} 2.{kind} 1.{kind} 3.{kind}");
        desk.refuses(&order, DATA, &["in their order"]);
        let few = format!("{merge} 1.{kind} 2.{kind}");
        desk.refuses(&few, DATA, &["shard 1/2 is expected"]);
        let missing = format!("{merge} 1.{kind} 2.{kind} none.{kind}");
        desk.refuses(&missing, IO, &[&format!("none.{kind}")]);
        assert!(!desk.path(&format!("wrong.{kind}")).exists());
        // What was merged before stays as it is.
        let again = order.replace("wrong", "merged");
        desk.refuses(&again, DATA, &["in their order"]);
        assert_eq!(desk.read(&format!("merged.{kind}")), whole);
    }
    desk.refuses("merge 1.vcf 2.tsv 3.vcf --out wrong.vcf", DATA, &["2.tsv: not of the kind"]);
    desk.refuses("merge 1.vcf --out wrong.txt", USAGE, &["wrong.txt"]);
    desk.refuses("merge --out wrong.vcf", USAGE, &["SHARD"]);
}

#[test]
fn stopped_runs_go_on_and_give_the_same_bytes() {
    let (desk, _) = desk();
    scores(&desk, "--out whole.vcf");
    // Stopped in the middle of a line.
    let whole = desk.bytes("whole.vcf");
    let header = String::from_utf8_lossy(&whole).find("\nc\t").unwrap();
    for end in [whole.len() - 30, header + (whole.len() - header) / 2, header - 10, 10] {
        fs::write(desk.path("stopped.vcf.1of1.partial"), &whole[..end]).unwrap();
        let output = score(&desk, "--out stopped.vcf");
        let told = told(&output);
        printed(&output);
        // What is there is not scored again, but for a header that was cut.
        assert_eq!(told.contains("from an earlier run"), end > header, "{told}");
        assert!(desk.bytes("stopped.vcf") == whole, "stopped at {end}");
    }
    // A run with other settings begins anew.
    fs::write(desk.path("other.vcf.1of1.partial"), &whole[..whole.len() - 30]).unwrap();
    scores(&desk, "--strands forward --out other.vcf");
    scores(&desk, "--strands forward --out fresh.vcf");
    assert!(desk.bytes("other.vcf") == desk.bytes("fresh.vcf"));
    assert!(desk.bytes("other.vcf") != whole);
}

/// Tables, too: the last variant is scored again, since one of its alleles may be missing.
#[test]
fn stopped_tables_go_on_and_give_the_same_bytes() {
    let (desk, _) = desk();
    scores(&desk, "--out whole.tsv");
    let (vcf, whole) = (desk.read("v.vcf"), desk.bytes("whole.tsv"));
    let score_stopped = |end: usize| {
        // The name of the partial file tells the settings: a run on a file that has a variant
        // without a place leaves it there.
        desk.write("v.vcf", &format!("{vcf}c\tx\t.\tA\tC\t.\t.\t.\n"));
        refuses(&score(&desk, "--out stopped.tsv"), DATA, &["v.vcf", "line 11"]);
        desk.write("v.vcf", &vcf);
        let is_partial =
            |name: &String| name.starts_with("stopped.tsv.1of1.") && name.ends_with(".partial");
        let partial: Vec<String> = desk.list(".").into_iter().filter(is_partial).collect();
        assert_eq!(partial.len(), 1, "{partial:?}");
        fs::write(desk.path(&partial[0]), &whole[..end]).unwrap();
        let output = score(&desk, "--out stopped.tsv");
        printed(&output);
        assert!(desk.bytes("stopped.tsv") == whole, "stopped at {end}");
        assert!(!desk.path(&partial[0]).exists());
        told(&output)
    };
    let breaks = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let lines: Vec<usize> = breaks.map(|(at, _)| at + 1).collect();
    // Behind the second of the three alleles of variant 5, and in the middle of a line of
    // variant 3.
    assert!(score_stopped(lines[6]).contains("4 variants are there"));
    assert!(score_stopped(lines[3] - 5).contains("1 variants are there"));
    score_stopped(10);
}

#[test]
fn a_wrong_reference_ends_the_run_or_is_counted() {
    let (desk, genome) = desk();
    let (own, wrong) = (genome.at(200), genome.other(200));
    let vcf = format!("{HEADER}c\t200\t.\t{wrong}\t{own}\t.\t.\t.\r\nd\t5\t.\tA\tC\t.\t.\t.\r\n");
    desk.write("v.vcf", &vcf);
    refuses(&score(&desk, "--out out.vcf"), DATA, &["line 4", "c:200"]);
    assert!(!desk.path("out.vcf").exists());
    let told = scores(&desk, "--mismatch skip --out out.vcf");
    assert!(told.contains("1 alleles skipped: reference allele"), "{told}");
    assert!(told.contains("1 alleles skipped: not in the genome"), "{told}");
    desk.write("d.vcf", &format!("{HEADER}d\t5\t.\tA\tC\t.\t.\t.\n"));
    let elsewhere = format!("variants d.vcf g.fa --model {MODEL} --width 60 --out d.tsv");
    desk.refuses(&elsewhere, DATA, &["line 4: the genome has no d:5"]);
    let told = scores(&desk, "--mismatch swap --out out.tsv");
    assert!(told.contains("1 alleles exchanged"), "{told}");
    let table = desk.read("out.tsv");
    assert_eq!(table.lines().count(), 3);
    assert!(table.lines().nth(1).unwrap().ends_with("swapped"), "{table}");
}

#[test]
fn scores_along_a_stretch_beside_a_background_and_a_likelihood() {
    let (desk, _) = desk();
    let small = MODEL.replace("ctcf-gm12878", "small-4");
    scores(
        &desk,
        &format!(
            "--reach 2 --strands reverse --background v.vcf --likelihood {small} --embedding \
             --attention --out out.tsv"
        ),
    );
    let table = desk.read("out.tsv");
    let header: Vec<&str> = table.lines().next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|key| key.ends_with(name)).unwrap();
    let mut scored = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), header.len());
        let number = |name: &str| fields[column(name)].parse::<f64>();
        let Ok(p) = number("DNABERT_P") else { continue };
        scored += 1;
        assert!(p > 0.0 && p <= 1.0, "{line}");
        let [gain, loss, most] = ["_GAIN", "_LOSS", "_MAX"].map(|name| number(name).unwrap());
        assert!(gain >= 0.0 && loss <= 0.0 && (most - gain.max(-loss)).abs() < 1e-4, "{line}");
        let (distance, attention) = (number("_EMBEDDING").unwrap(), number("_ATTENTION").unwrap());
        assert!(distance > 0.0 && attention > 0.0, "{line}");
        // Single bases have both likelihoods, insertions and deletions that of windows.
        assert!(number("_PLL").is_ok(), "{line}");
        assert_eq!(number("_LLR").is_ok(), fields[4].len() == 1 && fields[5].len() == 1, "{line}");
    }
    assert!(scored > 0, "{table}");
}

#[test]
fn a_file_that_was_cut_is_an_error() {
    let (desk, _) = desk();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&desk.bytes("v.vcf")).unwrap();
    let whole = encoder.finish().unwrap();
    fs::write(desk.path("v.vcf.gz"), &whole[..whole.len() / 2]).unwrap();
    let arguments = format!("variants v.vcf.gz g.fa --model {MODEL} --width 60 --out out.vcf");
    desk.refuses(&arguments, DATA, &["v.vcf.gz"]);
    assert!(!desk.path("out.vcf").exists());
}

#[test]
fn haplotypes_are_scored_as_one_allele() {
    let (desk, genome) = desk();
    let mut vcf = HEADER.trim_end().to_owned() + "\tFORMAT\tme\tyou\n";
    for (position, genotypes) in [(200, "0|1\t1|1"), (203, "0|1\t0|0"), (205, "1|0\t0|0")] {
        let (own, other) = (genome.at(position), genome.other(position));
        writeln!(vcf, "c\t{position}\tv{position}\t{own}\t{other}\t.\t.\t.\tGT\t{genotypes}")
            .unwrap();
    }
    for (position, genotypes) in [(300, "1|0\t0|0"), (310, ".\t0|0"), (320, "./.\t0|0")] {
        let own = genome.at(position);
        writeln!(vcf, "c\t{position}\t.\t{own}\t<INS>\t.\t.\t.\tGT\t{genotypes}").unwrap();
    }
    desk.write("v.vcf", &vcf);
    let told = scores(&desk, "--haplotypes me --within 5 --out joined.vcf");
    assert!(told.contains("2 variants, 2 alleles scored"), "{told}");
    assert!(told.contains("1 alleles of the sample are in no haplotype: symbolic"), "{told}");
    assert!(told.contains("2 lines have no genotype of the sample"), "{told}");
    let written = desk.read("joined.vcf");
    let records: Vec<&str> = written.lines().filter(|line| !line.starts_with('#')).collect();
    let reference = &genome.0[199..203];
    let joint = format!("{}{}{}", genome.other(200), &genome.0[200..202], genome.other(203));
    let start = format!("c\t200\tv200;v203\t{reference}\t{joint}\t.\t.\tHAPLOTYPE=2;PARTS=2;");
    assert!(records[0].starts_with(&start), "{}\n{start}", records[0]);
    // The same allele, written by hand, has the same scores.
    desk.write("v.vcf", &format!("{HEADER}c\t200\t.\t{reference}\t{joint}\t.\t.\t.\n"));
    scores(&desk, "--out by_hand.vcf");
    let by_hand = desk.read("by_hand.vcf");
    let fields = |line: &str| -> Vec<String> {
        let scored = line.rsplit_once("DNABERT_NOTE").unwrap().0;
        scored.split("DNABERT_").skip(1).map(str::to_owned).collect()
    };
    assert!(fields(records[0]).len() > 1, "{}", records[0]);
    assert_eq!(fields(records[0]), fields(by_hand.lines().last().unwrap()));
    desk.write("v.vcf", &written);
    let nobody = score(&desk, "--haplotypes nobody --out joined.vcf");
    refuses(&nobody, DATA, &["no sample \"nobody\""]);
    assert_eq!(desk.read("joined.vcf"), written);
}

#[test]
fn the_ends_of_a_chromosome_are_scored_or_told() {
    let (desk, genome) = desk();
    let mut vcf = HEADER.to_owned();
    writeln!(vcf, "c\t0\ttelomere\tN\t.[c:9[\t.\t.\t.").unwrap();
    for position in [1, 20, 200, 380, 400] {
        let (own, other) = (genome.at(position), genome.other(position));
        writeln!(vcf, "c\t{position}\t.\t{own}\t{other}\t.\t.\t.").unwrap();
    }
    desk.write("v.vcf", &vcf);
    scores(&desk, "--out x.tsv");
    let table = desk.read("x.tsv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|cell| *cell == name).unwrap();
    assert_eq!((rows[1][column("position")], rows[1][column("DNABERT_MAX")]), ("0", "."));
    for row in &rows[2..] {
        let number = |name: &str| row[column(name)].parse::<f64>().unwrap();
        let change = (number("DNABERT_bound_ALT") - number("DNABERT_bound_REF")).abs();
        assert!(change > 0.0 && (number("DNABERT_MAX") - change).abs() < 2e-5, "{row:?}");
    }
    desk.write("v.vcf", &format!("{HEADER}c\t0\t.\tA\tG\t.\t.\t.\n"));
    let error = told(&score(&desk, "--out y.tsv"));
    assert!(error.contains("v.vcf, line 4: the genome has no c:0"), "{error}");
}

#[test]
fn what_cannot_be_scored_is_said() {
    let (desk, _) = desk();
    desk.write("out.vcf", "an older result");
    let score = |variants: &str, more: &str| format!("variants {variants} --out out.vcf {more}");
    let model = format!("--model {MODEL} --width 60");
    desk.refuses(&score("none.vcf g.fa", &model), IO, &["none.vcf"]);
    desk.refuses(&score("v.vcf none.fa", &model), IO, &["none.fa"]);
    let none = score("v.vcf g.fa", "--model none --width 60");
    desk.refuses(&none, IO, &["none: no such folder"]);
    let background = score("v.vcf g.fa", &format!("{model} --background none.vcf"));
    desk.refuses(&background, IO, &["none.vcf"]);
    desk.refuses(&score("g.fa g.fa", &model), DATA, &["g.fa"]);
    for wrong in ["--shard 4/3", "--shard 0/3", "--width 7", "--within 3", "--strands one"] {
        let option = wrong.split(' ').next().unwrap();
        desk.refuses(&score("v.vcf g.fa", &format!("{model} {wrong}")), USAGE, &[option]);
    }
    assert_eq!(desk.read("out.vcf"), "an older result");
    let text = format!("variants v.vcf g.fa {model} --out out.txt");
    desk.refuses(&text, USAGE, &["out.txt", ".vcf", ".tsv"]);
}
