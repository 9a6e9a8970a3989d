//! `dnabert scan` with a small model.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::Value;

use support::{DATA, Desk, IO, USAGE};

#[test]
fn a_scan_writes_tracks_and_calls() {
    let desk = Desk::with_model();
    let long = "ACGTTATAAAACCAGGTTCAN".repeat(9);
    desk.write("long.fa", &format!(">c\n{long}\n>short\nACGT\n"));
    desk.write("known.bed", "c\t24\t25\tstart\t0\t+\n");
    let text = desk.prints(
        "scan long.fa --known known.bed --model model --window 4 14 --stride 1 --threshold 0.1 \
         --spacing 5 --tolerance 3 --out scan",
    );
    assert!(text.contains("short: skipped, no window of 18 bases"), "{text}");
    assert!(text.contains("1 known sites, same strand, within 3 bases"), "{text}");
    let track = desk.read("scan/forward.bedgraph");
    assert!(track.starts_with("c\t4\t5\t0."), "{track}");
    // Three windows of each stretch hold no N, but for the ends.
    assert_eq!(track.lines().count(), 9 * 3);
    let calls = desk.read("scan/calls.bed");
    assert!(calls.lines().all(|line| line.split('\t').count() == 6), "{calls}");
    assert!(desk.read("scan/1_c.svg").contains("known site"));
    let told: Value = serde_json::from_str(&desk.read("scan/scan.json")).unwrap();
    assert_eq!((told[0]["bases"].as_u64(), told[0]["windows"].as_u64()), (Some(189), Some(54)));
    assert_eq!(
        (told[1]["sequence"].as_str(), told[1]["windows"].as_u64()),
        (Some("short"), Some(0))
    );
    assert!(desk.read("scan/run.toml").contains("command = \"scan\""));

    desk.prints("scan long.fa --model model --window 4 14 --stride 1 --precision int8 --out int8");
    let packed = desk.read("int8/forward.bedgraph");
    assert_eq!(packed.lines().count(), track.lines().count());

    let text = desk.prints("scan --config scan/run.toml --json");
    assert_eq!(text, desk.read("scan/scan.json"));
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), told);
}

#[test]
fn the_threshold_is_that_of_the_training() {
    let desk = Desk::with_tables();
    let tables = support::TABLES;
    desk.prints(&format!("train {tables} {} --out out", support::TINY));
    let metrics: Value = serde_json::from_str(&desk.read("out/metrics.json")).unwrap();
    let chosen = metrics["imbalanced"].as_array().unwrap().last().unwrap();
    let chosen = chosen["at_chosen"]["threshold"].as_f64().unwrap();
    desk.write("long.fa", &format!(">c\n{}\n", "ACGTTATAAAACCAGGTTCA".repeat(3)));
    desk.prints("scan long.fa --model out/model --window 4 14 --out scan");
    let told: Value = serde_json::from_str(&desk.read("scan/scan.json")).unwrap();
    assert_eq!(told[0]["threshold"].as_f64(), Some(chosen));
}

#[test]
fn a_scan_that_means_nothing_is_refused() {
    let desk = Desk::with_model();
    desk.write("long.fa", &format!(">c\n{}\n", "ACGTTATAAAACCAGGTTCA".repeat(9)));
    let scan = "scan long.fa --known known.bed --model model --out scan";
    let refuses = |known: &str, more: &str, code: i32, what: &str| {
        desk.write("known.bed", known);
        desk.refuses(&format!("{scan} {more}"), code, &[what]);
    };
    let window = "--window 4 14";
    refuses("c\t24\t25\n", window, DATA, "a known site without a strand: c:25-25");
    assert!(!desk.path("scan").exists());
    refuses(
        "chrC\t24\t25\tx\t0\t+\n",
        window,
        DATA,
        "no known site lies on a sequence that was scanned; one lies on \"chrC\"",
    );
    assert!(desk.path("scan/calls.bed").exists(), "what was found is kept");
    let known = "c\t24\t25\tx\t0\t+\n";
    refuses(known, "--window 4 0", USAGE, "is at least 1");
    refuses(known, "--window 4", USAGE, "--window");
    refuses(known, "--seeds 3", USAGE, "unexpected argument '--seeds'");
    refuses(known, "--window 1 1", DATA, "too short for one token");
    desk.refuses("scan none.fa --model model --out none", IO, &["none.fa"]);
    desk.refuses("scan long.fa", USAGE, &["--model"]);
}
