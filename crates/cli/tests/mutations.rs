//! `dnabert mutation-map` and `dnabert mutate`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::{DATA, Desk, IO, USAGE, bases, cells};

const MODEL: &str = "@models/ctcf-gm12878";

/// A genome of 400 bases, and a table of two sequences.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("g.fa", &format!(">c\n{}\n", bases(400, 7)));
    desk.write("t.tsv", "sequence\tlabel\nACGTACGTAC\t0\nGGGTTTACGA\t1\n");
    desk
}

#[test]
fn every_small_change_of_a_window_is_mapped() {
    let desk = desk();
    let map = |stretch: &str, out: &str| {
        format!("mutation-map g.fa {stretch} --width 60 --model {MODEL} --out {out}")
    };
    desk.prints(&map("c:190-210", "map"));
    // Three substitutions and a deletion of each base.
    assert_eq!(desk.read("map/map.tsv").lines().count(), 1 + 4 * 60);
    desk.prints(&map("c:400-400", "end"));
    assert!(desk.read("end/map.tsv").lines().last().unwrap().starts_with("c\t400\t"));
    for figure in ["map/map.svg", "map/track.svg"] {
        assert!(desk.bytes(figure).len() > 1000);
    }
    assert!(desk.read("map/run.toml").contains("command = \"mutation-map\""));
    let whole = desk.read("map/map.tsv");
    desk.prints(&format!("{} --precision int8", map("c:190-210", "int8")));
    assert_eq!(desk.read("int8/map.tsv").lines().count(), whole.lines().count());
    assert_ne!(desk.read("int8/map.tsv"), whole);
    for (stretch, code, what) in [
        ("c:500-510", DATA, "400 bases"),
        ("d:5-10", DATA, "no chromosome \"d\""),
        ("c:1-300", USAGE, "longer than"),
        ("c:0-5", USAGE, "counted from 1"),
        ("c:9-5", USAGE, "counted from 1"),
        ("c:x-5", USAGE, "counted from 1"),
        ("c", USAGE, "chromosome:start-end is expected"),
    ] {
        desk.refuses(&map(stretch, "map"), code, &[what]);
    }
    let class = format!("{} --class 2", map("c:190-210", "map"));
    desk.refuses(&class, USAGE, &["--class 2: the model has 2 classes"]);
    desk.refuses(&map("c:1-9", "map").replace("g.fa", "none.fa"), IO, &["none.fa"]);
    assert_eq!(desk.read("map/map.tsv"), whole);
}

#[test]
fn sequences_of_a_table_are_mutated() {
    let desk = desk();
    desk.write("m.tsv", "1\t0\t1\tA\n0\t2\t4\t\n");
    let mutate = format!("mutate t.tsv --model {MODEL} --out o.tsv");
    desk.prints(&format!("{mutate} --mutations m.tsv"));
    let rows = cells(&desk.read("o.tsv"));
    assert_eq!((rows.len(), &*rows[1][4], &*rows[2][4]), (3, "ACACGTAC", "AGGTTTACGA"));
    desk.prints(&mutate);
    let text = desk.read("o.tsv");
    assert_eq!(text.lines().count(), 1 + 4 * 20);
    desk.refuses(&format!("{mutate} --class 2"), USAGE, &["2 classes"]);
    desk.refuses(&format!("{mutate} --mutations none.tsv"), IO, &["none.tsv"]);
    desk.write("m.tsv", "1\tx\t1\tA\n");
    desk.refuses(&format!("{mutate} --mutations m.tsv"), DATA, &["m.tsv"]);
    desk.write("m.tsv", "2\t0\t1\tA\n");
    desk.refuses(&format!("{mutate} --mutations m.tsv"), DATA, &["row 2"]);
    desk.write("m.tsv", "1\t9\t11\tA\n");
    desk.refuses(&format!("{mutate} --mutations m.tsv"), DATA, &["11"]);
    desk.refuses(&mutate.replace("t.tsv --model", "none.tsv --model"), IO, &["none.tsv"]);
    assert_eq!(desk.read("o.tsv"), text);
}
