//! The comparison, stopped and gone on with.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn worth(folder: &Path, more: &[&str]) -> String {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    let program = format!("examples/worth{}", std::env::consts::EXE_SUFFIX);
    let fixed = "--tasks --runs runs.jsonl --figure worth.svg";
    let output = Command::new(profile.join(program))
        .args(fixed.split(' '))
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_comparison_that_was_cut_off_goes_on_and_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let methods =
        ["--shares", "0.01", "--seeds", "2", "--methods", "gc-content,position-regression"];
    let table = worth(folder.path(), &methods);
    // One row in a hundred leaves 50 of the splice sites only.
    assert!(table.contains("fly-splice, 1 % (68 rows), MCC"), "{table}");
    assert!(!table.contains("fly-promoter"), "{table}");
    let value = |method: &str| -> f64 {
        let line = table.lines().find(|line| line.starts_with(&format!("| {method}"))).unwrap();
        line.split(" | ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("position regression") > value("GC content") + 0.1, "{table}");
    assert!(fs::read_to_string(folder.path().join("worth.svg")).unwrap().contains("fly-splice"));

    let runs = folder.path().join("runs.jsonl");
    let whole = fs::read_to_string(&runs).unwrap();
    let mut lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 4);
    fs::write(&runs, &whole[..whole.len() - 100]).unwrap();
    assert_eq!(worth(folder.path(), &methods), table);
    let again = fs::read_to_string(&runs).unwrap();
    let mut found: Vec<&str> = again.lines().filter(|line| line.ends_with('}')).collect();
    lines.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, lines, "the cut run is done again, and no other");
}

#[test]
fn four_shares_make_a_learning_curve() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["--only", "ctcf-binding", "--shares", "0.1,0.2,0.5,1"];
    let table =
        worth(folder.path(), &[&only[..], &["--seeds", "2", "--methods", "gc-content"]].concat());
    for rows in [80, 160, 400, 800] {
        assert!(table.contains(&format!("({rows} rows), AUROC")), "{table}");
    }
    let figure = fs::read_to_string(folder.path().join("worth.svg")).unwrap();
    assert!(figure.contains("training rows") && figure.contains("GC content"), "{figure}");
    assert!(!figure.contains("k-mer regression"), "only methods that were run have a colour");
}
