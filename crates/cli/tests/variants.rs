//! Variants, as a user scores them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/ctcf-gm12878");

fn run(folder: &Path, arguments: &str) -> Output {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    let program = format!("examples/variants{}", std::env::consts::EXE_SUFFIX);
    Command::new(profile.join(program))
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap()
}

fn score(folder: &Path, more: &str) -> Output {
    run(folder, &format!("v.vcf g.fa --model {MODEL} --width 60 {more}"))
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn fails(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Bases that a number stands for.
fn bases(count: usize) -> String {
    let mut state = 7_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"ACGT"[(state >> 33) as usize % 4])
    };
    (0..count).map(|_| next()).collect()
}

const HEADER: &str = "##fileformat=VCFv4.2\n##contig=<ID=c,length=400>\n\
                      #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

/// A genome, and variants of every kind on it, out of order.
fn desk(folder: &Path) -> String {
    let genome = bases(400);
    fs::write(folder.join("g.fa"), format!(">c\n{genome}\n")).unwrap();
    let at = |position: usize| &genome[position - 1..position];
    let other = |position: usize| if at(position) == "A" { "C" } else { "A" };
    let mut vcf = HEADER.to_owned();
    for position in [200, 100, 1, 400] {
        let (own, other) = (at(position), other(position));
        writeln!(vcf, "c\t{position}\trs{position}\t{own}\t{other}\t9\tPASS\tA=1;B").unwrap();
    }
    writeln!(vcf, "c\t150\t.\t{}\t{}GG,*,<DEL>\t.\t.\t.", at(150), at(150)).unwrap();
    writeln!(vcf, "c\t160\t.\t{}\t{}\t.\t.\t.", &genome[159..163], at(160)).unwrap();
    writeln!(vcf, "c\t170\t.\t{}\t.\t.\t.\t.", at(170)).unwrap();
    fs::write(folder.join("v.vcf"), &vcf).unwrap();
    vcf
}

#[test]
fn every_line_comes_back_in_its_place_with_fields_that_are_defined() {
    let folder = tempfile::tempdir().unwrap();
    let vcf = desk(folder.path());
    let told = succeeds(&score(folder.path(), "--out out.vcf"));
    assert!(told.contains("7 variants, 6 alleles scored"), "{told}");
    assert!(told.contains("1 alleles skipped: symbolic allele"), "{told}");
    let written = fs::read_to_string(folder.path().join("out.vcf")).unwrap();
    let records = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let (before, after) = (records(&vcf), records(&written));
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
    fs::copy(folder.path().join("out.vcf"), folder.path().join("v.vcf")).unwrap();
    succeeds(&score(folder.path(), "--out again.vcf"));
    let again = fs::read_to_string(folder.path().join("again.vcf")).unwrap();
    assert_eq!(again, written);
}

