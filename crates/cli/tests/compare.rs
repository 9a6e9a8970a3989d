//! `dnabert compare`: methods, fractions, masked k-mers and many experiments.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;

use serde_json::Value;

use support::{DATA, Desk, IO, TABLES, TINY, USAGE, bases};

#[test]
fn several_seeds_and_baselines_stand_side_by_side() {
    let desk = Desk::with_tables();
    std::fs::create_dir(desk.path("out")).unwrap();
    desk.write("out/metrics.json", "an older result");
    let compare = format!("compare methods {TABLES} {TINY} --seeds 2 --baselines all --out out");
    let text = desk.prints(&compare);
    let methods = [
        "dnabert",
        "GC content",
        "k-mer regression",
        "placed k-mer regression",
        "position regression",
        "CNN",
        "CNN + LSTM",
        "CNN + GRU",
    ];
    for method in methods {
        assert!(text.contains(&format!("| {method} | 2 |")), "{method}: {text}");
    }
    assert!(
        text.contains("| 100, from dev | dnabert |") && text.contains("dnabert − CNN"),
        "{text}"
    );
    assert_eq!(desk.read("out/comparison.md"), text);
    let runs = desk.read("out/runs.jsonl");
    assert_eq!(runs.lines().count(), 2 * methods.len());
    let svg = desk.read("out/comparison.svg");
    assert!(svg.contains("k-mer regression"), "{svg}");
    assert_eq!(desk.read("out/metrics.json"), "an older result");
    assert!(desk.read("out/run.toml").contains("command = \"compare methods\""));
    // Nothing is done twice.
    assert_eq!(desk.prints(&compare), text);
    assert_eq!(desk.read("out/runs.jsonl"), runs);
    // The same as JSON.
    let found: Value = serde_json::from_str(&desk.prints(&format!("{compare} --json"))).unwrap();
    let first = &found[0];
    assert_eq!((&first["method"], &first["runs"]), (&"dnabert".into(), &2.into()));
    assert!(first["mcc"]["mean"].is_f64() && first["auroc"]["deviation"].is_f64(), "{found}");
}

#[test]
fn folds_judge_every_row_once() {
    let desk = Desk::new();
    for (salt, split) in ["train", "dev", "test"].iter().enumerate() {
        let row = |row: usize| format!("{}\t{}\n", bases(40, (100 * salt + row) as u64), row % 2);
        let rows: String = (0..20).map(row).collect();
        desk.write(&format!("{split}.tsv"), &format!("sequence\tlabel\n{rows}"));
    }
    desk.prints(&format!("compare methods {TABLES} {TINY} --folds 3 --out out"));
    let runs = desk.read("out/runs.jsonl");
    let labels = |line: &str| {
        let run: Value = serde_json::from_str(line).unwrap();
        run["test"]["labels"].as_array().unwrap().len()
    };
    assert_eq!(runs.lines().map(labels).sum::<usize>(), 60);
    assert!(runs.contains("fold 3 of 3"), "{runs}");
}

#[test]
fn rare_sites_stand_in_the_table_of_a_comparison() {
    let desk = Desk::new();
    let methods = "compare methods splice-uci --folds 2 --baselines gc";
    let table = desk.prints(&format!("{methods} --size tiny --epochs 1"));
    assert!(table.contains("Any class but the first is a positive here"), "{table}");
    assert!(table.contains("| 100, from dev | GC content |"), "{table}");
    // As `--help` says, it is written to a folder of the benchmark's name.
    assert!(desk.path("runs/splice-uci-comparison/comparison.md").exists());
}

#[test]
fn comparisons_that_mean_nothing_are_refused() {
    let desk = Desk::with_tables();
    for (arguments, what) in [
        (format!("methods {TINY}"), "required"),
        (format!("methods nothing {TINY}"), "unknown benchmark \"nothing\""),
        (format!("methods {TABLES} {TINY} --folds 1"), "--folds"),
        (format!("methods {TABLES} {TINY} --seeds 0"), "--seeds"),
        (format!("methods {TABLES} {TINY} --baselines other"), "--baselines"),
        (format!("methods {TABLES} {TINY} --baselines random"), "--baselines random"),
        (
            format!("methods promoter-core --classes a,b {TINY}"),
            "--classes: a shipped task has its own",
        ),
        ("fractions nothing".to_owned(), "unknown benchmark \"nothing\""),
        ("fractions promoter-uci".to_owned(), "too small for fractions"),
        ("fractions ctcf --methods nothing".to_owned(), "--methods"),
        ("fractions ctcf --methods gc-content --seeds 0".to_owned(), "--seeds"),
        ("fractions ctcf --methods gc-content --fractions 0".to_owned(), "--fractions"),
        ("fractions ctcf --methods gc-content --fractions 2".to_owned(), "--fractions"),
        (format!("methods {TABLES} --recipe auto"), "--recipe auto is for `train` and `benchmark`"),
        (format!("methods {TABLES} {TINY} --budget 1"), "--budget is for the recipe auto"),
        ("nothing".to_owned(), "unrecognized subcommand"),
    ] {
        desk.refuses(&format!("compare {arguments}"), USAGE, &[what]);
    }
    assert!(!desk.path("runs").exists());
}

