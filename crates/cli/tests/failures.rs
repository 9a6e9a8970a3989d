//! What every command says of what it cannot use: one message, the exit code of its kind, and
//! older results that stay as they are.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use support::{DATA, Desk, IO, TABLES, TINY, USAGE, bases, told};

const OLD: &str = "an older result";

/// Models, tables, sequences, a genome, variants, sites, and older results in `old` and `old/`.
fn desk() -> Desk {
    let desk = Desk::with_model();
    desk.write("x.fa", ">a\nACGTTATAAAACCAGG\n>b\nACGTACGT\n");
    let genome = bases(3000, 7);
    desk.write("g.fa", &format!(">c\n{genome}\n"));
    let header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
    let own = &genome[199..200];
    let other = if own == "A" { "C" } else { "A" };
    desk.write("v.vcf", &format!("{header}c\t200\t.\t{own}\t{other}\t.\t.\t.\n"));
    let peak = |from| format!("c\t{from}\t{}\t.\t0\t.\t1\t-1\t-1\t50\n", from + 100);
    desk.write("p.narrowPeak", &[300, 1300, 2300].map(peak).concat());
    desk.write("table.tsv", "name\tpeaks\nx\tp.narrowPeak\n");
    fs::create_dir(desk.path("old")).unwrap();
    for file in RESULTS {
        desk.write(file, OLD);
    }
    desk
}

const RESULTS: [&str; 8] = [
    "old/metrics.json",
    "old/predictions.tsv",
    "old/map.tsv",
    "old/train.tsv",
    "old/calls.bed",
    "old.tsv",
    "old.vcf",
    "old.npy",
];

/// Commands that read files and write others, as they should be; `IN` is a file that is read, and
/// `OUT.` one that is written, `OUT` a folder.
const COMMANDS: [&str; 25] = [
    "predict --model model --out OUT.tsv IN:x.fa",
    "predict --model IN:model --out OUT.tsv x.fa",
    "evaluate --model model IN:test.tsv",
    "evaluate --model IN:model test.tsv",
    "embed --model model --out OUT.tsv IN:x.fa",
    "embed --model model --out OUT.npy IN:x.fa",
    "scan --model model --window 4 14 --out OUT IN:x.fa",
    "scan --model model --window 4 14 --out OUT x.fa --known IN:known.bed",
    "scan --model IN:model --window 4 14 --out OUT x.fa",
    "explain --model model --tracks IN:x.fa --to OUT.tsv",
    "explain --model IN:model --tracks x.fa --to OUT.npy",
    "variants --model model --width 20 --out OUT.vcf IN:v.vcf g.fa",
    "variants --model model --width 20 --out OUT.vcf v.vcf IN:g.fa",
    "variants --model IN:model --width 20 --out OUT.tsv v.vcf g.fa",
    "mutation-map --model model --width 20 --out OUT IN:g.fa c:20-30",
    "mutation-map --model IN:model --width 20 --out OUT g.fa c:20-30",
    "mutate --model model --out OUT.tsv IN:test.tsv",
    "mutate --model model --out OUT.tsv test.tsv --mutations IN:m.tsv",
    "convert --model IN:model --out OUT",
    "merge --out OUT.vcf IN:1.vcf",
    "train --train train.tsv --dev dev.tsv --test IN:test.tsv --out OUT --size tiny --k 3 --epochs 1",
    "train --train train.tsv --dev dev.tsv --test test.tsv --model IN:model --out OUT --epochs 1",
    "pretrain --k 3 --size tiny --steps 1 --held-out 0 --out OUT IN:g.fa",
    "dataset binding --negatives dinucleotide-shuffled --dev-from 1000 --test-from 2000 --out OUT g.fa IN:p.narrowPeak",
    "compare experiments --size tiny --k 3 --genome g.fa --out OUT IN:table.tsv",
];

