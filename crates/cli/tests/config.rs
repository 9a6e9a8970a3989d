//! `--save-config`, `--config` and `run.toml`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::{Desk, IO, TABLES, TINY, USAGE, cells, told};

#[test]
fn a_saved_training_is_repeated() {
    let desk = Desk::with_tables();
    let train = format!("train {TABLES} {TINY} --seed 3 --batch-size 4 --out first");
    let text = desk.prints(&format!("{train} --save-config saved.toml"));
    let predictions = desk.read("first/predictions.tsv");
    // Every option is there, defaults too; not those that name the file itself.
    let saved = desk.read("saved.toml");
    for key in ["command", "train", "dev", "test", "size", "k", "epochs", "seed", "batch-size"] {
        assert!(saved.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}: {saved}");
    }
    assert!(saved.contains("accumulation = "), "{saved}");
    assert!(!saved.contains("config"), "{saved}");
    // Beside the results lies the same.
    assert_eq!(desk.read("first/run.toml"), saved);
    // Repeated, with and without the name of the command.
    std::fs::remove_file(desk.path("first/predictions.tsv")).unwrap();
    assert_eq!(desk.prints("--config saved.toml"), text);
    assert_eq!(desk.read("first/predictions.tsv"), predictions);
    for (number, repeat) in
        ["train --config saved.toml", "train --config=first/run.toml"].iter().enumerate()
    {
        assert_eq!(desk.prints(&format!("{repeat} --out again-{number}")), text);
        let again = desk.read(&format!("again-{number}/predictions.tsv"));
        assert_eq!(again, predictions, "{repeat}");
        let weights = |folder: &str| desk.bytes(&format!("{folder}/model/model.safetensors"));
        assert!(weights("first") == weights(&format!("again-{number}")));
    }
    // Options of the command line replace those of the file.
    desk.prints("--config saved.toml --seed 4 --out other");
    assert_ne!(desk.read("other/predictions.tsv"), predictions);
    let other = desk.read("other/run.toml");
    let expected = saved.replace("first", "other");
    // Numbers may be written as such, or as text.
    let expected = expected.replace("\nseed = \"3\"", "\nseed = \"4\"");
    assert_eq!(other, expected.replace("\nseed = 3", "\nseed = 4"));
    desk.prints("train --seed 4 --config saved.toml --out before");
    assert_eq!(desk.read("before/predictions.tsv"), desk.read("other/predictions.tsv"));
}

#[test]
fn a_saved_training_of_one_table_is_repeated() {
    let desk = Desk::with_one_table();
    desk.prints(&format!("train all.tsv {TINY} --split-seed 5 --out first"));
    desk.prints("train --config first/run.toml --out again");
    assert_eq!(desk.read("again/predictions.tsv"), desk.read("first/predictions.tsv"));
    // Another table in its place.
    desk.write("other.tsv", &desk.read("all.tsv"));
    desk.prints("train other.tsv --config first/run.toml --out other");
    assert!(desk.read("other/predictions.tsv").contains("\nother.tsv:"));
}

#[test]
fn saved_predictions_are_repeated() {
    let desk = Desk::with_two_models();
    let predict = "predict --model k3 --model k4 --strands both x.fa";
    let text = desk.prints(&format!("{predict} --save-config p.toml"));
    assert_eq!(desk.prints("--config p.toml"), text);
    assert_eq!(desk.prints("predict --config p.toml"), text);
    // One model instead of both, other sequences, another format.
    let one = desk.prints("predict --model k3 --strands both x.fa");
    assert_eq!(desk.prints("predict --config p.toml --model k3"), one);
    desk.write("y.fa", ">y\nACGTAC\n");
    let other = cells(&desk.prints("predict --config p.toml y.fa"));
    assert_eq!((other.len(), &*other[1][0]), (2, "y"), "{other:?}");
    assert!(desk.prints("predict --config p.toml --json").starts_with('{'));
    desk.prints("predict --config p.toml --out p.tsv");
    assert_eq!(desk.read("p.tsv"), text);
}

