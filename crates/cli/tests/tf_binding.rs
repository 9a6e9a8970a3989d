//! Many binding experiments in one call, as a user runs them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn sweep(folder: &Path, table: &str, more: &[&str]) -> Output {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    let program = format!("examples/tf_binding{}", std::env::consts::EXE_SUFFIX);
    let fixed = "--size tiny --k 3 --epochs 1 --out out";
    Command::new(profile.join(program))
        .args(["--sweep", table])
        .args(fixed.split(' '))
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Bases that a number stands for.
fn bases(count: u64, salt: u64) -> String {
    let mut state = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"ACGT"[(state >> 33) as usize % 4])
    };
    (0..count).map(|_| next()).collect()
}

/// A genome of three chromosomes, peaks on each, and a table of two experiments.
fn desk(folder: &Path) {
    let (mut genome, mut peaks) = (String::new(), String::new());
    for (salt, name) in [(1, "chr1"), (2, "chr8"), (3, "chr9")] {
        writeln!(genome, ">{name}\n{}", bases(40_000, salt)).unwrap();
        for site in 1..=6 {
            let start = 6000 * site;
            writeln!(peaks, "{name}\t{start}\t{}\t.\t0\t.\t{site}\t-1\t-1\t50", start + 100)
                .unwrap();
        }
    }
    fs::write(folder.join("genome.fa"), genome).unwrap();
    fs::write(folder.join("a.narrowPeak"), &peaks).unwrap();
    fs::write(folder.join("b.narrowPeak"), peaks.replace("\t50\n", "\t20\n")).unwrap();
    let table = "name\tpeaks\nfirst\ta.narrowPeak\nsecond\tb.narrowPeak\n";
    fs::write(folder.join("sweep.tsv"), table).unwrap();
}

#[test]
fn each_experiment_has_its_row_and_is_run_once() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let output = sweep(folder.path(), "sweep.tsv", &["--genome", "genome.fa"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = fs::read_to_string(folder.path().join("out/sweep.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
    // Six peaks on each chromosome, and as many windows without one, which may lie on any.
    let counts: Vec<usize> = rows[1][1..4].iter().map(|count| count.parse().unwrap()).collect();
    assert!(rows[1][0] == "first" && counts.iter().sum::<usize>() == 36, "{table}");
    assert!(counts.iter().all(|count| *count > 6), "{table}");
    let runs = fs::read_to_string(folder.path().join("out/runs.jsonl")).unwrap();
    assert_eq!(runs.lines().count(), 4);
    // One more experiment: the others stay as they are.
    let more =
        fs::read_to_string(folder.path().join("sweep.tsv")).unwrap() + "third\ta.narrowPeak\n";
    fs::write(folder.path().join("sweep.tsv"), more).unwrap();
    let output = sweep(folder.path(), "sweep.tsv", &["--genome", "genome.fa"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let again = fs::read_to_string(folder.path().join("out/sweep.tsv")).unwrap();
    assert!(again.starts_with(&table) && again.lines().count() == 4, "{again}");
    let after = fs::read_to_string(folder.path().join("out/runs.jsonl")).unwrap();
    assert!(after.starts_with(&runs) && after.lines().count() == 6);
    // Windows of another width are other rows.
    let output = sweep(folder.path(), "sweep.tsv", &["--genome", "genome.fa", "--width", "61"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let wider = fs::read_to_string(folder.path().join("out/runs.jsonl")).unwrap();
    assert_eq!(wider.lines().count(), 12);
}

#[test]
fn a_table_that_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    desk(folder.path());
    let refuses = |table: &str, more: &[&str], what: &str| {
        fs::write(folder.path().join("table.tsv"), table).unwrap();
        let output = sweep(folder.path(), "table.tsv", more);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(what) && !message.contains("panicked"), "{message}");
    };
    let genome = ["--genome", "genome.fa"];
    refuses("name\tpeaks\nx\ta.narrowPeak\n", &[], "x: peaks need --genome");
    refuses("peaks\na.narrowPeak\n", &genome, "table.tsv: no column `name`");
    refuses("name\tfile\nx\ty\n", &genome, "no column `peaks`, nor `train`, `dev` and `test`");
    refuses("name\tpeaks\nx\n", &genome, "table.tsv, line 2: no peaks");
    refuses("name\tpeaks\nx\tnone.narrowPeak\n", &genome, "none.narrowPeak");
    let twice = "name\tpeaks\nx\ta.narrowPeak\nx\tb.narrowPeak\n";
    refuses(twice, &genome, "table.tsv, line 3: x is there twice");
}
