//! The splice-site example, as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn splice(folder: &Path, arguments: &[&str]) -> Output {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    let program = format!("examples/splice{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(profile.join(program));
    command.args(arguments).current_dir(folder).output().unwrap()
}

/// What a run that must succeed prints.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = splice(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn primate_sites_are_learned_from_the_model_of_the_fly_and_what_surrounds_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(folder.path(), &["--data", "uci", "--epochs", "1"]);
    assert!(text.contains("positive is any class but neither, whichever is called"), "{text}");
    assert!(text.contains("1 : 100, from dev"), "{text}");
    let metrics = fs::read_to_string(folder.path().join("runs/uci-splice/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    let config = &metrics["config"];
    assert!(config["start"].as_str().unwrap().ends_with("models/splice-fly-60"), "{config}");
    let bag = &config["bag_of_tokens"];
    assert_eq!((&bag["longest_run"], &bag["places"]), (&1.into(), &20.into()), "{bag}");
    assert!(metrics["trainings"][0]["bag_share"].as_f64().unwrap() > 0.0, "{metrics}");
    // One epoch of a model that knows no sites is right on six or seven rows of ten.
    assert!(metrics["accuracy"].as_f64().unwrap() > 0.9, "{metrics}");
}

#[test]
fn fewer_bases_are_another_set() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = ["--data", "uci", "--width", "40", "--size", "tiny", "--epochs", "1"];
    printed(folder.path(), &fresh);
    let predictions = folder.path().join("runs/uci-splice-40/predictions.tsv");
    assert_eq!(fs::read_to_string(predictions).unwrap().lines().count(), 1 + 299);
    printed(folder.path(), &[&fresh[..], &["--beside", "5"]].concat());
    assert!(folder.path().join("runs/uci-splice-40-beside-5/metrics.json").exists());
    // A model that has the site at another place is not what these start from.
    printed(folder.path(), &["--data", "uci", "--width", "40", "--epochs", "1"]);
    let metrics = folder.path().join("runs/uci-splice-40/metrics.json");
    assert!(fs::read_to_string(metrics).unwrap().contains("models/small-4\""));
    let output = splice(folder.path(), &[&fresh[..], &["--beside", "20"]].concat());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("--beside 20 leaves nothing of --width 40"), "{message}");
}

#[test]
fn rare_sites_stand_in_the_table_of_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["--data", "uci", "--size", "tiny", "--epochs", "1", "--folds", "2", "--baselines=gc"];
    let table = printed(folder.path(), &arguments);
    assert!(table.contains("Any class but the first is a positive here"), "{table}");
    assert!(table.contains("| 100, from dev | GC content |"), "{table}");
}
