//! Files whose names stand in errors.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dnabert::core::file;

use crate::failure::Outcome;

/// What went wrong, and with which file.
#[derive(Debug)]
pub(crate) struct FileError {
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// The same for any error of a file.
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

/// The text of a file.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    Ok(fs::read_to_string(path).map_err(|error| FileError::new(path, error))?)
}

/// Creates a folder, and those above it.
pub(crate) fn create_folder(path: &Path) -> Outcome {
    Ok(fs::create_dir_all(path).map_err(|error| FileError::new(path, error))?)
}

/// Fails now where a folder could not be created after hours of work. Leaves nothing: the work may
/// still be refused.
pub(crate) fn check_folder(path: &Path) -> Outcome {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    create_folder(path)?;
    for folder in missing {
        fs::remove_dir(folder).map_err(|error| FileError::new(folder, error))?;
    }
    Ok(())
}

/// Writes a whole file, or leaves the old one.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Outcome {
    Ok(file::write(path, content.as_ref()).map_err(|error| FileError::new(path, error))?)
}

/// Has a file written beside `path`, and renamed to it at the end. Other errors stay as they are.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&Path) -> Outcome) -> Outcome {
    file::replace(path, fill).map_err(|error: Box<dyn Error>| match error.downcast::<io::Error>() {
        Ok(error) => FileError::new(path, *error).into(),
        Err(other) => other,
    })
}
