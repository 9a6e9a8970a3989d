//! `dnabert explain` and `dnabert motifs` with shipped models.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::{DATA, Desk, IO, USAGE, cells};

const CTCF: &str = "@models/ctcf-gm12878";

/// A page that fetches nothing.
fn is_self_contained(page: &str) -> bool {
    let addresses = page.matches("http").count();
    page.ends_with("</html>\n")
        && addresses == page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
        && !page.contains("<script")
}

#[test]
fn the_shipped_model_of_ctcf_looks_at_its_motif() {
    let desk = Desk::new();
    desk.prints("motifs --out out");
    let summary = desk.read("out/motifs.tsv");
    let first: Vec<&str> = summary.lines().nth(1).unwrap().split('\t').collect();
    assert!(first[9].ends_with("CTCF"), "{summary}");
    let [q, in_high, high, match_q]: [f64; 4] = [6, 7, 8, 11].map(|at| first[at].parse().unwrap());
    assert!(q < 1e-6 && match_q < 1e-4 && in_high > 1.5 * high, "{summary}");
    // All three files hold the motif; sites lie in their sequences.
    for file in ["motifs.jaspar", "motifs.meme", "motifs.transfac"] {
        let motifs = dnabert::motif::file::read_motifs(desk.path("out").join(file)).unwrap();
        assert_eq!(motifs.len(), summary.lines().count() - 1, "{file}");
    }
    for fields in cells(&desk.read("out/sites.bed")) {
        let [start, end]: [usize; 2] = [1, 2].map(|at| fields[at].parse().unwrap());
        assert!(start < end && end <= 101 && ["+", "-"].contains(&&*fields[5]), "{fields:?}");
    }
    assert!(is_self_contained(&desk.read("out/report.html")));
    assert!(desk.read("out/run.toml").contains("command = \"motifs\""));
}

#[test]
fn planted_sites_are_judged_and_the_page_is_whole() {
    let desk = Desk::new();
    desk.prints("dataset planted @jaspar/subset.jaspar MA0139.2 --rows 8,8,8 --out made");
    let tables = "--train made/train.tsv --dev made/dev.tsv --test made/test.tsv";
    let more = format!("--model {CTCF} --sites made/sites.bed --examples 1 --out out");
    let text = desk.prints(&format!("explain {tables} {more}"));
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
    for file in ["landscape.svg", "heads.svg", "example_1.svg", "known_sites.tsv", "agreement.tsv"]
    {
        assert!(desk.bytes(&format!("out/{file}")).len() > 100, "{file}");
    }
    assert!(is_self_contained(&desk.read("out/report.html")));
    assert!(desk.read("out/run.toml").contains("command = \"explain\""));
    let twice = "--train made/train.tsv --dev made/test.tsv --test made/test.tsv";
    desk.refuses(&format!("explain {twice} {more}"), USAGE, &["equal file names"]);
    let bad = format!("explain {tables} --model {CTCF} --sites made/train.tsv --out other");
    desk.refuses(&bad, DATA, &["train.tsv"]);
    let class = format!("explain {tables} --class 2 {more}");
    desk.refuses(&class, USAGE, &["--class 2: counted from 0, the model has 2 classes"]);
}