#[test]
fn shards_and_stopped_runs_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let read = |file: &str| fs::read(folder.path().join(file)).unwrap();
    succeeds(&score(folder.path(), "--out whole.vcf"));
    for shard in 1..=3 {
        succeeds(&score(folder.path(), &format!("--shard {shard}/3 --out {shard}.vcf")));
    }
    succeeds(&run(folder.path(), "--merge 1.vcf 2.vcf 3.vcf --out merged.vcf"));
    assert_eq!(read("merged.vcf"), read("whole.vcf"));
    let wrong = fails(&run(folder.path(), "--merge 2.vcf 1.vcf 3.vcf --out wrong.vcf"));
    assert!(wrong.contains("in their order"), "{wrong}");
    let few = fails(&run(folder.path(), "--merge 1.vcf 2.vcf --out wrong.vcf"));
    assert!(few.contains("shard 1/2 is expected"), "{few}");
    assert!(!folder.path().join("wrong.vcf").exists());
    // Stopped in the middle of a line.
    let whole = read("whole.vcf");
    let header = String::from_utf8_lossy(&whole).find("\nc\t").unwrap();
    for end in [whole.len() - 30, header + (whole.len() - header) / 2, header - 10, 10] {
        fs::write(folder.path().join("stopped.vcf.1of1.partial"), &whole[..end]).unwrap();
        let output = score(folder.path(), "--out stopped.vcf");
        succeeds(&output);
        let told = String::from_utf8(output.stderr).unwrap();
        // What is there is not scored again, but for a header that was cut.
        assert_eq!(told.contains("from an earlier run"), end > header, "{told}");
        assert_eq!(read("stopped.vcf"), whole, "stopped at {end}");
    }
    // Tables, too: the last variant is scored again, since one of its alleles may be missing.
    succeeds(&score(folder.path(), "--out whole.tsv"));
    for shard in 1..=3 {
        succeeds(&score(folder.path(), &format!("--shard {shard}/3 --out {shard}.tsv")));
    }
    succeeds(&run(folder.path(), "--merge 1.tsv 2.tsv 3.tsv --out merged.tsv"));
    let whole_table = read("whole.tsv");
    assert_eq!(read("merged.tsv"), whole_table);
    let wrong = fails(&run(folder.path(), "--merge 2.tsv 1.tsv 3.tsv --out wrong.tsv"));
    assert!(wrong.contains("in their order"), "{wrong}");
    fails(&run(folder.path(), "--merge 1.tsv 2.tsv --out wrong.tsv"));
    let score_stopped = |end: usize| {
        // The name of the partial file tells the settings: a run on a file that is no genome leaves it there.
        let genome = fs::read(folder.path().join("g.fa")).unwrap();
        fs::write(folder.path().join("v.vcf"), desk(folder.path()) + "c\tx\t.\tA\tC\t.\t.\t.\n")
            .unwrap();
        fails(&score(folder.path(), "--out stopped.tsv"));
        desk(folder.path());
        assert_eq!(genome, fs::read(folder.path().join("g.fa")).unwrap());
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let is_partial = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("stopped.tsv.1of1.") && name.ends_with(".partial")
        };
        let partial = entries.filter(is_partial).collect::<Vec<_>>();
        assert_eq!(partial.len(), 1, "{partial:?}");
        fs::write(&partial[0], &whole_table[..end]).unwrap();
        let output = score(folder.path(), "--out stopped.tsv");
        succeeds(&output);
        assert_eq!(read("stopped.tsv"), whole_table, "stopped at {end}");
        assert!(!partial[0].exists());
        String::from_utf8(output.stderr).unwrap()
    };
    let lines: Vec<usize> = whole_table
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    // Behind the second of the three alleles of variant 5, and in the middle of a line of variant 3.
    assert!(score_stopped(lines[6]).contains("4 variants are there"));
    assert!(score_stopped(lines[3] - 5).contains("1 variants are there"));
    score_stopped(10);
    // A run with other settings begins anew.
    fs::write(folder.path().join("other.vcf.1of1.partial"), &whole[..whole.len() - 30]).unwrap();
    succeeds(&score(folder.path(), "--reading forward --out other.vcf"));
    succeeds(&score(folder.path(), "--reading forward --out fresh.vcf"));
    assert_eq!(read("other.vcf"), read("fresh.vcf"));
    assert_ne!(read("other.vcf"), whole);
}

