//! Weight files made to do harm: each is an error, runs nothing, and asks for little memory.
//!
//! `data/pickles/README.md` tells what each of them tries.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use dnabert::device;
use dnabert::model::{Checkpoint, CheckpointError};

/// Tries to build the classifier that the file claims to hold.
fn open(folder: &Path, file: &str) -> Result<(), CheckpointError> {
    let checkpoint = Checkpoint::open_file(folder, file)?;
    checkpoint.sequence_classifier(&device(None).unwrap()).map(|_| ())
}

/// The most memory that this process has asked for so far, in MB, where the system tells.
fn peak_megabytes() -> u64 {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return 0 };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    peak.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024)
}

/// One test, so that no other asks for memory beside it.
#[test]
fn harmful_files_are_errors() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let config = tests.join("oracle/models/k3_cls/config.json");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(config, folder.path().join("config.json")).unwrap();
    let marker = std::env::current_dir().unwrap().join("pickle-was-run");
    device(None).unwrap(); // what the device needs is not the files' doing
    let mut tried = 0;
    for entry in fs::read_dir(tests.join("pickles")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let file = path.file_name().unwrap().to_str().unwrap();
        fs::copy(&path, folder.path().join(file)).unwrap();
        let before = peak_megabytes();
        let error = open(folder.path(), file).expect_err(file);
        let grown = peak_megabytes() - before;
        assert!(error.to_string().contains(file), "{file}: {error}");
        // A new thread may reserve 64 MB for its own allocations, whatever it then needs.
        assert!(grown < 200, "{file} made the process ask for {grown} MB");
        assert!(!marker.exists(), "{file} was run");
        let integers = matches!(error, CheckpointError::NotFloat { .. });
        assert_eq!(integers, file == "integers.bin", "{file}: {error}");
        tried += 1;
    }
    assert!(tried >= 27, "{tried} files");
}
