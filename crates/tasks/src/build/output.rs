//! Writes the tables and the manifest of a built data set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use dnabert_core::{Split, file};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Built, LeftOut, Splits, Window};

/// Why a data set cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file cannot be written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A split would have no row of a class.
    #[error("the {split} split has no row of class {label}; choose other chromosomes or positions")]
    Lacking {
        /// The split.
        split: Split,
        /// The class.
        label: usize,
    },
}

/// Writes `train.tsv`, `dev.tsv` and `test.tsv` (sequence, label, chromosome, start and end from 0,
/// strand), and `manifest.json` with their hashes and `made_of`, which names files and settings.
///
/// Windows across a border of `splits` are left out and counted in the manifest.
///
/// # Errors
///
/// [`WriteError`] if a split would have no row of a class, or a file cannot be written.
pub fn write(
    built: &Built,
    splits: &Splits,
    made_of: &[(&str, String)],
    folder: &Path,
) -> Result<(), WriteError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| WriteError::Io { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let dealt = splits.deal(&built.windows);
    let labels: BTreeSet<usize> = built.windows.iter().map(|window| window.label).collect();
    let mut files = Vec::new();
    for split in [Split::Train, Split::Dev, Split::Test] {
        let rows: Vec<&Window> = built
            .windows
            .iter()
            .zip(&dealt)
            .filter(|(_, found)| **found == Some(split))
            .map(|(window, _)| window)
            .collect();
        for &label in &labels {
            if !rows.iter().any(|window| window.label == label) {
                return Err(WriteError::Lacking { split, label });
            }
        }
        let mut text = String::from("sequence\tlabel\tchromosome\tstart\tend\tstrand\n");
        for Window { interval, label, sequence } in &rows {
            let (name, start, end) = (interval.chromosome(), interval.start(), interval.end());
            let _ = writeln!(
                text,
                "{sequence}\t{label}\t{name}\t{start}\t{end}\t{}",
                interval.strand()
            );
        }
        files.push((format!("{split}.tsv"), rows.len(), text));
    }
    let across = dealt.iter().filter(|split| split.is_none()).count();
    let mut listed = Vec::new();
    for (name, rows, text) in files {
        let path = folder.join(&name);
        file::write(&path, text.as_bytes()).map_err(failed(&path))?;
        let digest = Sha256::digest(text.as_bytes());
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        listed.push(Listed { name, rows, sha256 });
    }
    let manifest = Manifest {
        made_of: made_of.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        sites_left_out: built.left_out,
        windows_across_a_border: across,
        files: listed,
    };
    let path = folder.join("manifest.json");
    let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
    let text = text.map_err(failed(&path))? + "\n";
    file::write(&path, text.as_bytes()).map_err(failed(&path))
}

/// The content of `manifest.json`.
#[derive(Serialize)]
struct Manifest {
    made_of: BTreeMap<String, String>,
    sites_left_out: LeftOut,
    windows_across_a_border: usize,
    files: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    rows: usize,
    sha256: String,
}
