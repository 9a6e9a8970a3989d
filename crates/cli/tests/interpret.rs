//! The examples that explain a model, as a user runs them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    let program = format!("examples/{program}{}", std::env::consts::EXE_SUFFIX);
    Command::new(profile.join(program)).args(arguments).current_dir(folder).output().unwrap()
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A page that fetches nothing.
fn is_self_contained(page: &str) -> bool {
    let addresses = page.matches("http").count();
    page.ends_with("</html>\n")
        && addresses == page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
        && !page.contains("<script")
}

#[test]
fn the_shipped_model_of_ctcf_looks_at_its_motif() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(&run("motifs", folder.path(), &["--out", "out"]));
    let read = |file: &str| fs::read_to_string(folder.path().join("out").join(file)).unwrap();
    let summary = read("motifs.tsv");
    let first: Vec<&str> = summary.lines().nth(1).unwrap().split('\t').collect();
    assert!(first[9].ends_with("CTCF"), "{summary}");
    let (q, in_high, high, match_q): (f64, f64, f64, f64) = (
        first[6].parse().unwrap(),
        first[7].parse().unwrap(),
        first[8].parse().unwrap(),
        first[11].parse().unwrap(),
    );
    assert!(q < 1e-6 && match_q < 1e-4 && in_high > 1.5 * high, "{summary}");
    // All three files hold the motif; sites lie in their sequences.
    for file in ["motifs.jaspar", "motifs.meme", "motifs.transfac"] {
        let motifs =
            dnabert::motif::file::read_motifs(folder.path().join("out").join(file)).unwrap();
        assert_eq!(motifs.len(), summary.lines().count() - 1, "{file}");
    }
    for line in read("sites.bed").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [start, end]: [usize; 2] = [1, 2].map(|at| fields[at].parse().unwrap());
        assert!(start < end && end <= 101 && ["+", "-"].contains(&fields[5]), "{line}");
    }
    assert!(is_self_contained(&read("report.html")));
}

#[test]
fn planted_sites_are_judged_and_the_page_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let motifs = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/jaspar/subset.jaspar");
    let planted = ["planted", motifs, "MA0139.2", "--rows", "8,8,8", "--out", "made"];
    succeeds(&run("build_dataset", folder.path(), &planted));
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/ctcf-gm12878");
    let tables = ["--train", "made/train.tsv", "--dev", "made/dev.tsv", "--test", "made/test.tsv"];
    let more = ["--model", model, "--sites", "made/sites.bed", "--examples", "1", "--out", "out"];
    let text = succeeds(&run("attention", folder.path(), &[&tables[..], &more[..]].concat()));
    // Attention of three stages and two controls, four other ways, magnitudes and the likelihood.
    assert_eq!(text.lines().filter(|line| line.ends_with("\t8")).count(), 11, "{text}");
    let auroc = |name: &str| -> f64 {
        let row = text.lines().find(|line| line.starts_with(&format!("{name}\t")));
        row.unwrap().split('\t').nth(1).unwrap().parse().unwrap()
    };
    let trained = auroc("attention, fine-tuned");
    for control in ["attention, untrained", "attention, fine-tuned, shuffled"] {
        assert!(trained > auroc(control) + 0.1, "{text}");
    }
    let out = folder.path().join("out");
    for file in ["landscape.svg", "heads.svg", "example_1.svg", "known_sites.tsv", "agreement.tsv"]
    {
        assert!(out.join(file).metadata().unwrap().len() > 100, "{file}");
    }
    assert!(is_self_contained(&fs::read_to_string(out.join("report.html")).unwrap()));
    let twice = ["--train", "made/train.tsv", "--dev", "made/test.tsv", "--test", "made/test.tsv"];
    let output = run("attention", folder.path(), &[&twice[..], &more[..]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("equal file names"));
    let missing = ["--model", model, "--sites", "made/train.tsv", "--out", "other"];
    let output = run("attention", folder.path(), &[&tables[..], &missing[..]].concat());
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("train.tsv"), "the file is named");
}

#[test]
fn scores_are_written_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let sequence = "ACGTTGCATTGCCACTAGGTGGC";
    fs::write(folder.path().join("x.fa"), format!(">a\n{sequence}\n>b\n{sequence}\n")).unwrap();
    let tracks = |to: &str| {
        let arguments = ["--tracks", "x.fa", "--to", to, "--layers", "2-3", "--heads", "1"];
        run("attention", folder.path(), &arguments)
    };
    for file in ["x.tsv", "x.bedgraph", "x.npy"] {
        succeeds(&tracks(file));
    }
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
    let lines = |file: &str| read(file).lines().count();
    assert_eq!((lines("x.tsv"), lines("x.bedgraph")), (1 + 2 * 23, 2 * 23));
    assert_eq!(folder.path().join("x.npy").metadata().unwrap().len(), 128 + 2 * 23 * 4);
    let scores: Vec<f64> = read("x.bedgraph")
        .lines()
        .map(|line| line.rsplit('\t').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(scores[..23], scores[23..]);
    // Two models of norm 1 each; here twice the same.
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/models/ctcf-gm12878");
    let mean = ["--tracks", "x.fa", "--to", "mean.bedgraph", "--also", model];
    succeeds(&run("attention", folder.path(), &mean));
    let squares: f64 = read("mean.bedgraph")
        .lines()
        .take(23)
        .map(|line| line.rsplit('\t').next().unwrap().parse::<f64>().unwrap().powi(2))
        .sum();
    assert!((squares - 1.0).abs() < 1e-3, "{squares}");
    fs::write(folder.path().join("x.fa"), ">a\nACGTTGC\n>b\nACGT\n").unwrap();
    let output = tracks("x.npy");
    assert!(String::from_utf8_lossy(&output.stderr).contains("b: 4 bases"));
    assert_eq!(folder.path().join("x.npy").metadata().unwrap().len(), 128 + 2 * 23 * 4);
    assert!(!tracks("x.txt").status.success());
    for wrong in ["--layers 9", "--heads 2", "--attribution rollout --heads 0", "--sites x.bed"] {
        let arguments: Vec<&str> =
            "--tracks x.fa --to x.tsv".split(' ').chain(wrong.split(' ')).collect();
        let output = run("attention", folder.path(), &arguments);
        assert!(!output.status.success(), "{wrong}");
    }
}