#[test]
fn a_wrong_reference_ends_the_run_or_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let genome = fs::read_to_string(folder.path().join("g.fa")).unwrap();
    let own = &genome[3 + 199..3 + 200];
    let wrong = if own == "A" { "C" } else { "A" };
    let vcf = format!("{HEADER}c\t200\t.\t{wrong}\t{own}\t.\t.\t.\r\nd\t5\t.\tA\tC\t.\t.\t.\r\n");
    fs::write(folder.path().join("v.vcf"), &vcf).unwrap();
    let error = fails(&score(folder.path(), "--out out.vcf"));
    assert!(error.contains("line 4") && error.contains("c:200"), "{error}");
    assert!(!folder.path().join("out.vcf").exists());
    let told = succeeds(&score(folder.path(), "--mismatch skip --out out.vcf"));
    assert!(told.contains("1 alleles skipped: reference allele"), "{told}");
    assert!(told.contains("1 alleles skipped: not in the genome"), "{told}");
    let elsewhere = format!("{HEADER}d\t5\t.\tA\tC\t.\t.\t.\n");
    fs::write(folder.path().join("d.vcf"), elsewhere).unwrap();
    let error =
        fails(&run(folder.path(), &format!("d.vcf g.fa --model {MODEL} --width 60 --out d.tsv")));
    assert!(error.contains("line 4: the genome has no d:5"), "{error}");
    let told = succeeds(&score(folder.path(), "--mismatch swap --out out.tsv"));
    assert!(told.contains("1 alleles exchanged"), "{told}");
    let table = fs::read_to_string(folder.path().join("out.tsv")).unwrap();
    assert_eq!(table.lines().count(), 3);
    assert!(table.lines().nth(1).unwrap().ends_with("swapped"), "{table}");
}

#[test]
fn scores_along_a_stretch_beside_a_background_and_a_likelihood() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let small = MODEL.replace("ctcf-gm12878", "small-4");
    let more = format!(
        "--reach 2 --reading reverse --background v.vcf --likelihood {small} --embedding --attention --out out.tsv"
    );
    succeeds(&score(folder.path(), &more));
    let table = fs::read_to_string(folder.path().join("out.tsv")).unwrap();
    let header: Vec<&str> = table.lines().next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|key| key.ends_with(name)).unwrap();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), header.len());
        let number = |name: &str| fields[column(name)].parse::<f64>();
        let Ok(p) = number("DNABERT_P") else { continue };
        assert!(p > 0.0 && p <= 1.0, "{line}");
        let (gain, loss, most) =
            (number("_GAIN").unwrap(), number("_LOSS").unwrap(), number("_MAX").unwrap());
        assert!(gain >= 0.0 && loss <= 0.0 && (most - gain.max(-loss)).abs() < 1e-4, "{line}");
        let (distance, attention) = (number("_EMBEDDING").unwrap(), number("_ATTENTION").unwrap());
        assert!(distance > 0.0 && attention > 0.0, "{line}");
        // Single bases have both likelihoods, insertions and deletions that of windows.
        assert!(number("_PLL").is_ok(), "{line}");
        assert_eq!(number("_LLR").is_ok(), fields[4].len() == 1 && fields[5].len() == 1, "{line}");
    }
}

