//! What the targets share: files of bytes that a fuzzer makes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A folder of this process, in memory where the system has such a folder.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = parent.join(format!("dnabert-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        folder
    })
}

/// Writes a file of the folder.
pub fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    path
}

/// The same text with the line ends of DOS and a byte order mark; `None` if it has returns already, or
/// is compressed.
pub fn as_dos(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.contains(&b'\r')
        || bytes.starts_with(&[0x1f, 0x8b])
        || bytes.starts_with(&[0xef])
        || bytes.starts_with(&[0xff])
        || bytes.starts_with(&[0xfe])
    {
        return None;
    }
    let mut dos = b"\xef\xbb\xbf".to_vec();
    for &byte in bytes {
        if byte == b'\n' {
            dos.push(b'\r');
        }
        dos.push(byte);
    }
    Some(dos)
}
