//! File writes that keep the old content if they fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` to `path`, which then holds either its old content or all of the new one.
///
/// The bytes go to a temporary file in the same folder, which is renamed to `path` at the end.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("labels.txt");
/// dnabert_core::file::write(&path, b"donor\nacceptor\n")?;
/// assert_eq!(std::fs::read_to_string(&path)?, "donor\nacceptor\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// The I/O error of creating, writing or renaming; the old file is then unchanged.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, |beside| File::create(beside).and_then(|mut file| file.write_all(bytes)))
}

/// Calls `write` with the path of an empty temporary file, then renames that file to `path`.
///
/// `write` may fill the file or replace it. Afterwards `path` holds either its old content or all
/// of the new one, with the permissions that a new file gets in this folder. Where `path` is a
/// symbolic link, the file that it points to is replaced, and the link stays. A device or a pipe
/// (`/dev/null`, `/dev/stdout`) has no old content to keep: `write` gets its own path.
///
/// ```
/// use dnabert_core::file;
/// use std::io;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("scores.bin");
/// file::replace(&path, |temporary| std::fs::write(temporary, [1, 2, 3]))?;
/// let failed = file::replace(&path, |_| Err(io::Error::other("disk full")));
/// assert!(failed.is_err());
/// assert_eq!(std::fs::read(&path)?, [1, 2, 3]); // the old content is still there
/// # Ok::<(), io::Error>(())
/// ```
///
/// # Errors
///
/// The error of `write`, or the I/O error of renaming; the old file is then unchanged.
pub fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let target = match fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() => return write(path),
        Ok(_) => fs::canonicalize(path)?,
        Err(_) => path.to_path_buf(),
    };
    let path = target.as_path();
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name").into());
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.partial", std::process::id()));
    let beside = path.with_file_name(beside);
    // Some libraries create files that only their owner may read; the result gets the usual mode.
    let permissions = new_permissions(&beside)?;
    let rename = || {
        fs::set_permissions(&beside, permissions)?;
        // Some systems sync only files that are open for writing.
        OpenOptions::new().write(true).open(&beside)?.sync_all()?;
        fs::rename(&beside, path)
    };
    let renamed = write(&beside).and_then(|()| Ok(rename()?));
    if renamed.is_err() {
        // The first error is the one to report; a leftover temporary file is harmless.
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// Creates an empty file and returns the permissions that it got. A leftover file is removed first,
/// since it might have other permissions.
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
    fn a_replaced_file_has_the_permissions_of_a_new_file() {
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
    #[cfg(unix)]
    fn a_link_stays_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        write(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    #[cfg(unix)]
    fn a_socket_is_not_replaced() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        // A socket cannot be opened as a file, so this fails; a device or a pipe would be written.
        assert!(write(&path, b"bytes").is_err());
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
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
