//! `dnabert audit` on small tables.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::{DATA, Desk, IO, USAGE};

const RICH: [&str; 4] = ["GCGCGCGCAT", "GGCCGGCCAT", "GCCGGCCGTA", "GGGCCCGCTA"];
const POOR: [&str; 4] = ["ATATATATGC", "AATTAATTGC", "ATTAATTACG", "AAATTTATCG"];

fn desk() -> Desk {
    let desk = Desk::new();
    for (name, picks) in [("train", &[0, 1, 2][..]), ("dev", &[3]), ("test", &[0, 3])] {
        let row = |pick: &usize| format!("{}\t1\n{}\t0\n", RICH[*pick], POOR[*pick]);
        desk.write(&format!("{name}.tsv"), &picks.iter().map(row).collect::<String>());
    }
    desk
}

#[test]
fn leaks_and_shortcuts_are_told() {
    let desk = desk();
    let all = "audit --train train.tsv --dev dev.tsv --test test.tsv --k 10";
    let text = desk.prints(all);
    let leaks = "test rows that are in train: 2; as reverse complement: 0; \
                 sharing a 10-mer: 2; with another label: 0";
    assert!(text.contains(leaks), "{text}");
    assert!(text.contains("GC content: accuracy 1.000"), "{text}");
    let text = desk.prints(&format!("{all} --leaks-only"));
    assert!(text.contains(leaks) && !text.contains("GC content"), "{text}");
}

#[test]
fn one_table_is_looked_at_by_itself() {
    let desk = desk();
    let text = desk.prints("audit --train train.tsv");
    let counts = "train: 6 rows (3, 3 by class); duplicates: 0; conflicting labels: 0";
    assert!(text.contains(counts), "{text}");
    assert!(text.contains("no other split"), "{text}");
    let other = format!("{0}\t0\n{0}\t1\n", RICH[0]);
    desk.write("twice.tsv", &(desk.read("train.tsv") + &other));
    let text = desk.prints("audit --train twice.tsv");
    assert!(
        text.contains(
            "8 rows (4, 4 by class); duplicates: 1; conflicting labels: 1 (twice.tsv:1 and"
        ),
        "{text}"
    );
}

#[test]
fn what_cannot_be_audited_is_said() {
    let desk = desk();
    desk.refuses("audit --train none.tsv", IO, &["none.tsv"]);
    desk.write("empty.tsv", "");
    desk.refuses("audit --train empty.tsv", DATA, &["empty.tsv: no row of data"]);
    desk.write("words.tsv", "ACGT\tyes\n");
    desk.refuses("audit --train words.tsv", DATA, &["words.tsv"]);
    let two = "audit --train train.tsv --test test.tsv";
    desk.refuses(two, USAGE, &["--leaks-only"]);
    let text = desk.prints(&format!("{two} --leaks-only --k 10"));
    assert!(text.contains("test rows that are in train: 2;"), "{text}");
    desk.refuses("audit", USAGE, &["--train"]);
}