#[test]
fn scores_are_written_in_every_format() {
    let desk = Desk::new();
    let sequence = "ACGTTGCATTGCCACTAGGTGGC";
    desk.write("x.fa", &format!(">a\n{sequence}\n>b\n{sequence}\n"));
    let tracks = |to: &str| format!("explain --tracks x.fa --to {to} --layers 2-3 --heads 1");
    for file in ["x.tsv", "x.bedgraph", "x.npy"] {
        desk.prints(&tracks(file));
    }
    let lines = |file: &str| desk.read(file).lines().count();
    assert_eq!((lines("x.tsv"), lines("x.bedgraph")), (1 + 2 * 23, 2 * 23));
    assert_eq!(desk.bytes("x.npy").len(), 128 + 2 * 23 * 4);
    let scores = |file: &str| -> Vec<f64> {
        let rows = cells(&desk.read(file));
        rows.iter().map(|row| row.last().unwrap().parse().unwrap()).collect()
    };
    let both = scores("x.bedgraph");
    assert_eq!(both[..23], both[23..]);
    // Two models of norm 1 each; here twice the same.
    desk.prints(&format!("explain --tracks x.fa --to mean.bedgraph --also {CTCF}"));
    let squares: f64 = scores("mean.bedgraph")[..23].iter().map(|score| score.powi(2)).sum();
    assert!((squares - 1.0).abs() < 1e-3, "{squares}");
    desk.write("x.fa", ">a\nACGTTGC\n>b\nACGT\n");
    desk.refuses(&tracks("x.npy"), DATA, &["b: 4 bases"]);
    assert_eq!(desk.bytes("x.npy").len(), 128 + 2 * 23 * 4);
    desk.refuses(&tracks("x.txt"), USAGE, &["x.txt", ".tsv", ".bedgraph"]);
    for wrong in ["--layers 9", "--heads 2", "--attribution rollout --heads 0", "--sites x.bed"] {
        desk.refuses(&format!("explain --tracks x.fa --to x.tsv {wrong}"), USAGE, &["--"]);
    }
}

#[test]
fn every_attribution_gives_each_base_a_score() {
    let desk = Desk::with_model();
    desk.write("x.fa", ">a\nACGTTATAAAACCAGG\n");
    for method in
        ["attention", "rollout", "gradient-times-input", "integrated-gradients", "mutagenesis"]
    {
        let scores = "explain --model model --strands one --tracks x.fa --to x.tsv";
        desk.prints(&format!("{scores} --attribution {method}"));
        let rows = cells(&desk.read("x.tsv"));
        assert_eq!(rows.len(), 17, "{method}");
        let score = |row: &Vec<String>| row[3].parse::<f64>().unwrap();
        assert!(rows[1..].iter().all(|row| score(row).is_finite()), "{method}: {rows:?}");
        assert!(rows[1..].iter().any(|row| score(row) != 0.0), "{method}: {rows:?}");
    }
}

#[test]
fn low_precision_gives_nearly_the_same_scores() {
    let desk = Desk::new();
    desk.write("x.fa", &format!(">a\n{}\n", "ACGTTGCATTGCCACTAGGTGGC".repeat(4)));
    let scores = |options: &str| -> Vec<f64> {
        desk.prints(&format!("explain --tracks x.fa --to x.tsv {options}"));
        cells(&desk.read("x.tsv"))[1..].iter().map(|row| row[3].parse().unwrap()).collect()
    };
    for method in ["attention", "mutagenesis"] {
        let [whole, packed] = ["f32", "int8"]
            .map(|bits| scores(&format!("--attribution {method} --precision {bits}")));
        let pairs = whole.iter().zip(&packed);
        let difference: f64 = pairs.map(|(whole, packed)| (whole - packed).powi(2)).sum();
        let square: f64 = whole.iter().map(|score| score.powi(2)).sum();
        assert!(difference > 0.0 && difference < 0.02 * square, "{method}: {difference} {square}");
    }
    let gradients = "--attribution gradient-times-input --precision int8";
    let scores = format!("explain --tracks x.fa --to x.tsv {gradients}");
    desk.refuses(&scores, DATA, &["gradients need weights in f32", "choose precision f32"]);
}

#[test]
fn what_cannot_be_explained_is_said() {
    let desk = Desk::with_model();
    desk.write("x.tsv", "an older result");
    desk.write("x.fa", ">a\nACGTTATAAAACCAGG\n");
    let scores = "explain --to x.tsv";
    desk.refuses(&format!("{scores} --model model --tracks none.fa"), IO, &["none.fa"]);
    desk.refuses(&format!("{scores} --model none --tracks x.fa"), IO, &["none: no such folder"]);
    desk.refuses(&format!("{scores} --model model"), USAGE, &["--tracks"]);
    let unknown = format!("{scores} --model model --tracks x.fa --attribution guess");
    desk.refuses(&unknown, USAGE, &["guess"]);
    assert_eq!(desk.read("x.tsv"), "an older result");
    desk.refuses("motifs --train train.tsv --dev dev.tsv --test test.tsv", USAGE, &["--model"]);
    desk.refuses("motifs --motifs none.jaspar", IO, &["none.jaspar"]);
}