#[test]
fn maps_and_tables_are_written() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let map = format!("--map g.fa c:190-210 --map-width 60 --model {MODEL} --out map");
    succeeds(&run(folder.path(), &map));
    let map = fs::read_to_string(folder.path().join("map/map.tsv")).unwrap();
    // Three substitutions and a deletion of each base.
    assert_eq!(map.lines().count(), 1 + 4 * 60);
    let end = format!("--map g.fa c:400-400 --map-width 60 --model {MODEL} --out end");
    succeeds(&run(folder.path(), &end));
    let end = fs::read_to_string(folder.path().join("end/map.tsv")).unwrap();
    assert!(end.lines().last().unwrap().starts_with("c\t400\t"));
    for figure in ["map/map.svg", "map/track.svg"] {
        assert!(folder.path().join(figure).metadata().unwrap().len() > 1000);
    }
    fs::write(folder.path().join("t.tsv"), "sequence\tlabel\nACGTACGTAC\t0\nGGGTTTACGA\t1\n")
        .unwrap();
    fs::write(folder.path().join("m.tsv"), "1\t0\t1\tA\n0\t2\t4\t\n").unwrap();
    let table = format!("--table t.tsv --model {MODEL} --out o.tsv");
    succeeds(&run(folder.path(), &format!("{table} --mutations m.tsv")));
    let rows = fs::read_to_string(folder.path().join("o.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = rows.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((rows.len(), rows[1][4], rows[2][4]), (3, "ACACGTAC", "AGGTTTACGA"));
    succeeds(&run(folder.path(), &table));
    let rows = fs::read_to_string(folder.path().join("o.tsv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 4 * 20);
    for (wrong, what) in [
        (format!("--map g.fa c:500-510 --map-width 60 --model {MODEL} --out map"), "400 bases"),
        (format!("--map g.fa c:1-300 --map-width 60 --model {MODEL} --out map"), "longer than"),
        (format!("--map g.fa c:0-5 --map-width 60 --model {MODEL} --out map"), "counted from 1"),
        (format!("{table} --class 2"), "2 classes"),
    ] {
        let error = fails(&run(folder.path(), &wrong));
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_file_that_was_cut_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let vcf = desk(folder.path());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, vcf.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    fs::write(folder.path().join("v.vcf.gz"), &whole[..whole.len() / 2]).unwrap();
    let arguments = format!("v.vcf.gz g.fa --model {MODEL} --width 60 --out out.vcf");
    let error = fails(&run(folder.path(), &arguments));
    assert!(error.contains("v.vcf.gz"), "{error}");
    assert!(!folder.path().join("out.vcf").exists());
}

#[test]
fn haplotypes_are_scored_as_one_allele() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let genome = fs::read_to_string(folder.path().join("g.fa")).unwrap();
    let base = |position: usize| &genome[3 + position - 1..3 + position];
    let other = |position: usize| if base(position) == "A" { "C" } else { "A" };
    let mut vcf = HEADER.trim_end().to_owned() + "\tFORMAT\tme\tyou\n";
    for (position, genotypes) in [(200, "0|1\t1|1"), (203, "0|1\t0|0"), (205, "1|0\t0|0")] {
        let (own, other) = (base(position), other(position));
        writeln!(vcf, "c\t{position}\tv{position}\t{own}\t{other}\t.\t.\t.\tGT\t{genotypes}")
            .unwrap();
    }
    fs::write(folder.path().join("v.vcf"), vcf).unwrap();
    let told = succeeds(&score(folder.path(), "--haplotypes me --within 5 --out joined.vcf"));
    assert!(told.contains("2 variants, 2 alleles scored"), "{told}");
    let written = fs::read_to_string(folder.path().join("joined.vcf")).unwrap();
    let records: Vec<&str> = written.lines().filter(|line| !line.starts_with('#')).collect();
    let joint = format!("{}{}{}", other(200), &genome[3 + 200..3 + 202], other(203));
    let start = format!(
        "c\t200\tv200;v203\t{}\t{joint}\t.\t.\tHAPLOTYPE=2;PARTS=2;",
        &genome[3 + 199..3 + 203]
    );
    assert!(records[0].starts_with(&start), "{}\n{start}", records[0]);
    // The same allele, written by hand, has the same scores.
    let by_hand = format!("{HEADER}c\t200\t.\t{}\t{joint}\t.\t.\t.\n", &genome[3 + 199..3 + 203]);
    fs::write(folder.path().join("v.vcf"), by_hand).unwrap();
    succeeds(&score(folder.path(), "--out by_hand.vcf"));
    let by_hand = fs::read_to_string(folder.path().join("by_hand.vcf")).unwrap();
    let scores = |line: &str| {
        line.rsplit_once("DNABERT_NOTE")
            .unwrap()
            .0
            .split("DNABERT_")
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(scores(records[0]), scores(by_hand.lines().last().unwrap()));
    fs::write(folder.path().join("v.vcf"), written).unwrap();
    let error = fails(&score(folder.path(), "--haplotypes nobody --out joined.vcf"));
    assert!(error.contains("no sample \"nobody\""), "{error}");
}
