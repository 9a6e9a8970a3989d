//! `--help`, `dnabert completions` and `dnabert man`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use support::{Desk, IO, USAGE, printed, told};

const COMMANDS: [&str; 20] = [
    "predict",
    "evaluate",
    "embed",
    "scan",
    "explain",
    "motifs",
    "variants",
    "mutation-map",
    "mutate",
    "merge",
    "convert",
    "train",
    "benchmark",
    "compare",
    "pretrain",
    "dataset",
    "audit",
    "devices",
    "completions",
    "man",
];

const INNER: [&str; 8] = [
    "compare methods",
    "compare fractions",
    "compare masked",
    "compare experiments",
    "dataset promoter",
    "dataset binding",
    "dataset splice",
    "dataset planted",
];

/// The names under "Commands:".
fn listed(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        // Behind a name of one line, the text goes on further right.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|name| *name != "help")
        .collect()
}

#[test]
fn all_commands_are_listed_and_have_an_example() {
    let desk = Desk::new();
    let help = desk.prints("--help");
    assert_eq!(listed(&help), COMMANDS, "{help}");
    assert!(help.contains("Exit codes: 0; 2 usage; 65 bad input data; 70"), "{help}");
    assert_eq!(
        listed(&desk.prints("compare --help")),
        ["methods", "fractions", "masked", "experiments"]
    );
    assert_eq!(
        listed(&desk.prints("dataset --help")),
        ["promoter", "binding", "splice", "planted"]
    );
    for command in COMMANDS {
        let help = desk.prints(&format!("{command} --help"));
        assert!(help.contains(&format!("Usage: dnabert {command}")), "{help}");
        assert!(help.contains("Example:\n  dnabert "), "{command}: {help}");
        assert!(help.contains(&format!("  dnabert {command}")), "{command}: {help}");
        let same = desk.prints(&format!("help {command}"));
        assert_eq!(same, help);
    }
    for command in INNER {
        let help = desk.prints(&format!("{command} --help"));
        assert!(help.contains(&format!("Usage: dnabert {command}")), "{help}");
        assert!(command.starts_with("dataset") || help.contains("Example:\n  dnabert "), "{help}");
    }
}

#[test]
fn help_names_no_old_option() {
    let desk = Desk::new();
    for command in COMMANDS.iter().chain(&INNER) {
        let help = desk.prints(&format!("{command} --help"));
        for old in [
            "cargo run",
            "--bag-of-tokens",
            "--bag-longest-run",
            "--bag-places",
            "--shares",
            "--longest-share",
            "--reading",
            "--beside-sites",
            "--example ",
        ] {
            assert!(!help.contains(old), "{command}: {old}: {help}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let desk = Desk::new();
    let version = format!("dnabert {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(desk.prints("--version"), version);
    assert_eq!(desk.prints("-V"), version);
}

#[test]
fn without_a_command_the_help_is_told() {
    let desk = Desk::new();
    let output = desk.run("");
    assert_eq!(output.status.code(), Some(USAGE));
    assert!(told(&output).contains("Usage: dnabert"), "{}", told(&output));
}

#[test]
fn completions_know_every_command() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = desk.run(&format!("completions {shell}"));
        assert_eq!(told(&output), "");
        let text = printed(&output);
        for command in COMMANDS {
            assert!(text.contains(command), "{command} in {shell}");
        }
        for option in ["--save-config", "--strands", "--offset-negatives"] {
            let option = if shell == "fish" { &option[2..] } else { option };
            assert!(text.contains(option), "{option} in {shell}");
        }
    }
    let bash = desk.prints("completions bash");
    for command in COMMANDS {
        let function = format!("dnabert__subcmd__{}", command.replace('-', "__subcmd__"));
        let plain = format!("dnabert__{}", command.replace('-', "__"));
        assert!(bash.contains(&function) || bash.contains(&plain), "{command}");
    }
    desk.refuses("completions cobol", USAGE, &["cobol"]);
}

#[test]
fn manual_pages_are_printed_and_written() {
    let desk = Desk::new();
    let page = desk.prints("man");
    for part in [".TH dnabert 1", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH SUBCOMMANDS"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for command in COMMANDS {
        let name = format!("dnabert\\-{}(1)", command.replace('-', "\\-"));
        assert!(page.contains(&name), "{name}: {page}");
    }
    assert_eq!(desk.prints("--quiet man --out pages"), "");
    let files = desk.list("pages");
    for command in COMMANDS {
        let file = format!("dnabert-{command}.1");
        assert!(files.contains(&file), "{file}: {files:?}");
        let page = desk.read(&format!("pages/{file}"));
        assert!(page.contains(&format!(".TH dnabert-{command} 1")), "{page}");
        assert!(page.contains("Example:"), "{page}");
    }
    assert!(files.contains(&"dnabert.1".to_owned()));
    // Pages that others refer to.
    for command in INNER {
        let file = format!("dnabert-{}.1", command.replace(' ', "-"));
        assert!(files.contains(&file), "{file}: {files:?}");
    }
    desk.write("file", "text");
    desk.refuses("man --out file", IO, &["file"]);
}