/// A command whose input is `input`, and whose output is `old`.
fn with_input(command: &str, input: &str) -> String {
    let words = command.split(' ').map(|word| match word.strip_prefix("IN:") {
        Some(_) => input.to_owned(),
        None => word.replace("OUT", "old"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A command as it should be, but for its output.
fn with_output(command: &str, folder: &str) -> String {
    command.replace("IN:", "").replace("OUT", folder)
}

#[track_caller]
fn keeps_results(desk: &Desk, what: &str) {
    for file in RESULTS {
        assert_eq!(desk.read(file), OLD, "{file}: {what}");
    }
    // Nothing that was written beside them is left, either.
    for folder in [".", "old"] {
        // What `variants` has scored so far has no dot, and is gone on with.
        let is_beside = |name: &String| name.starts_with('.') && name.ends_with(".partial");
        let beside = desk.list(folder).into_iter().find(is_beside);
        assert_eq!(beside, None, "{what}");
    }
}

/// All that is wrong at once, rather than the first.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, desk: &Desk, arguments: &str, code: i32, what: &str) {
        let output = desk.run(arguments);
        let message = told(&output);
        let errors = message.lines().filter(|line| line.starts_with("error: ")).count();
        let found = output.status.code();
        let is_clean = !message.contains("panicked") && !message.contains("fault of dnabert");
        if found != Some(code) || errors != 1 || !is_clean || !message.contains(what) {
            self.0.push(format!(
                "{arguments}\n  exit code {found:?}, {code} expected, with {what:?} in one message:\n{message}"
            ));
        }
    }

    #[track_caller]
    fn end(self) {
        assert!(self.0.is_empty(), "{} wrong:\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn files_that_are_not_there_are_named() {
    let desk = desk();
    let mut findings = Findings::default();
    for command in COMMANDS {
        // Of the same ending, by which formats are told.
        let file = command.split(' ').find_map(|word| word.strip_prefix("IN:")).unwrap();
        let missing = file.split_once('.').map_or("none".into(), |(_, end)| format!("none.{end}"));
        let arguments = with_input(command, &missing);
        findings.check(&desk, &arguments, IO, &missing);
        keeps_results(&desk, &arguments);
    }
    for arguments in [
        format!("train none.tsv --out old {TINY}"),
        "audit --train none.tsv".to_owned(),
        "motifs --motifs none.jaspar".to_owned(),
        "dataset planted none.jaspar all --out old".to_owned(),
        "dataset promoter none.fa known.bed --dev c --test c --out old".to_owned(),
        "compare masked --model none g.fa".to_owned(),
        "compare fractions ctcf --datasets none".to_owned(),
        "benchmark splice-uci --datasets none --out old".to_owned(),
    ] {
        desk.write("known.bed", "c\t24\t25\tx\t0\t+\n");
        findings.check(&desk, &arguments, IO, "none");
        keeps_results(&desk, &arguments);
    }
    findings.end();
}

#[test]
fn empty_files_are_named() {
    let desk = desk();
    for file in ["empty.fa", "empty.tsv", "empty.vcf", "empty.narrowPeak"] {
        desk.write(file, "");
    }
    desk.write("header.tsv", "sequence\tlabel\n");
    let mut findings = Findings::default();
    for command in COMMANDS {
        let file = command.split(' ').find_map(|word| word.strip_prefix("IN:")).unwrap();
        // Without mutations or known sites there is nothing to do, and nothing wrong.
        if ["model", "m.tsv", "known.bed"].contains(&file) {
            continue;
        }
        let (_, end) = file.split_once('.').unwrap();
        let empty = format!("empty.{end}");
        let arguments = with_input(command, &empty);
        findings.check(&desk, &arguments, DATA, &empty);
        keeps_results(&desk, &arguments);
        if end == "tsv" && !command.starts_with("compare") {
            let arguments = with_input(command, "header.tsv");
            findings.check(&desk, &arguments, DATA, "header.tsv");
            keeps_results(&desk, &arguments);
        }
    }
    findings.check(&desk, &format!("train empty.tsv --out old {TINY}"), DATA, "empty.tsv");
    findings.check(&desk, "audit --train empty.tsv", DATA, "empty.tsv");
    findings.end();
}

#[test]
fn folders_that_are_no_models_are_named() {
    let desk = desk();
    fs::create_dir(desk.path("bare")).unwrap();
    fs::create_dir(desk.path("weightless")).unwrap();
    for file in desk.list("model") {
        if file != "model.safetensors" {
            fs::copy(desk.path("model").join(&file), desk.path("weightless").join(&file)).unwrap();
        }
    }
    let mut findings = Findings::default();
    for command in COMMANDS.iter().filter(|command| command.contains("IN:model")) {
        for folder in ["bare", "weightless"] {
            let arguments = with_input(command, folder);
            findings.check(&desk, &arguments, IO, folder);
            keeps_results(&desk, &arguments);
        }
        // A file is no folder.
        let arguments = with_input(command, "x.fa");
        findings.check(&desk, &arguments, IO, "x.fa");
        keeps_results(&desk, &arguments);
    }
    findings.end();
}

#[test]
fn outputs_that_cannot_be_written_are_named() {
    let desk = desk();
    desk.write("known.bed", "c\t1\t2\tx\t0\t+\n");
    desk.write("m.tsv", "1\t0\t1\tA\n");
    let lines = desk.read("v.vcf");
    let shard = lines.replacen("#CHROM", "##DNABERT_shard=1/1\n#CHROM", 1);
    desk.write("1.vcf", &shard);
    let mut findings = Findings::default();
    for command in COMMANDS.iter().filter(|command| command.contains("OUT")) {
        // Under a file, which is no folder.
        let arguments = with_output(command, "x.fa/y");
        findings.check(&desk, &arguments, IO, "x.fa/y");
        assert_eq!(desk.read("x.fa").lines().count(), 4, "{arguments}");
        // A file in a folder that is not there; folders of results are made.
        // `variants`, which keeps what it has of a stopped run, makes folders, too.
        if command.contains("OUT.") && !command.starts_with("variants") {
            let arguments = with_output(command, "none/y");
            findings.check(&desk, &arguments, IO, "none/y");
            assert!(!desk.path("none").exists(), "{arguments}");
        }
    }
    for arguments in [
        "merge --out /proc/none.vcf 1.vcf",
        "predict --model model --out / x.fa",
        "predict --model model --out model x.fa",
        "predict --model model --save-config none/c.toml x.fa",
        "man --out x.fa",
        "dataset planted @jaspar/subset.jaspar all --rows 1,1,1 --out x.fa/y",
    ] {
        let is_option = |word: &&str| word.contains("--out") || word.contains("--save");
        let mut words = arguments.split(' ').skip_while(|word| !is_option(word));
        let file = words.nth(1).unwrap();
        findings.check(&desk, arguments, IO, file);
    }
    findings.end();
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_the_work() {
    let desk = desk();
    for arguments in [
        format!("train {TABLES} {TINY} --out x.fa/y"),
        "pretrain --k 3 --size tiny --steps 1 --held-out 0 --out x.fa/y g.fa".to_owned(),
    ] {
        let output = desk.run(&arguments);
        support::refuses(&output, IO, &["x.fa/y"]);
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(!told(&output).contains("epoch"), "{}", told(&output));
    }
}

#[test]
fn options_that_are_unknown_or_out_of_range_are_named() {
    let desk = desk();
    let mut findings = Findings::default();
    for command in COMMANDS {
        let arguments = format!("{} --nothing", with_output(command, "old"));
        findings.check(&desk, &arguments, USAGE, "unexpected argument '--nothing'");
        keeps_results(&desk, &arguments);
    }
    let train = format!("train {TABLES} --size tiny --k 3 --out old");
    for (arguments, what) in [
        ("nothing".to_owned(), "unrecognized subcommand 'nothing'"),
        ("benchmark nothing".to_owned(), "promoter-300, promoter-core, promoter-tata"),
        ("compare methods nothing".to_owned(), "promoter-300, promoter-core, promoter-tata"),
        ("compare fractions nothing".to_owned(), "promoter-300, promoter-core, promoter-tata"),
        ("predict --model model".to_owned(), "<INPUT>"),
        ("predict x.fa".to_owned(), "--model"),
        ("predict --model model --batch-size 0 x.fa".to_owned(), "--batch-size"),
        ("predict --model model --device abacus x.fa".to_owned(), "abacus"),
        ("predict --model model --precision f7 x.fa".to_owned(), "f7"),
        ("predict --model model --strands three x.fa".to_owned(), "--strands"),
        ("predict --model model --pooling most x.fa".to_owned(), "--pooling"),
        (format!("{train} --epochs 0"), "epochs"),
        (format!("{train} --epochs 1 --batch-size 0"), "batch"),
        (format!("{train} --epochs 1 --accumulation 0"), "accumulation"),
        (format!("{train} --epochs 1 --token-masking 5"), "token"),
        (format!("{train} --epochs 1 --learning-rate nan"), "learning"),
        (format!("{train} --epochs 1 --dropout 1"), "--dropout"),
        (format!("{train} --epochs 1 --rank 0"), "--rank"),
        (format!("{train} --epochs 1 --max-n 3"), "--ngrams"),
        (format!("{train} --epochs 1 --position-bins 3"), "--ngrams"),
        (format!("{train} --epochs 1 --size huge"), "--size"),
        (format!("{train} --epochs 1 --k 9"), "k"),
        (format!("{train} --epochs 1 --model model"), "cannot be used with"),
        (format!("train train.tsv {TINY} --out old --dev-fraction 2"), "dev"),
        (format!("train train.tsv {TINY} --out old --shared 0"), "shared"),
    ] {
        findings.check(&desk, &arguments, USAGE, what);
        keeps_results(&desk, &arguments);
    }
    if !cfg!(feature = "cuda") {
        let cuda = "predict --model model --device cuda --out old.tsv x.fa";
        findings.check(&desk, cuda, USAGE, "the cuda backend is not in this program");
        keeps_results(&desk, cuda);
    }
    findings.end();
}

#[test]
fn damaged_files_are_named() {
    let desk = desk();
    let mut genome = bases(3000, 7);
    genome.replace_range(24..25, "!");
    genome.replace_range(195..196, "!");
    desk.write("bad.fa", &format!(">a\nACGTACGTACGTACGTACGT\n>c\n{genome}\n"));
    desk.write("bad.tsv", "ACGTACGT\t0\nAC!TACGT\t1\n");
    desk.write("bad.vcf", "c\t200\n");
    desk.write("bad.narrowPeak", "c\tmany\t200\n");
    fs::write(desk.path("cut.fa.gz"), [0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
    let mut findings = Findings::default();
    for command in COMMANDS {
        let file = command.split(' ').find_map(|word| word.strip_prefix("IN:")).unwrap();
        if ["model", "m.tsv", "known.bed", "table.tsv", "1.vcf"].contains(&file) {
            continue;
        }
        let (_, end) = file.split_once('.').unwrap();
        let arguments = with_input(command, &format!("bad.{end}"));
        findings.check(&desk, &arguments, DATA, &format!("bad.{end}"));
        keeps_results(&desk, &arguments);
        if end == "fa" {
            let arguments = with_input(command, "cut.fa.gz");
            findings.check(&desk, &arguments, DATA, "cut.fa.gz");
            keeps_results(&desk, &arguments);
        }
    }
    for file in ["model.safetensors", "config.json", "vocab.txt"] {
        let whole = desk.bytes(&format!("model/{file}"));
        fs::write(desk.path("model").join(file), &whole[..whole.len() / 2]).unwrap();
        for command in COMMANDS.iter().filter(|command| command.contains("IN:model")) {
            let arguments = with_input(command, "model");
            findings.check(&desk, &arguments, DATA, file);
            keeps_results(&desk, &arguments);
        }
        fs::write(desk.path("model").join(file), whole).unwrap();
    }
    findings.end();
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let desk = desk();
    // Far more than a pipe holds.
    let many: String =
        (0..3000).map(|row| format!(">sequence_{row}\n{}\n", bases(60, row))).collect();
    desk.write("many.fa", &many);
    for arguments in [
        "--quiet predict --model model many.fa",
        "--quiet predict --model model --json many.fa",
        "--quiet embed --model model --per base many.fa",
        "--quiet completions bash",
        "--quiet man",
    ] {
        let mut child = desk.command(arguments).spawn().unwrap();
        let mut first = String::new();
        let mut output = BufReader::with_capacity(64, child.stdout.take().unwrap());
        output.read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "{arguments}");
        drop(output);
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert_eq!(message, "", "{arguments}");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments}");
    }
}

#[test]
fn nobody_reads_from_the_beginning() {
    let desk = desk();
    for arguments in [
        "predict --model model x.fa",
        "evaluate --model model test.tsv",
        "audit --train train.tsv",
        "scan --model model --window 4 14 --out scan x.fa",
        "--help",
        "predict --help",
        "--version",
    ] {
        let mut child = desk.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert!(
            !message.contains("error") && !message.contains("panicked"),
            "{arguments}: {message}"
        );
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments}: {message}");
    }
}