#[test]
fn a_comparison_that_was_cut_off_goes_on_and_says_the_same() {
    let desk = Desk::new();
    let compare = || {
        desk.prints(
            "compare fractions --fractions 0.01 --seeds 2 --methods gc-content,position-regression \
             --runs runs.jsonl --figure fractions.svg",
        )
    };
    let table = compare();
    // One row in a hundred leaves 50 of the splice sites only.
    assert!(table.contains("fly-splice, 1 % (68 rows), MCC"), "{table}");
    assert!(!table.contains("fly-promoter"), "{table}");
    let value = |method: &str| -> f64 {
        let line = table.lines().find(|line| line.starts_with(&format!("| {method}"))).unwrap();
        line.split(" | ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("position regression") > value("GC content") + 0.1, "{table}");
    assert!(desk.read("fractions.svg").contains("fly-splice"));

    let whole = desk.read("runs.jsonl");
    let mut lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 4);
    desk.write("runs.jsonl", &whole[..whole.len() - 100]);
    assert_eq!(compare(), table);
    let again = desk.read("runs.jsonl");
    let mut found: Vec<&str> = again.lines().filter(|line| line.ends_with('}')).collect();
    lines.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, lines, "the cut run is done again, and no other");
}

#[test]
fn four_fractions_make_a_learning_curve() {
    let desk = Desk::new();
    let table = desk.prints(
        "compare fractions ctcf --fractions 0.1,0.2,0.5,1 --seeds 2 --methods gc-content \
         --runs runs.jsonl --figure fractions.svg",
    );
    for rows in [80, 160, 400, 800] {
        assert!(table.contains(&format!("({rows} rows), AUROC")), "{table}");
    }
    let figure = desk.read("fractions.svg");
    assert!(figure.contains("training rows") && figure.contains("GC content"), "{figure}");
    assert!(!figure.contains("k-mer regression"), "only methods that were run have a colour");
}

/// A genome of three chromosomes, peaks on each, and a table of two experiments.
fn experiments() -> Desk {
    let desk = Desk::new();
    let (mut genome, mut peaks) = (String::new(), String::new());
    for (salt, name) in [(1, "chr1"), (2, "chr8"), (3, "chr9")] {
        writeln!(genome, ">{name}\n{}", bases(40_000, salt)).unwrap();
        for site in 1..=6 {
            let start = 6000 * site;
            writeln!(peaks, "{name}\t{start}\t{}\t.\t0\t.\t{site}\t-1\t-1\t50", start + 100)
                .unwrap();
        }
    }
    desk.write("genome.fa", &genome);
    desk.write("a.narrowPeak", &peaks);
    desk.write("b.narrowPeak", &peaks.replace("\t50\n", "\t20\n"));
    desk.write("table.tsv", "name\tpeaks\nfirst\ta.narrowPeak\nsecond\tb.narrowPeak\n");
    desk
}

