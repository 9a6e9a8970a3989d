//! Writing files so that a failure never destroys what was there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` beside `path`, then renames: `path` holds the old content or all of the new.
///
/// # Errors
///
/// The I/O error of creating, writing or renaming; the old file is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |beside| File::create(beside).and_then(|mut file| file.write_all(bytes)))
}

/// Lets `write` fill an empty file beside `path`, or put another in its place, then renames it:
/// `path` holds the old content or all of the new, with the permissions of any new file.
///
/// # Errors
///
/// The error of `write`, or the I/O error of renaming; the old file is then untouched.
pub fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file").into());
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.partial", std::process::id()));
    let beside = path.with_file_name(beside);
    // Some libraries make files that only their owner may read: it is to be as any new file here.
    let permissions = new_permissions(&beside)?;
    let rename = || {
        fs::set_permissions(&beside, permissions)?;
        OpenOptions::new().write(true).open(&beside)?.sync_all()?; // some systems sync writers only
        fs::rename(&beside, path)
    };
    let renamed = write(&beside).and_then(|()| Ok(rename()?));
    if renamed.is_err() {
        // The first error is the one to report; a leftover beside the file is harmless.
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// Makes an empty file, and tells the permissions that it got; a file that was left there might
/// have others.
fn new_permissions(path: &Path) -> io::Result<fs::Permissions> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(File::create(path)?.metadata()?.permissions()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("old"), "old").unwrap();
        assert!(write(&taken, b"new").is_err());
        assert_eq!(fs::read_to_string(taken.join("old")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let [plain, kept] = ["plain", "kept"].map(|name| folder.path().join(name));
        fs::write(&plain, "any").unwrap();
        let private = |beside: &Path| -> io::Result<()> {
            fs::remove_file(beside)?;
            fs::write(beside, "own")?;
            fs::set_permissions(beside, PermissionsExt::from_mode(0o600))
        };
        replace(&kept, private).unwrap();
        assert_eq!(mode(&kept), mode(&plain));
    }

    #[test]
    fn a_write_replaces_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"first, and longer").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }
}