#[test]
fn runs_of_other_commands_are_repeated() {
    let desk = Desk::with_model();
    desk.write("long.fa", &format!(">c\n{}\n", "ACGTTATAAAACCAGGTTCA".repeat(9)));
    desk.write("g.fa", &format!(">c\n{}\n", support::bases(60, 1)));
    let compare = format!("compare methods {TABLES} {TINY} --baselines gc,kmers --out compared");
    let mut wrong = Vec::new();
    for (arguments, result) in [
        (&*compare, "compared/comparison.md"),
        ("scan long.fa --model model --window 4 14 --out scan", "scan/calls.bed"),
        ("explain --tracks long.fa --model model --to x.tsv --save-config saved.toml", "x.tsv"),
        ("mutation-map g.fa c:20-30 --model model --width 20 --out map", "map/map.tsv"),
        ("mutate test.tsv --model model --out m.tsv --save-config saved.toml", "m.tsv"),
        ("audit --train train.tsv --save-config saved.toml", ""),
        ("embed long.fa --model model --per base --out e.npy --save-config saved.toml", "e.npy"),
        ("evaluate test.tsv --model model --save-config saved.toml", ""),
        (
            "dataset planted @jaspar/subset.jaspar TP73 MA0139.2 --rows 9,3,3 --out set",
            "set/train.tsv",
        ),
        (
            "pretrain g.fa --k 3 --size tiny --steps 2 --longest 9 --held-out 0 --out pre",
            "pre/loss.svg",
        ),
    ] {
        let text = desk.prints(arguments);
        let file = match result.split_once('/') {
            Some((folder, _)) => format!("{folder}/run.toml"),
            None => "saved.toml".to_owned(),
        };
        std::fs::copy(desk.path(&file), desk.path("repeat.toml")).unwrap();
        let bytes = (!result.is_empty()).then(|| desk.bytes(result));
        if let Some((folder, _)) = result.split_once('/') {
            std::fs::remove_dir_all(desk.path(folder)).unwrap();
        }
        let again = desk.run("--config repeat.toml");
        if again.stdout != text.as_bytes()
            || bytes
                .is_some_and(|bytes| std::fs::read(desk.path(result)).unwrap_or_default() != bytes)
        {
            wrong.push(format!("{arguments}: {:?}: {}", again.status.code(), told(&again)));
        }
    }
    assert!(wrong.is_empty(), "{} are not repeated:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn variants_are_scored_again_by_a_saved_file() {
    let desk = Desk::new();
    let genome = support::bases(400, 7);
    desk.write("g.fa", &format!(">c\n{genome}\n"));
    let own = &genome[199..200];
    let other = if own == "A" { "C" } else { "A" };
    let header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    desk.write("v.vcf", &format!("{header}c\t200\t.\t{own}\t{other}\t.\t.\t.\n"));
    let model = "--model @models/ctcf-gm12878 --width 60";
    desk.prints(&format!("variants v.vcf g.fa {model} --out one.vcf --save-config v.toml"));
    desk.prints("variants --config v.toml --out two.vcf");
    assert_eq!(desk.read("one.vcf"), desk.read("two.vcf"));
}

#[test]
fn a_file_written_by_hand_is_read() {
    let desk = Desk::with_two_models();
    let text = desk.prints("predict --model k3 --model k4 --unknown --batch-size 4 x.fa");
    desk.write(
        "p.toml",
        "# By hand\nmodel = ['k3', 'k4']\nunknown = true\nsplit = false\nbatch-size = 4\nquiet = true\n",
    );
    let output = desk.run("predict --config p.toml x.fa");
    assert_eq!(support::printed(&output), text);
    assert_eq!(told(&output), "");
}

#[test]
fn a_file_that_is_wrong_is_said() {
    let desk = Desk::with_two_models();
    desk.write("out.tsv", "an older result");
    let run = "predict --model k3 --out out.tsv --config c.toml x.fa";
    desk.refuses(run, IO, &["c.toml"]);
    for (text, what) in [
        ("model = [", &["c.toml", "line 1"][..]),
        ("modle = 'k3'", &["c.toml: modle: no such option of `predict`"]),
        ("k = 3", &["c.toml: k: no such option of `predict`"]),
        ("batch-size = 'many'", &["--batch-size", "many"]),
        ("batch-size = { rows = 3 }", &["c.toml: batch-size"]),
        ("strands = 'three'", &["--strands", "three"]),
    ] {
        desk.write("c.toml", text);
        desk.refuses(run, USAGE, what);
    }
    for (text, what) in [
        ("command = 'foretell'", "command = \"foretell\": no such command"),
        ("command = 3", "command = 3: a name is expected"),
        ("", "Usage: dnabert"),
    ] {
        desk.write("c.toml", text);
        let output = desk.run("--config c.toml");
        assert_eq!(output.status.code(), Some(USAGE), "{text}");
        assert!(told(&output).contains(what), "{text}: {}", told(&output));
    }
    assert_eq!(desk.read("out.tsv"), "an older result");
    desk.refuses("predict --model k3 x.fa --save-config none/c.toml", IO, &["none/c.toml"]);
    desk.refuses("predict --config", USAGE, &["--config"]);
}