#[test]
fn each_experiment_has_its_row_and_is_run_once() {
    let desk = experiments();
    let sweep = format!("compare experiments table.tsv --genome genome.fa {TINY} --out out");
    desk.prints(&sweep);
    let table = desk.read("out/sweep.tsv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
    // Six peaks on each chromosome, and as many windows without one, which may lie on any.
    let counts: Vec<usize> = rows[1][1..4].iter().map(|count| count.parse().unwrap()).collect();
    assert!(rows[1][0] == "first" && counts.iter().sum::<usize>() == 36, "{table}");
    assert!(counts.iter().all(|count| *count > 6), "{table}");
    let runs = desk.read("out/runs.jsonl");
    assert_eq!(runs.lines().count(), 4);
    // One more experiment: the others stay as they are.
    desk.write("table.tsv", &(desk.read("table.tsv") + "third\ta.narrowPeak\n"));
    desk.prints(&sweep);
    let again = desk.read("out/sweep.tsv");
    assert!(again.starts_with(&table) && again.lines().count() == 4, "{again}");
    let after = desk.read("out/runs.jsonl");
    assert!(after.starts_with(&runs) && after.lines().count() == 6);
    // Windows of another width are other rows.
    desk.prints(&format!("{sweep} --width 61"));
    assert_eq!(desk.read("out/runs.jsonl").lines().count(), 12);
    assert!(desk.read("out/run.toml").contains("command = \"compare experiments\""));
}

#[test]
fn a_table_of_experiments_that_is_wrong_is_said() {
    let desk = experiments();
    let refuses = |table: &str, more: &str, code: i32, what: &str| {
        desk.write("table.tsv", table);
        let sweep = format!("compare experiments table.tsv {TINY} --out out {more}");
        desk.refuses(&sweep, code, &[what]);
        assert!(!desk.path("out").exists());
    };
    let genome = "--genome genome.fa";
    refuses("name\tpeaks\nx\ta.narrowPeak\n", "", USAGE, "x: peaks need --genome");
    refuses("peaks\na.narrowPeak\n", genome, DATA, "table.tsv: no column `name`");
    let no_rows = "no column `peaks`, nor `train`, `dev` and `test`";
    refuses("name\tfile\nx\ty\n", genome, DATA, no_rows);
    refuses("name\tpeaks\nx\n", genome, DATA, "table.tsv, line 2: no peaks");
    refuses("name\tpeaks\nx\tnone.narrowPeak\n", genome, IO, "none.narrowPeak");
    let twice = "name\tpeaks\nx\ta.narrowPeak\nx\tb.narrowPeak\n";
    refuses(twice, genome, DATA, "table.tsv, line 3: x is there twice");
    refuses("", genome, DATA, "table.tsv");
    refuses("name\tpeaks\n", genome, DATA, "table.tsv: no experiment");
    refuses("name\tpeaks\nx\ta.narrowPeak\n", "--genome none.fa", IO, "none.fa");
    desk.refuses(&format!("compare experiments none.tsv {TINY} --out out"), IO, &["none.tsv"]);
}

#[test]
fn one_experiment_that_fails_leaves_the_others() {
    let desk = experiments();
    desk.write("c.narrowPeak", "chr1\tmany\t100\n");
    desk.write("table.tsv", "name\tpeaks\nfirst\tc.narrowPeak\nsecond\tb.narrowPeak\n");
    let sweep = format!("compare experiments table.tsv --genome genome.fa {TINY} --out out");
    desk.refuses(&sweep, DATA, &["2 runs failed; their rows say why"]);
    let rows = support::cells(&desk.read("out/sweep.tsv"));
    assert_eq!(rows.len(), 3);
    assert!(rows[1][12].contains("c.narrowPeak") && rows[1][1].is_empty(), "{rows:?}");
    assert!(rows[2][12].is_empty() && !rows[2][4].is_empty(), "{rows:?}");
}

#[test]
fn hidden_kmers_are_predicted_by_a_model_and_by_their_context() {
    let desk = Desk::new();
    // Regions of 65536 bases are held out, as a whole.
    let genome: String = (0..3).map(|n| format!(">x{n}\n{}\n", bases(66_000, n))).collect();
    desk.write("x.fa", &genome);
    let pretrain = "pretrain x.fa --k 3 --size tiny --steps 1 --longest 34 --evaluation-rows 5";
    let text = desk.prints(&format!("{pretrain} --held-out 0.5 --out pre"));
    assert!(text.starts_with("held out: loss "), "{text}");
    let masked = "compare masked x.fa --model pre/model --longest 34";
    desk.refuses(&format!("{masked} --held-out 0"), DATA, &["nothing is held out"]);
    desk.refuses("compare masked x.fa --model none", IO, &["none"]);
    let text = desk.prints(&format!("{masked} --held-out 0.5 --json"));
    let found: Value = serde_json::from_str(&text).unwrap();
    let found = found.as_array().unwrap();
    let masks: Vec<&str> = found.iter().map(|found| found["masks"].as_str().unwrap()).collect();
    let mixed = "80 % [MASK], 10 % random, 10 % kept";
    assert_eq!(masks, ["all [MASK]", "all [MASK], one base at a time", mixed, "all [MASK]"]);
    for found in found {
        let [ours, context] = ["model", "context"].map(|name| found[name][0].as_f64().unwrap());
        let difference = found["difference"].as_f64().unwrap();
        assert!((difference - (ours - context)).abs() < 1e-9, "{found}");
        assert!(found["tokens"].as_u64().unwrap() > 1000, "{found}");
    }
}
