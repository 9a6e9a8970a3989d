//! File access with errors that name the file.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dnabert::core::file;

use crate::failure::Outcome;

/// An error, and its file.
#[derive(Debug)]
pub(crate) struct FileError {
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// The same, from any error for a file.
    pub(crate) fn new(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self { path: path.into(), source }
    }
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Reads the text of a file.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    Ok(dnabert::core::text::read(path).map_err(|error| FileError::new(path, error))?)
}

/// Creates a folder and its parent folders.
pub(crate) fn create_folder(path: &Path) -> Outcome {
    Ok(fs::create_dir_all(path).map_err(|error| FileError::new(path, error))?)
}

/// Fails now if a folder could not be created after hours of work. It leaves nothing behind,
/// because the work may still be refused.
pub(crate) fn check_folder(path: &Path) -> Outcome {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    create_folder(path)?;
    for folder in missing {
        fs::remove_dir(folder).map_err(|error| FileError::new(folder, error))?;
    }
    Ok(())
}

/// Writes a whole file. On failure, the old file stays.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Outcome {
    Ok(file::write(path, content.as_ref()).map_err(|error| FileError::new(path, error))?)
}

/// Lets `fill` write a file next to `path`, and renames it to `path` at the end. Other errors stay
/// as they are.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&Path) -> Outcome) -> Outcome {
    file::replace(path, fill).map_err(|error: Box<dyn Error>| match error.downcast::<io::Error>() {
        Ok(error) => FileError::new(path, *error).into(),
        Err(other) => other,
    })
}
